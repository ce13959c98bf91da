"""Files to banks: every file by state, one file with all about it, and what people state of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from nostro.console import possible, rights, words
from nostro.console.acting import then, tried
from nostro.console.views.payments import PAGE_SIZE
from nostro.console.visiting import Visit, page, problem, show, signed_in
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.submission import SubmissionState
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.pages import choices
from nostro.storage.pages.submission import FilePage, counts_by_state, file_page
from nostro.storage.submission_listing import FileFilter, payments_in, submissions
from nostro.storage.submissions import CHECK_DECISIONS, CHECKS, PAYMENTS, POSTINGS, RECALLS
from nostro.workflows import bank_letter, operator_evidence
from nostro.workflows.operator_evidence import Attachment, Told
from nostro.workflows.revealing import check_shown

_PURPOSES: Final = (PAYMENTS, RECALLS, CHECKS, CHECK_DECISIONS, POSTINGS)
NAMES: Final = ("purpose", "state", "bank", "account", "q")


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    word: str
    icon: str
    count: int
    href: str
    current: bool


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person stated, in words, and why this person cannot be the second one, if so."""

    row: StatedRow
    says: str
    refused: str
    own: bool


@require_safe
@page
def submission_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    values = {n: sent for n in NAMES if (sent := request.GET.get(n, "").strip())}
    values.setdefault("purpose", PAYMENTS)
    cursor = request.GET.get("cursor", "")
    found = submissions(_asked(values), limit=PAGE_SIZE, cursor=cursor)
    counts = counts_by_state(values["purpose"])
    told = {
        "values": values,
        "rows": found.rows,
        "chips": _chips(counts, values),
        "whole": sum(counts.values()),
        "headline": _headline(counts),
        "purposes": [(key, words.PURPOSES[key]) for key in _PURPOSES],
        "banks": choices.banks(),
        "accounts": choices.accounts(),
        "any_state": _query(values, state=""),
        "start": _query(values) if cursor else "",
        "older": _query(values, cursor=found.next) if found.next else "",
    }
    return show(request, visit, "submissions.html", told, fragment="submissions_found.html")


@require_safe
@page
def submission(request: HttpRequest, visit: Visit, submission_id: UUID) -> HttpResponse:
    told = file_page(submission_id)
    if told is None:
        raise Http404
    cursor = request.GET.get("cursor", "")
    inside = payments_in(submission_id, limit=PAGE_SIZE, cursor=cursor)
    context = {
        **about_file(told, visit),
        "inside": inside.rows,
        "first": "?" if cursor else "",
        "more": f"?{urlencode({'cursor': inside.next})}" if inside.next else "",
    }
    return show(request, visit, "submission.html", context, fragment="submission_payments.html")


def about_file(told: FilePage, visit: Visit) -> dict[str, Any]:
    """What the page of a file, and the page of a case about one, show alike."""
    may = rights.may_state(visit.member)
    kinds = possible.kinds_about_file(told.row.state, told.counts) if may else []
    return {
        "told": told,
        "file": told.row,
        "counts": sorted(told.counts.items()),
        "purpose": words.PURPOSES.get(told.row.purpose, told.row.purpose),
        "statements": statements(told.stated, visit),
        "kinds": words.evidence_kinds(kinds),
        "may_state": may,
        "has_letter": told.row.purpose == PAYMENTS,
        "sentence": _sentence(told),
    }


def statements(rows: tuple[StatedRow, ...], visit: Visit) -> list[Statement]:
    return [
        Statement(
            row=row,
            says=words.EVIDENCE_KINDS[row.stated.kind],
            refused=rights.why_not_confirm(visit.member, row.stated),
            own=row.stated.stated_by == visit.member.id and rights.may_state(visit.member),
        )
        for row in reversed(rows)
    ]


@require_POST
@signed_in
def state_evidence(request: HttpRequest, visit: Visit, submission_id: UUID) -> HttpResponse:
    """Write down what the bank said about the file, or about one payment of it."""
    counted: list[bool] = []

    def work() -> None:
        told = _told(request, submission_id)
        attachment = _attachment(request)
        counted.append(operator_evidence.state(visit.acting(), visit.member, told, attachment)[1])

    result = tried(work)
    if result.error:
        return _again(request, visit, submission_id, result.error)
    said = "Written down, and it counts already."
    if not counted[0]:
        said = "Written down. It counts as soon as a second person has confirmed it."
    return then(request, _back(request, submission_id), said)


@require_POST
@signed_in
def confirm(
    request: HttpRequest, visit: Visit, submission_id: UUID, stated_id: UUID
) -> HttpResponse:
    """Be the second person: from now on it counts."""
    return _decided(
        request,
        submission_id,
        lambda: operator_evidence.confirm(visit.acting(), visit.member, stated_id),
        "Confirmed. It counts from now on, and the payments moved as the tables say.",
    )


@require_POST
@signed_in
def refuse(
    request: HttpRequest, visit: Visit, submission_id: UUID, stated_id: UUID
) -> HttpResponse:
    """Say that it is not to be relied on; it stays on record and moves nothing."""
    reason = request.POST.get("reason", "")
    return _decided(
        request,
        submission_id,
        lambda: operator_evidence.refuse(visit.acting(), visit.member, stated_id, reason),
        "Kept on record; it does not count. Nothing moved.",
    )


@require_safe
@signed_in
def letter(request: HttpRequest, visit: Visit, submission_id: UUID) -> HttpResponse:
    """The letter that asks the bank about this file, as PDF."""
    with visit.looking():
        if file_page(submission_id) is None:
            raise Http404
        check_shown(visit.acting(), "submission", submission_id)
    content = bank_letter.enquiry(visit.acting(), submission_id)
    return pdf(content, f"bank-letter-{bank_letter.case_number(submission_id)}.pdf")


def pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _decided(
    request: HttpRequest, submission_id: UUID, work: Callable[[], None], said: str
) -> HttpResponse:
    result = tried(work)
    if result.error:
        return problem(request, result.error)
    return then(request, _back(request, submission_id), said)


def _again(
    request: HttpRequest, visit: Visit, submission_id: UUID, error: NostroError
) -> HttpResponse:
    """The form once more, with what was written and why it was not taken."""
    with visit.looking():
        told = file_page(submission_id)
        if told is None:
            raise Http404
        context = {
            **about_file(told, visit),
            "kinds": words.evidence_kinds(EvidenceKind),
            "error": error,
            "values": request.POST,
            "next": request.POST.get("next", ""),
            "attempt_id": request.POST.get("attempt", ""),
        }
        return show(request, visit, "evidence_again.html", context, status=400)


def _told(request: HttpRequest, submission_id: UUID) -> Told:
    sent = request.POST
    try:
        return Told(
            kind=EvidenceKind(sent.get("kind", "")),
            submission_id=submission_id,
            attempt_id=UUID(sent["attempt"]) if sent.get("attempt") else None,
            told_by=sent.get("told_by", ""),
            text=sent.get("text", ""),
        )
    except ValueError as error:
        raise Invalid(
            "evidence_kind_missing",
            "What the bank said was not chosen.",
            "Nothing was written down.",
            "Choose one of the statements.",
            field="kind",
        ) from error


def _attachment(request: HttpRequest) -> Attachment | None:
    sent = request.FILES.get("attachment")
    if not isinstance(sent, UploadedFile) or not sent.size:
        return None
    limit = operator_evidence.ATTACHMENT_BYTES_MAX + 1  # One more: then the workflow refuses it.
    return Attachment(
        name=(sent.name or "attachment")[:200],
        media_type=sent.content_type or "application/octet-stream",
        content=sent.read(limit),
    )


def _back(request: HttpRequest, submission_id: UUID) -> str:
    """Where the form stood, if that is a page of ours."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return wanted
    return reverse("submission", args=[submission_id])


def _asked(values: dict[str, str]) -> FileFilter:
    state = values.get("state", "")
    try:
        return FileFilter(
            states=tuple(SubmissionState(one) for one in state.split(",") if one),
            purpose=values["purpose"],
            connection=UUID(values["bank"]) if "bank" in values else None,
            account=UUID(values["account"]) if "account" in values else None,
            q=values.get("q", ""),
        )
    except ValueError as error:
        raise Invalid(
            "filter_unfit",
            "One of the filters has a value that it cannot have.",
            can_do="Choose it again from the list.",
        ) from error


def _chips(counts: dict[SubmissionState, int], values: dict[str, str]) -> list[Chip]:
    return [
        Chip(
            word=words.SUBMISSION[state].word,
            icon=words.SUBMISSION[state].icon,
            count=counts[state],
            href=_query(values, state=state.value),
            current=values.get("state") == state.value,
        )
        for state in SubmissionState
        if state in counts
    ]


def _headline(counts: dict[SubmissionState, int]) -> str:
    whole = sum(counts.values())
    if not whole:
        return "No file of this kind yet."
    parts = []
    if lost := counts.get(SubmissionState.UNKNOWN, 0):
        parts.append(f"of {words.several(lost, 'file')} we do not know whether the bank has it")
    if waits := counts.get(SubmissionState.NOT_DELIVERED, 0):
        parts.append(f"{words.several(waits, 'file')} could not be delivered yet")
    if refused := counts.get(SubmissionState.REFUSED, 0):
        parts.append(
            f"{words.several(refused, 'file')} {'was' if refused == 1 else 'were'} refused"
        )
    told = words.listed(parts)
    return f"{told[:1].upper()}{told[1:]}." if told else "Every file arrived or is on its way."


_SENTENCES: Final = {
    SubmissionState.BUILT: "Its bytes are frozen. It has not begun to leave.",
    SubmissionState.SIGNED: "It is signed. It has not begun to leave.",
    SubmissionState.DISPATCHING: "It is being handed over right now.",
    SubmissionState.UNKNOWN: "The connection was lost while it was handed over. The bank may have"
    " it, so it is not sent again: the bank is asked.",
    SubmissionState.NOT_DELIVERED: "Proven not to have arrived. The same bytes are tried again.",
    SubmissionState.DELIVERED: "It was handed over. Its answer is collected by itself.",
    SubmissionState.ACKNOWLEDGED: "The other side confirmed that it has the file.",
    SubmissionState.REFUSED: "The other side refused the whole file. Nothing in it is carried out.",
    SubmissionState.ABANDONED: "Given up before it left. Its payments go in another file, or not.",
}


def _sentence(told: FilePage) -> str:
    return _SENTENCES[told.row.state]


def _query(values: dict[str, str], **changes: str) -> str:
    told = {**values, **changes}
    return "?" + urlencode({n: told[n] for n in (*NAMES, "cursor") if told.get(n)})
