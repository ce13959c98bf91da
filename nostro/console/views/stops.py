"""The stop button: what is stopped, stopping something now, and agreeing to lift a stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nostro.console import rights, words
from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain.errors import Invalid, NostroError
from nostro.domain.freeze import LIFTS_NEEDED, FreezeScope
from nostro.domain.money import total
from nostro.storage.pages import choices, stops
from nostro.storage.pages.choices import Choice
from nostro.storage.pages.stops import StopView
from nostro.storage.rows import StateTotal
from nostro.workflows import freezing

_LISTS: Final = {
    FreezeScope.CONNECTION: choices.banks,
    FreezeScope.ENTITY: choices.entities,
    FreezeScope.ACCOUNT: choices.accounts,
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One stop in force, and why this person may not agree to lift it, "" when he may."""

    stop: StopView
    what: str
    cause: str
    missing: int
    refused: str


@require_safe
@page
def stop_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What is stopped, and choosing what else to stop: scope, then subject, then the reason."""
    return _show(request, visit)


@require_POST
@signed_in
def stop(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Stop it now: when this answers, nothing of it that had not begun to leave will leave."""
    sent = request.POST

    def work() -> None:
        scope, subject = _subject(sent.get("scope", ""), sent.get("subject", ""), visit)
        freezing.freeze(visit.acting(), visit.member, scope, subject, sent.get("reason", ""))

    result = tried(work)
    if result.done:
        said = f"Stopped. Nothing of it leaves until {LIFTS_NEEDED} other people lift it."
        return then(request, reverse("stops"), said)
    with visit.looking():
        return _show(request, visit, error=result.error)


@require_http_methods(["GET", "POST"])
@signed_in
def lift(request: HttpRequest, visit: Visit, stop_id: UUID) -> HttpResponse:
    """One person's agreement to lift a stop; with the second one it is over."""
    over: list[bool] = []

    def work() -> None:
        reason = request.POST.get("reason", "")
        over.append(freezing.lift(visit.acting(), visit.member, stop_id, reason))

    result = tried(work) if request.method == "POST" else None
    if result and result.done:
        said = "You agreed. One more person has to, then payments leave again."
        if over[0]:
            said = "The stop is lifted. What waited behind it is due at once."
        return then(request, reverse("stops"), said)
    with visit.looking():
        error = result.error if result else None
        found = stops.stop_of(stop_id)
        if found is None:
            if error is None:
                raise Http404
            return _show(request, visit, error=error)
        subject = UUID(found.freeze.subject_id)
        told = {
            "one": _shown(found, visit),
            "agreements": stops.agreements(stop_id),
            "needed": LIFTS_NEEDED,
            **_behind(stops.behind(found.freeze.scope, subject)),
            "values": request.POST,
            "error": error,
        }
        return show(request, visit, "stop_lift.html", told, status=_status(error))


def _show(request: HttpRequest, visit: Visit, error: NostroError | None = None) -> HttpResponse:
    asked = request.GET if request.method == "GET" else request.POST
    may = rights.may_freeze(visit.member)
    told = {
        "in_force": [_shown(one, visit) for one in stops.in_force()],
        "lifted": stops.recent(),
        "scopes": list(words.SCOPES.items()),
        "may": may,
        "values": asked,
        "error": error,
        "needed": LIFTS_NEEDED,
        **(_chooser(asked.get("scope", ""), asked.get("subject", ""), asked.get("payee", ""), visit)
           if may else {}),
    }  # fmt: skip
    return show(request, visit, "stops.html", told, status=_status(error))


def _chooser(scope_name: str, subject: str, payee: str, visit: Visit) -> dict[str, Any]:
    """The steps so far: what may be chosen next, and what stopping it would keep back."""
    if scope_name not in set(FreezeScope):
        return {}
    scope = FreezeScope(scope_name)
    told: dict[str, Any] = {"scope": scope, "scope_word": words.SCOPES[scope]}
    found: Sequence[Choice] = ()
    if scope in _LISTS:
        found = _LISTS[scope]()
    elif scope is FreezeScope.PAYEE and payee.strip():
        found = choices.payees(payee.strip()[:100])
    told["choices"] = found
    if scope is FreezeScope.CUSTOMER:
        subject = str(visit.tenant_id)
    if not subject:
        return told
    _, subject_id = _subject(scope_name, subject, visit)
    name = stops.subject_name(scope, subject_id)
    if not name:
        raise Http404
    return {
        **told,
        "subject": subject_id,
        "subject_name": name,
        **_behind(stops.behind(scope, subject_id)),
    }


def _subject(scope: str, subject: str, visit: Visit) -> tuple[FreezeScope, UUID]:
    try:
        chosen = FreezeScope(scope)
        return chosen, visit.tenant_id if chosen is FreezeScope.CUSTOMER else UUID(subject)
    except ValueError as error:
        raise Invalid(
            "stop_subject_missing",
            "What is to be stopped was not chosen.",
            "Nothing was stopped.",
            "Choose a bank, an entity, an account or a payee, or everything.",
            field="subject",
        ) from error


def _behind(rows: Sequence[StateTotal]) -> dict[str, Any]:
    """How many payments wait behind a stop, and what they come to."""
    return {
        "behind": sum(row.count for row in rows),
        "behind_sums": tuple(total(row.total for row in rows).values()),
    }


def _shown(one: StopView, visit: Visit) -> Shown:
    return Shown(
        stop=one,
        what=words.stopped(one.freeze.scope, one.subject),
        cause=words.CAUSES[one.freeze.cause],
        missing=LIFTS_NEEDED - len(one.agreed),
        refused=rights.why_not_lift(visit.member, one.freeze),
    )


def _status(error: NostroError | None) -> int:
    return status_of(error) if error else 200
