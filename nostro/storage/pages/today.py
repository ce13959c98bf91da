"""The day at a glance: what waits for people, what came in, and whether the connections answer."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Count, Max, Q

from nostro.domain.match import MatchState
from nostro.domain.submission import SubmissionState
from nostro.storage import models, operator_evidence, payee_changes, payment_search
from nostro.storage.case_listing import OPEN, CaseFilter, CaseLine, cases
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.pages.cash import CashPosition, cash_position
from nostro.storage.pages.payments import unknown_count
from nostro.storage.payee_changes import ChangeRow
from nostro.storage.rows import StateTotal

RUNS_SHOWN = 4
CASES_READ = 50
SHOWN_MAX = 20
_TO_CONFIRM = (MatchState.SUGGESTED, MatchState.AMBIGUOUS)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One payment run as received, and what became of its lines."""

    id: UUID
    source: str
    reference: str
    received_at: datetime
    lines: int
    accepted: int
    held: int
    refused: int


class ConnectionPulse(msgspec.Struct, frozen=True, kw_only=True):
    """One connection: when it last gave or took something, and what of it is in doubt."""

    name: str
    connector: str
    last_at: datetime | None
    in_doubt: int


class BankLines(msgspec.Struct, frozen=True, kw_only=True):
    """Booked lines of all statements, and how many nothing explains yet."""

    total: int
    suggested: int
    open: int


class StatedAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What a person states that the bank said, waiting for the second one, and about which file or
    payment: its message id or number."""

    row: StatedRow
    message_id: str
    order_id: UUID | None
    number: str


class Today(msgspec.Struct, frozen=True, kw_only=True):
    cash: CashPosition
    totals: tuple[StateTotal, ...]
    unknown: int
    cases: tuple[CaseLine, ...]
    more_cases: bool
    lines: BankLines
    stated: tuple[StatedAbout, ...]
    changes: tuple[ChangeRow, ...]
    runs: tuple[Run, ...]
    connections: tuple[ConnectionPulse, ...]


def today(day: date) -> Today:
    open_cases = cases(CaseFilter(states=OPEN), limit=CASES_READ)
    return Today(
        cash=cash_position(day),
        totals=payment_search.funnel(),
        unknown=unknown_count(),
        cases=open_cases.rows,
        more_cases=bool(open_cases.next),
        lines=_lines(),
        stated=tuple(_stated()),
        changes=tuple(payee_changes.waiting(SHOWN_MAX)),
        runs=tuple(_runs()),
        connections=tuple(_connections()),
    )


def _stated() -> list[StatedAbout]:
    rows = operator_evidence.waiting(SHOWN_MAX)
    files = models.Submission.objects.filter(id__in={row.stated.submission_id for row in rows})
    messages = {str(key): name for key, name in files.values_list("id", "message_id")}
    inside = {row.stated.attempt_id for row in rows} - {""}
    attempts = models.Attempt.objects.filter(id__in=inside)
    told = attempts.values_list("id", "order_id", "order__number")
    paid = {str(key): (order_id, number) for key, order_id, number in told}
    return [
        StatedAbout(
            row=row,
            message_id=messages[row.stated.submission_id],
            order_id=paid[row.stated.attempt_id][0] if row.stated.attempt_id else None,
            number=paid[row.stated.attempt_id][1] if row.stated.attempt_id else "",
        )
        for row in rows
    ]


def _lines() -> BankLines:
    found = models.BankTransaction.objects
    return BankLines(
        total=found.count(),  # Those that nothing explains are few, and an index knows them.
        suggested=found.filter(match_state__in=_TO_CONFIRM).count(),
        open=found.filter(match_state=MatchState.UNMATCHED.value).count(),
    )


def _runs() -> list[Run]:
    rows = list(models.PaymentRun.objects.order_by("-received_at", "-id")[:RUNS_SHOWN])
    outcomes: dict[UUID, dict[str, int]] = {row.id: {} for row in rows}
    counted = models.RunLine.objects.filter(run_id__in=outcomes).values_list("run_id", "outcome")
    for run_id, outcome, count in counted.annotate(count=Count("id")):
        outcomes[run_id][outcome] = count
    return [
        Run(
            id=row.id,
            source=row.source,
            reference=row.reference,
            received_at=row.received_at,
            lines=row.line_count,
            accepted=outcomes[row.id].get("accepted", 0),
            held=outcomes[row.id].get("held", 0),
            refused=outcomes[row.id].get("refused", 0),
        )
        for row in rows
    ]


def _connections() -> list[ConnectionPulse]:
    delivered = (SubmissionState.DELIVERED.value, SubmissionState.ACKNOWLEDGED.value)
    sent = models.Submission.objects.values("connection_id").annotate(
        at=Max("state_since", filter=Q(state__in=delivered)),
        doubt=Count("id", filter=Q(state=SubmissionState.UNKNOWN.value)),
    )
    told: dict[UUID, tuple[datetime | None, int]] = {
        row["connection_id"]: (row["at"], row["doubt"]) for row in sent
    }
    found = []
    for row in models.Connection.objects.order_by("name"):
        sent_at, in_doubt = told.get(row.id, (None, 0))
        heard = [moment for moment in (row.collected_at, sent_at) if moment]
        found.append(
            ConnectionPulse(
                name=row.name,
                connector=row.connector,
                last_at=max(heard, default=None),
                in_doubt=in_doubt,
            )
        )
    return found
