"""Reports of the day and what they announce, as stored: each line once, until it is booked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Max, Q, QuerySet

from nostro.domain.money import Money
from nostro.domain.pending_transaction import Booking
from nostro.domain.statement import EntryStatus, ReportKind
from nostro.domain.statement_identity import Days, Identified
from nostro.storage import bulk, models
from nostro.storage.statements import TransactionRow, entry_columns
from nostro.storage.tenancy import current

REACH = timedelta(days=14)  # Lines so far from the days of a statement cannot be its bookings.
_COLUMNS = (
    *("amount_minor", "currency", "booked", "value", "bank_reference", "end_to_end_id"),
    *("payment_information_id", "batch_count", "counterparty_name", "counterparty_iban"),
    *("remittance", "transaction_code"),
)


class NewReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report on its way into the table. Balances are minor units, None where it tells none."""

    id: UUID
    account_id: UUID
    evidence_id: UUID
    series: str
    report_id: str
    content: str
    currency: str
    booked_minor: int | None
    available_minor: int | None
    entry_count: int
    bank_created_at: datetime | None
    received_at: datetime


def insert_report(new: NewReport) -> bool:
    """Returns False when the account's series told exactly this before."""
    row = {name: getattr(new, name) for name in new.__struct_fields__}
    return bool(bulk.insert(models.IntradayReport, [{**row, "tenant_id": current()}]))


def newest_report_at(account_id: UUID) -> datetime | None:
    """When the last report of the day of an account came; notices of single entries are none."""
    rows = models.IntradayReport.objects.filter(account_id=account_id).exclude(
        series=ReportKind.NOTIFICATION.value
    )
    at: datetime | None = rows.aggregate(at=Max("received_at"))["at"]
    return at


def insert(
    lines: Sequence[Identified],
    ids: Sequence[UUID],
    account_id: UUID,
    evidence_id: UUID,
    series: str,
    now: datetime,
) -> list[UUID]:
    """Store lines under these ids, but those that the series told before; of these it is kept
    that it tells them still, and that they are booked by now. Returns the ids of the new ones."""
    if not lines:
        return []
    told = entry_columns([line.entry for line in lines])
    same = {
        "tenant_id": current(), "account_id": account_id, "evidence_id": evidence_id,
        "series": series, "first_told_at": now, "last_told_at": now,
    }  # fmt: skip
    columns = {
        "id": ids,
        "dedupe_digest": [line.digest for line in lines],
        "occurrence": [line.occurrence for line in lines],
        "status": [str(line.entry.status) for line in lines],
        "uetr": [_uetr(line) for line in lines],
        "tentative": [[] for _ in lines],
        **{name: told[name] for name in _COLUMNS},
    }
    bulk.insert_columns(models.PendingTransaction, same, columns)
    mine = models.PendingTransaction.objects.filter(account_id=account_id, series=series)
    mine.filter(bulk.one_of("dedupe_digest", {line.digest for line in lines})).update(
        last_told_at=now
    )
    booked = [line for line in lines if line.entry.status == EntryStatus.BOOK]
    for nth, digests in _by_occurrence(booked).items():
        mine.filter(bulk.one_of("dedupe_digest", digests), occurrence=nth).exclude(
            status=EntryStatus.BOOK.value
        ).update(status=EntryStatus.BOOK.value)
    stored = models.PendingTransaction.objects.filter(bulk.one_of("id", ids))
    return list(stored.values_list("id", flat=True))


def _by_occurrence(lines: Sequence[Identified]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for line in lines:
        found.setdefault(line.occurrence, set()).add(line.digest)
    return found


def _uetr(line: Identified) -> str:
    """Its UETR; what is none as written (RFC 4122) tells nothing."""
    details = line.entry.details
    try:
        return str(UUID(details[0].uetr)) if len(details) == 1 else ""
    except ValueError:
        return ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A stored pending line: what makes it known, and what took its place so far."""

    booking: Booking
    series: str
    status: str
    confirmed_as: UUID | None
    booked_as: UUID | None


def concern(account_id: UUID, days: Days) -> bool:
    """Does anything announced of the account wait, or stand near these days?"""
    waits = Q(booked_as__isnull=True, confirmed_as__isnull=True)
    rows = models.PendingTransaction.objects.filter(_near(days) | waits, account_id=account_id)
    return rows.exists()


def near(account_id: UUID, days: Days) -> list[Waiting]:
    """What may have to do with bookings of these days: what waits near them, and all of the same
    amounts as that or as the bookings, whatever has become of it."""
    rows = models.PendingTransaction.objects.filter(_near(days), account_id=account_id)
    amounts = set(rows.values_list("amount_minor", flat=True).distinct())
    if not amounts:
        return []
    found = rows.filter(amount_minor__in=amounts & _told(account_id, days, amounts) | _open(rows))
    return [_waiting(row) for row in found]


def _open(rows: QuerySet[models.PendingTransaction]) -> set[int]:
    waits = rows.filter(booked_as__isnull=True)
    return set(waits.values_list("amount_minor", flat=True).distinct())


def _told(account_id: UUID, days: Days, amounts: Collection[int]) -> set[int]:
    rows = _booked(account_id, days).filter(amount_minor__in=amounts)
    return set(rows.values_list("amount_minor", flat=True).distinct())


def _near(days: Days) -> Q:
    first, last = days[0] - REACH, days[1] + REACH
    return (
        Q(booked__range=(first, last))
        | Q(booked=None, value__range=(first, last))
        | Q(booked=None, value=None)
    )


def _booked(account_id: UUID, days: Days) -> QuerySet[models.BankTransaction]:
    """Booked lines of statements near these days; none of a file that is still being stored."""
    arriving = models.StatementFile.objects.filter(
        next_action_at__isnull=False, state="storing"
    ).values("evidence_id")
    told = models.Statement.objects.filter(
        account_id=account_id,
        kind=ReportKind.PREVIOUS_DAY.value,
        from_day__lte=days[1] + REACH,
        to_day__gte=days[0] - REACH,
    ).exclude(evidence_id__in=arriving)
    return models.BankTransaction.objects.filter(statement_id__in=told.values("id"))


def booked_near(account_id: UUID, days: Days, amounts: Collection[int]) -> list[Booking]:
    """Booked lines of these amounts of statements near these days."""
    names = (
        *("id", "amount_minor", "currency", "booked", "value", "dedupe_digest", "occurrence"),
        *("bank_reference", "end_to_end_id", "payment_information_id", "counterparty_iban"),
        *("remittance", "details"),
    )
    rows = _booked(account_id, days).filter(amount_minor__in=amounts)
    return [_booking(row, _detail_uetr(row["details"])) for row in rows.values(*names)]


def _detail_uetr(details: Sequence[Mapping[str, Any]]) -> str:
    return str(details[0].get("uetr", "")).lower() if len(details) == 1 else ""


def _waiting(row: models.PendingTransaction) -> Waiting:
    told = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return Waiting(
        booking=_booking(told, row.uetr),
        series=row.series,
        status=row.status,
        confirmed_as=row.confirmed_as_id,
        booked_as=row.booked_as_id,
    )


def _booking(row: Mapping[str, Any], uetr: str) -> Booking:
    return Booking(
        id=row["id"],
        minor=row["amount_minor"],
        currency=row["currency"],
        day=row["booked"] or row["value"],
        only_value=row["booked"] is None,
        digest=row["dedupe_digest"],
        occurrence=row["occurrence"],
        bank_reference=row["bank_reference"],
        end_to_end_id=row["end_to_end_id"],
        uetr=uetr,
        batch=row["payment_information_id"],
        payer="".join(row["counterparty_iban"].split()),
        text="".join(row["remittance"].split()).upper(),
    )


def settle(line_id: UUID, *, confirmed_as: UUID | None, booked_as: UUID | None) -> None:
    """What took the place of a pending line; None: nothing yet."""
    models.PendingTransaction.objects.filter(id=line_id).update(
        confirmed_as_id=confirmed_as, booked_as_id=booked_as
    )


def series_with_late(account_id: UUID, before: date) -> set[str]:
    """The series of an account that announced something for a day before this one, which no
    statement has booked. What is only for information was never to be booked; and notices tell one
    by one what statements may book in one sum."""
    rows = models.PendingTransaction.objects.filter(
        Q(booked__lt=before) | Q(booked=None, value__lt=before),
        account_id=account_id,
        booked_as__isnull=True,
        confirmed_as__isnull=True,
    ).exclude(Q(status=EntryStatus.INFO.value) | Q(series=ReportKind.NOTIFICATION.value))
    return set(rows.values_list("series", flat=True).distinct())


def receipts(ids: Collection[UUID]) -> list[TransactionRow]:
    """Those of these lines that are money in and wait, as the matcher wants to see them."""
    rows = models.PendingTransaction.objects.filter(
        bulk.one_of("id", ids),
        amount_minor__gt=0,
        booked_as__isnull=True,
        confirmed_as__isnull=True,
    )
    return [_transaction(row) for row in rows.order_by("id")]


def _transaction(row: models.PendingTransaction) -> TransactionRow:
    return TransactionRow(
        id=row.id,
        account_id=row.account_id,
        statement_id=row.id,  # None has told it yet.
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        booked=row.booked or row.value,
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        batch_count=row.batch_count,
        counterparty_name=row.counterparty_name,
        counterparty_iban=row.counterparty_iban,
        remittance=row.remittance,
        bank_reference=row.bank_reference,
        uetr=row.uetr,
    )


def set_tentative(line_id: UUID, parts: Sequence[Mapping[str, Any]], millionths: int) -> None:
    """What a pending receipt will probably pay: open items, each with minor units of it."""
    models.PendingTransaction.objects.filter(id=line_id).update(
        tentative=list(parts), tentative_millionths=millionths
    )
