"""Access for programs to review, and for people to ask for changes and agree to each other's."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from nostro.api.asked_actions import NewChangeRequest, NewDryRun, NewText
from nostro.api.callers import Caller, allowed, in_one_customer, opens_its_own_unit
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_access import (
    AccessReview,
    ApiKey,
    ChangeRequest,
    DryRunResult,
    DutyConflict,
    DutyShortage,
    PaymentDifference,
    PersonAtWork,
    RoleDuties,
)
from nostro.api.told_payees import TouchedPayment
from nostro.app import world
from nostro.domain.change_request import RequestState
from nostro.domain.duties import ACTIONS_OF
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.party import Member
from nostro.storage import change_requests as stored
from nostro.storage import key_owning, people
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import (
    change_requests,
    dry_runs,
    duty_report,
    granted,
    key_work,
    touched_payments,
)
from nostro.workflows.revealing import looking_at

_ONE = "/change-requests/{uuid:request_id}"
router = Router(tags=["access"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/people", response=Listed[PersonAtWork], summary="Who works here, and as what")
def list_people(request: HttpRequest) -> Listed[PersonAtWork]:
    allowed(request, Scope.ACCESS_READ)
    where = granted.places()
    items = [
        PersonAtWork(
            id=UUID(member.id),
            name=member.name,
            roles=sorted(member.roles),
            may=[granted.spelled(grant, where) for grant in member.held],
        )
        for member in people.everybody(world().clock.now())
    ]
    return Listed[PersonAtWork](items=items, next=None)


@router.get("/duties", response=Listed[RoleDuties], summary="What each role may do")
def list_duties(request: HttpRequest) -> Listed[RoleDuties]:
    allowed(request, Scope.ACCESS_READ)
    items = [RoleDuties(role=role, actions=sorted(actions)) for role, actions in ACTIONS_OF.items()]
    return Listed[RoleDuties](items=items, next=None)


@router.get("/duties/conflicts", response=AccessReview, summary="Duties that do not mix, today")
def read_duty_conflicts(request: HttpRequest) -> AccessReview:
    caller = allowed(request, Scope.ACCESS_READ)
    report = duty_report.report(caller.acting())
    return AccessReview(
        conflicts=[
            DutyConflict(
                person_id=UUID(one.person_id),
                person=one.person,
                one=one.clash.one,
                other=one.clash.other,
                why=one.clash.why,
                held_by=one.clash.held_by,
                roles=list(one.roles),
            )
            for one in report.conflicts
        ],
        shortages=[DutyShortage.model_validate(one) for one in report.shortages.values()],
    )


@router.get("/keys", response=Listed[ApiKey], summary="Keys without their secrets, newest first")
def list_keys(request: HttpRequest) -> Listed[ApiKey]:
    allowed(request, Scope.ACCESS_READ)
    items = [ApiKey.model_validate(row) for row in key_owning.listed()]
    return Listed[ApiKey](items=items, next=None)


@router.post("/keys/{uuid:key_id}/revoke", response=ApiKey, summary="End a key at once")
def revoke_key(
    request: HttpRequest, response: HttpResponse, key_id: UUID, body: NewText, key: IdempotencyKey
) -> ApiKey:
    caller = allowed(request, Scope.ACCESS_ASK)

    def told() -> ApiKey:
        member = _person(caller)
        if key_owning.lock(key_id) is None:
            raise Http404
        key_work.revoke(caller.acting(), member, key_id, body.text)
        return next(ApiKey.model_validate(row) for row in key_owning.listed() if row.id == key_id)

    answer = answered_once(request, response, key, told, by=caller.actor.id)
    return ApiKey.model_validate(answer.body, by_name=True)


@router.get(
    "/change-requests", response=Listed[ChangeRequest], summary="What was asked for, newest first"
)
def list_change_requests(
    request: HttpRequest, state: str = "", limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[ChangeRequest]:
    allowed(request, Scope.ACCESS_READ)
    page = stored.listed(_states(state), limit=limit, cursor=cursor)
    items = [ChangeRequest.model_validate(row) for row in page.rows]
    return Listed[ChangeRequest](items=items, next=page.next or None)


@router.get(_ONE, response=ChangeRequest, summary="One, before and after")
def read_change_request(request: HttpRequest, request_id: UUID) -> ChangeRequest:
    allowed(request, Scope.ACCESS_READ)
    return _one(request_id)


@router.get(
    f"{_ONE}/payments",
    response=Listed[TouchedPayment],
    summary="The open payments of the payee that it would touch, and what becomes of each",
)
def list_touched_payments(
    request: HttpRequest, request_id: UUID, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[TouchedPayment]:
    allowed(request, Scope.ACCESS_READ)
    allowed(request, Scope.PAYMENTS_READ)
    row = stored.request(request_id)
    if row is None:
        raise Http404
    page = touched_payments.by_request(row, limit=limit, cursor=cursor)
    items = [TouchedPayment.model_validate(one) for one in page.rows] if page else []
    return Listed[TouchedPayment](items=items, next=(page.next or None) if page else None)


@router.post(
    "/change-requests",
    response={HTTPStatus.CREATED: ChangeRequest},
    summary="Ask for a change: as a person; somebody else agrees",
)
@opens_its_own_unit
def ask_for_change(
    request: HttpRequest, response: HttpResponse, body: NewChangeRequest, key: IdempotencyKey
) -> tuple[int, ChangeRequest]:
    caller = allowed(request, Scope.ACCESS_ASK)
    member, acting = _person(caller), caller.acting()
    wanted: Any = None
    failed: NostroError | None = None
    try:
        wanted = change_requests.prepared(acting, member, body.kind, body.wanted)
    except NostroError as error:  # Told below, unless this was answered before.
        failed = error

    def told() -> ChangeRequest:
        if failed:
            raise failed
        return _one(change_requests.ask(acting, member, body.kind, wanted, body.reason))

    with looking_at(acting, cleared=caller.cleared):
        answer = answered_once(request, response, key, told, HTTPStatus.CREATED, by=caller.actor.id)
    return answer.status, ChangeRequest.model_validate(answer.body, by_name=True)


@router.post(
    "/change-requests/dry-run",
    response=DryRunResult,
    summary="Try a change on past payments; nothing is stored",
)
def try_change(request: HttpRequest, body: NewDryRun) -> DryRunResult:
    caller = allowed(request, Scope.ACCESS_READ)
    allowed(request, Scope.PAYMENTS_READ)  # It tells of payments.
    acting = caller.acting()
    found = dry_runs.tried(acting, body.kind, body.wanted, body.since)
    return DryRunResult(
        as_of=acting.world.clock.now(),
        since=found.since,
        looked_at=found.looked_at,
        different=found.different,
        complete=found.complete,
        shown=[PaymentDifference.model_validate(one) for one in found.shown],
    )


@router.post(f"{_ONE}/agree", response=ChangeRequest, summary="Agree, signed in; never a token")
def agree_to_change(
    request: HttpRequest,
    response: HttpResponse,
    request_id: UUID,
    body: NewText,
    key: IdempotencyKey,
) -> ChangeRequest:
    return _decided(request, response, key, request_id, body.text, change_requests.agree)


@router.post(f"{_ONE}/refuse", response=ChangeRequest, summary="Refuse, signed in; never a token")
def refuse_change(
    request: HttpRequest,
    response: HttpResponse,
    request_id: UUID,
    body: NewText,
    key: IdempotencyKey,
) -> ChangeRequest:
    return _decided(request, response, key, request_id, body.text, change_requests.refuse)


@router.post(f"{_ONE}/withdraw", response=ChangeRequest, summary="Take back what you asked for")
def withdraw_change(
    request: HttpRequest,
    response: HttpResponse,
    request_id: UUID,
    body: NewText,
    key: IdempotencyKey,
) -> ChangeRequest:
    return _decided(request, response, key, request_id, body.text, change_requests.withdraw)


def _decided(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    request_id: UUID,
    reason: str,
    work: Callable[..., object],
) -> ChangeRequest:
    """Decide once, and answer with the request as it is then."""
    caller = allowed(request, Scope.ACCESS_ASK)

    def told() -> ChangeRequest:
        member = _person(caller)
        if work is not change_requests.withdraw and not caller.is_present:
            raise Refused(
                "presence_needed",
                "Access is decided on by a person who is signed in, never with a token.",
                "Nothing was changed.",
                "Decide in the console, or at the terminal with a password.",
            )
        _one(request_id)
        work(caller.acting(), member, request_id, reason)
        return _one(request_id)

    answer = answered_once(request, response, key, told, by=caller.actor.id)
    return ChangeRequest.model_validate(answer.body, by_name=True)


def _person(caller: Caller) -> Member:
    if caller.member is None:
        raise Refused(
            "person_needed",
            "Only a person can change who may do what, never a key.",
            "Nothing was changed.",
            "Do it in the console, or ask with a personal token.",
        )
    return caller.member


def _one(request_id: UUID) -> ChangeRequest:
    row = stored.request(request_id)
    if row is None:
        raise Http404
    return ChangeRequest.model_validate(row)


def _states(text: str) -> list[RequestState]:
    try:
        return [RequestState(part.strip()) for part in text.split(",") if text]
    except ValueError as error:
        raise Invalid(
            "state_unknown",
            f"{text[:40]!r} is not a state of a change request.",
            can_do=f"Use one of: {', '.join(RequestState)}.",
            field="state",
        ) from error
