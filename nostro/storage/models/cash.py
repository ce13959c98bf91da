"""Statements, transactions, open items, matches and journals."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce

from nostro.domain.match import OPEN_LINES, MatchState
from nostro.domain.open_item import ItemKind
from nostro.domain.statement import EntryStatus
from nostro.storage.models.tenant import TenantModel, to_tenant

# The day on which a line counts; one without any comes before all others.
BOOKED_DAY = Coalesce("booked", "value", models.Value(date.min))
_WAITS_FOR_A_PERSON = models.Q(
    match_state__in=[state.value for state in OPEN_LINES], status=EntryStatus.BOOK.value
)


class Statement(TenantModel):
    """One statement of one account with its balance verdict."""

    account = to_tenant("storage.Account")
    evidence = to_tenant("storage.Evidence")
    statement_id = models.TextField()
    kind = models.TextField()
    sequence = models.IntegerField(null=True)
    currency = models.TextField()
    from_day = models.DateField(null=True)
    to_day = models.DateField(null=True)
    opening_minor = models.BigIntegerField(null=True)
    closing_minor = models.BigIntegerField(null=True)
    entry_count = models.IntegerField()
    verdict = models.TextField()
    verdict_reason = models.TextField()
    problems = models.JSONField(default=list)
    bank_created_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    sample = models.BooleanField(default=False)
    content = models.TextField(default="", db_default="")  # Digest of what it tells; "": not made.

    class Meta:
        db_table = "statement"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "kind", "statement_id", "content"],
                name="statement_once",
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "account", "to_day"], name="statement_day"),)


class Balance(TenantModel):
    """A balance with the moment it speaks of and when we heard it."""

    statement = to_tenant("storage.Statement")
    account = to_tenant("storage.Account")
    code = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    day = models.DateField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "balance"
        indexes = (models.Index(fields=["tenant_id", "account", "day"], name="balance_day"),)


class BankTransaction(TenantModel):
    """One entry of a statement (money out is negative), and whether it is explained."""

    statement = to_tenant("storage.Statement")
    account = to_tenant("storage.Account")
    line = models.IntegerField()
    dedupe_digest = models.TextField()
    occurrence = models.IntegerField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    status = models.TextField()
    booked = models.DateField(null=True)
    value = models.DateField(null=True)
    bank_reference = models.TextField()
    end_to_end_id = models.TextField()
    payment_information_id = models.TextField()
    batch_count = models.IntegerField(default=0)
    counterparty_name = models.TextField()
    counterparty_iban = models.TextField()
    remittance = models.TextField()
    transaction_code = models.TextField()
    details = models.JSONField(default=list)
    match_state = models.TextField(default=MatchState.UNMATCHED.value)
    source_line = models.IntegerField(default=0)

    class Meta:
        db_table = "bank_transaction"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "dedupe_digest", "occurrence"],
                name="transaction_once",
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "statement", "line"], name="transaction_statement"),
            models.Index(fields=["tenant_id", "match_state", "id"], name="transaction_match"),
            models.Index(
                "tenant_id",
                "account",
                BOOKED_DAY,
                "id",
                condition=_WAITS_FOR_A_PERSON,
                name="transaction_open",
            ),
            models.Index(
                fields=["tenant_id", "account", "amount_minor", "id"],
                condition=_WAITS_FOR_A_PERSON,
                name="transaction_open_amount",
            ),
        )


class StatementFile(TenantModel):
    """A file of statements too long for one unit of work: how far it is stored and explained."""

    evidence = to_tenant("storage.Evidence")
    connection = to_tenant("storage.Connection", null=True)
    statement = to_tenant("storage.Statement", null=True)  # The one that is being stored.
    format_profile = models.TextField()
    state = models.TextField()
    records_done = models.BigIntegerField(default=0)
    lines_done = models.BigIntegerField(default=0)
    lines_new = models.BigIntegerField(default=0)
    records_explained = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "statement_file"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "evidence"], name="statement_file_once"),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="statement_file_due",
            ),
        )


class RepeatedLine(TenantModel):
    """A line of a statement that another statement had told before: the same booking."""

    statement = to_tenant("storage.Statement")
    line = models.IntegerField()
    transaction = to_tenant("storage.BankTransaction")

    class Meta:
        db_table = "repeated_line"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "statement", "line"], name="repeated_line_once"
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "transaction"], name="repeated_line_transaction"),
        )


class OpenItem(TenantModel):
    """One open document of receivables, or one instalment of it.

    `told_minor` is what its source said at `told_at` is open of it, `document_minor` the whole of
    it where that was said, `most_minor` the most that was ever said to be open, `open_minor` what
    is open to us (open_item.still_open). Rows from before moments were kept have none: whatever is
    told next is newer.
    """

    entity = to_tenant("storage.LegalEntity")
    source = models.TextField(default="", db_default="")
    document = models.TextField()
    instalment = models.IntegerField(default=0, db_default=0)
    kind = models.TextField(default=ItemKind.INVOICE.value, db_default=ItemKind.INVOICE.value)
    customer_number = models.TextField()
    customer_name = models.TextField()
    parent_number = models.TextField(default="", db_default="")
    document_minor = models.BigIntegerField(null=True)
    most_minor = models.BigIntegerField()
    told_minor = models.BigIntegerField()
    told_at = models.DateTimeField(null=True)
    open_minor = models.BigIntegerField()
    currency = models.TextField()
    issue_date = models.DateField(null=True)
    due_date = models.DateField()
    discount_minor = models.BigIntegerField(default=0, db_default=0)
    discount_until = models.DateField(null=True)
    further_references = models.JSONField(default=list, db_default=[])
    payer_iban = models.TextField(default="")

    class Meta:
        db_table = "open_item"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "source", "document", "instalment"],
                name="open_item_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "due_date", "id"],
                condition=~models.Q(open_minor=0),
                name="open_item_due",
            ),
            models.Index(
                fields=["tenant_id", "customer_number", "due_date"],
                condition=~models.Q(open_minor=0),
                name="open_item_customer",
            ),
            models.Index(
                fields=["tenant_id", "customer_number", "open_minor"],
                condition=~models.Q(open_minor=0),
                name="open_item_amount",
            ),
        )


class OpenItemList(TenantModel):
    """A list of everything that is open, as one source told it for one entity: what is not in it
    was closed there by then."""

    entity = to_tenant("storage.LegalEntity")
    source = models.TextField()
    told_at = models.DateTimeField()
    evidence = to_tenant("storage.Evidence", null=True)

    class Meta:
        db_table = "open_item_list"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "source"], name="open_item_list_newest"
            ),
        )


class Match(TenantModel):
    """Why a bank transaction is explained, by whom, and how sure."""

    transaction = to_tenant("storage.BankTransaction")
    state = models.TextField()
    rule = models.TextField(default="", db_default="")
    evidence_class = models.TextField(default="", db_default="")
    probability_millionths = models.IntegerField()
    evidence = models.JSONField()
    by_person = models.BooleanField(default=False, db_default=False)
    decided_by = models.TextField()
    decided_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.TextField(default="", db_default="")
    undo_reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "match"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "transaction"],
                condition=~models.Q(state="unmatched"),
                name="match_one_live",
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "id"], name="match_newest"),)


class Allocation(TenantModel):
    """Minor units of a transaction put on one order or open item."""

    match = to_tenant("storage.Match")
    order = to_tenant("storage.Order", null=True)
    open_item = to_tenant("storage.OpenItem", null=True)
    amount_minor = models.BigIntegerField()
    currency = models.TextField()

    class Meta:
        db_table = "allocation"
        indexes = (
            models.Index(fields=["tenant_id", "match"], name="allocation_match"),
            models.Index(fields=["tenant_id", "order"], name="allocation_order"),
            models.Index(
                fields=["tenant_id", "open_item"],
                condition=models.Q(open_item__isnull=False),
                name="allocation_open_item",
            ),
        )


class JournalEvent(TenantModel):
    """What an ERP should post; `reference` makes it happen once."""

    event = models.TextField()
    owner = models.TextField()
    action = models.TextField()
    entity = to_tenant("storage.LegalEntity")
    posting_date = models.DateField()
    reference = models.TextField()
    text = models.TextField()
    order = to_tenant("storage.Order", null=True)
    transaction = to_tenant("storage.BankTransaction", null=True)
    posting = to_tenant("storage.Submission", null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "journal_event"
        constraints = (
            models.UniqueConstraint(fields=["tenant_id", "reference"], name="journal_once"),
        )
        indexes = (models.Index(fields=["tenant_id", "order"], name="journal_order"),)


class JournalLine(TenantModel):
    """One side of a journal: debit positive, credit negative."""

    journal = to_tenant("storage.JournalEvent")
    line = models.IntegerField()
    ledger_account = models.TextField()
    document_minor = models.BigIntegerField()
    document_currency = models.TextField()
    functional_minor = models.BigIntegerField()
    functional_currency = models.TextField()
    open_item = models.TextField(default="")
    text = models.TextField(default="")

    class Meta:
        db_table = "journal_line"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "journal", "line"], name="journal_line_once"
            ),
        )
