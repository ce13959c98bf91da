"""Policies in the open: what counts now and since when, what comes, and every version before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.views.changes import Side, may_ask, sides_of
from nostro.console.visiting import Visit, page, show
from nostro.domain.policy import SaidVersion
from nostro.workflows import policy_book
from nostro.workflows.policy_book import Sheet, Turn

AT_ONCE = 20


class SheetView(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet in words. `ask` is where a change of it is asked for, "" for who may not."""

    sheet: Sheet
    parts: tuple[Side, ...]
    coming: tuple[tuple[SaidVersion, tuple[Side, ...]], ...]
    ask: str


class TurnView(msgspec.Struct, frozen=True, kw_only=True):
    """One version, and what it changed of the one before it."""

    version: SaidVersion
    changed: tuple[Side, ...]
    counts: bool
    waits: bool


@require_safe
@page
def policy_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    acting = visit.acting()
    found = [one for kind in policy_book.kinds() for one in policy_book.sheets(acting, kind)]
    told: dict[str, Any] = {
        "sheets": [_view(one, visit) for one in found],
        "headline": headline(found),
    }
    told["tried"] = {one.kind.name for one in found if one.kind.dry_run}
    return show(request, visit, "policies.html", told)


@require_safe
@page
def policy(request: HttpRequest, visit: Visit, kind_name: str) -> HttpResponse:
    acting, kind = visit.acting(), policy_book.named(kind_name)
    sheet = policy_book.sheet(acting, kind, request.GET.get("of", "")) if kind else None
    if kind is None or sheet is None:
        raise Http404
    cursor = request.GET.get("cursor", "")
    found = policy_book.turns(kind, sheet.subject.id, AT_ONCE, cursor)
    of = {"of": sheet.subject.id} if sheet.subject.id else {}
    examples = policy_book.examples(acting, kind)
    told = {
        "one": _view(sheet, visit),
        "turns": [_turn(turn, sheet, visit) for turn in found.rows],
        "examples": examples,
        "failing": sum(not one.holds for one in examples),
        "can_try": kind.dry_run is not None,
        "older": f"?{urlencode({**of, 'cursor': found.next})}" if found.next else "",
        "newest": f"?{urlencode(of)}" if cursor else "",
    }
    return show(request, visit, "policy.html", told)


def headline(found: Sequence[Sheet]) -> str:
    """How many policies count, and how many of them people have set; and what comes next."""
    set_here = sum(one.counts.number > 0 for one in found)
    told = (
        f"{words.several(len(found), 'policy counts', 'policies count')} for you,"
        f" {set_here} of them set by your own people."
    )
    waits = [version.valid_from for one in found for version in one.coming if version.valid_from]
    return (
        f"{told} The next change counts from {min(waits):%-d %b %Y, %H:%M} UTC." if waits else told
    )


def _view(sheet: Sheet, visit: Visit) -> SheetView:
    parts, before = sides_of({}, sheet.counts.says), sheet.counts
    coming = []
    for version in sheet.coming:
        coming.append((version, _changed(before.says, version.says)))
        before = version
    return SheetView(sheet=sheet, parts=parts, coming=tuple(coming), ask=ask_address(sheet, visit))


def ask_address(sheet: Sheet, visit: Visit) -> str:
    """The form of its change; where that does not begin with what counts, filled in with it."""
    if not may_ask(visit, sheet.kind):
        return ""
    address, kept = reverse("change_ask", args=[sheet.kind.name]), sheet.kind.kept
    if kept is None or kept.begins is None:
        return address
    given = {
        name: "\n".join(map(str, value)) if isinstance(value, list) else value
        for name, value in kept.begins(visit.acting(), sheet.subject).items()
        if value not in ("", None, [])
    }
    return f"{address}?{urlencode(given)}"


def _turn(turn: Turn, sheet: Sheet, visit: Visit) -> TurnView:
    version = turn.version
    return TurnView(
        version=version,
        changed=_changed(turn.before.says if turn.before else {}, version.says),
        counts=version.number == sheet.counts.number,
        waits=bool(version.valid_from and version.valid_from > visit.now),
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Side, ...]:
    return tuple(side for side in sides_of(before, after) if side.changed)
