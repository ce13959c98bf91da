"""Where customers' programs are told what happened, and what they were told; saved views."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class WebhookEndpoint(TenantModel):
    """An address that is told of events, from a position of the log on.

    Its signing secret lives behind the Secrets port. `event_types` empty means all.
    """

    url = models.TextField()
    description = models.TextField(default="", db_default="")
    event_types = ArrayField(models.TextField())
    position = models.BigIntegerField()  # The last sealed position made into deliveries.
    created_by = models.TextField()
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.TextField(default="", db_default="")

    class Meta:
        db_table = "webhook_endpoint"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "url"],
                condition=models.Q(disabled_at__isnull=True),
                name="webhook_endpoint_once",
            ),
        )


class WebhookDelivery(TenantModel):
    """One event for one endpoint: its id and sequence are the same at every try."""

    endpoint = to_tenant("storage.WebhookEndpoint")
    event_id = models.UUIDField()
    sequence = models.BigIntegerField()  # The event's sealed position.
    type = models.TextField()
    state = models.TextField()
    tries = models.IntegerField(default=0, db_default=0)
    last_status = models.IntegerField(null=True)
    last_error = models.TextField(default="", db_default="")
    next_action_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_delivery"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "endpoint", "sequence"], name="webhook_delivery_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="webhook_delivery_due",
            ),
        )


class SavedView(TenantModel):
    """A list with its filters as a person wants it back, for herself or for everybody."""

    page = models.TextField()
    name = models.TextField()
    query = models.TextField()
    person_id = models.TextField(default="", db_default="")  # "" is for everybody
    created_at = models.DateTimeField()

    class Meta:
        db_table = "saved_view"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "page", "person_id", "name"], name="saved_view_once"
            ),
        )
