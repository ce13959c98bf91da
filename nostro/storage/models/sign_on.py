"""A customer's own sign-in service, and who its people are here."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.people import Person
from nostro.storage.models.tenant import TenantModel, to_tenant


class IdentityProvider(TenantModel):
    """The OpenID provider of a customer; its secret is among the customer's stored secrets."""

    issuer = models.TextField()
    client_id = models.TextField()
    groups_claim = models.TextField()
    group_roles = models.JSONField()
    just_in_time = models.BooleanField()
    since = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "identity_provider"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id"], name="identity_provider_once"),
        )


class FederatedIdentity(TenantModel):
    """Who a subject of the provider is here. An e-mail address never says so: it can be given to
    somebody else."""

    provider = to_tenant("storage.IdentityProvider")
    issuer = models.TextField()
    subject = models.TextField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    since = models.DateTimeField()

    class Meta:
        db_table = "federated_identity"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "provider", "issuer", "subject"],
                name="federated_identity_once",
            ),
        )
