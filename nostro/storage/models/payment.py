"""Payment runs, orders, holds, approvals, submissions, attempts and bank facts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.domain.attempt import FREES_THE_ORDER
from nostro.storage.models.tenant import TenantModel, to_tenant


class PaymentRun(TenantModel):
    """One delivery of payments by a source: a file or a batch."""

    source = models.TextField()
    reference = models.TextField()
    evidence = to_tenant("storage.Evidence")
    received_at = models.DateTimeField()
    line_count = models.IntegerField()
    totals = models.JSONField()
    state = models.TextField(
        default="complete", db_default="complete"
    )  # See nostro.domain.payment_run.
    lines_done = models.IntegerField(default=0, db_default=0)
    stated_totals = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    format_profile = models.TextField(default="", db_default="")
    maker_id = models.TextField(default="", db_default="")
    maker_name = models.TextField(default="", db_default="")
    finished_at = models.DateTimeField(null=True)
    next_action_at = models.DateTimeField(null=True)
    confidential = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "payment_run"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "source", "reference"], name="payment_run_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="payment_run_due",
            ),
        )


class RunLine(TenantModel):
    """What became of each line of a run: nothing is dropped."""

    run = to_tenant("storage.PaymentRun")
    line = models.IntegerField()
    outcome = models.TextField()
    order = to_tenant("storage.Order", null=True)
    code = models.TextField(default="")
    sentence = models.TextField(default="")
    raw = models.TextField(default="")

    class Meta:
        db_table = "run_line"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "run", "line"], name="run_line_once"),
        )


class Order(TenantModel):
    """A payment order; see nostro.domain.order for its moves."""

    number = models.TextField()
    state = models.TextField()
    state_since = models.DateTimeField()
    source = models.TextField()
    source_reference = models.TextField()
    run = to_tenant("storage.PaymentRun", null=True)
    entity = to_tenant("storage.LegalEntity")
    payee_account = to_tenant("storage.PayeeAccount", null=True)
    payee_number = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    creditor_name = models.TextField()
    creditor_address = models.JSONField()
    creditor_iban = models.TextField()
    # An account without IBAN, as nostro.domain.local_account writes it; a cheque has neither.
    creditor_account = models.TextField(default="", db_default="")
    creditor_bic = models.TextField()
    requested_date = models.DateField()
    latest_date = models.DateField()
    roll_rule = models.TextField()
    end_to_end_id = models.TextField()
    remittance = models.TextField()
    creditor_reference = models.TextField()
    invoices = ArrayField(models.TextField())
    account = to_tenant("storage.Account", null=True)
    route = models.JSONField(null=True)
    policy_version = models.TextField(default="")
    # Whose approval comes next: nostro.domain.policies.approval_steps.Waits; "" from before that.
    waits_for = models.TextField(default="", db_default="")
    approval_digest = models.TextField(default="")
    maker_id = models.TextField()
    maker_name = models.TextField()
    # Ids of people and programs who changed it after it was made.
    changed_by = ArrayField(models.TextField(), default=list, db_default=[])
    created_at = models.DateTimeField()
    source_changes = models.JSONField(default=list)
    replaces = to_tenant("storage.Order", null=True)
    returned_minor = models.BigIntegerField(default=0, db_default=0)
    told_source = models.TextField(
        default="", db_default=""
    )  # The last state that its source was told.
    next_action_at = models.DateTimeField(null=True)
    confidential = models.BooleanField(default=False, db_default=False)  # For life.

    class Meta:
        db_table = "payment_order"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "source", "source_reference"], name="order_source_once"
            ),
            models.UniqueConstraint(fields=["tenant_id", "end_to_end_id"], name="order_e2e_once"),
            models.UniqueConstraint(fields=["tenant_id", "number"], name="order_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "replaces"],
                condition=models.Q(replaces__isnull=False),
                name="order_replaces_once",
            ),
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="order_positive"),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "state", "id"],
                include=[
                    "currency",
                    "amount_minor",
                    "confidential",
                ],  # The funnel reads the index alone.
                name="order_state",
            ),
            models.Index(fields=["tenant_id", "state_since", "id"], name="order_updated"),
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="order_due",
            ),
            models.Index(fields=["tenant_id", "payee_number", "amount_minor"], name="order_paid"),
            models.Index(
                fields=["tenant_id", "creditor_iban", "amount_minor"], name="order_paid_to"
            ),
            models.Index(
                fields=["tenant_id", "creditor_account", "amount_minor"],
                condition=~models.Q(creditor_account=""),
                name="order_paid_to_local",
            ),
            models.Index(fields=["tenant_id", "requested_date"], name="order_day"),
            models.Index(
                fields=["tenant_id", "payee_number"],
                condition=models.Q(confidential=True),
                name="order_confidential_payee",
            ),
            models.Index(
                fields=["tenant_id", "payee_number", "currency"],
                include=[
                    "amount_minor",
                    "confidential",
                ],  # What is usual is read from the index alone.
                condition=models.Q(state="settled"),
                name="order_usual",
            ),
            models.Index(
                fields=["tenant_id", "account", "run", "state"],
                include=[
                    "currency",
                    "amount_minor",
                    "confidential",
                ],  # The funnel of an account, or of a run.
                name="order_account",
            ),
        )


class Hold(TenantModel):
    """A reason why a person must look at an order, and how it was left."""

    order = to_tenant("storage.Order")
    code = models.TextField()
    sentence = models.TextField()
    refers_to = models.TextField(default="")
    evidence = models.JSONField(default=list, db_default=[])  # policies.hold_evidence
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "hold"
        indexes = (models.Index(fields=["tenant_id", "order"], name="hold_order"),)


class Approval(TenantModel):
    """One person's agreement to exactly one digest."""

    order = to_tenant("storage.Order")
    person_id = models.TextField()
    person_name = models.TextField()
    digest = models.TextField()
    approved_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    stage = models.IntegerField(default=0, db_default=0)  # Of the rules, in which it was given.

    class Meta:
        db_table = "approval"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "order", "person_id"],
                condition=models.Q(voided_at__isnull=True),
                name="approval_once_a_person",
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "order"],
                condition=models.Q(voided_at__isnull=False),
                name="approval_voided",
            ),
        )


class Submission(TenantModel):
    """The file or call that carries attempts to a bank, or journals to an ERP."""

    purpose = models.TextField()
    state = models.TextField()
    state_since = models.DateTimeField()
    connection = to_tenant("storage.Connection")
    account = to_tenant("storage.Account", null=True)
    message_id = models.TextField()
    file_name = models.TextField()
    media_type = models.TextField()
    evidence = to_tenant("storage.Evidence")
    line_count = models.IntegerField()
    totals = models.JSONField()
    tries = models.IntegerField(default=0)
    dispatched_at = models.DateTimeField(null=True)
    next_action_at = models.DateTimeField(null=True)
    enquiries = models.IntegerField(default=0)
    bank_reference = models.TextField(default="")
    last_error = models.TextField(default="")
    sealed_evidence = to_tenant("storage.Evidence", null=True)  # What is sent, signed, encrypted.
    answer_due_at = models.DateTimeField(null=True)
    status_asked = models.IntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "submission"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "message_id"], name="submission_message_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="submission_due",
            ),
        )


class Attempt(TenantModel):
    """One dispatch of one order; see nostro.domain.attempt for its moves."""

    order = to_tenant("storage.Order")
    submission = to_tenant("storage.Submission")
    state = models.TextField()
    state_since = models.DateTimeField()
    end_to_end_id = models.TextField()
    payment_information_id = models.TextField()
    uetr = models.UUIDField()
    execution_date = models.DateField()
    approval_digest = models.TextField()
    reason = models.TextField(default="")
    reason_text = models.TextField(default="")
    rail_reference = models.TextField(
        default="", db_default=""
    )  # What the rail carries, after truncation.
    bank_reference = models.TextField(default="", db_default="")
    cancel_purpose = models.TextField(default="", db_default="")
    finality_until = models.DateField(null=True)

    class Meta:
        db_table = "attempt"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "order"],
                condition=~models.Q(state__in=sorted(state.value for state in FREES_THE_ORDER)),
                name="attempt_one_live",
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "submission"], name="attempt_submission"),
            # What left on a day counts against its limits.
            models.Index(fields=["tenant_id", "execution_date"], name="attempt_day"),
            models.Index(fields=["tenant_id", "end_to_end_id"], name="attempt_e2e"),
            models.Index(fields=["tenant_id", "order"], name="attempt_order"),
            models.Index(
                fields=["tenant_id", "rail_reference"],
                condition=~models.Q(rail_reference=""),
                name="attempt_rail_reference",
            ),
            models.Index(fields=["tenant_id", "uetr"], name="attempt_uetr"),
            models.Index(fields=["tenant_id", "payment_information_id"], name="attempt_batch"),
            models.Index(
                fields=["tenant_id", "order"],
                condition=models.Q(state="unknown"),
                name="attempt_unknown",
            ),
        )


class BankMessage(TenantModel):
    """A message received from a bank; due until it was understood."""

    connection = to_tenant("storage.Connection")
    evidence = to_tenant("storage.Evidence")
    received_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bank_message"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "connection", "evidence"], name="bank_message_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="bank_message_due",
            ),
        )


class Fact(TenantModel):
    """One line of a bank's word, kept whether or not it moved anything."""

    connection = to_tenant("storage.Connection")
    evidence = to_tenant("storage.Evidence")
    identity = models.TextField()
    message_id = models.TextField()
    original_message_id = models.TextField()
    end_to_end_id = models.TextField()
    status = models.TextField()
    reason = models.TextField()
    reason_text = models.TextField()
    kind = models.TextField(
        default="pain_002", db_default="pain_002"
    )  # Which message, or "operator".
    amount_minor = models.BigIntegerField(null=True)
    currency = models.TextField(default="", db_default="")
    booked_on = models.DateField(null=True)
    attempt = to_tenant("storage.Attempt", null=True)
    submission = to_tenant("storage.Submission", null=True)
    verdict = models.TextField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "fact"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "connection", "identity"], name="fact_once"
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "attempt"], name="fact_attempt"),
            models.Index(fields=["tenant_id", "original_message_id"], name="fact_original"),
            models.Index(fields=["tenant_id", "submission", "received_at"], name="fact_submission"),
        )
