"""Cases for programs: what waits for whom until when; noted, answered and closed from outside."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from nostro.api.asked_actions import CasePage, NewDue, NewText
from nostro.api.callers import Caller, allowed, in_one_customer
from nostro.api.repeating import IdempotencyKey, answered_once
from nostro.api.submissions import PDF, bytes_of, letter
from nostro.api.told import Listed, TraceStep
from nostro.api.told_cases import Case, CaseStory
from nostro.domain.errors import Refused
from nostro.domain.party import Role
from nostro.storage import case_listing, events
from nostro.storage.case_listing import CaseFilter
from nostro.storage.keys import Scope
from nostro.workflows import bank_letter, case_work
from nostro.workflows.revealing import check_shown

_QUERY = Query(...)
_CASE = "/cases/{uuid:case_id}"
router = Router(tags=["cases"])
router.add_decorator(in_one_customer, mode="operation")


@router.get("/cases", response=Listed[Case], summary="Cases, the most urgent first")
def list_cases(request: HttpRequest, asked: CasePage = _QUERY) -> Listed[Case]:
    allowed(request, Scope.CASES_READ)
    wanted = CaseFilter(
        kinds=case_listing.kinds(asked.kind),
        states=case_listing.states(asked.state),
        stage=asked.stage,
        owner=asked.owner,
        due_before=asked.due_before,
        order=asked.payment,
        submission=asked.submission,
        q=asked.q,
    )
    page = case_listing.cases(wanted, limit=asked.limit, cursor=asked.cursor)
    items = [Case.model_validate(row) for row in page.rows]
    return Listed[Case](items=items, next=page.next or None)


@router.get(_CASE, response=CaseStory, summary="One case with its story")
def read_case(request: HttpRequest, case_id: UUID) -> CaseStory:
    allowed(request, Scope.CASES_READ)
    return _story(case_id)


@router.post(f"{_CASE}/take", response=CaseStory, summary="Make the person who calls its owner")
def take_case(
    request: HttpRequest, response: HttpResponse, case_id: UUID, key: IdempotencyKey
) -> CaseStory:
    caller = allowed(request, Scope.CASES_WRITE)

    def take() -> None:
        if caller.member is None:
            raise Refused(
                "person_needed",
                "Only a person can be the owner of a case, never a key.",
                can_do="Take it in the console, or with a personal token.",
            )
        case_work.take(caller.acting(), caller.member, case_id)

    return _done(request, response, key, case_id, take)


@router.post(f"{_CASE}/due", response=CaseStory, summary="Give it another due time")
def set_case_due(
    request: HttpRequest, response: HttpResponse, case_id: UUID, body: NewDue, key: IdempotencyKey
) -> CaseStory:
    caller = allowed(request, Scope.CASES_WRITE)
    return _done(
        request,
        response,
        key,
        case_id,
        lambda: case_work.set_due(caller.acting(), case_id, body.due_at, body.reason),
    )


@router.post(f"{_CASE}/note", response=CaseStory, summary="Add a remark")
def note_case(
    request: HttpRequest, response: HttpResponse, case_id: UUID, body: NewText, key: IdempotencyKey
) -> CaseStory:
    return _worded(request, response, key, case_id, body.text, _note)


@router.post(f"{_CASE}/resolve", response=CaseStory, summary="Close it, saying what was found")
def resolve_case(
    request: HttpRequest, response: HttpResponse, case_id: UUID, body: NewText, key: IdempotencyKey
) -> CaseStory:
    return _worded(request, response, key, case_id, body.text, _resolve)


@router.post(f"{_CASE}/reopen", response=CaseStory, summary="Open it again, saying why")
def reopen_case(
    request: HttpRequest, response: HttpResponse, case_id: UUID, body: NewText, key: IdempotencyKey
) -> CaseStory:
    return _worded(request, response, key, case_id, body.text, _reopen)


@router.get(
    f"{_CASE}/letter",
    summary="A letter (PDF) that asks the bank for the payments back",
    openapi_extra=bytes_of(PDF),
)
def read_recall_letter(request: HttpRequest, case_id: UUID) -> HttpResponse:
    caller = allowed(request, Scope.FILES_READ)
    found = case_listing.case(case_id)
    if found is None:
        raise Http404
    if found.submission_id:
        check_shown(caller.acting(), "submission", found.submission_id)
    return letter(bank_letter.recall(caller.acting(), case_id), f"recall-{case_id}")


Work = Callable[[Caller, UUID, str], None]


def _note(caller: Caller, case_id: UUID, text: str) -> None:
    case_work.note(caller.acting(), case_id, text)


def _resolve(caller: Caller, case_id: UUID, text: str) -> None:
    case_work.resolve(caller.acting(), caller.as_member(Role.RECONCILER), case_id, text)


def _reopen(caller: Caller, case_id: UUID, text: str) -> None:
    case_work.reopen(caller.acting(), case_id, text)


def _worded(
    request: HttpRequest, response: HttpResponse, key: str, case_id: UUID, text: str, work: Work
) -> CaseStory:
    caller = allowed(request, Scope.CASES_WRITE)
    return _done(request, response, key, case_id, lambda: work(caller, case_id, text))


def _done(
    request: HttpRequest,
    response: HttpResponse,
    key: str,
    case_id: UUID,
    work: Callable[[], None],
) -> CaseStory:
    """Do it once, and answer with the case as it is then."""

    _known(case_id)  # Before an answer is given again, too.

    def told() -> CaseStory:
        work()
        return _story(case_id)

    caller: Caller = request.auth  # type: ignore[attr-defined]
    answer = answered_once(request, response, key, told, by=caller.actor.id)
    return CaseStory.model_validate(answer.body, by_name=True)


def _known(case_id: UUID) -> None:
    if case_listing.case(case_id) is None:
        raise Http404


def _story(case_id: UUID) -> CaseStory:
    row = case_listing.case(case_id)
    if row is None:
        raise Http404
    steps = [TraceStep.model_validate(step) for step in events.about([case_id])]
    return CaseStory(case=Case.model_validate(row), events=steps)
