"""The register of issued checks for programs: enter, find, void, stop."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Status

from nostro.api.asked_checks import NewChecks, NewWord
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.told import Listed
from nostro.api.told_checks import Check, CheckAsked, CheckGaps, ChecksEntered
from nostro.domain.check_state import CheckState
from nostro.domain.errors import Invalid
from nostro.domain.issued_check import CheckAction
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.storage import checks, parties
from nostro.storage.checks import CheckFilter, CheckRow
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import check_register
from nostro.workflows.check_register import NewCheck

SOURCE = "api"
router = Router(tags=["checks"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/checks", response=Listed[Check], summary="Issued checks, the newest first")
def list_checks(
    request: HttpRequest,
    state: str = "",
    account: UUID | None = None,
    q: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Check]:
    allowed(request, Scope.PAYMENTS_READ)
    wanted = CheckFilter(states=states(state), account_id=account, q=q)
    page = checks.checks(wanted, limit=limit, cursor=cursor)
    return Listed[Check](items=[told_check(row) for row in page.rows], next=page.next or None)


@router.post(
    "/checks",
    response={201: ChecksEntered},
    summary="Enter checks that were issued; the bank is told with the next file",
)
def create_checks(
    request: HttpRequest, response: HttpResponse, body: NewChecks, key: IdempotencyKey
) -> Status[ChecksEntered]:
    caller = allowed(request, Scope.PAYMENTS_WRITE)
    answer = answered_once(request, response, key, lambda: _enter(caller, body), HTTPStatus.CREATED)
    return Status(answer.status, ChecksEntered.model_validate(answer.body))


@router.get(
    "/checks/gaps",
    response=CheckGaps,
    summary="Numbers that nobody entered between two checks of an account",
)
def list_check_gaps(request: HttpRequest, account: UUID | None = None) -> CheckGaps:
    allowed(request, Scope.PAYMENTS_READ)
    accounts = [one for one in parties.accounts() if account in (None, UUID(one.id))]
    return CheckGaps(gaps=[gap for one in accounts for gap in check_register.gaps(one)])


@router.get("/checks/{uuid:check_id}", response=Check, summary="One check")
def get_check(request: HttpRequest, check_id: UUID) -> Check:
    allowed(request, Scope.PAYMENTS_READ)
    return told_check(_known(check_id))


@router.post(
    "/checks/{uuid:check_id}/void",
    response=CheckAsked,
    summary="Ask for a check to be void: it was never given out",
)
def void_check(
    request: HttpRequest, response: HttpResponse, check_id: UUID, body: NewWord, key: IdempotencyKey
) -> CheckAsked:
    return _take_back(request, response, check_id, body, key, CheckAction.VOID)


@router.post(
    "/checks/{uuid:check_id}/stop",
    response=CheckAsked,
    summary="Ask for a check to be stopped: it is lost, or must not be paid",
)
def stop_check(
    request: HttpRequest, response: HttpResponse, check_id: UUID, body: NewWord, key: IdempotencyKey
) -> CheckAsked:
    return _take_back(request, response, check_id, body, key, CheckAction.STOP)


def _take_back(
    request: HttpRequest,
    response: HttpResponse,
    check_id: UUID,
    body: NewWord,
    key: str,
    action: CheckAction,
) -> CheckAsked:
    caller = allowed(request, Scope.PAYMENTS_CANCEL)
    _known(check_id)

    def ask() -> CheckAsked:
        member = caller.as_member(Role.MAKER)
        done = check_register.take_back(caller.acting(), member, check_id, action, body.reason)
        return CheckAsked(check=told_check(_known(check_id)), sentence=done.sentence)

    answer = answered_once(request, response, key, ask)
    return CheckAsked.model_validate(answer.body, by_name=True)


def _enter(caller: Caller, asked: NewChecks) -> ChecksEntered:
    wanted = [
        NewCheck(
            account=asked.account,
            number=one.number,
            amount=Money.parse(one.amount.value, one.amount.currency),
            payee=tuple(one.payee),
            issued_on=one.issued_on,
            payee_number=one.payee_number,
        )
        for one in asked.checks
    ]
    done = check_register.register(caller.acting(), caller.as_member(Role.MAKER), SOURCE, wanted)
    return ChecksEntered(
        new=done.new, known=done.known, gaps=list(done.gaps), checks=list(done.check_ids)
    )


def _known(check_id: UUID) -> CheckRow:
    found = checks.check(check_id)
    if found is None:
        raise Http404
    return found


def states(text: str) -> tuple[CheckState, ...]:
    """States as people write them, commas between; raises Invalid."""
    wanted = [part.strip() for part in text.split(",")] if text else []
    unknown = [part for part in wanted if part not in set(CheckState)]
    if unknown:
        raise Invalid(
            "state_unknown",
            f"{unknown[0][:40]!r} is not a state of a check.",
            can_do=f"Use one of: {', '.join(CheckState)}.",
            field="state",
        )
    return tuple(CheckState(part) for part in wanted)


def told_check(row: CheckRow) -> Check:
    told = {
        name: getattr(row, name)
        for name in CheckRow.__struct_fields__
        if name in Check.model_fields and name != "acted_by"
    }
    told |= {"payee": list(row.payee), "made_by": row.maker_name, "acted_by": row.acted_by_name}
    told["unconfirmed"] = row.unconfirmed
    return Check.model_validate(told)
