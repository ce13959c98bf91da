"""How sure the matcher is: what it learnt from, what it is held to, and what came of it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.views.policies import ask_address
from nostro.console.visiting import Visit, page, show
from nostro.domain.duties import ACTIONS_OF
from nostro.domain.party import Action
from nostro.matching.refitting import ClassSaid, Step
from nostro.matching.stages.confidence import WHOLE, lower_bound
from nostro.storage.paging import Page, key_of, page_of
from nostro.workflows import match_refitting, policy_book
from nostro.workflows.match_refitting import HowSure

PAGE: Final = 15
_LIST: Final = "judged_classes"
_POLICY: Final = "match_precision"


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Where the true share of right decisions is, by what was judged; in millionths."""

    least: int
    most: int


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what had been said beside what turned out to be right."""

    step: Step
    below: int
    right: int
    range: Range
    kept: bool


class ClassLine(msgspec.Struct, frozen=True, kw_only=True):
    """One class of evidence; `most` is the amount up to which it counts, "" for whatever one."""

    one: ClassSaid
    range: Range
    most: str


@require_safe
@page
def match_model(request: HttpRequest, visit: Visit) -> HttpResponse:
    acting, kind = visit.acting(), policy_book.named(_POLICY)
    sheet = policy_book.sheet(acting, kind, "") if kind else None
    if kind is None or sheet is None:
        raise Http404
    found, cursor = match_refitting.how_sure(acting), request.GET.get("cursor", "")
    classes = _classes(found, cursor)
    told: dict[str, Any] = {
        "found": found,
        "headline": _headline(found),
        "steps": [_step(one) for one in found.fitted.calibration],
        "classes": [_class(one) for one in classes.rows],
        "posting": sum(one.posts for one in found.classes),
        "sheet": sheet,
        "ask": ask_address(sheet, visit),
        "asks": _roles(*kind.asks),
        "decides": _roles(kind.decides),
        "later": f"?{urlencode({'cursor': classes.next})}" if classes.next else "",
        "first": "?" if cursor else "",
    }
    return show(request, visit, "match_model.html", told)


def _headline(found: HowSure) -> str:
    one = found.fitted
    if not one.version:
        return (
            "Nobody has judged anything yet: only what is proven counts by itself,"
            " and everything else waits for a person."
        )
    return (
        f"Version {one.version} was learnt from {words.several(one.judged, 'decision')},"
        f" {one.right:,} of them right."
    )


def _classes(found: HowSure, cursor: str) -> Page[ClassSaid]:
    """Those that were judged most often come first."""

    def place(one: ClassSaid) -> tuple[int, str]:
        return -one.judged, one.evidence_class

    rows = sorted(found.classes, key=place)
    if cursor:
        after = key_of(_LIST, cursor, lambda judged, name: (-int(judged), name))
        rows = [one for one in rows if place(one) > after]
    return page_of(_LIST, rows[: PAGE + 1], PAGE, lambda one: (str(one.judged), one.evidence_class))


def _step(one: Step) -> StepLine:
    found = _range(one.right, one.judged)
    return StepLine(
        step=one,
        below=min(one.below, WHOLE),
        right=one.right * WHOLE // one.judged,
        range=found,
        kept=one.expected <= found.most,
    )


def _class(one: ClassSaid) -> ClassLine:
    whole, rest = divmod(one.most or 0, 100)
    most = "" if one.most is None else f"{whole:,}.{rest:02}"
    return ClassLine(one=one, range=_range(one.right, one.judged), most=most)


def _range(right: int, judged: int) -> Range:
    """The bounds within which the share lies in 95 of 100 cases."""
    return Range(least=lower_bound(right, judged), most=WHOLE - lower_bound(judged - right, judged))


def _roles(*actions: Action) -> str:
    found = [role for role, may in ACTIONS_OF.items() if any(one in may for one in actions)]
    return words.listed([str(role.value).replace("_", " ") for role in found])
