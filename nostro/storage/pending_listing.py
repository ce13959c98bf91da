"""What banks announced, as people and programs read it: each line with what took its place."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.money import Money
from nostro.storage import confidential, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of


class Became(StrEnum):
    """What has become of an announced line."""

    WAITS = "waits"
    CONFIRMED = "confirmed"  # A later report of its series tells it as booked, in another line.
    BOOKED = "booked"


class TentativePart(msgspec.Struct, frozen=True, kw_only=True):
    """So much of an open item a receipt will probably pay; `document` "": it is not there now."""

    open_item_id: UUID
    document: str
    settled: Money


class PendingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One announced line; money out is negative. `status` is the bank's (ISO 20022 EntryStatus).
    `statement_id` is of the statement that booked it as `booked_as`."""

    id: UUID
    account_id: UUID
    account_name: str
    series: str
    status: str
    became: Became
    amount: Money
    booked: date | None
    value: date | None
    bank_reference: str
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    transaction_code: str
    first_told_at: datetime
    last_told_at: datetime
    confirmed_as: UUID | None
    booked_as: UUID | None
    statement_id: UUID | None
    tentative: tuple[TentativePart, ...]
    tentative_millionths: int | None


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One report of the day, with the balances of its moment where it tells them."""

    id: UUID
    account_id: UUID
    account_name: str
    series: str
    report_id: str
    booked: Money | None
    available: Money | None
    entry_count: int
    bank_created_at: datetime | None
    received_at: datetime


class PendingWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which announced lines are looked for; None: any."""

    account: UUID | None = None
    series: str | None = None
    became: Became | None = None


def lines(
    wanted: PendingWanted, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[PendingRow]:
    """Announced lines, those announced last before the others."""
    size = checked_limit(limit)
    found = _wanted(wanted).order_by("-id")
    if cursor:
        (last,) = key_of("pending", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    return page_of("pending", _rows(found[: size + 1]), size, lambda row: (str(row.id),))


def line(line_id: UUID) -> PendingRow | None:
    """One; None when this customer has no such line, or may not see it."""
    return next(iter(_rows(models.PendingTransaction.objects.filter(id=line_id))), None)


def waiting_count(wanted: PendingWanted, most: int) -> int:
    """How many are like that; no more than so many are counted."""
    return _wanted(wanted).order_by()[:most].count()


def reports(
    account: UUID | None = None, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[ReportRow]:
    """Reports of the day, the last received first."""
    size = checked_limit(limit)
    found = models.IntradayReport.objects.order_by("-id")
    if account:
        found = found.filter(account_id=account)
    if cursor:
        (last,) = key_of("reports", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    rows = [_report(row) for row in found.select_related("account")[: size + 1]]
    return page_of("reports", rows, size, lambda row: (str(row.id),))


def newest_with_balance() -> list[ReportRow]:
    """Of each account the newest report that tells a balance, by the bank's own moment."""
    rows = models.IntradayReport.objects.filter(booked_minor__isnull=False)
    newest = rows.order_by("account_id", "-bank_created_at", "-id").distinct("account_id")
    return [_report(row) for row in newest.select_related("account")]


def _wanted(wanted: PendingWanted) -> QuerySet[models.PendingTransaction]:
    found = models.PendingTransaction.objects.all()
    if wanted.account:
        found = found.filter(account_id=wanted.account)
    if wanted.series:
        found = found.filter(series=wanted.series)
    if wanted.became is Became.WAITS:
        found = found.filter(booked_as__isnull=True, confirmed_as__isnull=True)
    if wanted.became is Became.CONFIRMED:
        found = found.filter(booked_as__isnull=True, confirmed_as__isnull=False)
    if wanted.became is Became.BOOKED:
        found = found.filter(booked_as__isnull=False)
    return found


def _rows(found: QuerySet[models.PendingTransaction]) -> list[PendingRow]:
    listed = list(found.select_related("account"))
    items = {part["open_item_id"] for row in listed for part in row.tentative}
    documents = dict(models.OpenItem.objects.filter(id__in=items).values_list("id", "document"))
    booked = [row.booked_as_id for row in listed if row.booked_as_id]
    statements = dict(
        models.BankTransaction.objects.filter(id__in=booked).values_list("id", "statement_id")
    )
    rows = [_row(row, documents, statements) for row in listed]
    confidential.note("pending_transaction", (row.id for row in rows))
    return rows


def _row(
    row: models.PendingTransaction, documents: dict[UUID, str], statements: dict[UUID, UUID]
) -> PendingRow:
    own = {name: getattr(row, name) for name in PendingRow.__struct_fields__ if name in _COLUMNS}
    return PendingRow(
        **own,
        account_name=row.account.name,
        became=_became(row),
        amount=Money(row.amount_minor, row.currency),
        confirmed_as=row.confirmed_as_id,
        booked_as=row.booked_as_id,
        statement_id=statements.get(row.booked_as_id) if row.booked_as_id else None,
        tentative=tuple(_part(part, row.currency, documents) for part in row.tentative),
    )


_COLUMNS = frozenset(field.attname for field in models.PendingTransaction._meta.concrete_fields) - {
    "tentative",
    "confirmed_as_id",
    "booked_as_id",
}


def _part(part: dict[str, Any], currency: str, documents: dict[UUID, str]) -> TentativePart:
    item_id = UUID(part["open_item_id"])
    return TentativePart(
        open_item_id=item_id,
        document=documents.get(item_id, ""),
        settled=Money(part["settled_minor"], currency),
    )


def _became(row: models.PendingTransaction) -> Became:
    if row.booked_as_id:
        return Became.BOOKED
    return Became.CONFIRMED if row.confirmed_as_id else Became.WAITS


def _report(row: models.IntradayReport) -> ReportRow:
    told = (row.booked_minor, row.available_minor)
    booked, available = (None if minor is None else Money(minor, row.currency) for minor in told)
    return ReportRow(
        id=row.id,
        account_id=row.account_id,
        account_name=row.account.name,
        series=row.series,
        report_id=row.report_id,
        booked=booked,
        available=available,
        entry_count=row.entry_count,
        bank_created_at=row.bank_created_at,
        received_at=row.received_at,
    )
