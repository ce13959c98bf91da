"""Changes that people ask for and others agree to, and the rules of approving as versions."""

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


class ApprovalPolicy(TenantModel):
    """One version of how many people approve a payment."""

    version = models.IntegerField()
    rules = models.JSONField()
    valid_from = models.DateTimeField()
    changed_by = models.TextField()

    class Meta:
        db_table = "approval_policy"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "version"], name="approval_policy_version_once"
            ),
        )
