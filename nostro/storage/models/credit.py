"""Credit notes of suppliers, and proposals to their sources to net them."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class CreditNote(TenantModel):
    """One credit note as its source told it; see nostro.domain.credit_note for its moves."""

    source = models.TextField()
    reference = models.TextField()  # The source's own number of it.
    document = models.TextField()  # What the supplier calls it.
    entity = to_tenant("storage.LegalEntity")
    payee_number = models.TextField()
    amount_minor = models.BigIntegerField()
    left_minor = models.BigIntegerField()
    currency = models.TextField()
    issued_on = models.DateField(null=True)
    run = to_tenant("storage.PaymentRun", null=True)
    line = models.IntegerField()  # In its run; 0 if it came otherwise.
    state = models.TextField()
    state_since = models.DateTimeField()
    received_at = models.DateTimeField()
    maker_id = models.TextField()
    maker_name = models.TextField()
    ended_by_name = models.TextField(default="", db_default="")
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "credit_note"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "source", "reference"], name="credit_note_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0)
                & models.Q(left_minor__gte=0)
                & models.Q(left_minor__lte=models.F("amount_minor")),
                name="credit_note_amounts",
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "payee_number", "state"], name="credit_note_payee"),
        )


class Netting(TenantModel):
    """One proposal that somebody decided on; see nostro.domain.netting for its moves."""

    entity = to_tenant("storage.LegalEntity")
    payee_number = models.TextField()
    currency = models.TextField()
    payments = models.JSONField()  # As they stood, and less how much.
    notes = models.JSONField()
    digest = models.TextField()
    state = models.TextField()
    state_since = models.DateTimeField()
    proposed_at = models.DateTimeField()
    proposed_by = models.TextField()
    proposed_by_name = models.TextField()
    decided_by = models.TextField(default="", db_default="")
    decided_by_name = models.TextField(default="", db_default="")
    told_to = models.TextField(default="", db_default="")  # Who has it, where the source is.
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "netting"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "digest"],
                condition=models.Q(state__in=["proposed", "sent"]),
                name="netting_once",
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "payee_number", "state"], name="netting_payee"),
        )
