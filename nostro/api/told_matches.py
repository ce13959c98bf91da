"""What programs are told of matches and proposals."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from nostro.api.asked import Amount
from nostro.api.told import Paid, Told
from nostro.domain.errors import NostroError
from nostro.domain.match import AdjustmentKind, MatchState, ProposalStatus
from nostro.domain.money import Money
from nostro.storage import match_listing
from nostro.storage.matches import ProposalRow
from nostro.workflows.line_deciding import Outcome


class Settled(Told):
    """How much of an open item, or of a payment of ours, the line settles, in its sign."""

    open_item_id: UUID | None
    order_id: UUID | None
    document: str
    settled: Paid


class Difference(Told):
    """What differs, in the line's sign."""

    kind: AdjustmentKind
    code: str
    customer_number: str
    open_item_id: UUID | None
    amount: Paid


class Match(Told):
    """Why a line is explained. `by_person`: somebody decided it here; else the matcher did, and
    `probability_millionths` is how sure it was. An undone match stays, with who and why."""

    id: UUID
    transaction_id: UUID
    account_id: UUID
    booked: date | None
    amount: Paid
    state: MatchState
    rule: str
    evidence_class: str
    probability_millionths: int
    evidence: list[str]
    by_person: bool
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None
    undone_by: str
    undo_reason: str
    allocations: list[Settled]
    adjustments: list[Difference]


class Proposal(BaseModel):
    """One way to explain a line that a person may confirm or refuse; rank 1 is the likeliest.
    `order_id`: the payment of ours that the line names and is not surely its booking; such a
    proposal cannot be confirmed."""

    id: UUID
    transaction_id: UUID
    order_id: UUID | None
    rank: int
    status: ProposalStatus
    rule: str
    evidence_class: str
    probability_millionths: int
    evidence: list[str]
    made_at: datetime
    allocations: list[Settled]
    adjustments: list[Difference]


class Proposals(BaseModel):
    """What is proposed of a line now, the likeliest first."""

    as_of: datetime
    proposals: list[Proposal]


class Line(BaseModel):
    """A line after somebody decided on it: open again, or with what is still proposed."""

    transaction_id: UUID
    proposals: list[Proposal]


class NotConfirmed(BaseModel):
    """Why a proposal was not confirmed."""

    code: str
    happened: str
    can_do: str


class ConfirmedOne(BaseModel):
    """What became of one proposal: its match, or why there is none."""

    proposal_id: UUID
    match_id: UUID | None
    problem: NotConfirmed | None


class ConfirmedAll(BaseModel):
    """What became of each proposal, in the order asked."""

    confirmed: int
    outcomes: list[ConfirmedOne]


def told_proposals(rows: list[ProposalRow]) -> list[Proposal]:
    items = {part.open_item_id for row in rows for part in row.allocations}
    documents = match_listing.documents(items)
    return [_proposal(row, documents) for row in rows]


def _proposal(row: ProposalRow, documents: dict[UUID, str]) -> Proposal:
    settled = [
        Settled(
            open_item_id=part.open_item_id,
            order_id=None,
            document=documents.get(part.open_item_id, ""),
            settled=_amount(part.settled_minor, part.currency),
        )
        for part in row.allocations
    ]
    return Proposal(
        id=row.id,
        transaction_id=row.transaction_id,
        order_id=row.order_id,
        rank=row.rank,
        status=ProposalStatus(row.status),
        rule=row.rule,
        evidence_class=row.evidence_class,
        probability_millionths=row.probability_millionths,
        evidence=list(row.evidence),
        made_at=row.made_at,
        allocations=settled,
        adjustments=[
            Difference(
                kind=AdjustmentKind(rest.kind),
                code=rest.code,
                customer_number="",
                open_item_id=rest.open_item_id,
                amount=_amount(rest.minor, rest.currency),
            )
            for rest in row.adjustments
        ],
    )


def told_outcomes(outcomes: list[Outcome]) -> ConfirmedAll:
    told = [
        ConfirmedOne(
            proposal_id=one.proposal_id, match_id=one.match_id, problem=_problem(one.error)
        )
        for one in outcomes
    ]
    return ConfirmedAll(confirmed=sum(one.match_id is not None for one in outcomes), outcomes=told)


def _problem(error: NostroError | None) -> NotConfirmed | None:
    if error is None:
        return None
    return NotConfirmed(code=error.code, happened=error.happened, can_do=error.can_do)


def _amount(minor: int, currency: str) -> Amount:
    return Amount(value=Money(minor, currency).number(), currency=currency)
