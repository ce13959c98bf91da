"""The trace of one payment: where it is, everything that happened, and what happens next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.console import drawing, journey, possible, rights, words
from nostro.console.hold_reasons import reasons
from nostro.console.told_payees import notices
from nostro.console.views.submissions import statements
from nostro.console.visiting import Visit, page, show
from nostro.domain.bank_calendar import Plan
from nostro.domain.case import CaseKind
from nostro.domain.duties import Touched
from nostro.domain.journal import JournalEvent, JournalLine, PostingAction, PostingOwner
from nostro.domain.order import OrderState
from nostro.domain.payment import Route
from nostro.domain.policies import fallback
from nostro.storage import advice_notices, confidential
from nostro.storage.pages import names
from nostro.storage.pages.payments import Standing
from nostro.storage.pages.trace import StoredFile, Trace
from nostro.storage.pages.trace import trace as read
from nostro.workflows import approval_outlook
from nostro.workflows.planning import plan_of
from nostro.workflows.warehousing import said

# Cases about what the banner at the top says anyway.
_SAME_MATTER = (CaseKind.REJECTION, CaseKind.ENQUIRY)
NOTICES_SHOWN = 20


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the evidence and what it is to this payment."""

    stored: StoredFile
    what: str


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """A journal as people read it: what for, which lines, who books it."""

    event_word: str
    reference: str
    lines: tuple[JournalLine, ...]
    who: str


@require_safe
@page
def trace(request: HttpRequest, visit: Visit, order_id: UUID) -> HttpResponse:
    confidential.check_visible(order_id)
    told = read(order_id)
    if told is None:
        raise Http404
    everything = request.GET.get("events") == "all"
    steps = journey.steps(told)
    context = {
        "told": told,
        "payment": told.dossier.payment,
        "place": journey.place(told),
        "stops": drawing.stops(steps, visit.now),
        "route_label": drawing.spoken(steps),
        "everything": everything,
        "story": [
            (line, journey.colour(line.event))
            for line in reversed(told.story)
            if everything or journey.is_key(line.event)
        ],
        "files": files(told),
        "told_here": [case for case in told.cases if case.kind in _SAME_MATTER],
        "told_apart": [case for case in told.cases if case.kind not in _SAME_MATTER],
        "coming": journey.coming(told),
        "plan": planned(order_id, visit.now),
        "payee_name": names.of_payment(order_id),
        "journals": [_journal(row) for row in told.journals],
        "may_take_evidence": rights.may_take_evidence(visit.member, _touched(told)),
        **_instruction(told),
        "notices": notices(advice_notices.about_payment(order_id, limit=NOTICES_SHOWN)),
        "may_send_advice": rights.may_send_advice(
            visit.member, told.dossier.payment.state, _touched(told)
        ),
        **_possible(told, visit),
        **_people(told),
    }
    return show(request, visit, "payment.html", context, fragment="payment_story.html")


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """When the file of a payment leaves, and until when the bank must have it, in words."""

    plan: Plan
    leaves: str
    last: str


def planned(order_id: UUID, now: datetime) -> Planned | None:
    """What becomes of a payment that has not left; None for any other."""
    found = plan_of(world(), order_id)
    if found is None:
        return None
    leaves = "at once" if found.leaves_at <= now else said(found.leaves_at, found.time_zone)
    last = said(found.last, found.time_zone) if found.last else ""
    return Planned(plan=found, leaves=leaves, last=last)


def _touched(told: Trace) -> Touched:
    row = told.dossier.payment
    account_id = str(row.account_id or "")
    return Touched(entity_id=str(row.entity_id), account_id=account_id, amount=row.amount)


def files(told: Trace) -> list[Kept]:
    """What came in and what went out, the oldest first, each file once."""
    found = []
    if told.source:
        what = f"As the ERP sent it; line {told.source.line} of {told.source.line_count}"
        found.append(Kept(stored=told.source.file, what=what))
    for sent in told.sent:
        count = words.several(sent.line_count, "payment")
        how = "Before it was signed and encrypted" if sent.sealed else "As sent to the bank"
        found.append(Kept(stored=sent.file, what=f"{how}, {count}, message {sent.message_id}"))
        if sent.sealed:
            what = f"As sent to the bank, signed and encrypted, message {sent.message_id}"
            found.append(Kept(stored=sent.sealed, what=what))
    for heard in told.heard:
        found.append(Kept(stored=heard, what="The bank's word about it"))
    return found


def _instruction(told: Trace) -> dict[str, Any]:
    attempt = journey.last_attempt(told)
    route: Route | None = told.dossier.route
    standing = Standing(
        attempt=attempt.state if attempt else None,
        reason=attempt.reason if attempt else "",
        rail=route.rail if route else "",
    )
    return {
        "attempt": attempt,
        "status": words.status_of(told.dossier.payment.state, standing),
        "rail": words.rail_word(standing.rail),
        "charges": route.charge_bearer if route else "",
        "route": route,
        "others": fallback.left(route) if route else (),
    }


def _possible(told: Trace, visit: Visit) -> dict[str, Any]:
    """What this person may do now, and what he may state about the payment at its bank."""
    attempt = journey.last_attempt(told)
    state = attempt.state if attempt else None
    may = possible.with_payment(visit.member, told.dossier.payment.state, state)
    kinds = possible.kinds_about_payment(state) if may.state and state else []
    return {
        "may": may,
        "statements": statements(told.stated, visit),
        "kinds": words.evidence_kinds(kinds),
    }


def _people(told: Trace) -> dict[str, Any]:
    digest = told.dossier.payment.approval_digest
    ahead = approval_outlook.of_payment(told.dossier)
    return {
        "approvals": [row for row in told.dossier.approvals if row.voided_at is None],
        "voided": sum(row.voided_at is not None for row in told.dossier.approvals),
        "needed": ahead.needed,
        "digest": " ".join(digest[at : at + 4] for at in range(0, 16, 4)),
        "denied": told.dossier.payment.state is OrderState.DENIED,
        "open_holds": reasons(told.holds),
        "closed_holds": [view for view in told.holds if view.hold.closed_at],
    }


_ACTIONS = {
    PostingAction.POST: "The ERP is asked to post this.",
    PostingAction.CLEAR: "The ERP is asked to clear the open item with this.",
    PostingAction.RESET_AND_REVERSE: "The ERP is asked to reset its clearing and reverse its own"
    " document.",
    PostingAction.NONE: "Not sent: the ERP books this by itself, and we expect exactly this.",
}


def _journal(row: JournalEvent) -> Journal:
    owner = "nostro" if row.owner is PostingOwner.NOSTRO else "the ERP"
    return Journal(
        event_word=row.event.replace("_", " "),
        reference=row.reference,
        lines=row.lines,
        who=f"{_ACTIONS[row.action]} Owner of the posting: {owner}.",
    )
