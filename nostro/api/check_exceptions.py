"""Presented checks that a bank asks about: until when each is decided, and deciding as a person."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from nostro.api.asked_checks import NewDecision
from nostro.api.callers import allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_checks import CheckDifference, CheckPresented
from nostro.domain.check_exception import ExceptionState
from nostro.domain.errors import Invalid
from nostro.domain.party import Role
from nostro.storage import check_exceptions
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import check_decisions
from nostro.workflows.local_clock import local

router = Router(tags=["checks"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/check-exceptions",
    response=Listed[CheckPresented],
    summary="Presented checks that are not as we said, those due first before the others",
)
def list_check_exceptions(
    request: HttpRequest, state: str = "", limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[CheckPresented]:
    allowed(request, Scope.PAYMENTS_READ)
    page = check_exceptions.exceptions(_states(state), limit=limit, cursor=cursor)
    items = [told_exception(row) for row in page.rows]
    return Listed[CheckPresented](items=items, next=page.next or None)


@router.get(
    "/check-exceptions/{uuid:exception_id}", response=CheckPresented, summary="One presented check"
)
def get_check_exception(request: HttpRequest, exception_id: UUID) -> CheckPresented:
    allowed(request, Scope.PAYMENTS_READ)
    return told_exception(_known(exception_id))


@router.post(
    "/check-exceptions/{uuid:exception_id}/decision",
    response=CheckPresented,
    summary="Pay or return a presented check, as a person, before the bank's clock",
)
def decide_check_exception(
    request: HttpRequest,
    response: HttpResponse,
    exception_id: UUID,
    body: NewDecision,
    key: IdempotencyKey,
) -> CheckPresented:
    caller = allowed(request, Scope.PAYMENTS_APPROVE)
    _known(exception_id)

    def decide() -> CheckPresented:
        member = caller.as_member(Role.APPROVER)
        acting = caller.acting()
        check_decisions.decide(acting, member, [exception_id], body.decision, body.reason)
        return told_exception(_known(exception_id))

    answer = answered_once(request, response, key, decide, by=caller.actor.id)
    return CheckPresented.model_validate(answer.body, by_name=True)


def _known(exception_id: UUID) -> ExceptionRow:
    found = check_exceptions.exception(exception_id)
    if found is None:
        raise Http404
    return found


def _states(text: str) -> tuple[ExceptionState, ...]:
    wanted = [part.strip() for part in text.split(",")] if text else []
    unknown = [part for part in wanted if part not in set(ExceptionState)]
    if unknown:
        raise Invalid(
            "state_unknown",
            f"{unknown[0][:40]!r} is not a state of a presented check.",
            can_do=f"Use one of: {', '.join(ExceptionState)}.",
            field="state",
        )
    return tuple(ExceptionState(part) for part in wanted)


def told_exception(row: ExceptionRow) -> CheckPresented:
    """A presented check with its clock, in UTC and as the bank's clock shows it."""
    told = {
        name: getattr(row, name)
        for name in ExceptionRow.__struct_fields__
        if name in CheckPresented.model_fields
    }
    told |= {
        "check_id": row.issued_id,
        "payee": list(row.payee),
        "differences": [CheckDifference.model_validate(one) for one in row.differences],
        "decide_by_local": local(row.decide_by, row.time_zone),
        "proposed_by": row.first_by_name,
        "decided_by": row.decided_by_name,
    }
    return CheckPresented.model_validate(told)
