"""What a restored database is asked: how long its log is, what may have left, what banks booked.

A restored database has forgotten what happened since its backup (payment lifecycle, section 6.8).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Max

from nostro.domain.attempt import FREES_THE_ORDER
from nostro.domain.audit_chain import GENESIS
from nostro.domain.case import CaseKind
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.match import MatchState
from nostro.domain.money import Money, total
from nostro.domain.order import ORDER, OrderMove
from nostro.domain.payment import Rail
from nostro.domain.policies.case_rights import RESTORE_QUESTION
from nostro.domain.policies.dispatching import STILL_OURS
from nostro.domain.statement import ReportKind
from nostro.domain.submission import SubmissionState
from nostro.storage import bulk, models, queries
from nostro.storage.cases import CaseRow, case_of
from nostro.storage.submissions import StoredSubmission, load
from nostro.storage.tenancy import current

IN_DOUBT = (SubmissionState.DISPATCHING.value, SubmissionState.UNKNOWN.value)
REVIEW = "restored/"  # Natural keys of the cases that tell what a restore had forgotten.
ASKED = RESTORE_QUESTION  # ... and of those that say what the bank of a connection is to be asked.
# Cases of messages about files or payments that we do not know.
STRANGE = "unknown/"
_STRANGE = (STRANGE, "strangers/")
_WAITING = sorted(state.value for state in ORDER.sources(OrderMove.RECOVER))
_FREE = sorted(state.value for state in FREES_THE_ORDER)


class Head(msgspec.Struct, frozen=True):
    """Where a customer's sealed log ends."""

    position: int
    hash: str


class RestoreStop(msgspec.Struct, frozen=True, kw_only=True):
    """The stop of one connection that a restore has set, in force."""

    id: UUID
    connection_id: UUID
    frozen_at: datetime


class WaitingPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that, as far as this database knows, has not left."""

    id: UUID
    number: str
    account_id: UUID
    end_to_end_id: str
    creditor_number: str
    amount: Money
    requested_date: date
    approval_digest: str


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that left, as the bank says, without a payment that explains it."""

    iban: str
    amount: Money
    told: str


# The log.


def head(tenant_id: UUID) -> Head:
    """The last seal of one customer; as nostro_ops."""
    found = queries.rows("last_seal", using="ops", tenant_id=tenant_id)
    return Head(found[0]["position"], found[0]["hash"]) if found else Head(0, GENESIS)


def seal_hash(tenant_id: UUID, position: int) -> str | None:
    """The hash of one customer's chain at a position, None when it is shorter; as nostro_ops."""
    found = queries.rows("seal_hash", using="ops", tenant_id=tenant_id, position=position)
    return str(found[0]["hash"]) if found else None


def set_quarantined(*, on: bool) -> None:
    """Flag the customer of this unit of work, or take the flag away."""
    models.Customer.objects.filter(id=current()).update(quarantined=on)


def is_shut(connection_id: UUID) -> bool:
    """Is the customer quarantined, and was the bank of this connection not asked yet? Also one that
    was made since the restore is shut: its bank may be one that had something from us."""
    if not models.Customer.objects.filter(id=current(), quarantined=True).exists():
        return False
    stops = models.Freeze.objects.filter(
        scope=FreezeScope.CONNECTION.value,
        subject_id=connection_id,
        cause=FreezeCause.RESTORE.value,
    )
    return not stops.exists() or stops.filter(lifted_at__isnull=True).exists()


def stops_are_left() -> bool:
    """Is any stop that a restore has set still in force?"""
    stops = models.Freeze.objects.filter(cause=FreezeCause.RESTORE.value, lifted_at__isnull=True)
    return stops.exists()


def raise_log_floor(skipped: int) -> int:
    """Let the log of this unit of work's customer go on so many positions above its end, or above
    an earlier floor; returns the last position that is left out."""
    (row,) = queries.rows("raise_log_floor", tenant_id=current(), skipped=skipped)
    floor: int = row["log_floor"]
    return floor


def newest_event() -> datetime | None:
    """When the last thing happened that this database knows of: the backup is not older."""
    newest: datetime | None = models.Event.objects.aggregate(newest=Max("occurred_at"))["newest"]
    return newest


# What may have left.


def lock_unfinished() -> list[StoredSubmission]:
    """Every file that this database thinks has not surely arrived, locked, by id."""
    states = sorted({*(state.value for state in STILL_OURS), *IN_DOUBT})
    rows = (
        models.Submission.objects.select_for_update(no_key=True)
        .filter(state__in=states)
        .order_by("id")
    )
    return load(list(rows.values_list("id", flat=True)))


def in_doubt(connection_id: UUID) -> list[str]:
    """The message ids of a connection's files of which nobody knows whether they arrived."""
    rows = models.Submission.objects.filter(connection_id=connection_id, state__in=IN_DOUBT)
    return list(rows.order_by("id").values_list("message_id", flat=True))


def lock_waiting(connection_id: UUID, end_to_end_ids: Collection[str]) -> list[WaitingPayment]:
    """Payments of a connection's accounts that have not left, by these ids, locked, by id.

    One that is in a file on its way is left out: what becomes of that file will tell.
    """
    rows = _waiting(connection_id).select_for_update(of=("self",), no_key=True)
    found = list(rows.filter(bulk.one_of("end_to_end_id", end_to_end_ids)).order_by("id"))
    moving = on_its_way([row.id for row in found])
    return [_payment(row) for row in found if row.id not in moving]


def on_its_way(order_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these are in a file that may leave, or has left."""
    rows = models.Attempt.objects.filter(order_id__in=order_ids).exclude(state__in=_FREE)
    return frozenset(rows.values_list("order_id", flat=True))


def waiting_at(connection_id: UUID, since: datetime) -> list[WaitingPayment]:
    """Payments of a connection's accounts that were there at `since` and have not left."""
    rows = _waiting(connection_id).filter(created_at__lte=since)
    return [_payment(row) for row in rows.order_by("number")]


def waiting() -> list[WaitingPayment]:
    """Every payment of this customer that has not left, whoever may still have to agree."""
    rows = models.Order.objects.filter(state__in=_WAITING, account__isnull=False)
    return [_payment(row) for row in rows.order_by("id")]


def checks_waiting(connection_id: UUID) -> list[WaitingPayment]:
    """Payments by check of a connection's accounts for which, as far as this database knows, no
    check is drawn yet."""
    rows = _waiting(connection_id).filter(route__rail=Rail.CHECK.value)
    return [_payment(row) for row in rows.order_by("id")]


def _waiting(connection_id: UUID) -> Any:
    return models.Order.objects.filter(state__in=_WAITING, account__connection_id=connection_id)


def _payment(row: models.Order) -> WaitingPayment:
    if row.account_id is None:
        raise RuntimeError("a payment that waits has an account")
    return WaitingPayment(
        id=row.id,
        number=row.number,
        account_id=row.account_id,
        end_to_end_id=row.end_to_end_id,
        creditor_number=row.creditor_iban or row.creditor_account,
        amount=Money(row.amount_minor, row.currency),
        requested_date=row.requested_date,
        approval_digest=row.approval_digest,
    )


def count_lines(submission_id: UUID) -> dict[str, int]:
    """Write down what a rebuilt file carries, as far as the bank has named it; returns the totals
    in minor units by currency."""
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    money = list(rows.values_list("order__amount_minor", "order__currency"))
    sums = total(Money(minor, currency) for minor, currency in money)
    totals = {currency: amount.minor for currency, amount in sums.items()}
    file = models.Submission.objects.filter(id=submission_id)
    file.update(line_count=len(money), totals=totals)
    return totals


def rebuilt_under_other_name(end_to_end_ids: Collection[str]) -> bool:
    """Is one of these in a file that was made known by a bank's message? Such a file has no name
    on disk, and its message id may be a guess."""
    rows = models.Attempt.objects.filter(bulk.one_of("end_to_end_id", end_to_end_ids))
    return rows.filter(submission__file_name="").exists()


def known_batches(batches: Collection[str]) -> frozenset[str]:
    """Which of these PmtInfIds are of files that we know."""
    rows = models.Attempt.objects.filter(bulk.one_of("payment_information_id", batches))
    return frozenset(rows.values_list("payment_information_id", flat=True))


def is_held_for(order_id: UUID, code: str, since: datetime | None = None) -> bool:
    """Does, or did, a payment wait for this reason? A person who released it knew it."""
    found = models.Hold.objects.filter(order_id=order_id, code=code)
    return (found.filter(opened_at__gte=since) if since else found).exists()


# Stops and cases.


def stop_of(connection_id: UUID) -> RestoreStop | None:
    """The stop that a restore has set on this connection and nobody has lifted yet."""
    row = models.Freeze.objects.filter(
        scope=FreezeScope.CONNECTION.value,
        subject_id=connection_id,
        cause=FreezeCause.RESTORE.value,
        lifted_at__isnull=True,
    ).first()
    if row is None:
        return None
    return RestoreStop(id=row.id, connection_id=connection_id, frozen_at=row.frozen_at)


def review_of(stop_id: UUID) -> CaseRow | None:
    """The case that tells what this restore had forgotten, locked."""
    rows = models.Case.objects.select_for_update(no_key=True)
    row = rows.filter(kind=CaseKind.CONTRADICTION.value, natural_key=f"{REVIEW}{stop_id}").first()
    return case_of(row) if row else None


def question_of(stop_id: UUID) -> CaseRow | None:
    """The case that says what the bank of a connection is to be asked after a restore."""
    row = models.Case.objects.filter(
        kind=CaseKind.ENQUIRY.value, natural_key=f"{ASKED}{stop_id}"
    ).first()
    return case_of(row) if row else None


def strange_cases(since: datetime) -> list[str]:
    """What open cases say of messages about files or payments that this database does not know."""
    rows = models.Case.objects.filter(opened_at__gte=since, resolved_at__isnull=True)
    found = rows.filter(kind=CaseKind.CONTRADICTION.value).order_by("opened_at", "id")
    keyed = found.values_list("natural_key", "sentence")
    return [sentence for key, sentence in keyed if key.startswith(_STRANGE)]


def known_end_to_end_ids(ids: Collection[str]) -> frozenset[str]:
    """Which of these are payments of ours, in whatever state."""
    rows = models.Order.objects.filter(bulk.one_of("end_to_end_id", ids))
    return frozenset(rows.values_list("end_to_end_id", flat=True))


# What the banks say.


def stated_days(account_id: UUID, since: date) -> list[tuple[date, date]]:
    """First and last day of each statement of an account that reaches beyond `since`."""
    rows = models.Statement.objects.filter(
        account_id=account_id, kind=ReportKind.PREVIOUS_DAY.value, to_day__gte=since, sample=False
    )
    return [(first or last, last) for first, last in rows.values_list("from_day", "to_day") if last]


def forgotten_days(since: datetime) -> tuple[date, date] | None:
    """From the oldest backup to the last restore, of the restores since then; None: there were
    none."""
    rows = models.Case.objects.filter(
        kind=CaseKind.ENQUIRY.value, natural_key__startswith=ASKED, opened_at__gte=since
    )
    found = list(rows.values_list("details", "opened_at"))
    if not found:
        return None
    backups = (datetime.fromisoformat(details["backup_at"]) for details, _ in found)
    return min(backups).date(), max(opened_at for _, opened_at in found).date()


def unexplained_debits(first: date, last: date, told_since: datetime) -> list[Debit]:
    """Money that left in these days: unexplained booked debits, and what banks told, since a
    restore, of payments that the backup had not sent or did not have."""
    return [*_booked_debits(first, last), *_told_debits(told_since)]


def _booked_debits(first: date, last: date) -> list[Debit]:
    rows = models.BankTransaction.objects.filter(amount_minor__lt=0, booked__range=(first, last))
    rows = rows.exclude(match_state=MatchState.MATCHED.value)
    found = []
    for row in rows.order_by("id"):
        told = f"a booking of {row.booked} that no payment explains"
        whole = Money(-row.amount_minor, row.currency)
        found.append(Debit(iban=row.counterparty_iban, amount=whole, told=told))
        for detail in row.details:
            amount = msgspec.convert(detail.get("amount"), Money | None)
            if amount is not None and detail.get("counterparty_iban"):
                out = Money(abs(amount.minor), amount.currency)
                found.append(Debit(iban=detail["counterparty_iban"], amount=out, told=told))
    return [debit for debit in found if debit.iban]


def _told_debits(since: datetime) -> list[Debit]:
    rows = models.Case.objects.filter(
        kind=CaseKind.CONTRADICTION.value, natural_key__startswith=REVIEW, opened_at__gte=since
    )
    return [
        Debit(
            iban=one["iban"],
            amount=Money(one["minor"], one["currency"]),
            told=f"{one['number'] or one['end_to_end_id']}, which the bank has",
        )
        for details in rows.values_list("details", flat=True)
        for one in details["found"]
        if one["iban"]
    ]
