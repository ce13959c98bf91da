"""Taking payments back and holding them: look first, then what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from nostro.console import possible, words
from nostro.console.acting import chosen_ids, then, tried
from nostro.console.views.payments import Line, lines
from nostro.console.visiting import Visit, show, signed_in, status_of
from nostro.console.words import Status
from nostro.domain.errors import Invalid
from nostro.domain.money import total
from nostro.domain.policies.recall import CancelPurpose, RecallReason
from nostro.storage.listing import payments_of
from nostro.storage.pages.payments import standings
from nostro.workflows import cancelling, holding
from nostro.workflows.cancelling import TakenBack, Wish

_FREE = Status(kind="ok", icon="circle-check", word="Cancelled at once")
_ASKED = Status(kind="warn", icon="undo-2", word="Bank is asked for it")
_NOTHING = Status(kind="mut", icon="minus", word="Nothing to take back")
_HELD = Status(kind="warn", icon="pause", word="Held")
_TOO_LATE = Status(kind="mut", icon="minus", word="Too late to hold")


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """One payment and what becomes, or became, of it."""

    line: Line
    status: Status
    why: str = ""
    case_id: UUID | None = None


@require_POST
@signed_in
def take_back(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what would become of each payment; with `confirmed`, do it and show what did."""
    ids = chosen_ids(request.POST.getlist("chosen"))
    if "confirmed" not in request.POST:
        return _look(request, visit, ids)
    done: list[TakenBack] = []

    def work() -> None:
        done.append(cancelling.take_back(visit.acting(), visit.member, ids, _wish(request)))

    result = tried(work)
    if result.error:
        return _look(request, visit, ids, error=result.error)
    with visit.looking():
        told = {"fates": _fates_after(ids, done[0]), "done": done[0], "of": len(ids)}
        return show(request, visit, "taken_back.html", told)


@require_POST
@signed_in
def hold(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what would be held; with `confirmed`, hold it: all or none."""
    ids = chosen_ids(request.POST.getlist("chosen"))
    if "confirmed" not in request.POST:
        return _look_at_hold(request, visit, ids)
    with visit.looking():
        wanted = [row.id for row in payments_of(ids) if possible.is_holdable(row.state)]
    reason = request.POST.get("reason", "")
    result = tried(lambda: holding.place_hold(visit.acting(), visit.member, wanted, reason))
    if result.error:
        return _look_at_hold(request, visit, ids, error=result.error)
    said = f"{words.several(len(wanted), 'payment')} held. Earlier approvals are void."
    return then(request, f"{reverse('payments')}?state=held", said)


def _look(
    request: HttpRequest, visit: Visit, ids: Sequence[UUID], error: Any = None
) -> HttpResponse:
    with visit.looking():
        fates = _fates_before(ids)
        told = {
            "fates": fates,
            "ids": ids,
            "free": _of(fates, _FREE),
            "asked": _of(fates, _ASKED),
            "nothing": _of(fates, _NOTHING),
            "sums": _sums(fate for fate in fates if fate.status is not _NOTHING),
            "reasons": words.RECALL_REASONS,
            "values": request.POST,
            "error": error,
        }
        return show(
            request, visit, "take_back.html", told, status=status_of(error) if error else 200
        )


def _look_at_hold(
    request: HttpRequest, visit: Visit, ids: Sequence[UUID], error: Any = None
) -> HttpResponse:
    with visit.looking():
        fates = [
            Fate(line=line, status=_HELD if possible.is_holdable(line.payment.state) else _TOO_LATE)
            for line in lines(payments_of(ids))
        ]
        told = {
            "fates": fates,
            "ids": ids,
            "held": _of(fates, _HELD),
            "late": _of(fates, _TOO_LATE),
            "sums": _sums(fate for fate in fates if fate.status is _HELD),
            "values": request.POST,
            "error": error,
        }
        return show(
            request, visit, "place_hold.html", told, status=status_of(error) if error else 200
        )


def _fates_before(ids: Sequence[UUID]) -> list[Fate]:
    rows = payments_of(ids)
    standing = standings([row.id for row in rows])
    found = []
    for line in lines(rows):
        state, attempt = line.payment.state, standing[line.payment.id].attempt
        status = _NOTHING
        if possible.is_free(state):
            status = _FREE
        elif possible.is_recallable(state, attempt):
            status = _ASKED
        found.append(Fate(line=line, status=status))
    return found


def _fates_after(ids: Sequence[UUID], done: TakenBack) -> list[Fate]:
    why_not = {row.order_id: row.sentence for row in done.not_taken}
    found = []
    for line in lines(payments_of(ids)):
        key = line.payment.id
        status = _NOTHING
        if key in done.cancelled:
            status = Status(kind="ok", icon="circle-check", word="Cancelled")
        elif key in done.recalled:
            status = _ASKED
        found.append(
            Fate(line=line, status=status, why=why_not.get(key, ""), case_id=done.recalled.get(key))
        )
    return found


def _of(fates: Sequence[Fate], status: Status) -> int:
    return sum(fate.status is status for fate in fates)


def _sums(fates: Any) -> tuple[Any, ...]:
    return tuple(total(fate.line.payment.amount for fate in fates).values())


def _wish(request: HttpRequest) -> Wish:
    try:
        reason = RecallReason(request.POST.get("reason", ""))
        purpose = CancelPurpose(request.POST.get("purpose", CancelPurpose.STOP))
    except ValueError as error:
        raise Invalid(
            "recall_reason_missing",
            "No reason was chosen.",
            "Nothing was cancelled.",
            "Choose why the payments are taken back; banks ask for it.",
            field="reason",
        ) from error
    return Wish(reason=reason, purpose=purpose, text=_text(request))


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "")
