"""The approvals page: what this person may release, what is unusual, and what is held and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from nostro.console import words
from nostro.console.selection import (
    Choice,
    Deciding,
    Selection,
    choices_of,
    deciding,
    digest_of,
    selection,
    sums_of,
)
from nostro.console.visiting import Visit, by_htmx, page, show, status_of
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.storage.pages.approvals import chosen, decisions
from nostro.workflows import approval


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What was just done, or why it was not."""

    kind: str
    happened: str
    more: str = ""


@require_safe
@page
def approvals(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _show(request, visit, [])


@require_POST
@page
def select(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the chosen payments come to: their sums and the digest that an approval would carry."""
    choices = choices_of(request.POST.getlist("chosen"))
    if not by_htmx(request):
        return _show(request, visit, choices)
    told = {"selection": _selected(visit, choices), "deciding": deciding(decisions(), visit.member)}
    return show(request, visit, "approvals_selection.html", told)


@require_POST
@page
def approve(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Approve what was chosen; `seen_digest` says exactly what this person saw."""

    def work(choices: Sequence[Choice]) -> Banner:
        ids = [choice.order_id for choice in choices]
        done = approval.approve(
            visit.acting(), visit.member, ids, request.POST.get("seen_digest", "")
        )
        parts = []
        if done.approved:
            parts.append(
                f"{words.several(len(done.approved), 'payment')} approved:"
                " goes to the bank with the next release"
            )
        if done.waiting:
            word = "waits" if len(done.waiting) == 1 else "wait"
            parts.append(
                f"{words.several(len(done.waiting), 'payment')} {word} for a second person"
            )
        return Banner(kind="ok", happened=f"Your approval is recorded. {words.listed(parts)}.")

    return _decide(request, visit, work)


@require_POST
@page
def deny(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Refuse what was chosen for good, with a reason."""

    def work(choices: Sequence[Choice]) -> Banner:
        reason = request.POST.get("reason", "")
        moved = approval.deny(
            visit.acting(), visit.member, [one.order_id for one in choices], reason
        )
        return Banner(
            kind="ok",
            happened=f"{words.several(len(moved), 'payment')} denied.",
            more="Nothing was sent. The reason stays in the trace.",
        )

    return _decide(request, visit, work)


@require_POST
@page
def release(request: HttpRequest, visit: Visit, payment_id: UUID) -> HttpResponse:
    """Let one held payment go on to approval, with a reason."""

    def work(_: Sequence[Choice]) -> Banner:
        approval.release_hold(
            visit.acting(), visit.member, payment_id, request.POST.get("reason", "")
        )
        return Banner(
            kind="ok",
            happened="The hold is released. The payment now waits for two approvals.",
            more="Your reason stays in its trace.",
        )

    return _decide(request, visit, work)


def _decide(
    request: HttpRequest,
    visit: Visit,
    work: Callable[[Sequence[Choice]], Banner],
) -> HttpResponse:
    """Do it and show the page again; when it is refused, with the selection kept.

    Workflows check before they write, so what they refuse leaves this unit of work unchanged.
    """
    choices = choices_of(request.POST.getlist("chosen"))
    try:
        banner = work(choices)
    except (Invalid, Refused) as error:
        return _show(request, visit, choices, error=error)
    if by_htmx(request):
        return _show(request, visit, [], banner=banner)
    messages.success(request, " ".join(filter(None, (banner.happened, banner.more))))
    return redirect("approvals")


def _show(
    request: HttpRequest,
    visit: Visit,
    choices: Sequence[Choice],
    *,
    banner: Banner | None = None,
    error: NostroError | None = None,
) -> HttpResponse:
    found = deciding(decisions(), visit.member, {choice.order_id for choice in choices})
    told = {
        "headline": headline(found),
        "deciding": found,
        "selection": _selected(visit, choices),
        "banner": banner,
        "error": error,
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
        parts.append(f"{found.others} {word} somebody else.")
    if found.held:
        word = "is" if len(found.held) == 1 else "are"
        parts.append(
            f"{words.several(len(found.held), 'payment')} {word} held until a person decides."
        )
    return " ".join(parts) or "Nothing waits for approval, and nothing is held."


def _selected(visit: Visit, choices: Sequence[Choice]) -> Selection:
    rows = chosen([choice.order_id for choice in choices])
    return selection(rows, choices, digest_of(rows), visit.member)
