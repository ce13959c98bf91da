"""The payments page: what is stuck, and every payment by whatever a person knows about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.app import world
from nostro.console import funnel, rights, words
from nostro.console.filtering import NAMES, Asked, asked_of
from nostro.console.visiting import Visit, page, show
from nostro.console.words import Status
from nostro.domain.errors import Invalid
from nostro.domain.money import total
from nostro.storage import confidential, payment_search, saved_views
from nostro.storage.pages import choices
from nostro.storage.pages.payments import standings
from nostro.storage.payment_search import Wanted
from nostro.storage.rows import PaymentRow, StateTotal
from nostro.storage.saved_views import SavedRow
from nostro.workflows import saved_filters

PAGE_SIZE: Final = 25


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the payment, how it stands in a word, and by which rail it goes."""

    payment: PaymentRow
    status: Status
    rail: str


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """One filter in force: what it says, and the list without it."""

    word: str
    without: str


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    row: SavedRow
    href: str
    current: bool


@require_safe
@page
def payment_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    asked = asked_of(request.GET)
    cursor = request.GET.get("cursor", "")
    wanted = payment_search.looked_up(asked.wanted)
    everything = payment_search.funnel(_in_any_state(wanted))
    lost = payment_search.funnel(_lost(wanted))
    found = payment_search.payments(wanted, limit=PAGE_SIZE, cursor=cursor)
    unknown = sum(row.count for row in lost)
    counts = funnel.counted(everything)
    told = {
        "title": funnel.title(asked),
        "headline": funnel.headline(everything, unknown, bool(asked.values)),
        "stages": funnel.stages(everything, asked),
        "chips": funnel.chips(everything, unknown, asked),
        "whole": sum(counts.values()),
        "lines": lines(found.rows),
        "asked": asked,
        "values": asked.values,
        "any_state": asked.query(state=""),
        **_listed(lost if asked.wanted.outcome_unknown else everything, asked),
        "later": bool(cursor),
        "start": asked.query(),
        "older": asked.query(cursor=found.next) if found.next else "",
        "may_take_back": rights.may_cancel(visit.member),
        "confidential": confidential.totals(world().clock.now()),
        **_drawer(asked, visit),
    }
    return show(request, visit, "payments.html", told, fragment="payments_found.html")


@require_POST
@page
def save_view(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Keep the list as it is under a name, for oneself or for everybody."""
    query = _clean(request.POST.get("query", ""))
    shared = bool(request.POST.get("shared"))
    name = request.POST.get("name", "")
    try:
        saved_filters.keep(visit.acting(), visit.member, name, query, shared=shared)
    except Invalid as error:
        messages.warning(request, f"{error.happened} {error.can_do}")
    else:
        messages.success(request, f"Saved as “{name.strip()}”{' for everybody' * shared}.")
    return redirect(f"{reverse('payments')}?{query}")


@require_POST
@page
def forget_view(request: HttpRequest, visit: Visit, view_id: UUID) -> HttpResponse:
    gone = saved_filters.forget(visit.acting(), visit.member, view_id)
    messages.success(request, f"The filter “{gone.name}” is forgotten.")
    return redirect("payments")


def lines(rows: Sequence[PaymentRow]) -> list[Line]:
    standing = standings([row.id for row in rows])
    return [
        Line(
            payment=row,
            status=words.status_of(row.state, standing[row.id]),
            rail=words.rail_word(standing[row.id].rail),
        )
        for row in rows
    ]


def _in_any_state(wanted: Wanted) -> Wanted:
    return msgspec.structs.replace(wanted, state="", outcome_unknown=False)


def _lost(wanted: Wanted) -> Wanted:
    return msgspec.structs.replace(wanted, state="", outcome_unknown=True)


def _listed(rows: Sequence[StateTotal], asked: Asked) -> dict[str, Any]:
    """How many payments all pages of this list have, and what they come to by currency."""
    inside = [row for row in rows if not asked.states or row.state in asked.states]
    return {
        "count": sum(row.count for row in inside),
        "sums": tuple(total(row.total for row in inside).values()),
    }


def _drawer(asked: Asked, visit: Visit) -> dict[str, Any]:
    """What stands in the drawer of filters: what may be chosen, and what was kept."""
    lists = {
        "accounts": choices.accounts(),
        "banks": choices.banks(),
        "runs": choices.runs(asked.wanted.run),
    }
    own = asked.query().lstrip("?")
    kept = saved_views.seen_by(saved_views.PAYMENTS, visit.member.id)
    return {
        **lists,
        "saved": [
            Saved(row=row, href=f"?{row.query}", current=row.query == own and bool(own))
            for row in kept
        ],
        "own_query": own,
        "may_share": rights.may_change(visit.member),
        "narrowings": _narrowings(asked, lists),
    }


def _narrowings(asked: Asked, lists: dict[str, list[choices.Choice]]) -> list[Narrowing]:
    """Every filter but the state, which has its own chips, as a chip that takes it away."""
    names = {str(one.id): one.name for listed in lists.values() for one in listed}
    found = []
    for name, told in asked.values.items():
        if name == "state":
            continue
        value = "" if name == "case" else names.get(told, told)
        word = f"{words.FILTERS[name]} {value}".strip()
        found.append(Narrowing(word=word, without=asked.query(**{name: ""})))
    return found


def _clean(query: str) -> str:
    """Only filters of ours, in our order: a saved address never leads anywhere else."""
    told = dict(parse_qsl(query))
    return urlencode({name: told[name] for name in NAMES if told.get(name)})
