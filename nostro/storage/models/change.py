"""Changes that people ask for and others agree to, and the policies as versions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class ChangeRequest(TenantModel):
    """One change that somebody asks for; `before` is what it is held against when it is made."""

    kind = models.TextField()
    subject_id = models.UUIDField()
    subject = models.TextField()
    wanted = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    reason = models.TextField()
    state = models.TextField()
    needed = models.IntegerField()
    asked_by = models.TextField()
    asked_by_kind = models.TextField()
    asked_by_name = models.TextField()
    asked_for = ArrayField(models.TextField(), default=list)  # In whose place it was asked.
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_by_name = models.TextField(default="")
    ended_reason = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "change_request"
        indexes = (
            models.Index(fields=["tenant_id", "state", "asked_at"], name="change_request_state"),
        )


class ChangeAgreement(TenantModel):
    """One person's agreement to a change."""

    request = to_tenant("storage.ChangeRequest")
    person_id = models.UUIDField()
    person_name = models.TextField()
    acted_for = ArrayField(models.TextField())  # Himself, or those in whose place he agreed.
    reason = models.TextField()
    agreed_at = models.DateTimeField()

    class Meta:
        db_table = "change_agreement"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "request", "person_id"], name="change_agreed_once"
            ),
        )


class PolicyVersion(TenantModel):
    """One version of one policy; `content` is a struct of nostro.domain whose KIND is `kind`."""

    kind = models.TextField()
    version = models.IntegerField()
    content = models.JSONField()
    valid_from = models.DateTimeField()
    changed_by = models.TextField()
    request_id = models.UUIDField(null=True)  # The change request that it was made for.
    reason = models.TextField()
    next_action_at = models.DateTimeField(null=True)  # When it comes into force.

    class Meta:
        db_table = "policy_version"
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="policy_version_due",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "version"], name="policy_version_once"
            ),
        )
