"""Corrected accounts for programs to read, and for people to accept or refuse."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from nostro.api.asked_actions import NewPayeeAccount, NewText
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.stops import told_stop
from nostro.api.told import Listed
from nostro.api.told_cases import PayeeChange, PayeeChangeStory
from nostro.domain.errors import Invalid, Refused
from nostro.domain.freeze import FreezeScope
from nostro.domain.party import Member
from nostro.domain.payee_change import ChangeState
from nostro.storage import freezes, payee_change_listing
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import payee_changing
from nostro.workflows.payee_changing import NewAccount

_CHANGE = "/payee-changes/{uuid:change_id}"
router = Router(tags=["payee changes"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/payee-changes", response=Listed[PayeeChange], summary="Corrected accounts, newest first"
)
def list_payee_changes(
    request: HttpRequest, state: str = "", limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[PayeeChange]:
    allowed(request, Scope.CASES_READ)
    page = payee_change_listing.changes(_states(state), limit=limit, cursor=cursor)
    items = [PayeeChange.model_validate(row) for row in page.rows]
    return Listed[PayeeChange](items=items, next=page.next or None)


@router.get(_CHANGE, response=PayeeChangeStory, summary="One with what it is about")
def read_payee_change(request: HttpRequest, change_id: UUID) -> PayeeChangeStory:
    allowed(request, Scope.CASES_READ)
    return _story(change_id)


@router.post(
    f"{_CHANGE}/accept",
    response=PayeeChangeStory,
    summary="Give the payee the account that you checked: as a person, never as who proposed it",
)
def accept_payee_change(
    request: HttpRequest,
    response: HttpResponse,
    change_id: UUID,
    body: NewPayeeAccount,
    key: IdempotencyKey,
) -> PayeeChangeStory:
    wanted = NewAccount(iban=body.iban, bic=body.bic)

    def accept(caller: Caller, member: Member) -> None:
        payee_changing.accept(caller.acting(), member, change_id, wanted, body.reason)

    return _decided(request, response, key, change_id, accept)


@router.post(
    f"{_CHANGE}/refuse",
    response=PayeeChangeStory,
    summary="Leave the account as it is: as a person, never as who proposed it",
)
def refuse_payee_change(
    request: HttpRequest,
    response: HttpResponse,
    change_id: UUID,
    body: NewText,
    key: IdempotencyKey,
) -> PayeeChangeStory:
    def refuse(caller: Caller, member: Member) -> None:
        payee_changing.refuse(caller.acting(), member, change_id, body.text)

    return _decided(request, response, key, change_id, refuse)


def _decided(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    change_id: UUID,
    work: Callable[[Caller, Member], None],
) -> PayeeChangeStory:
    """Decide once, and answer with the change as it is then."""
    caller = allowed(request, Scope.CASES_WRITE)

    def told() -> PayeeChangeStory:
        if payee_change_listing.change(change_id) is None:
            raise Http404
        if caller.member is None:
            raise Refused(
                "person_needed",
                "Only a person can decide on a payee's account, never a key.",
                "The payee is unchanged.",
                "Decide in the console, or with a personal token.",
            )
        work(caller, caller.member)
        return _story(change_id)

    answer = answered_once(request, response, key, told, by=caller.actor.id)
    return PayeeChangeStory.model_validate(answer.body, by_name=True)


def _story(change_id: UUID) -> PayeeChangeStory:
    found = payee_change_listing.story(change_id)
    if found is None:
        raise Http404
    account = found.account
    payee = str(found.change.payee_id)
    stops = [row for row in freezes.in_force() if row.freeze.scope is FreezeScope.PAYEE]
    return PayeeChangeStory(
        change=PayeeChange.model_validate(found.change),
        paid_to=account.iban if account else "",
        payment_id=found.payment.id if found.payment else None,
        evidence_id=found.told_in.id if found.told_in else None,
        stops=[told_stop(row) for row in stops if row.freeze.subject_id == payee],
    )


def _states(text: str) -> list[ChangeState]:
    try:
        return [ChangeState(part.strip()) for part in text.split(",") if text]
    except ValueError as error:
        raise Invalid(
            "state_unknown",
            f"{text[:40]!r} is not a state of a corrected account.",
            can_do=f"Use one of: {', '.join(ChangeState)}.",
            field="state",
        ) from error
