"""What people and programs read in lists: payments, statements, transactions, cash, cases.

Each function works inside `with tenant(...)`, gives frozen structs and never a model. Lists come in
pages (see nostro.storage.paging): pass `limit` and the `next` of the page before as `cursor`.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from nostro.domain.errors import Invalid
from nostro.domain.match import OPEN_LINES
from nostro.storage import confidential, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import (
    AccountRow,
    BalanceRow,
    PaymentRow,
    SealLag,
    StatementRow,
    TransactionRow,
    build,
    columns,
    money,
)

SEARCH_LENGTH_MAX = 100


def payment(order_id: UUID) -> PaymentRow | None:
    """One payment order; None when this customer has no such payment."""
    return next(iter(_payment_rows(models.Order.objects.filter(id=order_id))), None)


def payments_of(order_ids: Collection[UUID]) -> tuple[PaymentRow, ...]:
    """These payment orders in the order asked; what is not this customer's is left out."""
    found = {row.id: row for row in _payment_rows(models.Order.objects.filter(id__in=order_ids))}
    return tuple(found[order_id] for order_id in order_ids if order_id in found)


def statements(
    *, account: UUID | None = None, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[StatementRow]:
    """Statements, the last received first."""
    size = checked_limit(limit)
    found = models.Statement.objects.order_by("-id")
    if account:
        found = found.filter(account_id=account)
    if cursor:
        (last,) = key_of("statements", cursor, _id)
        found = found.filter(id__lt=last)
    rows = _statement_rows(found[: size + 1])
    return page_of("statements", rows, size, lambda row: (str(row.id),))


def statement(statement_id: UUID) -> StatementRow | None:
    """One statement; None when this customer has no such statement."""
    return next(iter(_statement_rows(models.Statement.objects.filter(id=statement_id))), None)


def transactions(
    statement_id: UUID, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[TransactionRow]:
    """The entries of one statement in the bank's order."""
    size = checked_limit(limit)
    found = models.BankTransaction.objects.filter(statement_id=statement_id)
    if cursor:
        line, last = key_of("transactions", cursor, _line_and_id)
        found = found.filter(Q(line__gt=line) | Q(line=line, id__gt=last))
    names = columns(TransactionRow, "amount")
    rows = [
        build(TransactionRow, row, amount=money(row))
        for row in found.order_by("line", "id").values(*names, *_AMOUNT)[: size + 1]
    ]
    confidential.note("transaction", (row.id for row in rows))
    return page_of("transactions", rows, size, lambda row: (str(row.line), str(row.id)))


def accounts(*, limit: int = LIMIT_DEFAULT, cursor: str = "") -> Page[AccountRow]:
    """The customer's own accounts, oldest first. `every(accounts)` gives them all."""
    size = checked_limit(limit)
    found = models.Account.objects.order_by("id")
    if cursor:
        (last,) = key_of("accounts", cursor, _id)
        found = found.filter(id__gt=last)
    joined = {"entity_code": "entity__code", "entity_name": "entity__name"}
    joined |= {"connection_name": "connection__name"}
    names = columns(AccountRow, *joined)
    rows = [
        build(AccountRow, row, **{name: row[path] for name, path in joined.items()})
        for row in found.values(*names, *joined.values())[: size + 1]
    ]
    return page_of("accounts", rows, size, lambda row: (str(row.id),))


def balances(
    *, account: UUID | None = None, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[BalanceRow]:
    """The newest balance of each kind on each account. `every(balances)` gives them all."""
    size = checked_limit(limit)
    found = models.Balance.objects.order_by("account_id", "code", "-day", "-received_at", "-id")
    if account:
        found = found.filter(account_id=account)
    if cursor:
        last, code = key_of("balances", cursor, _id_and_code)
        found = found.filter(Q(account_id__gt=last) | Q(account_id=last, code__gt=code))
    joined = {"account_name": "account__name", "account_iban": "account__iban"}
    joined |= {"entity_code": "account__entity__code", "entity_name": "account__entity__name"}
    names = columns(BalanceRow, "amount", *joined)
    newest = found.distinct("account_id", "code").values(*names, *_AMOUNT, *joined.values())
    rows = [
        build(
            BalanceRow,
            row,
            amount=money(row),
            **{name: row[path] for name, path in joined.items()},
        )
        for row in newest[: size + 1]
    ]
    return page_of("balances", rows, size, lambda row: (str(row.account_id), row.code))


def seal_lag(using: str = "default") -> SealLag:
    """How far the seal of this customer is behind; with `using="ops"` of all customers."""
    found = models.Unsealed.objects.using(using).aggregate(
        count=Count("*"), oldest=Min("occurred_at")
    )
    return SealLag(unsealed=found["count"], oldest_at=found["oldest"])


_AMOUNT = ("amount_minor", "currency")


def _id(key: str) -> tuple[UUID]:
    return (UUID(key),)


def _line_and_id(line: str, key: str) -> tuple[int, UUID]:
    return int(line), UUID(key)


def _id_and_code(key: str, code: str) -> tuple[UUID, str]:
    return UUID(key), code


def plain(text: str, field: str) -> str:
    """A text fit for a question to the database: short and printable."""
    if len(text) > SEARCH_LENGTH_MAX or not text.isprintable():
        raise Invalid(
            "search_text_unfit",
            f"The search text is longer than {SEARCH_LENGTH_MAX} characters or not printable.",
            can_do="Search for a shorter, plain text.",
            field=field,
        )
    return text


def _payment_rows(found: QuerySet[models.Order]) -> list[PaymentRow]:
    """These orders as people see them, in their order."""
    joined = {"entity_code": "entity__code", "entity_name": "entity__name"}
    names = columns(PaymentRow, "amount", "account_name", "approved_by", "held_for", *joined)
    values = list(found.values(*names, *_AMOUNT, "account__name", *joined.values()))
    confidential.note("order", (row["id"] for row in values))
    approvers, reasons = _open_approvals_and_holds([row["id"] for row in values])
    return [
        build(
            PaymentRow,
            row,
            amount=money(row),
            account_name=row["account__name"] or "",
            approved_by=tuple(approvers.get(row["id"], ())),
            held_for=tuple(reasons.get(row["id"], ())),
            **{name: row[path] for name, path in joined.items()},
        )
        for row in values
    ]


def _open_approvals_and_holds(
    ids: list[UUID],
) -> tuple[dict[UUID, list[str]], dict[UUID, list[str]]]:
    approvals = models.Approval.objects.filter(order_id__in=ids, voided_at=None)
    holds = models.Hold.objects.filter(order_id__in=ids, closed_at=None)
    approvers: dict[UUID, list[str]] = {}
    for order_id, name in approvals.order_by("approved_at").values_list("order_id", "person_name"):
        approvers.setdefault(order_id, []).append(name)
    reasons: dict[UUID, list[str]] = {}
    for order_id, sentence in holds.order_by("opened_at").values_list("order_id", "sentence"):
        reasons.setdefault(order_id, []).append(sentence)
    return approvers, reasons


def _statement_rows(found: QuerySet[models.Statement]) -> list[StatementRow]:
    joined = {"account_name": "account__name", "account_iban": "account__iban"}
    names = columns(StatementRow, "opening", "closing", "unmatched", *joined)
    values = list(found.values(*names, "opening_minor", "closing_minor", *joined.values()))
    open_lines = dict(
        models.BankTransaction.objects.filter(
            statement_id__in=[row["id"] for row in values], match_state__in=OPEN_LINES
        )
        .values_list("statement_id")
        .annotate(count=Count("id"))
    )
    return [
        build(
            StatementRow,
            row,
            opening=money(row, "opening_minor"),
            closing=money(row, "closing_minor"),
            unmatched=open_lines.get(row["id"], 0),
            **{name: row[path] for name, path in joined.items()},
        )
        for row in values
    ]
