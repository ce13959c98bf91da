"""What people do on the reconcile page: confirm a proposal, refuse it, undo a match."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import rights
from nostro.console.explaining import MatchView, match_view
from nostro.console.views.reconcile import looking_at, show_board
from nostro.console.visiting import Visit, by_htmx, page, show, status_of
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.storage.pages import reconciled
from nostro.workflows import line_deciding, match_undoing

AT_ONCE: Final = 25


@require_POST
@page
def confirm(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The chosen proposal is what the line pays; the next line comes up."""
    looking = looking_at(request.POST)
    try:
        wanted = _id(request, "proposal")
        match_id = line_deciding.confirm_one(visit.acting(), visit.member, wanted)
    except (Invalid, Refused) as error:
        return show_board(request, visit, looking, error=error)
    onward = msgspec.structs.replace(looking, line=request.POST.get("next", ""))
    if by_htmx(request):
        return show_board(request, visit, onward, last=match_id)
    return redirect(reverse("reconcile") + onward.query(last=str(match_id)))


@require_POST
@page
def refuse(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The chosen proposal is wrong; the line stays, with what else is proposed of it."""
    looking = looking_at(request.POST)
    try:
        reason = request.POST.get("reason", "")
        match_undoing.refuse(visit.acting(), visit.member, _id(request, "proposal"), reason)
    except (Invalid, Refused) as error:
        return show_board(request, visit, looking, error=error)
    if by_htmx(request):
        return show_board(request, visit, looking)
    messages.success(request, "The proposal is refused. It is not proposed again for this line.")
    return redirect(reverse("reconcile") + looking.query())


@require_POST
@page
def undo(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A match counts no more; its line is the one to look at."""
    looking = looking_at(request.POST)
    of_list = request.POST.get("from") == "matched"
    try:
        reason = request.POST.get("reason", "")
        line = match_undoing.undo(visit.acting(), visit.member, _id(request, "match"), reason)
    except (Invalid, Refused) as error:
        if of_list:
            return _show_matched(request, visit, looking.cursor, error)
        return show_board(request, visit, looking, error=error)
    back = msgspec.structs.replace(looking, line=str(line))
    if by_htmx(request):
        return show_board(request, visit, back)
    messages.success(request, "The match is undone. Its line waits for a person again.")
    asked = f"?{urlencode({'cursor': looking.cursor})}" if looking.cursor else ""
    if of_list:
        return redirect(reverse("reconcile_matched") + asked)
    return redirect(reverse("reconcile") + back.query())


@require_safe
@page
def matched(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What was matched by itself and by people, to look at and to undo."""
    return _show_matched(request, visit, request.GET.get("cursor", ""))


def _show_matched(
    request: HttpRequest, visit: Visit, cursor: str, error: NostroError | None = None
) -> HttpResponse:
    found = reconciled.matched_lines(limit=AT_ONCE, cursor=cursor)
    rows: list[MatchView] = [match_view(one) for one in found.rows]
    told: dict[str, Any] = {
        "rows": rows,
        "error": error,
        "cursor": cursor,
        "start": bool(cursor),
        "further": f"?{urlencode({'cursor': found.next})}" if found.next else "",
        "may_match": rights.may_match(visit.member),
    }
    status = status_of(error) if error else HTTPStatus.OK
    return show(request, visit, "reconcile_matched.html", told, status=status)


def _id(request: HttpRequest, field: str) -> UUID:
    """What was chosen; of no id or nonsense the workflow says that there is no such thing."""
    try:
        return UUID(request.POST.get(field, ""))
    except ValueError:
        return UUID(int=0)
