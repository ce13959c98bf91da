"""Changes that two people make: what waits, one with before and after, and asking for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nostro.console import change_form, words
from nostro.console.acting import then, tried
from nostro.console.change_form import Choice
from nostro.console.change_words import SCOPES, SIDES
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain import duties
from nostro.domain.change_request import RequestState
from nostro.domain.dry_run import DryRun
from nostro.domain.errors import NostroError, Refused
from nostro.domain.policies import change_rights
from nostro.storage import change_requests as stored
from nostro.storage import parties, people
from nostro.storage.change_requests import RequestRow
from nostro.storage.paging import Page
from nostro.storage.subject_names import names_of
from nostro.workflows import change_requests, changes, dry_runs, touched_payments
from nostro.workflows.changes import Kind
from nostro.workflows.touched_payments import Touched

SHOWN: Final = 50
FRAGMENT: Final = "change_tried.html"  # What trying a change gives to the form that asked.
_DECIDED: Final = tuple(state for state in RequestState if state is not RequestState.ASKED)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changes, before and after; each a list of lines."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.before != self.after


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One request in words. `refused` says why this person may not agree, "" when he may."""

    row: RequestRow
    subject: str
    what: str
    sides: tuple[Side, ...]
    refused: str
    mine: bool

    @property
    def ends(self) -> bool:
        """Whether nothing is left of it afterwards."""
        return not any(side.after for side in self.sides)


@require_safe
@page
def change_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    waits = stored.listed((RequestState.ASKED,), limit=SHOWN)
    decided = stored.listed(_DECIDED, limit=SHOWN)
    kinds = [kind for kind in changes.find().values() if may_ask(visit, kind)]
    shown = [shown_request(row, visit) for row in reversed(waits.rows)]
    told = {
        "waits": shown,
        "more": bool(waits.next),
        "decided": [shown_request(row, visit) for row in decided.rows],
        "kinds": sorted(kinds, key=lambda kind: kind.title),
        "headline": headline(shown),
    }
    return show(request, visit, "changes.html", told)


@require_safe
@page
def change(request: HttpRequest, visit: Visit, request_id: UUID) -> HttpResponse:
    return _show(request, visit, request_id)


# What can be done with what somebody asked for, and what is said when it is done.
DEEDS: Final[Mapping[str, tuple[Callable[..., Any], str]]] = {
    "agree": (change_requests.agree, "You agreed."),
    "refuse": (change_requests.refuse, "Refused. Nothing was changed."),
    "withdraw": (change_requests.withdraw, "Taken back. Nothing was changed."),
}


@require_POST
@signed_in
def decide(request: HttpRequest, visit: Visit, request_id: UUID, deed: str) -> HttpResponse:
    """Agree, refuse, or take back one's own."""
    if deed not in DEEDS:
        raise Http404
    work, said = DEEDS[deed]
    made: list[bool | None] = []
    reason = request.POST.get("reason", "")
    result = tried(lambda: made.append(work(visit.acting(), visit.member, request_id, reason)))
    if result.done:
        if deed == "agree":
            said += " The change is made." if made[0] else " One more person has to."
        return then(request, reverse("change", args=[request_id]), said)
    with visit.looking():
        return _show(request, visit, request_id, result.error)


@require_http_methods(["GET", "POST"])
@signed_in
def ask(request: HttpRequest, visit: Visit, kind_name: str) -> HttpResponse:
    """The form of one kind of change; asking shows at once what could not be."""
    kind = changes.find().get(kind_name)
    if kind is None:
        raise Http404
    error = None
    if request.method == "POST":
        made: list[UUID] = []
        result = tried(lambda: made.append(_asked(visit, kind, request.POST)))
        if result.done:
            said = "Asked for. Nothing changes before somebody else agrees."
            return then(request, reverse("change", args=[made[0]]), said)
        error = result.error
    with visit.looking():
        return show_form(request, visit, kind, error)


def show_form(
    request: HttpRequest,
    visit: Visit,
    kind: Kind,
    error: NostroError | None = None,
    trial: DryRun | None = None,
    untried: NostroError | None = None,
) -> HttpResponse:
    """The form as it was filled in, with what came of it; inside a unit of work."""
    sent: Mapping[str, Any] = request.POST if request.method == "POST" else request.GET
    if not sent and kind.as_it_is:
        sent = change_form.as_sent(kind.as_it_is(visit.acting()))
    today = visit.now.date()
    told = {
        "kind": kind,
        "touched": _touched(kind, sent),
        "fields": change_form.fields_of(kind, sent, _colleagues(visit), _entities()),
        "entities": _entities(),
        "refused": "" if may_ask(visit, kind) else "Your roles do not ask for this change.",
        "values": sent,
        "error": error,
        "can_try": kind.dry_run is not None,
        "trial": trial,
        "untried": untried,
        "try_since": sent.get("try_since") or today - timedelta(days=dry_runs.DAYS_USUAL),
        "try_from": today - timedelta(days=dry_runs.DAYS_MAX),
        "today": today,
    }
    failed = error or untried
    status = status_of(failed) if failed else 200
    return show(request, visit, "change_ask.html", told, fragment=FRAGMENT, status=status)


def _touched(kind: Kind, sent: Mapping[str, Any]) -> Page[Touched] | None:
    """The open payments of the payee that the form names already."""
    number = str(sent.get("number", "")).strip()
    if kind.touches is None or not number:
        return None
    return touched_payments.touched(kind.touches, number, str(sent.get("iban", "")).strip())


def headline(waits: list[Shown]) -> str:
    """How many changes wait, and how many of them for this person."""
    if not waits:
        return "No change waits for anybody's agreement."
    mine = sum(not one.refused for one in waits)
    told = f"{words.several(len(waits), 'change waits', 'changes wait')} for agreement"
    return f"{told}, {mine} of them also for yours." if mine else f"{told}, none of them for yours."


def shown_request(row: RequestRow, visit: Visit) -> Shown:
    """A request as people read it."""
    kind = changes.find().get(row.kind)
    return Shown(
        row=row,
        subject=_subject(row),
        what=kind.title if kind else words.phrase(row.kind),
        sides=sides_of(row.before, row.after),
        refused=_why_not(row, visit, kind),
        mine=row.asked_by == visit.member.id,
    )


def sides_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Side, ...]:
    """What stands on either side of a change, part by part; what is empty on both is left out."""
    return tuple(
        Side(
            name=SIDES.get(name, words.phrase(name)),
            before=_said(before, name),
            after=_said(after, name),
        )
        for name in dict.fromkeys([*before, *after])
        if _said(before, name) or _said(after, name)
    )


def _subject(row: RequestRow) -> str:
    """What it is about. The request itself names nobody who is to be forgotten; his profile does,
    as long as there is one."""
    who = ("person", str(row.subject_id))
    return names_of([who]).get(who, row.subject) if who[1] in row.subject else row.subject


def _show(
    request: HttpRequest, visit: Visit, request_id: UUID, error: NostroError | None = None
) -> HttpResponse:
    row = stored.request(request_id)
    if row is None:
        raise Http404
    told = {
        "one": shown_request(row, visit),
        "open": row.state is RequestState.ASKED,
        "able": change_requests.deciders(visit.acting(), row) if row.kind in changes.find() else (),
        "touched": touched_payments.by_request(row) if row.state is RequestState.ASKED else None,
        "missing": row.needed - len(row.agreements),
        "values": request.POST,
        "error": error,
    }
    return show(request, visit, "change.html", told, status=status_of(error) if error else 200)


def _asked(visit: Visit, kind: Kind, sent: QueryDict) -> UUID:
    wish = change_form.wish_of(kind, sent)
    acting = visit.acting()
    secrets, reason = change_form.secrets_of(kind, sent), sent.get("reason", "")
    return change_requests.ask(acting, visit.member, kind.name, wish, reason, secrets)


def _why_not(row: RequestRow, visit: Visit, kind: Kind | None) -> str:
    if kind is None or row.state is not RequestState.ASKED:
        return "Nobody decides on it any more."
    try:
        change_rights.may_agree(visit.member, kind.decides, change_requests.standing(row))
    except Refused as error:
        return error.happened
    return ""


def may_ask(visit: Visit, kind: Kind) -> bool:
    return any(duties.may(visit.member, action) for action in kind.asks)


def _colleagues(visit: Visit) -> list[Choice]:
    found = people.everybody(visit.now)
    addresses = people.emails(UUID(member.id) for member in found)
    return [
        Choice(value=addresses[member.id], word=f"{member.name}, {addresses[member.id]}")
        for member in found
    ]


def _entities() -> list[str]:
    return [row.code for row in parties.entities()]


def _said(side: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = side.get(name)
    if value is None or value == "":
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    listed = value if isinstance(value, list) else [value]
    return tuple(SCOPES.get(str(one), str(one)) for one in listed)
