"""Files for programs: how each stands, its exact bytes, and the letter for when a person rings."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from nostro.api.asked_actions import SubmissionPage
from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Fact, Listed
from nostro.api.told_files import Kept, PaymentInside, Stated, Submission, SubmissionStory
from nostro.storage import evidence, submission_listing
from nostro.storage.keys import Scope
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.submission_listing import FileFilter
from nostro.workflows import bank_letter
from nostro.workflows.revealing import check_shown, reveal_file

PDF = "application/pdf"
_QUERY = Query(...)
router = Router(tags=["submissions"])
router.add_decorator(in_one_customer, mode="operation")


def bytes_of(media_type: str) -> dict[str, Any]:
    """What the description says of an answer that is not JSON."""
    schema = {"type": "string", "format": "binary"}
    content = {media_type: {"schema": schema}}
    return {"responses": {200: {"description": "The bytes", "content": content}}}


@router.get("/submissions", response=Listed[Submission], summary="Files, newest first")
def list_submissions(request: HttpRequest, asked: SubmissionPage = _QUERY) -> Listed[Submission]:
    allowed(request, Scope.SUBMISSIONS_READ)
    wanted = FileFilter(
        states=submission_listing.states(asked.state),
        purpose=asked.purpose,
        connection=asked.connection,
        account=asked.account,
        message_id=asked.message_id,
        updated_since=asked.updated_since,
        q=asked.q,
    )
    page = submission_listing.submissions(wanted, limit=asked.limit, cursor=asked.cursor)
    items = [Submission.model_validate(row) for row in page.rows]
    return Listed[Submission](items=items, next=page.next or None)


@router.get(
    "/submissions/{uuid:submission_id}",
    response=SubmissionStory,
    summary="One file with all that is known about it",
)
def read_submission(request: HttpRequest, submission_id: UUID) -> SubmissionStory:
    allowed(request, Scope.SUBMISSIONS_READ)
    found = submission_listing.dossier(submission_id)
    if found is None:
        raise Http404
    return SubmissionStory(
        submission=Submission.model_validate(found.file),
        attempts_by_state=found.attempts_by_state,
        attempts=_inside(submission_id, LIMIT_DEFAULT, ""),
        facts=[Fact.model_validate(row) for row in found.facts],
        evidence=[Kept.model_validate(row) for row in found.evidence],
        stated=[_stated(row) for row in found.stated],
    )


@router.get(
    "/submissions/{uuid:submission_id}/attempts",
    response=Listed[PaymentInside],
    summary="The payments in a file, page by page",
)
def list_attempts(
    request: HttpRequest, submission_id: UUID, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Listed[PaymentInside]:
    allowed(request, Scope.SUBMISSIONS_READ)
    if submission_listing.submission(submission_id) is None:
        raise Http404
    return _inside(submission_id, limit, cursor)


@router.get(
    "/submissions/{uuid:submission_id}/content",
    summary="The exact bytes that left or would leave; or as they were before they were sealed",
    openapi_extra=bytes_of("*/*"),
)
def read_content(
    request: HttpRequest, submission_id: UUID, form: Literal["sent", "plain"] = "sent"
) -> FileResponse:
    caller = allowed(request, Scope.FILES_READ)
    chosen = submission_listing.sent_bytes if form == "sent" else submission_listing.plain_bytes
    kept = chosen(submission_id)
    if kept is None:
        raise Http404
    name, media_type, digest = evidence.describe(kept)
    reveal_file(caller.acting(), kept, name, digest)
    response = FileResponse(
        evidence.reading(kept), as_attachment=True, filename=name, content_type=media_type
    )
    response["ETag"] = f'"{digest}"'  # SHA-256, as in the list of evidence.
    return response


@router.get(
    "/submissions/{uuid:submission_id}/letter",
    summary="A letter (PDF) that asks the bank about the file",
    openapi_extra=bytes_of(PDF),
)
def read_enquiry_letter(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    caller = allowed(request, Scope.FILES_READ)
    if submission_listing.submission(submission_id) is None:
        raise Http404
    check_shown(caller.acting(), "submission", submission_id)
    return letter(bank_letter.enquiry(caller.acting(), submission_id), f"enquiry-{submission_id}")


def letter(content: bytes, name: str) -> HttpResponse:
    disposition = f'attachment; filename="{name}.pdf"'
    return HttpResponse(content, content_type=PDF, headers={"Content-Disposition": disposition})


def _inside(submission_id: UUID, limit: int, cursor: str) -> Listed[PaymentInside]:
    page = submission_listing.payments_in(submission_id, limit=limit, cursor=cursor)
    items = [PaymentInside.model_validate(row) for row in page.rows]
    return Listed[PaymentInside](items=items, next=page.next or None)


def _stated(row: StatedRow) -> Stated:
    told = row.stated
    return Stated(
        id=told.id,
        kind=told.kind,
        state=row.state,
        attempt_id=told.attempt_id,
        told_by=told.told_by,
        text=told.text,
        stated_by=row.stated_by_name,
        stated_at=row.stated_at,
        decided_by=row.decided_by_name,
        decided_at=row.decided_at,
    )
