"""The checks that were issued, and those that a bank presented and asks about."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class IssuedCheck(TenantModel):
    """One check that we issued; see nostro.domain.check_state for its moves."""

    account = to_tenant("storage.Account")
    number = models.TextField()  # Digits without leading zeros.
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    payee = ArrayField(models.TextField())
    payee_number = models.TextField(default="", db_default="")
    issued_on = models.DateField()
    source = models.TextField()
    order = to_tenant("storage.Order", null=True)
    state = models.TextField()
    state_since = models.DateTimeField()
    maker_id = models.TextField()
    maker_name = models.TextField()
    created_at = models.DateTimeField()
    issue_file = to_tenant("storage.Submission", null=True)  # What told the bank that it is issued.
    act_file = to_tenant("storage.Submission", null=True)  # What told it that it is void, stopped.
    acted_on = models.DateField(null=True)
    acted_by = models.TextField(default="", db_default="")
    acted_by_name = models.TextField(default="", db_default="")
    reason = models.TextField(default="", db_default="")
    # Why no file can carry it: a person tells the bank in another way.
    not_in_file = models.TextField(default="", db_default="")
    paid_on = models.DateField(null=True)
    next_action_at = models.DateTimeField(null=True)  # When the bank is to be told.

    class Meta:
        db_table = "issued_check"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "number"], name="issued_check_once"
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "order"],
                condition=models.Q(order__isnull=False),
                name="issued_check_of_order",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="issued_check_positive"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="issued_check_due",
            ),
            models.Index(fields=["tenant_id", "state", "id"], name="issued_check_state"),
            models.Index(
                fields=["tenant_id", "issued_on"],
                condition=models.Q(order__isnull=False),
                name="issued_check_day",
            ),
            models.Index(
                fields=["tenant_id", "issue_file"],
                condition=models.Q(issue_file__isnull=False),
                name="issued_check_told_in",
            ),
            models.Index(
                fields=["tenant_id", "act_file"],
                condition=models.Q(act_file__isnull=False),
                name="issued_check_acted_in",
            ),
        )


class CheckException(TenantModel):
    """One presented check that a person decides on; see nostro.domain.check_exception."""

    account = to_tenant("storage.Account")
    connection = to_tenant("storage.Connection")
    evidence = to_tenant("storage.Evidence")
    identity = models.TextField()
    issued = to_tenant("storage.IssuedCheck", null=True)
    number = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    payee = ArrayField(models.TextField())
    presented_on = models.DateField()
    issued_on = models.DateField(null=True)
    bank_reference = models.TextField()
    bank_reason = models.TextField()
    why = models.TextField()
    differences = models.JSONField()
    state = models.TextField()
    state_since = models.DateTimeField()
    received_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    time_zone = models.TextField()
    if_nobody = models.TextField()  # What the bank does when nobody decides.
    decision = models.TextField(default="", db_default="")
    first_by = models.TextField(default="", db_default="")
    first_by_name = models.TextField(default="", db_default="")
    decided_by = models.TextField(default="", db_default="")
    decided_by_name = models.TextField(default="", db_default="")
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(default="", db_default="")
    decision_file = to_tenant("storage.Submission", null=True)
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "check_exception"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "identity"], name="check_exception_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="check_exception_due",
            ),
            models.Index(
                fields=["tenant_id", "state", "decide_by", "id"], name="check_exception_open"
            ),
            models.Index(fields=["tenant_id", "issued"], name="check_exception_check"),
            models.Index(
                fields=["tenant_id", "decision_file"],
                condition=models.Q(decision_file__isnull=False),
                name="check_exception_told_in",
            ),
        )
