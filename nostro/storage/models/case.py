"""What people decide about payments: cases, what they state as evidence, stops, payee changes."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class Case(TenantModel):
    """Something a person must look at; see nostro.domain.case for its states and stages."""

    kind = models.TextField()
    state = models.TextField()
    stage = models.TextField(default="", db_default="")
    natural_key = models.TextField()
    sentence = models.TextField()
    can_do = models.TextField()
    owner = models.TextField(default="")  # A person's id.
    owner_name = models.TextField(default="", db_default="")
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="", db_default="")
    next_action_at = models.DateTimeField(null=True)
    order = to_tenant("storage.Order", null=True)
    attempt = to_tenant("storage.Attempt", null=True)
    submission = to_tenant("storage.Submission", null=True)
    request = to_tenant("storage.Submission", null=True)  # The recall or reversal that we sent.
    statement = to_tenant("storage.Statement", null=True)
    parent = to_tenant("storage.Case", null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.TextField(default="", db_default="")
    reason = models.TextField(default="", db_default="")
    details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        db_table = "case_file"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "kind", "natural_key"], name="case_once"),
        )
        indexes = (
            models.Index(fields=["tenant_id", "state", "due_at"], name="case_state"),
            models.Index(fields=["tenant_id", "order"], name="case_order"),
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="case_due",
            ),
        )


class OperatorEvidence(TenantModel):
    """What a person states that the bank said; see nostro.domain.operator_evidence."""

    kind = models.TextField()
    state = models.TextField()
    submission = to_tenant("storage.Submission")
    attempt = to_tenant("storage.Attempt", null=True)
    case = to_tenant("storage.Case", null=True)
    told_by = models.TextField()
    text = models.TextField()
    attachment = to_tenant("storage.Evidence", null=True)
    stated_by = models.TextField()
    stated_by_name = models.TextField()
    stated_at = models.DateTimeField()
    decided_by = models.TextField(default="", db_default="")
    decided_by_name = models.TextField(default="", db_default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "operator_evidence"
        indexes = (
            models.Index(fields=["tenant_id", "submission"], name="operator_evidence_file"),
            models.Index(fields=["tenant_id", "state"], name="operator_evidence_state"),
        )


class Freeze(TenantModel):
    """A stop: nothing of its subject leaves while it is in force. See nostro.domain.freeze."""

    scope = models.TextField()
    subject_id = models.UUIDField()
    cause = models.TextField()
    reason = models.TextField()
    frozen_by = models.TextField()
    frozen_by_name = models.TextField()
    frozen_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payment_freeze"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "scope", "subject_id"],
                condition=models.Q(lifted_at__isnull=True),
                name="freeze_once",
            ),
        )


class FreezeLift(TenantModel):
    """One person's agreement to lift a stop."""

    freeze = to_tenant("storage.Freeze")
    person_id = models.TextField()
    person_name = models.TextField()
    reason = models.TextField()
    agreed_at = models.DateTimeField()

    class Meta:
        db_table = "payment_freeze_lift"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "freeze", "person_id"], name="freeze_lift_once"
            ),
        )


class PayeeChange(TenantModel):
    """A proposed change of a payee's bank details, decided by a second person."""

    payee = to_tenant("storage.Payee")
    state = models.TextField()
    origin = models.TextField()  # "nacha_noc", "payments"
    before = models.JSONField()
    after = models.JSONField()
    code = models.TextField(default="", db_default="")
    text = models.TextField(default="", db_default="")
    case = to_tenant("storage.Case", null=True)
    run = to_tenant("storage.PaymentRun", null=True)  # The file that brought it.
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    decided_by = models.TextField(default="", db_default="")
    decided_by_name = models.TextField(default="", db_default="")
    decided_at = models.DateTimeField(null=True)
    natural_key = models.TextField()

    class Meta:
        db_table = "payee_change"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "natural_key"], name="payee_change_once"),
        )
        indexes = (models.Index(fields=["tenant_id", "payee", "state"], name="payee_change_payee"),)
