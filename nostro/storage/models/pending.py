"""What banks announce during the day: reports, and their lines until statements book them."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class IntradayReport(TenantModel):
    """One report or notice of a day that is not over, with the balances that it tells."""

    account = to_tenant("storage.Account")
    evidence = to_tenant("storage.Evidence")
    series = models.TextField()
    report_id = models.TextField()
    content = models.TextField()
    currency = models.TextField()
    booked_minor = models.BigIntegerField(null=True)
    available_minor = models.BigIntegerField(null=True)
    entry_count = models.IntegerField()
    bank_created_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "intraday_report"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "series", "report_id", "content"],
                name="intraday_report_once",
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "account", "id"], name="intraday_newest"),)


class PendingTransaction(TenantModel):
    """A line that a series announced, each once. `confirmed_as` is the booked line of the same
    series that took its place, `booked_as` the line of a statement."""

    account = to_tenant("storage.Account")
    evidence = to_tenant("storage.Evidence")
    series = models.TextField()
    dedupe_digest = models.TextField()
    occurrence = models.IntegerField()
    status = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    booked = models.DateField(null=True)
    value = models.DateField(null=True)
    bank_reference = models.TextField()
    end_to_end_id = models.TextField()
    uetr = models.TextField()
    payment_information_id = models.TextField()
    batch_count = models.IntegerField(default=0)
    counterparty_name = models.TextField()
    counterparty_iban = models.TextField()
    remittance = models.TextField()
    transaction_code = models.TextField()
    first_told_at = models.DateTimeField()
    last_told_at = models.DateTimeField()
    confirmed_as = to_tenant("storage.PendingTransaction", null=True)
    booked_as = to_tenant("storage.BankTransaction", null=True)
    tentative = models.JSONField(default=list)
    tentative_millionths = models.IntegerField(null=True)

    class Meta:
        db_table = "pending_transaction"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "series", "dedupe_digest", "occurrence"],
                name="pending_transaction_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "account", "id"],
                condition=models.Q(booked_as__isnull=True, confirmed_as__isnull=True),
                name="pending_transaction_waits",
            ),
            models.Index(fields=["tenant_id", "account", "booked"], name="pending_transaction_day"),
            models.Index(
                fields=["tenant_id", "booked_as"],
                condition=models.Q(booked_as__isnull=False),
                name="pending_transaction_booked",
            ),
        )
