"""Cases: who owns what, what is late, and one case with everything a person needs to end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import possible, rights, words
from nostro.console.acting import then, tried
from nostro.console.views.submissions import about_file, pdf, statements
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain.case import OWNED_BY, STAGES, CaseKind, CaseState
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.party import Role
from nostro.storage.case_listing import OPEN, CaseFilter, CaseLine, cases
from nostro.storage.pages.cases import CaseView, OwnerCount, case, counts_by_kind, owners
from nostro.storage.submission_listing import payments_in
from nostro.workflows import bank_letter, case_work
from nostro.workflows.revealing import check_shown

PAGE_SIZE: Final = 40
INSIDE_SHOWN: Final = 25  # Payments of a file on the page of its case; the file's page has all.
SOON: Final = timedelta(hours=4)
NAMES: Final = ("owner", "kind", "stage", "state", "late", "q")
MINE: Final = "mine"


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One case in the list, and how much of its time is used: whole percent, 100 when late."""

    line: CaseLine
    used: int
    kind: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    rows: tuple[Clock, ...]


class OwnerChip(msgspec.Struct, frozen=True, kw_only=True):
    """One owner; `initials` is "" for a role: nobody has taken those cases yet."""

    name: str
    initials: str
    count: int
    late: int
    href: str
    current: bool


@require_safe
@page
def case_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    values = {n: sent for n in NAMES if (sent := request.GET.get(n, "").strip())}
    asked = _asked(values, visit)
    cursor = request.GET.get("cursor", "")
    found = cases(asked, limit=PAGE_SIZE, cursor=cursor)
    everybody = owners(visit.now)
    told = {
        "values": values,
        "groups": groups(found.rows, visit.now),
        "resolved": values.get("state") == CaseState.RESOLVED,
        "owners": _owner_chips(everybody, values, visit),
        "whole": sum(one.count for one in everybody),
        "headline": headline(everybody),
        "kinds": [(one, words.CASE_KIND[one], n) for one, n in counts_by_kind().items()],
        "stages": [
            (stage.value, words.phrase(stage))
            for kind in asked.kinds
            if kind in STAGES
            for stage in STAGES[kind].moves
        ],
        "everyone": _query(values, owner=""),
        "start": _query(values) if cursor else "",
        "older": _query(values, cursor=found.next) if found.next else "",
    }
    return show(request, visit, "cases.html", told, fragment="cases_found.html")


@require_safe
@page
def case_page(request: HttpRequest, visit: Visit, case_id: UUID) -> HttpResponse:
    return show(request, visit, "case.html", _context(visit, case_id))


@require_POST
@signed_in
def work_on(request: HttpRequest, visit: Visit, case_id: UUID, deed: str) -> HttpResponse:
    """Take, note, resolve or reopen a case, or give it another due time."""
    if deed not in DEEDS:
        raise Http404
    work, said = DEEDS[deed]

    def do() -> None:
        rights.check_changes(visit.member)
        with visit.looking():
            check_shown(visit.acting(), "case", case_id)
        work(visit, case_id, request.POST)

    result = tried(do)
    address = reverse("case", args=[case_id])
    if result.done:
        return then(request, address, said)
    with visit.looking():
        told = {**_context(visit, case_id), "error": result.error, "values": request.POST}
        return show(request, visit, "case.html", told, status=_status(result.error))


@require_safe
@signed_in
def letter(request: HttpRequest, visit: Visit, case_id: UUID) -> HttpResponse:
    """The letter that asks the bank for the payments back, as PDF."""
    with visit.looking():
        found = case(case_id)
        if found is None:
            raise Http404
        if found.line.submission_id:
            check_shown(visit.acting(), "submission", found.line.submission_id)
    content = bank_letter.recall(visit.acting(), case_id)
    return pdf(content, f"recall-letter-{bank_letter.case_number(case_id)}.pdf")


def headline(everybody: Sequence[OwnerCount]) -> str:
    """How many are open, how many of them are late."""
    whole = sum(one.count for one in everybody)
    late = sum(one.late for one in everybody)
    if not whole:
        return "No case is open. Nothing waits for a person."
    told = f"{words.several(whole, 'case')} {'is' if whole == 1 else 'are'} open"
    if not late:
        return f"{told}, none is late."
    return f"{told}, {late:,} {'is' if late == 1 else 'are'} past the due time."


def groups(rows: Sequence[CaseLine], now: datetime) -> list[Group]:
    """Late ones first, then what is due soon; resolved ones by themselves."""
    parts: dict[str, list[Clock]] = {}
    for row in rows:
        parts.setdefault(_part(row, now), []).append(_clock(row, now))
    return [Group(title=title, rows=tuple(inside)) for title, inside in parts.items()]


def _part(row: CaseLine, now: datetime) -> str:
    if row.state is CaseState.RESOLVED:
        return "Resolved"
    if row.due_at < now:
        return "Past the due time"
    return "Due in the next 4 hours" if row.due_at < now + SOON else "Later"


def _clock(row: CaseLine, now: datetime) -> Clock:
    whole = max(int((row.due_at - row.opened_at).total_seconds()), 1)
    used = int((now - row.opened_at).total_seconds()) * 100 // whole
    kind = "bad" if row.due_at < now else "warn" if row.due_at < now + SOON else "mid"
    return Clock(line=row, used=max(0, min(100, used)), kind=kind)


def _context(visit: Visit, case_id: UUID) -> dict[str, Any]:
    found = case(case_id)
    if found is None:
        raise Http404
    row = found.line
    changes = rights.may_change(visit.member)
    return {
        "case": found,
        "row": row,
        "payment": found.payment,
        "number": bank_letter.case_number(case_id),
        "role": _role_of(row),
        "mine": row.owner == visit.member.id,
        "late": row.resolved_at is None and row.due_at < visit.now,
        "may_change": changes,
        "can_resolve": changes and possible.can_resolve(row.state),
        "can_reopen": changes and possible.can_reopen(row.state),
        "is_recall": row.kind is CaseKind.RECALL,
        "recall_reason": words.RECALL_REASONS.get(row.reason, row.reason),  # type: ignore[call-overload]
        "stage": words.phrase(row.stage),
        "about": _about(found, visit),
    }


def _about(found: CaseView, visit: Visit) -> dict[str, Any]:
    """The file that the case is about, as the page of the file shows it."""
    if found.file is None:
        return {}
    told = about_file(found.file, visit) | {"attempt_id": "", "attempts": ()}
    if found.attempt is None:
        return told | {"inside": payments_in(found.file.row.id, limit=INSIDE_SHOWN).rows}
    own = ("", str(found.attempt.id))
    stated = tuple(row for row in found.stated if row.stated.attempt_id in own)
    kinds = possible.kinds_about_payment(found.attempt.state) if told["may_state"] else []
    return told | {
        "attempt_id": found.attempt.id,
        "attempts": (found.attempt,),
        "statements": statements(stated, visit),
        "kinds": words.evidence_kinds(kinds),
    }


def _role_of(row: CaseLine) -> str:
    """Whose work it is while nobody has taken it."""
    return OWNED_BY[row.kind].value if row.by_role else ""


Sent = Mapping[str, str]


def _take(visit: Visit, case_id: UUID, _: Sent) -> None:
    case_work.take(visit.acting(), visit.member, case_id)


def _set_due(visit: Visit, case_id: UUID, sent: Sent) -> None:
    text = sent.get("due", "")
    try:
        due = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(
            "due_time_unfit",
            "The new due time is missing or is no time.",
            "The case keeps its due time.",
            "Choose a day and a time; it is UTC.",
            field="due",
        ) from error
    case_work.set_due(visit.acting(), case_id, due, sent.get("text", ""))


def _note(visit: Visit, case_id: UUID, sent: Sent) -> None:
    case_work.note(visit.acting(), case_id, sent.get("text", ""))


def _resolve(visit: Visit, case_id: UUID, sent: Sent) -> None:
    case_work.resolve(visit.acting(), visit.member, case_id, sent.get("text", ""))


def _reopen(visit: Visit, case_id: UUID, sent: Sent) -> None:
    case_work.reopen(visit.acting(), case_id, sent.get("text", ""))


DEEDS: Final[Mapping[str, tuple[Callable[[Visit, UUID, Sent], None], str]]] = {
    "take": (_take, "The case is yours."),
    "due": (_set_due, "The case has another due time; your reason stays in its history."),
    "note": (_note, "Your note is in the history."),
    "resolve": (_resolve, "The case is resolved."),
    "reopen": (_reopen, "The case is open again."),
}


def _status(error: NostroError | None) -> int:
    return status_of(error) if error else 200


def _asked(values: Mapping[str, str], visit: Visit) -> CaseFilter:
    state, owner = values.get("state", ""), values.get("owner", "")
    try:
        return CaseFilter(
            states=(CaseState(state),) if state else OPEN,
            kinds=(CaseKind(values["kind"]),) if "kind" in values else (),
            stage=values.get("stage", ""),
            owner=visit.member.id if owner == MINE else owner,
            due_before=visit.now if values.get("late") else None,
            q=values.get("q", ""),
        )
    except ValueError as error:
        raise Invalid(
            "filter_unfit",
            "One of the filters has a value that it cannot have.",
            can_do="Choose it again from the list.",
        ) from error


def _owner_chips(
    everybody: Sequence[OwnerCount], values: Mapping[str, str], visit: Visit
) -> list[OwnerChip]:
    chosen = values.get("owner", "")
    chosen = visit.member.id if chosen == MINE else chosen
    return [
        OwnerChip(
            name=f"{words.phrase(one.name)}s, nobody yet" if one.owner in set(Role) else one.name,
            initials="" if one.owner in set(Role) else words.initials(one.name),
            count=one.count,
            late=one.late,
            href=_query(values, owner=one.owner),
            current=chosen == one.owner,
        )
        for one in everybody
    ]


def _query(values: Mapping[str, str], **changes: str) -> str:
    told = {**values, **changes}
    return "?" + urlencode({n: told[n] for n in (*NAMES, "cursor") if told.get(n)})
