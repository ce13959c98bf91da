"""Proofs that are asked for once, and invitations to work for a customer."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.people import Person
from nostro.storage.models.tenant import TenantModel


class StepUp(TenantModel):
    """A fresh proof of one person for one digest: five minutes, once."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    digest = models.TextField()
    orders = models.JSONField()
    nonce = models.TextField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    method = models.TextField(default="")
    signature = models.JSONField(null=True)
    proved_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "step_up"
        indexes = (
            models.Index(fields=["tenant_id", "person", "opened_at"], name="step_up_of_person"),
        )


class Invitation(TenantModel):
    """Somebody is asked to work here; the link that he gets counts once. Only its hash is kept."""

    email = models.TextField()
    name = models.TextField()
    grants = models.JSONField()
    token_hash = models.TextField()
    invited_by = models.JSONField()
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "invitation"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "token_hash"], name="invitation_token"),
        )
