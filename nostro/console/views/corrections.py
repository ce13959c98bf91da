"""Corrected accounts: the old and the new side by side, and a decision on another's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import possible, rights, words
from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain.errors import NostroError
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.money import total
from nostro.domain.payee_change import FROM_PAYMENTS, ChangeState
from nostro.domain.policies.touching import Touch
from nostro.storage.pages import stops
from nostro.storage.pages.stops import StopView
from nostro.storage.payee_change_listing import ChangeStory, changes, story
from nostro.storage.payee_changes import ChangeRow
from nostro.workflows import payee_changing
from nostro.workflows.payee_changing import NewAccount
from nostro.workflows.touched_payments import touched

SHOWN: Final = 50
DECIDED_SHOWN: Final = 20
_ACCOUNT: Final = ("iban", "account", "bank_code", "bic")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the bank details, before and after."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One correction in words; `parts` are what it names, the changed ones first."""

    row: ChangeRow
    what: str
    origin: str
    parts: tuple[Part, ...]
    stops: bool = True

    @property
    def changed(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.changed)

    @property
    def after_iban(self) -> str:
        return _said(self.row.after, "iban")


@require_safe
@page
def correction_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What waits for a decision, payees stopped because money came back, and what was decided."""
    waits = changes((ChangeState.PROPOSED,), limit=SHOWN)
    decided = changes((ChangeState.ACCEPTED, ChangeState.REFUSED), limit=DECIDED_SHOWN)
    stopped = [stop for stop in stops.in_force() if _came_back(stop)]
    told = {
        "waits": [shown_change(row) for row in reversed(waits.rows)],
        "more": bool(waits.next),
        "decided": [shown_change(row) for row in decided.rows],
        "stopped": stopped,
        "headline": headline(len(waits.rows), len(stopped)),
    }
    return show(request, visit, "corrections.html", told)


@require_safe
@page
def correction(request: HttpRequest, visit: Visit, change_id: UUID) -> HttpResponse:
    return _show(request, visit, change_id)


@require_POST
@signed_in
def accept(request: HttpRequest, visit: Visit, change_id: UUID) -> HttpResponse:
    """Give the payee the account that this person has checked."""
    sent = request.POST
    account = NewAccount(iban=sent.get("iban", ""), bic=sent.get("bic", "").strip())

    def work() -> None:
        reason = sent.get("reason", "")
        payee_changing.accept(visit.acting(), visit.member, change_id, account, reason)

    said = "Accepted. The next payment to the new account is held until somebody else looks at it."
    return _decided(request, visit, change_id, work, said)


@require_POST
@signed_in
def refuse(request: HttpRequest, visit: Visit, change_id: UUID) -> HttpResponse:
    """Leave the payee's account as it is."""

    def work() -> None:
        reason = request.POST.get("reason", "")
        payee_changing.refuse(visit.acting(), visit.member, change_id, reason)

    said = "Refused. The payee is paid to the account that it had."
    return _decided(request, visit, change_id, work, said)


def headline(waiting: int, stopped: int) -> str:
    """How many corrections wait, and how many payees are stopped because money came back."""
    if not waiting and not stopped:
        return "No corrected account waits for a decision."
    parts = []
    if waiting:
        told = words.several(waiting, "correction")
        parts.append(f"{told} {'waits' if waiting == 1 else 'wait'} for a decision")
    if stopped:
        told = words.several(stopped, "payee")
        parts.append(f"{told} {'is' if stopped == 1 else 'are'} stopped because money came back")
    said = words.listed(parts)
    return f"{said[:1].upper()}{said[1:]}. What names them waits meanwhile."


def _decided(
    request: HttpRequest, visit: Visit, change_id: UUID, work: Callable[[], None], said: str
) -> HttpResponse:
    result = tried(work)
    if result.done:
        return then(request, reverse("correction", args=[change_id]), said)
    with visit.looking():
        return _show(request, visit, change_id, result.error)


def _show(
    request: HttpRequest, visit: Visit, change_id: UUID, error: NostroError | None = None
) -> HttpResponse:
    found = story(change_id)
    if found is None:
        raise Http404
    row = found.change
    behind = stops.behind(FreezeScope.PAYEE, row.payee_id)
    subject = str(row.payee_id)
    shown = shown_change(row)
    told = {
        "told": found,
        "one": shown,
        "can_decide": possible.can_accept(row.state),
        "refused": rights.why_not_change_account(visit.member, row.proposed_by),
        "suggested": _suggested(found, shown),
        "behind": sum(one.count for one in behind),
        "behind_sums": tuple(total(one.total for one in behind).values()),
        "touched": touched(Touch.ACCOUNT, row.payee_number, shown.after_iban, limit=SHOWN),
        "stops": [
            stop
            for stop in stops.in_force()
            if stop.freeze.scope is FreezeScope.PAYEE and stop.freeze.subject_id == subject
        ],
        "values": request.POST,
        "error": error,
    }
    status = status_of(error) if error else 200
    return show(request, visit, "correction.html", told, status=status)


def shown_change(row: ChangeRow) -> Shown:
    """A correction as people read it."""
    before, after = row.before, row.after
    parts = [
        Part(name=name, before=_said(before, key), after=_said(after, key))
        for key, name in words.DETAILS.items()
        if _said(before, key) or _said(after, key)
    ]
    corrected = words.CORRECTED.get(row.code, "")
    return Shown(
        row=row,
        what=f"Corrected {corrected}" if corrected else "Corrected bank details",
        origin=words.ORIGINS.get(row.origin, words.phrase(row.origin)),
        parts=tuple(sorted(parts, key=lambda part: not part.changed)),
        stops=row.origin != FROM_PAYMENTS,
    )


def _suggested(found: ChangeStory, shown: Shown) -> str:
    """The IBAN to begin with: the proposed one, or today's where the account itself stays."""
    after = _said(found.change.after, "iban")
    if after != _said(found.change.before, "iban"):
        return after
    account = {words.DETAILS[key] for key in _ACCOUNT}
    stays = not any(part.name in account for part in shown.changed)
    return found.account.iban if stays and found.account else ""


def _said(details: Mapping[str, Any], key: str) -> str:
    return str(details.get(key) or "")


def _came_back(stop: StopView) -> bool:
    return stop.freeze.scope is FreezeScope.PAYEE and stop.freeze.cause is FreezeCause.RETURN
