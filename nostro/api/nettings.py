"""Netting proposals for programs: what is possible, what was proposed, and what became of it.

No payment is changed by any of these: its source sends other amounts, or does not.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from nostro.api.asked_netting import Dismissed, NewNetting, NotWanted, Sent
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_netting import (
    CreditNote,
    Netting,
    NettingMessage,
    PayeeNettings,
    told_netting,
    told_proposal,
)
from nostro.app import world
from nostro.domain.errors import Invalid
from nostro.domain.netting import NettingState
from nostro.domain.party import Member, Role
from nostro.storage import credit_notes, nettings, payee_listing
from nostro.storage.keys import Scope
from nostro.storage.listing import plain
from nostro.storage.nettings import NettingRow
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import netting as work
from nostro.workflows.context import Acting

router = Router(tags=["credit notes"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/payees/{uuid:payee_id}/nettings",
    response=PayeeNettings,
    summary="Payments to one less his credit notes: what could be proposed, and what was",
)
def read_nettings_of_payee(request: HttpRequest, payee_id: UUID) -> PayeeNettings:
    allowed(request, Scope.PAYMENTS_READ)
    number = _number(payee_id)
    notes = credit_notes.open_of(number, work.NOTES_MAX)
    return PayeeNettings(
        as_of=world().clock.now(),
        possible=[told_proposal(one) for one in work.possible(number)],
        credit_notes=[CreditNote.model_validate(row) for row in notes],
        proposed=[told_netting(row) for row in nettings.nettings(payee=number).rows],
    )


@router.post(
    "/payees/{uuid:payee_id}/nettings/propose",
    response=Netting,
    summary="Propose it to the source: kept as it was shown, told by its event and its message",
)
def propose_netting(
    request: HttpRequest, response: HttpResponse, payee_id: UUID, body: NewNetting,
    key: IdempotencyKey,
) -> Netting:  # fmt: skip
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    number = _number(payee_id)
    return _answer(
        *(request, response, key, caller),
        lambda acting, member: work.propose(acting, member, number, body.digest),
    )


@router.post(
    "/payees/{uuid:payee_id}/nettings/dismiss",
    response=Netting,
    summary="Have what is possible not proposed again, with a reason",
)
def dismiss_possible_netting(
    request: HttpRequest, response: HttpResponse, payee_id: UUID, body: NotWanted,
    key: IdempotencyKey,
) -> Netting:  # fmt: skip
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    number = _number(payee_id)
    return _answer(
        *(request, response, key, caller),
        lambda acting, member: work.dismiss_possible(
            acting, member, number, body.digest, body.reason
        ),
    )


@router.get("/nettings", response=Listed[Netting], summary="Proposals, the newest first")
def list_nettings(
    request: HttpRequest,
    state: str = "",
    payee: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Netting]:
    allowed(request, Scope.PAYMENTS_READ)
    page = nettings.nettings(
        state=_state(state), payee=plain(payee, "payee"), limit=limit, cursor=cursor
    )
    return Listed[Netting](items=[told_netting(row) for row in page.rows], next=page.next or None)


@router.get("/nettings/{uuid:netting_id}", response=Netting, summary="One proposal")
def read_netting(request: HttpRequest, netting_id: UUID) -> Netting:
    allowed(request, Scope.PAYMENTS_READ)
    return told_netting(_known(netting_id))


@router.get(
    "/nettings/{uuid:netting_id}/message",
    response=NettingMessage,
    summary="One proposal as text for whoever owns the source",
)
def read_netting_message(request: HttpRequest, netting_id: UUID) -> NettingMessage:
    caller = allowed(request, Scope.PAYMENTS_READ)
    _known(netting_id)
    name, content = work.message(caller.acting(), netting_id)
    return NettingMessage(name=name, text=content.decode())


@router.post(
    "/nettings/{uuid:netting_id}/send",
    response=Netting,
    summary="Say that whoever owns the source has the proposal",
)
def send_netting(
    request: HttpRequest, response: HttpResponse, netting_id: UUID, body: Sent, key: IdempotencyKey
) -> Netting:
    return _act(
        *(request, response, key, netting_id),
        lambda acting, member: work.send(acting, member, netting_id, body.told_to),
    )


@router.post(
    "/nettings/{uuid:netting_id}/take",
    response=Netting,
    summary="Say that the source followed it: refused while a payment stands as it was",
)
def take_netting(
    request: HttpRequest, response: HttpResponse, netting_id: UUID, key: IdempotencyKey
) -> Netting:
    return _act(
        *(request, response, key, netting_id),
        lambda acting, member: work.take(acting, member, netting_id),
    )


@router.post(
    "/nettings/{uuid:netting_id}/dismiss",
    response=Netting,
    summary="Say why nobody follows the proposal",
)
def dismiss_netting(
    request: HttpRequest,
    response: HttpResponse,
    netting_id: UUID,
    body: Dismissed,
    key: IdempotencyKey,
) -> Netting:
    return _act(
        *(request, response, key, netting_id),
        lambda acting, member: work.dismiss(acting, member, netting_id, body.reason),
    )


def _act(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    netting_id: UUID,
    deed: Callable[[Acting, Member], None],
) -> Netting:
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    _known(netting_id)

    def done(acting: Acting, member: Member) -> UUID:
        deed(acting, member)
        return netting_id

    return _answer(request, response, key, caller, done)


def _answer(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    caller: Caller,
    deed: Callable[[Acting, Member], UUID],
) -> Netting:
    def work_done() -> Netting:
        netting_id = deed(caller.acting(), caller.as_member(Role.MAKER))
        return told_netting(_known(netting_id))

    answer = answered_once(request, response, key, work_done)
    return Netting.model_validate(answer.body, by_name=True)


def _known(netting_id: UUID) -> NettingRow:
    found = nettings.netting(netting_id)
    if found is None:
        raise Http404
    return found


def _number(payee_id: UUID) -> str:
    row = payee_listing.payee(payee_id, world().clock.now())
    if row is None:
        raise Http404
    return row.number


def _state(text: str) -> NettingState | None:
    if text and text not in set(NettingState):
        raise Invalid(
            "state_unknown",
            f"{text[:40]!r} is not a state of a netting proposal.",
            can_do=f"Use one of: {', '.join(NettingState)}.",
            field="state",
        )
    return NettingState(text) if text else None
