"""Submissions, attempts and bank facts as stored; attempts move in workflows.moves only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Max

from nostro.domain.attempt import AttemptState
from nostro.domain.match import MatchState
from nostro.domain.money import Money
from nostro.domain.submission import SubmissionState
from nostro.storage import bulk, models
from nostro.storage.tenancy import current

PAYMENTS, POSTINGS, RECALLS, STATUSES = "payments", "postings", "recalls", "statuses"
REVERSALS = "reversals"
CHECKS, CHECK_DECISIONS = "checks", "check_decisions"
OF_CHECKS = (CHECKS, CHECK_DECISIONS)  # What a bank is told of checks: it moves no money itself.
FOR_PAYMENT = (PAYMENTS, REVERSALS)  # Files of payments in the bank's own format.


class SubmissionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    purpose: str
    state: SubmissionState
    connection_id: UUID
    account_id: UUID | None
    message_id: str
    file_name: str
    media_type: str
    evidence_id: UUID
    line_count: int
    totals: dict[str, int]
    tries: int = 0
    enquiries: int = 0
    next_action_at: datetime | None = None
    dispatched_at: datetime | None = None  # When it was first sent, whatever became of that.
    sealed_evidence_id: UUID | None = None  # What is sent, when that is not the file itself.
    answer_due_at: datetime | None = None
    status_asked: int = 0


class StoredSubmission(SubmissionRow, frozen=True, kw_only=True):
    """A submission with the time since when it is in its state."""

    state_since: datetime


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    order_id: UUID
    submission_id: UUID
    state: AttemptState
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    execution_date: date
    approval_digest: str
    rail_reference: str = ""


_ATTEMPT = AttemptRow.__struct_fields__
_STATE_PLACE = _ATTEMPT.index("state")
_STATES = {state.value: state for state in AttemptState}


class SentPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that left, as matching wants to see it. `booked`: a line explains it already."""

    attempt_id: UUID
    order_id: UUID
    account_id: UUID
    state: AttemptState
    end_to_end_id: str
    payment_information_id: str
    amount: Money
    booked: bool
    submission_id: UUID


class NewFact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a bank's word; `identity` makes it count once."""

    id: UUID
    connection_id: UUID
    evidence_id: UUID
    identity: str
    message_id: str
    original_message_id: str
    end_to_end_id: str
    status: str
    reason: str
    reason_text: str
    attempt_id: UUID | None
    submission_id: UUID | None
    verdict: str
    kind: str = "pain_002"
    amount_minor: int | None = None  # Money out is negative, as on a statement.
    currency: str = ""
    booked_on: date | None = None


def insert(row: SubmissionRow, now: datetime) -> None:
    models.Submission.objects.create(
        tenant_id=current(),
        state_since=now,
        created_at=now,
        **{name: getattr(row, name) for name in SubmissionRow.__struct_fields__},
    )


def insert_attempts(rows: Sequence[AttemptRow], now: datetime) -> int:
    tenant_id = current()
    return bulk.insert(
        models.Attempt,
        (
            {
                **{name: getattr(row, name) for name in row.__struct_fields__},
                "state": row.state.value,
                "tenant_id": tenant_id,
                "state_since": now,
                "reason": "",
                "reason_text": "",
            }
            for row in rows
        ),
    )


def lock(submission_id: UUID) -> StoredSubmission | None:
    row = models.Submission.objects.select_for_update(no_key=True).filter(id=submission_id).first()
    return _submission(row) if row else None


def lock_only(submission_ids: Collection[UUID]) -> None:
    """Lock files in the order of their ids without reading them, before the orders in them."""
    rows = models.Submission.objects.select_for_update(no_key=True)
    found = rows.filter(bulk.one_of("id", submission_ids))
    list(found.order_by("id").values_list("id"))


def by_message_id(message_id: str) -> StoredSubmission | None:
    row = models.Submission.objects.filter(message_id=message_id).first()
    return _submission(row) if row else None


def ids_of_messages(message_ids: Collection[str]) -> list[UUID]:
    """The files of these message ids, as far as there are any."""
    rows = models.Submission.objects.filter(bulk.one_of("message_id", message_ids))
    return list(rows.values_list("id", flat=True))


def load(submission_ids: Collection[UUID]) -> list[StoredSubmission]:
    rows = models.Submission.objects.filter(id__in=submission_ids).order_by("id")
    return [_submission(row) for row in rows]


def update(submission_id: UUID, **changes: Any) -> None:
    """Change bookkeeping columns (tries, next_action_at, last_error ...) of one submission."""
    models.Submission.objects.filter(id=submission_id).update(**changes)


def _submission(row: models.Submission) -> StoredSubmission:
    return StoredSubmission(
        id=row.id,
        purpose=row.purpose,
        state=SubmissionState(row.state),
        connection_id=row.connection_id,
        account_id=row.account_id,
        message_id=row.message_id,
        file_name=row.file_name,
        media_type=row.media_type,
        evidence_id=row.evidence_id,
        line_count=row.line_count,
        totals=row.totals,
        tries=row.tries,
        enquiries=row.enquiries,
        next_action_at=row.next_action_at,
        dispatched_at=row.dispatched_at,
        sealed_evidence_id=row.sealed_evidence_id,
        answer_due_at=row.answer_due_at,
        status_asked=row.status_asked,
        state_since=row.state_since,
    )


def states_had_by(submission_id: UUID) -> list[SubmissionState]:
    """The states that a submission has come into, oldest first, by the log."""
    moved = models.Event.objects.filter(subject_id=submission_id, type="submission.moved")
    told = moved.order_by("occurred_at", "id").values_list("data__state_after", flat=True)
    return [SubmissionState(state) for state in told]


def attempts_of(submission_id: UUID) -> list[UUID]:
    rows = models.Attempt.objects.filter(submission_id=submission_id).order_by("id")
    return list(rows.values_list("id", flat=True))


def attempts_by_state(submission_id: UUID) -> dict[AttemptState, int]:
    """How many attempts of a submission are in which state."""
    rows = models.Attempt.objects.filter(submission_id=submission_id).values_list("state")
    return {AttemptState(state): count for state, count in rows.annotate(count=Count("id"))}


def attempts_in(submission_id: UUID, states: Collection[AttemptState]) -> list[AttemptRow]:
    """The attempts of a submission that are in one of these states."""
    rows = models.Attempt.objects.filter(submission_id=submission_id, state__in=states)
    return [attempt_of(row) for row in rows.order_by("id")]


def entities_and_payees(submission_id: UUID) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Whose payments are in a submission, and who is paid by them."""
    inside = models.Attempt.objects.filter(submission_id=submission_id)
    order_ids = list(inside.values_list("order_id", flat=True))
    rows = models.Order.objects.filter(bulk.one_of("id", order_ids))
    found = list(rows.values_list("entity_id", "payee_account_id").distinct())
    accounts = {account for _, account in found} - {None}
    payees = models.PayeeAccount.objects.filter(bulk.one_of("id", accounts))
    return (
        frozenset(entity for entity, _ in found),
        frozenset(payees.values_list("payee_id", flat=True)),
    )


def last_execution_date(submission_id: UUID) -> date | None:
    """The last day on which a payment of a submission is to be executed."""
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    found: date | None = rows.aggregate(last=Max("execution_date"))["last"]
    return found


def order_ids_of(attempt_ids: Collection[UUID]) -> list[UUID]:
    rows = models.Attempt.objects.filter(bulk.one_of("id", attempt_ids))
    return list(rows.values_list("order_id", flat=True))


def order_ids_of_files(submission_ids: Collection[UUID]) -> list[UUID]:
    rows = models.Attempt.objects.filter(bulk.one_of("submission_id", submission_ids))
    return list(rows.values_list("order_id", flat=True))


def lock_attempts(attempt_ids: Collection[UUID]) -> list[AttemptRow]:
    rows = models.Attempt.objects.select_for_update(no_key=True).filter(
        bulk.one_of("id", attempt_ids)
    )
    found = rows.order_by("id").values_list(*_ATTEMPT)
    return [
        AttemptRow(**dict(zip(_ATTEMPT, row, strict=True), state=_STATES[row[_STATE_PLACE]]))
        for row in found
    ]


def attempts_by_end_to_end_id(submission_id: UUID) -> dict[str, AttemptRow]:
    rows = models.Attempt.objects.filter(submission_id=submission_id)
    return {row.end_to_end_id: attempt_of(row) for row in rows}


def set_attempt_state(
    attempt_ids: Collection[UUID],
    state: AttemptState,
    now: datetime,
    reason: str = "",
    reason_text: str = "",
) -> int:
    """Write a new state; only workflows.moves may call this."""
    return models.Attempt.objects.filter(bulk.one_of("id", attempt_ids)).update(
        state=state.value, state_since=now, reason=reason, reason_text=reason_text
    )


def attempt_of(row: Any) -> AttemptRow:
    """From a model, or a row of its columns."""
    return AttemptRow(
        id=row.id,
        order_id=row.order_id,
        submission_id=row.submission_id,
        state=AttemptState(row.state),
        end_to_end_id=row.end_to_end_id,
        payment_information_id=row.payment_information_id,
        uetr=row.uetr,
        execution_date=row.execution_date,
        approval_digest=row.approval_digest,
        rail_reference=row.rail_reference,
    )


def built_since(account_id: UUID, since: datetime) -> int:
    """How many files were made for an account since a moment."""
    return models.Submission.objects.filter(account_id=account_id, created_at__gte=since).count()


def rail_references_taken(
    account_id: UUID, references: Collection[str], *, besides: Collection[UUID]
) -> list[str]:
    """Which of these references other orders of this debit account already used on their rail."""
    rows = models.Attempt.objects.filter(
        bulk.one_of("rail_reference", references), order__account_id=account_id
    ).exclude(bulk.one_of("order_id", besides))
    return list(rows.values_list("rail_reference", flat=True))


def sent_payments(
    account_id: UUID, end_to_end_ids: Collection[str], batches: Collection[str]
) -> list[SentPayment]:
    """Payments of one account that a bank booking may name by our own keys, ended ones too."""
    rows = (
        models.Attempt.objects.filter(order__account_id=account_id)
        .exclude(state=AttemptState.PREPARED)
        .select_related("order")
    )
    found = rows.filter(end_to_end_id__in=end_to_end_ids) | rows.filter(
        payment_information_id__in=batches
    )
    listed = list(found.order_by("id"))
    booked = set(
        models.Allocation.objects.filter(
            order_id__in={row.order_id for row in listed}, match__state=MatchState.MATCHED
        ).values_list("order_id", flat=True)
    )
    return [
        SentPayment(
            attempt_id=row.id,
            order_id=row.order_id,
            account_id=account_id,
            state=AttemptState(row.state),
            end_to_end_id=row.end_to_end_id,
            payment_information_id=row.payment_information_id,
            amount=Money(row.order.amount_minor, row.order.currency),
            booked=row.order_id in booked,
            submission_id=row.submission_id,
        )
        for row in listed
    ]


def insert_facts(facts: Iterable[NewFact], now: datetime) -> int:
    tenant_id = current()
    return bulk.insert(
        models.Fact,
        (
            {
                **{name: getattr(fact, name) for name in fact.__struct_fields__},
                "tenant_id": tenant_id,
                "received_at": now,
            }
            for fact in facts
        ),
    )


def known_facts(connection_id: UUID, identities: Collection[str]) -> frozenset[str]:
    rows = models.Fact.objects.filter(connection_id=connection_id, identity__in=identities)
    return frozenset(rows.values_list("identity", flat=True))


def is_heard_of(submission_id: UUID) -> bool:
    """Has the bank said anything of this file?"""
    return models.Fact.objects.filter(submission_id=submission_id).exists()


def set_verdicts(verdicts: Mapping[UUID, str]) -> None:
    """What each fact did to its attempt."""
    by_word: dict[str, list[UUID]] = {}
    for fact_id, verdict in verdicts.items():
        by_word.setdefault(verdict, []).append(fact_id)
    for verdict, ids in by_word.items():
        models.Fact.objects.filter(id__in=ids).update(verdict=verdict)


def last_left_dispatching() -> datetime | None:
    """Since when the newest submission is dispatching, if one is."""
    rows = models.Submission.objects.filter(state=SubmissionState.DISPATCHING)
    return rows.order_by("-state_since").values_list("state_since", flat=True).first()


def doubt_is_due_at() -> datetime | None:
    """When the bank is asked next about a submission in doubt, if one is."""
    rows = models.Submission.objects.filter(state=SubmissionState.UNKNOWN)
    return rows.order_by("next_action_at").values_list("next_action_at", flat=True).first()
