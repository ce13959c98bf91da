"""Matches for programs: what explains lines, what is proposed, and what people decide of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from nostro.api.asked import Amount, Day
from nostro.api.asked_matches import Confirmed, Differs, Divided, Settles, WhyWrong
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_matches import (
    ConfirmedAll,
    Line,
    Match,
    Proposals,
    told_outcomes,
    told_proposals,
)
from nostro.app import world
from nostro.domain.errors import Invalid
from nostro.domain.line_decision import Decision, Part
from nostro.domain.match import Adjustment, MatchState
from nostro.domain.money import Money
from nostro.domain.party import Member, Role
from nostro.storage import match_listing
from nostro.storage.keys import Scope
from nostro.storage.match_listing import MatchesWanted
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import line_deciding, match_undoing
from nostro.workflows.context import Acting

_Millionths = Annotated[int, Field(ge=0, le=1_000_001)]
router = Router(tags=["matches"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/matches", response=Listed[Match], summary="Matches, the newest first")
def list_matches(
    request: HttpRequest,
    state: MatchState | None = None,
    account: UUID | None = None,
    transaction: UUID | None = None,
    booked_from: Day | None = None,
    booked_until: Day | None = None,
    below_millionths: _Millionths | None = None,
    by_person: bool | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Match]:
    allowed(request, Scope.STATEMENTS_READ)
    wanted = MatchesWanted(
        state=state,
        account=account,
        transaction=transaction,
        booked_from=booked_from,
        booked_until=booked_until,
        below=below_millionths,
        by_person=by_person,
    )
    page = match_listing.listed(wanted, limit=limit, cursor=cursor)
    items = [Match.model_validate(row) for row in page.rows]
    return Listed[Match](items=items, next=page.next or None)


@router.get("/matches/{uuid:match_id}", response=Match, summary="One match")
def read_match(request: HttpRequest, match_id: UUID) -> Match:
    allowed(request, Scope.STATEMENTS_READ)
    return _match(match_id)


@router.post(
    "/matches/{uuid:match_id}/undo",
    response=Line,
    summary="Take a match back with a reason: its line and its items are open again",
)
def undo_match(
    request: HttpRequest,
    response: HttpResponse,
    match_id: UUID,
    body: WhyWrong,
    key: IdempotencyKey,
) -> Line:
    caller = allowed(request, Scope.MATCHES_WRITE)
    _match(match_id)
    return _line(
        *(request, response, key, caller),
        lambda acting, member: match_undoing.undo(acting, member, match_id, body.reason),
    )


@router.get(
    "/transactions/{uuid:transaction_id}/proposals",
    response=Proposals,
    summary="What is proposed of a line, the likeliest first",
)
def list_proposals(request: HttpRequest, transaction_id: UUID) -> Proposals:
    allowed(request, Scope.STATEMENTS_READ)
    rows = match_listing.proposals_of(transaction_id)
    if rows is None:
        raise Http404
    return Proposals(as_of=world().clock.now(), proposals=told_proposals(rows))


@router.post(
    "/transactions/{uuid:transaction_id}/allocate",
    response=Match,
    summary="Divide a line by hand: open items that it pays, and what differs",
)
def allocate_transaction(
    request: HttpRequest,
    response: HttpResponse,
    transaction_id: UUID,
    body: Divided,
    key: IdempotencyKey,
) -> Match:
    caller = allowed(request, Scope.MATCHES_WRITE)
    if match_listing.proposals_of(transaction_id) is None:
        raise Http404
    decision = _decision(body)
    return _decided(
        *(request, response, key, caller),
        lambda acting, member: line_deciding.allocate(
            acting, member, transaction_id, decision, body.note
        ),
    )


@router.post(
    "/proposals/confirm",
    response=ConfirmedAll,
    summary="Confirm many proposals; each has an outcome, and one that cannot be stops no other",
)
def confirm_proposals(
    request: HttpRequest, response: HttpResponse, body: Confirmed, key: IdempotencyKey
) -> ConfirmedAll:
    caller = allowed(request, Scope.MATCHES_WRITE)
    answer = answered_once(
        *(request, response, key),
        lambda: told_outcomes(
            line_deciding.confirm(caller.acting(), _member(caller), body.proposals)
        ),
    )
    return ConfirmedAll.model_validate(answer.body)


@router.post(
    "/proposals/{uuid:proposal_id}/confirm", response=Match, summary="Confirm one proposal"
)
def confirm_proposal(
    request: HttpRequest, response: HttpResponse, proposal_id: UUID, key: IdempotencyKey
) -> Match:
    caller = allowed(request, Scope.MATCHES_WRITE)
    return _decided(
        *(request, response, key, caller),
        lambda acting, member: line_deciding.confirm_one(acting, member, proposal_id),
    )


@router.post(
    "/proposals/{uuid:proposal_id}/refuse",
    response=Line,
    summary="Say why a proposal is wrong: it is not proposed again for its line",
)
def refuse_proposal(
    request: HttpRequest,
    response: HttpResponse,
    proposal_id: UUID,
    body: WhyWrong,
    key: IdempotencyKey,
) -> Line:
    caller = allowed(request, Scope.MATCHES_WRITE)
    return _line(
        *(request, response, key, caller),
        lambda acting, member: match_undoing.refuse(acting, member, proposal_id, body.reason),
    )


def _decided(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    caller: Caller,
    deed: Callable[[Acting, Member], UUID],
) -> Match:
    answer = answered_once(
        *(request, response, key), lambda: _match(deed(caller.acting(), _member(caller)))
    )
    return Match.model_validate(answer.body)


def _line(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    caller: Caller,
    deed: Callable[[Acting, Member], UUID],
) -> Line:
    def work_done() -> Line:
        line_id = deed(caller.acting(), _member(caller))
        rows = match_listing.proposals_of(line_id) or []
        return Line(transaction_id=line_id, proposals=told_proposals(rows))

    return Line.model_validate(answered_once(request, response, key, work_done).body)


def _member(caller: Caller) -> Member:
    return caller.as_member(Role.RECONCILER)


def _match(match_id: UUID) -> Match:
    row = match_listing.one(match_id)
    if row is None:
        raise Http404
    return Match.model_validate(row)


def _decision(body: Divided) -> Decision:
    """What was asked, as the core takes it; raises Invalid naming the field as it was sent."""
    return Decision(
        parts=tuple(_part(one, place) for place, one in enumerate(body.allocations)),
        differences=tuple(_rest(one, place) for place, one in enumerate(body.adjustments)),
    )


def _part(one: Settles, place: int) -> Part:
    amount = _money(one.settled, f"allocations[{place}].settled")
    return Part(item_id=str(one.open_item_id), amount=amount)


def _rest(one: Differs, place: int) -> Adjustment:
    return Adjustment(
        kind=one.kind,
        amount=_money(one.amount, f"adjustments[{place}].amount"),
        item_id=str(one.open_item_id) if one.open_item_id else "",
        code=one.code.strip(),
        customer_number=one.customer_number.strip(),
    )


def _money(asked: Amount, field: str) -> Money:
    try:
        return Money.parse(asked.value, asked.currency)
    except Invalid as error:
        error.field = field
        raise
