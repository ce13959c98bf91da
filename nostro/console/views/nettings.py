"""Payments less credit notes: proposed to their source, given, followed, or dismissed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from nostro.console.acting import then, tried
from nostro.console.views import payees
from nostro.console.visiting import Visit, page, signed_in
from nostro.storage import credit_notes, nettings, parties, payee_listing
from nostro.storage.nettings import NettingRow
from nostro.workflows import credit_notes as notes_work
from nostro.workflows import netting as work

_SAID = {
    "propose": "Proposed. Give its message to whoever owns the source, and say here who has it.",
    "dismiss": "Dismissed: just this is not proposed again.",
    "send": "Noted who has it. The payments stay as they are until their source changes them.",
    "take": "Noted: the credit notes are used up as far as it says.",
}


@require_POST
@signed_in
def decide(request: HttpRequest, visit: Visit, payee_id: UUID, deed: str) -> HttpResponse:
    """Propose what is possible for a payee, or have it not proposed again."""
    if deed not in ("propose", "dismiss"):
        raise Http404
    with visit.looking():
        row = payee_listing.payee(payee_id, visit.now)
    if row is None:
        raise Http404
    digest, reason = request.POST.get("digest", ""), request.POST.get("reason", "")

    def do() -> None:
        if deed == "propose":
            work.propose(visit.acting(), visit.member, row.number, digest)
        else:
            work.dismiss_possible(visit.acting(), visit.member, row.number, digest, reason)

    return _done(request, visit, payee_id, do, _SAID[deed])


@require_POST
@signed_in
def move(request: HttpRequest, visit: Visit, netting_id: UUID, deed: str) -> HttpResponse:
    """Say who has a proposal, that it was followed, or why nobody follows it."""
    if deed not in ("send", "take", "dismiss"):
        raise Http404
    row = _known(visit, netting_id)
    words = request.POST.get("words", "")

    def do() -> None:
        acting, member = visit.acting(), visit.member
        if deed == "send":
            work.send(acting, member, netting_id, words)
        elif deed == "take":
            work.take(acting, member, netting_id)
        else:
            work.dismiss(acting, member, netting_id, words)

    payee_id = _payee_of(visit, row.proposal.payee_number)
    return _done(request, visit, payee_id, do, _SAID[deed])


@require_POST
@signed_in
def withdraw(request: HttpRequest, visit: Visit, note_id: UUID) -> HttpResponse:
    """Say that a credit note counts no more."""
    with visit.looking():
        row = credit_notes.credit_note(note_id)
    if row is None:
        raise Http404
    reason = request.POST.get("reason", "")
    return _done(
        request,
        visit,
        _payee_of(visit, row.payee_number),
        lambda: notes_work.withdraw(visit.acting(), visit.member, note_id, reason),
        "Withdrawn: it is proposed no more.",
    )


@require_safe
@page
def message(request: HttpRequest, visit: Visit, netting_id: UUID) -> HttpResponse:
    """One proposal as text for whoever owns the source."""
    if nettings.netting(netting_id) is None:
        raise Http404
    name, content = work.message(visit.acting(), netting_id)
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _done(
    request: HttpRequest, visit: Visit, payee_id: UUID, deed: Callable[[], None], said: str
) -> HttpResponse:
    result = tried(deed)
    if result.done:
        return then(request, reverse("payee", args=[payee_id]) + "#h-n", said)
    with visit.looking():
        return payees.shown(request, visit, payee_id, result.error)


def _known(visit: Visit, netting_id: UUID) -> NettingRow:
    with visit.looking():
        row = nettings.netting(netting_id)
    if row is None:
        raise Http404
    return row


def _payee_of(visit: Visit, number: str) -> UUID:
    with visit.looking():
        found = parties.payee_named(number)
    if found is None:
        raise Http404
    return found[0]
