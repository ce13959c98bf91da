"""Trying a change on past payments before it is asked for: shown beside its form."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_POST

from nostro.console import change_form
from nostro.console.views.changes import show_form
from nostro.console.visiting import Visit, signed_in
from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.workflows import changes, dry_runs
from nostro.workflows.changes import Kind

SINCE: Final = "try_since"


@require_POST
@signed_in
def try_change(request: HttpRequest, visit: Visit, kind_name: str) -> HttpResponse:
    """What the filled in form would have made of past payments. Nothing is stored."""
    kind = changes.find().get(kind_name)
    if kind is None:
        raise Http404
    found: DryRun | None = None
    failed: NostroError | None = None
    with visit.looking():
        try:
            found = _tried(visit, kind, request.POST)
        except (Invalid, Refused) as error:
            failed = error
        return show_form(request, visit, kind, trial=found, untried=failed)


def _tried(visit: Visit, kind: Kind, sent: QueryDict) -> DryRun:
    wish = change_form.wish_of(kind, sent)
    return dry_runs.tried(visit.acting(), kind.name, wish, _day(sent.get(SINCE, "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "since_unfit",
            f"{text[:20]!r} is not a day.",
            "Nothing was tried.",
            "Write it like 2026-11-30.",
            field=SINCE,
        ) from None
