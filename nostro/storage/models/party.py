"""Partner, customer, legal entities, accounts, connections and payees."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class Partner(models.Model):
    """The integrator who hosts customers; stands above them."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField(unique=True)

    class Meta:
        db_table = "partner"

    def __str__(self) -> str:
        return self.name


class Customer(TenantModel):
    """One customer: the wall. Its id is the tenant id of all its rows."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    name = models.TextField()
    code = models.TextField()
    quarantined = models.BooleanField(default=False)
    next_payment_number = models.BigIntegerField(default=1)
    log_floor = models.BigIntegerField(
        default=0, db_default=0
    )  # A restored database may have told positions up to it.
    evidence_kept_in = models.TextField(default="", db_default="")  # "": as the installation says.

    class Meta:
        db_table = "customer"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(id=models.F("tenant_id")), name="customer_is_tenant"
            ),
            models.UniqueConstraint(fields=["tenant_id", "code"], name="customer_code_once"),
        )


class LegalEntity(TenantModel):
    """A company of the customer's group."""

    code = models.TextField()
    name = models.TextField()
    address = models.JSONField()
    functional_currency = models.TextField()
    receivables_account = models.TextField()

    class Meta:
        db_table = "legal_entity"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "code"], name="legal_entity_code_once"),
        )


class Connection(TenantModel):
    """A configured way to an outside system. Its secrets live behind the Secrets port."""

    name = models.TextField()
    connector = models.TextField()
    config = models.JSONField()
    cursor = models.TextField(default="")
    collected_at = models.DateTimeField(null=True)
    callback_name = models.TextField(
        default="", db_default=""
    )  # Hard to guess: where the bank calls us.
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "connection"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "name"], name="connection_name_once"),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="connection_due",
            ),
        )


class BankCalendar(TenantModel):
    """One version of when the bank of a connection takes payments, from a moment on."""

    connection = to_tenant("storage.Connection")
    version = models.IntegerField()
    terms = models.JSONField()
    valid_from = models.DateTimeField()
    changed_by = models.TextField()
    reason = models.TextField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "bank_calendar"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "connection", "version"], name="bank_calendar_version_once"
            ),
        )


class Account(TenantModel):
    """One of the customer's own bank accounts."""

    entity = to_tenant("storage.LegalEntity")
    connection = to_tenant("storage.Connection")
    name = models.TextField()
    iban = models.TextField()  # "" where the account has none: then `local_account` names it.
    bic = models.TextField()
    currency = models.TextField()
    ledger_account = models.TextField()
    clearing_account = models.TextField()
    local_account = models.TextField(default="", db_default="")  # See nostro.domain.local_account.
    gaps_since = models.DateField(null=True)  # Of its statements; None: they were looked at.
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "account"
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="account_due",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "iban", "local_account", "currency"], name="account_iban_once"
            ),
        )


class Payee(TenantModel):
    """A vendor, employee or other receiver of money."""

    number = models.TextField()
    name = models.TextField()

    class Meta:
        db_table = "payee"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "number"], name="payee_number_once"),
        )


class PayeeAccount(TenantModel):
    """One version of a payee's bank details."""

    payee = to_tenant("storage.Payee")
    version = models.IntegerField()
    iban = models.TextField()
    bic = models.TextField()
    valid_from = models.DateTimeField()
    changed_by = models.TextField()
    changed_by_person = models.UUIDField(null=True)
    confirmed = models.BooleanField(default=False)
    local_account = models.TextField(
        default="", db_default=""
    )  # See nostro.domain.local_account; "" with an IBAN.
    source = models.TextField(default="", db_default="")  # domain.payee.VersionSource.
    source_detail = models.TextField(default="", db_default="")
    evidence = to_tenant("storage.Evidence", null=True)
    document = models.TextField(default="", db_default="")
    request = to_tenant("storage.ChangeRequest", null=True)
    asked_by_name = models.TextField(default="", db_default="")
    agreed_by_name = models.TextField(default="", db_default="")

    class Meta:
        db_table = "payee_account"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "payee", "version"], name="payee_account_version_once"
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "iban"], name="payee_account_iban"),)


class Rate(TenantModel):
    """What one unit of `base` was worth in `quote` on a day, and who says so."""

    base = models.TextField()
    quote = models.TextField()
    day = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    source = models.TextField()

    class Meta:
        db_table = "rate"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "base", "quote", "day"], name="rate_once"),
        )
