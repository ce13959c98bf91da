"""The approvals page: what this person may release, what is unusual, and what is held and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.console import words
from nostro.console.cut_off_words import spoken
from nostro.console.looking import Looking, looking_of
from nostro.console.selection import (
    Choice,
    Deciding,
    Selection,
    choices_of,
    deciding,
    digest_of,
    selection,
    selection_of_every,
    sums_of,
)
from nostro.console.visiting import Visit, by_htmx, go, page, show, status_of
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.storage import confidential
from nostro.storage.pages.approvals import chosen, decisions
from nostro.storage.pages.waiting import Reader, WaitingPayments, waiting_payments
from nostro.workflows import approval, hold_desk, stepping_up


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser sent: payments ticked one by one, or `every` one that it looks at."""

    looking: Looking
    choices: Sequence[Choice] = ()
    every: bool = False


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What was just done, or why it was not."""

    kind: str
    happened: str
    more: str = ""


class _ProofNeeded(Exception):
    """These payments, as this digest has them, are approved with a fresh proof only."""


@require_safe
@page
def approvals(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit, Sent(looking=looking_of(request.GET)))


@require_POST
@page
def select(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the chosen payments come to: their sums and the digest that an approval would carry."""
    sent = _sent(request)
    if not by_htmx(request):
        return _show(request, visit, sent)
    found = decisions(_reader(visit), sent.looking.wanted, sent.looking.cursor)
    told = {
        "selection": _selected(visit, sent),
        "deciding": deciding(found, sent.looking, visit.member),
    }
    return show(request, visit, "approvals_selection.html", told)


@require_POST
@page
def approve(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Approve what was chosen; `seen_digest` says exactly what this person saw."""

    def work(sent: Sent) -> Banner:
        ids = [choice.order_id for choice in sent.choices]
        if sent.every:
            ids = _ids_of_every(visit, sent)
        seen = request.POST.get("seen_digest", "")
        try:
            return told_of(approval.approve(visit.acting(), visit.member, ids, seen))
        except Refused as error:
            if error.code != "step_up_needed":
                raise
            raise _ProofNeeded(ids, seen) from error

    try:
        return _decide(request, visit, work)
    except _ProofNeeded as needed:
        asked = stepping_up.open_step_up(visit.acting(), visit.member, *needed.args)
        return go(request, reverse("step_up", args=[asked]))


def told_of(done: approval.Approved) -> Banner:
    """What an approval did, in words."""
    parts = []
    if done.approved:
        parts.append(
            f"{words.several(len(done.approved), 'payment')} approved:"
            " goes to the bank with the next release"
        )
    if done.waiting:
        word = "waits" if len(done.waiting) == 1 else "wait"
        parts.append(f"{words.several(len(done.waiting), 'payment')} {word} for a second person")
    return Banner(kind="ok", happened=f"Your approval is recorded. {words.listed(parts)}.")


@require_POST
@page
def deny(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Refuse what was chosen for good, with a reason."""

    def work(sent: Sent) -> Banner:
        if sent.every:
            raise Invalid(
                "deny_one_by_one",
                "Payments are denied for good, so only those that were ticked one by one.",
                "Nothing was denied.",
                "Take away the tick at “all of them” and tick those that you deny.",
            )
        reason = request.POST.get("reason", "")
        ids = [one.order_id for one in sent.choices]
        moved = approval.deny(visit.acting(), visit.member, ids, reason)
        return Banner(
            kind="ok",
            happened=f"{words.several(len(moved), 'payment')} denied.",
            more="Nothing was sent. The reason stays in the trace.",
        )

    return _decide(request, visit, work)


def _decide(
    request: HttpRequest,
    visit: Visit,
    work: Callable[[Sent], Banner],
) -> HttpResponse:
    """Do it and show the page again; when it is refused, with the selection kept.

    Workflows check before they write, so what they refuse leaves this unit of work unchanged.
    """
    sent = _sent(request)
    try:
        banner = work(sent)
    except (Invalid, Refused) as error:
        return _show(request, visit, sent, error=error)
    after = Looking(look=sent.looking.look, group=sent.looking.group)
    if by_htmx(request):
        return _show(request, visit, Sent(looking=after), banner=banner)
    messages.success(request, " ".join(filter(None, (banner.happened, banner.more))))
    return redirect(reverse("approvals") + after.query())


def _show(
    request: HttpRequest,
    visit: Visit,
    sent: Sent,
    *,
    banner: Banner | None = None,
    error: NostroError | None = None,
) -> HttpResponse:
    looking = sent.looking
    told_of = decisions(_reader(visit), looking.wanted, looking.cursor)
    ticked = {choice.order_id for choice in sent.choices}
    shown = [row.payment.id for row in told_of.waiting]
    plans = hold_desk.plans_of(visit.acting(), shown)
    found = deciding(told_of, looking, visit.member, ticked, plans, visit.now)
    told = {
        "headline": f"{headline(found)} {first_cut_off(found, visit.now)}".strip(),
        "deciding": found,
        "selection": _selected(visit, sent),
        "looking": looking,
        "start": looking.query(),
        "further": looking.query(cursor=found.next),
        "banner": banner,
        "error": error,
        "confidential_waiting": 0 if visit.cleared else confidential.waiting_count(),
    }
    return show(
        request,
        visit,
        "approvals.html",
        told,
        fragment="approvals_board.html",
        status=status_of(error) if error else HTTPStatus.OK,
    )


def headline(found: Deciding) -> str:
    """What waits for this person, in one sentence or two."""
    parts = []
    if found.mine:
        word = "waits" if found.mine == 1 else "wait"
        sums = sums_of(found.my_sums)
        parts.append(f"{words.several(found.mine, 'payment')} {word} for you: {sums}.")
    elif found.others:
        parts.append("Nothing waits for you.")
    if found.others:
        word = "needs" if found.others == 1 else "need"
        parts.append(f"{found.others:,} {word} somebody else.")
    if found.held_count:
        word = "is" if found.held_count == 1 else "are"
        parts.append(
            f"{words.several(found.held_count, 'payment')} {word} held until a person decides."
        )
    return " ".join(parts) or "Nothing waits for approval, and nothing is held."


def first_cut_off(found: Deciding, now: datetime) -> str:
    """How long there is to the first cut-off of what is shown, "" where none is known."""
    left = [one.plan.last - now for one in found.groups if one.left and one.plan and one.plan.last]
    return f"The first cut-off is in {spoken(min(left))}." if left else ""


def _selected(visit: Visit, sent: Sent) -> Selection:
    if sent.every:
        return selection_of_every(_every(visit, sent), sent.looking)
    rows = chosen([choice.order_id for choice in sent.choices], visit.now)
    return selection(rows, sent.choices, digest_of(rows), visit.member)


def _every(visit: Visit, sent: Sent) -> WaitingPayments:
    """All that the filter leaves, as it is now."""
    return waiting_payments(_reader(visit), sent.looking.wanted, limit=1, whole=True)


def _ids_of_every(visit: Visit, sent: Sent) -> list[UUID]:
    found = _every(visit, sent)
    if not selection_of_every(found, sent.looking).count:
        raise Refused(
            "selection_changed",
            "None of the payments shown to you waits for your approval any more.",
            "Nothing was approved.",
            "Look at what waits now.",
        )
    return [UUID(order_id) for order_id in found.digests]


def _sent(request: HttpRequest) -> Sent:
    """Raises Invalid for what no page of ours sends."""
    looking = looking_of(request.POST)
    if "every" in request.POST:
        return Sent(looking=looking, every=True)
    return Sent(looking=looking, choices=choices_of(request.POST.getlist("chosen")))


def _reader(visit: Visit) -> Reader:
    return Reader(member=visit.member, now=visit.now)
