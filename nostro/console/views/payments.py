"""The payments page: what is stuck, and every payment by state, name, number or reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nostro.console import words
from nostro.console.visiting import Visit, page, show
from nostro.console.words import ATTEMPT, ORDER, Status
from nostro.domain.attempt import AttemptState
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.storage.listing import payment_totals, payments, payments_of
from nostro.storage.pages.payments import (
    order_of_uetr,
    standings,
    unknown_count,
    unknown_outcomes,
)
from nostro.storage.paging import Page
from nostro.storage.rows import PaymentRow, StateTotal

PAGE_SIZE: Final = 25
UNKNOWN: Final = "unknown"  # Not a state of a payment: its attempt's outcome is unknown.
_S = OrderState
_STUCK = (_S.HELD, _S.EXPIRED, _S.FAILED)
_BACK = (_S.REJECTED, _S.RETURNED, _S.PARTIALLY_RETURNED)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One tile of the way a payment takes: the states in it, how many are there, and their sums."""

    word: str
    icon: str
    states: str
    count: int
    sums: tuple[Money, ...]
    current: bool
    alarm: bool = False


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    word: str
    icon: str
    count: int
    current: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the payment, how it stands in a word, and by which rail it goes."""

    payment: PaymentRow
    status: Status
    rail: str


_STAGES = (
    ("Needs a person", "triangle-alert", (*_STUCK, *_BACK)),
    ("In approval", "users", (_S.DRAFT, _S.VALIDATED, _S.AWAITING_APPROVAL)),
    ("Ready to send", "calendar", (_S.APPROVED, _S.SCHEDULED)),
    ("At the bank", "send", (_S.IN_FLIGHT, _S.EXECUTED)),
    ("Settled", "check-check", (_S.SETTLED,)),
)


@require_safe
@page
def payment_list(request: HttpRequest, visit: Visit) -> HttpResponse:
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()
    totals, unknown = payment_totals(), unknown_count()
    found = _found(state, q, request.GET.get("cursor", ""))
    told = {
        "title": _title(state),
        "headline": headline(totals, unknown),
        "stages": stages(totals, state),
        "chips": chips(totals, unknown, state),
        "lines": lines(found.rows),
        "state": state,
        "q": q,
        "oldest_of": unknown if state == UNKNOWN and unknown > len(found.rows) else 0,
        "whole": sum(row.count for row in totals),
        "later": bool(request.GET.get("cursor")),
        "start": _query(state, q),
        "older": _query(state, q, found.next) if found.next else "",
    }
    return show(request, visit, "payments.html", told, fragment="payments_found.html")


def headline(totals: Sequence[StateTotal], unknown: int) -> str:
    """What is stuck, in one sentence or two."""
    counts = {row.state: 0 for row in totals}
    for row in totals:
        counts[row.state] += row.count
    whole = sum(counts.values())
    if not whole:
        return "No payment has come in yet."
    parts = []
    if unknown:
        verb = "waits" if unknown == 1 else "wait"
        parts.append(f"{unknown} {verb} for the bank's answer")
    if held := counts.get(_S.HELD, 0):
        parts.append(f"{held} {'is' if held == 1 else 'are'} held until a person looks")
    for state, word in ((_S.EXPIRED, "expired"), (_S.FAILED, "did not reach the bank")):
        if counts.get(state):
            parts.append(f"{counts[state]} {word}")
    stuck = unknown + sum(counts.get(state, 0) for state in _STUCK)
    first = f"{words.several(stuck, 'payment')} {'is' if stuck == 1 else 'are'} stuck"
    told = f"{first}: {words.listed(parts)}." if stuck else "No payment is stuck."
    if back := sum(counts.get(state, 0) for state in _BACK):
        told += f" {back} came back from the bank."
    return f"{told} {whole - stuck - back:,} of {whole:,} went or go as planned."


def stages(totals: Sequence[StateTotal], chosen: str) -> list[Stage]:
    found = []
    for word, icon, states in _STAGES:
        inside = [row for row in totals if row.state in states]
        count = sum(row.count for row in inside)
        text = ",".join(states)
        found.append(
            Stage(
                word=word,
                icon=icon,
                states=text,
                count=count,
                sums=tuple(total(row.total for row in inside).values()),
                current=chosen == text,
                alarm=bool(count) and states == _STAGES[0][2],
            )
        )
    return found


def chips(totals: Sequence[StateTotal], unknown: int, chosen: str) -> list[Chip]:
    """Every state that a payment is in, with how many are."""
    counts: dict[OrderState, int] = {}
    for row in totals:
        counts[row.state] = counts.get(row.state, 0) + row.count
    found = [
        Chip(
            state=state.value,
            word=ORDER[state].word,
            icon=ORDER[state].icon,
            count=counts[state],
            current=chosen == state.value,
        )
        for state in OrderState
        if state in counts
    ]
    if unknown:
        found.insert(
            0,
            Chip(
                state=UNKNOWN,
                word=ATTEMPT[AttemptState.UNKNOWN].word,
                icon=ATTEMPT[AttemptState.UNKNOWN].icon,
                count=unknown,
                current=chosen == UNKNOWN,
            ),
        )
    return found


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


def _title(state: str) -> str:
    if state == UNKNOWN:
        return ATTEMPT[AttemptState.UNKNOWN].word
    named = {",".join(states): word for word, _, states in _STAGES}
    if state in named:
        return named[state]
    return ORDER[OrderState(state)].word if state in set(OrderState) else "All payments"


def newest_first(rows: Sequence[PaymentRow]) -> list[PaymentRow]:
    return sorted(rows, key=_since, reverse=True)


def _since(row: PaymentRow) -> datetime:
    return row.state_since


def _found(state: str, q: str, cursor: str) -> Page[PaymentRow]:
    if state == UNKNOWN:
        return Page(rows=tuple(newest_first(payments_of(unknown_outcomes()))))
    if uetr := _uetr(q):
        order_id = order_of_uetr(uetr)
        return Page(rows=payments_of([order_id] if order_id else []))
    return payments(state=state, q=q, limit=PAGE_SIZE, cursor=cursor)


def _uetr(q: str) -> UUID | None:
    try:
        return UUID(q)
    except ValueError:
        return None


def _query(state: str, q: str, cursor: str = "") -> str:
    asked = {"state": state, "q": q, "cursor": cursor}
    return "?" + urlencode({name: value for name, value in asked.items() if value})
