"""Today: how much cash there is, how sure that is, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nostro.app import world
from nostro.console import rights, words
from nostro.console.freshness import freshness
from nostro.console.position import booked_of, table
from nostro.console.views.corrections import shown_change
from nostro.console.visiting import Visit, page, show
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.storage.pages import today as reading
from nostro.storage.pages.today import BankLines, StatedAbout, Today
from nostro.storage.rows import StateTotal


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits for a person: how many, what, and where to act."""

    kind: str
    count: int
    title: str
    note: str
    href: str


class ToConfirm(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody states that the bank said, in words; `refused` says why this person cannot be
    the second one, "" when he can."""

    told: StatedAbout
    says: str
    refused: str


class InState(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments stand in one state, and their sums by currency."""

    state: OrderState
    count: int
    sums: tuple[Money, ...]


@require_safe
@page
def today(request: HttpRequest, visit: Visit) -> HttpResponse:
    calendar = world().calendar
    found = reading.today(visit.now.date())
    waits = waiting(found)
    fresh = freshness(calendar, found.cash, visit.now)
    context = {
        "today": found,
        "waiting": waits,
        "headline": headline(found, waits),
        "first_name": visit.member.name.split()[0],
        "part": part_of_day(visit.now.hour),
        "fresh": fresh,
        "fresh_word": f"{fresh.shares[0]}% as of the last bank day",
        "booked": list(total(booked_of(found.cash.accounts)).values()),
        "equivalent": found.cash.equivalent(booked_of(found.cash.accounts)),
        "states": states(found.totals),
        "to_confirm": [_to_confirm(one, visit) for one in found.stated],
        "corrections": [shown_change(row) for row in found.changes],
        "table": table(found.cash, "entity", calendar, visit.now),
    }
    return show(request, visit, "today.html", context)


def part_of_day(hour: int) -> str:
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def states(totals: Sequence[StateTotal]) -> list[InState]:
    """The states that payments stand in, in the order of a payment's life."""
    found = []
    for state in OrderState:
        rows = _in(totals, state)
        if rows:
            sums = tuple(total(row.total for row in rows).values())
            found.append(InState(state=state, count=_count(rows), sums=sums))
    return found


def waiting(found: Today) -> list[Waiting]:
    """What a person must do, the most pressing first; what is empty is left out."""
    rows = (
        *_payments_waiting(found),
        *_second_person_waiting(found),
        Waiting(
            kind="bad",
            count=len(found.cases),
            title="Open cases",
            note=found.cases[0].sentence if found.cases else "",
            href=reverse("cases"),
        ),
        Waiting(
            kind="mut",
            count=found.lines.open + found.lines.suggested,
            title="Bank lines to match",
            note=_lines_note(found.lines),
            href=reverse("statements"),
        ),
    )
    return [row for row in rows if row.count]


def _payments_waiting(found: Today) -> tuple[Waiting, ...]:
    payments, approvals = reverse("payments"), reverse("approvals")
    held = _in(found.totals, OrderState.HELD)
    to_approve = _in(found.totals, OrderState.AWAITING_APPROVAL)
    return (
        Waiting(
            kind="warn",
            count=found.unknown,
            title="Outcome unknown",
            note="The bank was asked. Never sent again meanwhile.",
            href=f"{payments}?state=unknown",
        ),
        Waiting(
            kind="info",
            count=_count(to_approve),
            title="To approve",
            note=_sums(to_approve),
            href=approvals,
        ),
        Waiting(
            kind="warn",
            count=_count(held),
            title="Held until a person looks",
            note=_sums(held),
            href=approvals,
        ),
    )


def _second_person_waiting(found: Today) -> tuple[Waiting, ...]:
    names = dict.fromkeys(one.row.stated_by_name for one in found.stated)
    payees = dict.fromkeys(row.payee_name for row in found.changes)
    return (
        Waiting(
            kind="warn",
            count=len(found.stated),
            title="Bank's word to confirm",
            note=f"Written down by {words.listed(list(names))}; counts with a second person.",
            href="#second",
        ),
        Waiting(
            kind="warn",
            count=len(found.changes),
            title="Corrected accounts",
            note=f"{words.listed(list(payees))}: not paid until decided.",
            href=reverse("corrections"),
        ),
    )


def _to_confirm(one: StatedAbout, visit: Visit) -> ToConfirm:
    return ToConfirm(
        told=one,
        says=words.EVIDENCE_KINDS[one.row.stated.kind],
        refused=rights.why_not_confirm(visit.member, one.row.stated),
    )


def headline(found: Today, waits: Sequence[Waiting]) -> str:
    """The page's question in one sentence: how much, how sure, what needs somebody."""
    told = [one for one in found.cash.accounts if one.booked]
    if not told:
        return "No statement has come in yet, so there is no cash figure to show."
    sums = words.listed([words.money(amount) for amount in total(booked_of(told)).values()])
    where = f"{sums} on {words.several(len(told), 'account')}"
    if not waits:
        return f"{where}. Nothing waits for a person."
    count = sum(row.count for row in waits)
    return f"{where}. {words.several(count, 'thing waits', 'things wait')} for a person."


def _lines_note(lines: BankLines) -> str:
    explained = f"{lines.total - lines.open - lines.suggested:,} of {lines.total:,} explained"
    return f"{explained}, {lines.suggested:,} suggested" if lines.suggested else explained


def _in(totals: Sequence[StateTotal], state: OrderState) -> list[StateTotal]:
    return [row for row in totals if row.state == state]


def _count(rows: Sequence[StateTotal]) -> int:
    return sum(row.count for row in rows)


def _sums(rows: Sequence[StateTotal]) -> str:
    sums: Sequence[Money] = list(total(row.total for row in rows).values())
    return words.listed([words.money(amount) for amount in sums])
