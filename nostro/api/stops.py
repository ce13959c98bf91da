"""The stop button for programs: what is stopped, and stopping. Lifting needs two people."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_actions import NewStop
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_cases import Stop
from nostro.domain.errors import Invalid
from nostro.domain.freeze import FreezeScope
from nostro.domain.party import Role
from nostro.storage import freezes
from nostro.storage.freezes import FreezeRow
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows.freezing import freeze

router = Router(tags=["stops"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/stops", response=Listed[Stop], summary="Stops, newest first")
def list_stops(
    request: HttpRequest, in_force: bool = True, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[Stop]:
    allowed(request, Scope.STOPS_READ)
    page = freezes.page(in_force_only=in_force, limit=limit, cursor=cursor)
    return Listed[Stop](items=[told_stop(row) for row in page.rows], next=page.next or None)


@router.post(
    "/stops",
    response={201: Stop},
    summary="Stop all payments of the customer, a bank, an entity, an account or a payee at once",
)
def create_stop(
    request: HttpRequest, response: HttpResponse, body: NewStop, key: IdempotencyKey
) -> Status[Stop]:
    caller = allowed(request, Scope.STOPS_WRITE)
    answer = answered_once(request, response, key, lambda: _stop(caller, body), HTTPStatus.CREATED)
    return Status(answer.status, Stop.model_validate(answer.body))


def _stop(caller: Caller, asked: NewStop) -> Stop:
    member = caller.as_member(Role.TREASURER)
    stop_id = freeze(caller.acting(), member, asked.scope, _subject(caller, asked), asked.reason)
    (row,) = (row for row in freezes.in_force() if row.freeze.id == str(stop_id))
    return told_stop(row)


def _subject(caller: Caller, asked: NewStop) -> UUID:
    if asked.subject_id:
        return asked.subject_id
    if asked.scope is FreezeScope.CUSTOMER:
        return caller.tenant_id
    raise Invalid(
        "stop_subject_missing",
        f"Which {asked.scope} is to be stopped?",
        "Nothing was stopped.",
        "Give its id.",
        field="subject_id",
    )


def told_stop(row: FreezeRow) -> Stop:
    return Stop(
        id=row.freeze.id,
        scope=row.freeze.scope,
        subject_id=row.freeze.subject_id,
        cause=row.freeze.cause,
        reason=row.freeze.reason,
        set_by=row.frozen_by_name,
        set_at=row.frozen_at,
        lifted_at=row.lifted_at,
        agreed_to_lift=list(row.lifted_by_names),
    )
