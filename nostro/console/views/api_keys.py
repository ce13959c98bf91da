"""Keys of programs: who answers for each, what it may, from where, until when; its token once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import words
from nostro.console.acting import then, tried
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.console.words import Status
from nostro.domain import duties
from nostro.domain.errors import NostroError
from nostro.domain.party import Action
from nostro.storage import key_owning
from nostro.storage.key_owning import OwnedKey
from nostro.workflows import key_work

OVERLAP_HOURS: Final = 24


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One key in words, and what this person may do with it now."""

    key: OwnedKey
    standing: Status
    may_draw: bool
    may_rotate: bool
    may_revoke: bool


@require_safe
@page
def key_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit)


@require_POST
@signed_in
def draw(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Show the token of a key that was agreed to, once."""
    return _token(request, visit, lambda: key_work.draw(visit.acting(), visit.member, key_id))


@require_POST
@signed_in
def rotate(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """Make the key that goes on from this one, and show its token once."""

    def work() -> str:
        return key_work.rotate(visit.acting(), visit.member, key_id, OVERLAP_HOURS)[1]

    return _token(request, visit, work)


@require_POST
@signed_in
def revoke(request: HttpRequest, visit: Visit, key_id: UUID) -> HttpResponse:
    """End a key at once."""
    reason = request.POST.get("reason", "")
    result = tried(lambda: key_work.revoke(visit.acting(), visit.member, key_id, reason))
    if result.done:
        return then(request, reverse("api_keys"), "Ended. The key opens nothing any more.")
    with visit.looking():
        return _show(request, visit, result.error)


def _token(request: HttpRequest, visit: Visit, work: Callable[[], str]) -> HttpResponse:
    drawn: list[str] = []
    result = tried(lambda: drawn.append(work()))
    with visit.looking():
        return _show(request, visit, result.error, drawn[0] if drawn else "")


def _show(
    request: HttpRequest, visit: Visit, error: NostroError | None = None, token: str = ""
) -> HttpResponse:
    shown = [_shown(key, visit) for key in key_owning.listed()]
    usable = sum(one.standing.kind in ("ok", "warn") for one in shown)
    asks = (Action.PROPOSE_ACCESS, Action.INTEGRATE)
    told = {
        "keys": shown,
        "headline": f"{words.several(usable, 'key is', 'keys are')} usable."
        " No program's key can approve, or decide on access.",
        "may_ask": any(duties.may(visit.member, action) for action in asks),
        "overlap": OVERLAP_HOURS,
        "token": token,
        "error": error,
    }
    return show(request, visit, "api_keys.html", told, status=status_of(error) if error else 200)


def _shown(key: OwnedKey, visit: Visit) -> Shown:
    mine = str(key.owner_id or "") == visit.member.id
    ended = key.revoked_at is not None or key.expires_at <= visit.now
    own_token = str(key.person_id or "") == visit.member.id
    return Shown(
        key=key,
        standing=_standing(key, visit, ended=ended),
        may_draw=mine and not ended and not key.drawn,
        may_rotate=mine and not ended and key.drawn and key.replaced_by is None,
        may_revoke=not ended
        and (mine or own_token or duties.may(visit.member, Action.PROPOSE_ACCESS)),
    )


def _standing(key: OwnedKey, visit: Visit, *, ended: bool) -> Status:
    if key.revoked_at is not None:
        return Status(kind="mut", icon="circle-x", word="Revoked")
    if ended:
        return Status(kind="mut", icon="timer", word="Ended")
    if not key.drawn:
        return Status(kind="warn", icon="key-round", word="Not drawn yet")
    if key.replaced_by:
        return Status(kind="warn", icon="timer", word="Being replaced")
    days = (key.expires_at - visit.now).days
    if days < 14:
        return Status(kind="warn", icon="clock", word=f"Ends in {words.several(days, 'day')}")
    return Status(kind="ok", icon="circle-check", word="Usable")
