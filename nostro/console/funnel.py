"""The way payments take, as tiles and chips: how many stand where, and what is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from nostro.console import words
from nostro.console.filtering import UNKNOWN, Asked
from nostro.console.words import ATTEMPT, ORDER
from nostro.domain.attempt import AttemptState
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.storage.rows import StateTotal

_S = OrderState
_STUCK = (_S.HELD, _S.EXPIRED, _S.FAILED)
_BACK = (_S.REJECTED, _S.RETURNED, _S.PARTIALLY_RETURNED)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One tile of the way a payment takes: how many are there, their sums, and their list."""

    word: str
    icon: str
    count: int
    sums: tuple[Money, ...]
    current: bool
    href: str
    alarm: bool = False


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    word: str
    icon: str
    count: int
    current: bool
    href: str


STAGES: Final = (
    ("Needs a person", "triangle-alert", (*_STUCK, *_BACK)),
    ("In approval", "users", (_S.DRAFT, _S.VALIDATED, _S.AWAITING_APPROVAL)),
    ("Ready to send", "calendar", (_S.APPROVED, _S.SCHEDULED)),
    ("At the bank", "send", (_S.IN_FLIGHT, _S.EXECUTED)),
    ("Settled", "check-check", (_S.SETTLED,)),
    ("Ended unpaid", "minus", (_S.CANCELLED, _S.DENIED, _S.INVALID, _S.RECALLED)),
)


def headline(totals: Sequence[StateTotal], unknown: int, narrowed: bool = False) -> str:
    """What is stuck, in one sentence or two."""
    counts = counted(totals)
    whole = sum(counts.values())
    if not whole:
        return "No payment is like that." if narrowed else "No payment has come in yet."
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


def counted(totals: Sequence[StateTotal]) -> dict[OrderState, int]:
    """How many payments are in each state."""
    counts: dict[OrderState, int] = {}
    for row in totals:
        counts[row.state] = counts.get(row.state, 0) + row.count
    return counts


def stages(totals: Sequence[StateTotal], asked: Asked) -> list[Stage]:
    found = []
    for word, icon, states in STAGES:
        inside = [row for row in totals if row.state in states]
        count = sum(row.count for row in inside)
        found.append(
            Stage(
                word=word,
                icon=icon,
                count=count,
                sums=tuple(total(row.total for row in inside).values()),
                current=asked.states == states,
                href=asked.query(state=",".join(states)),
                alarm=bool(count) and states == STAGES[0][2],
            )
        )
    return found


def chips(totals: Sequence[StateTotal], unknown: int, asked: Asked) -> list[Chip]:
    """Every state that a payment is in, with how many are."""
    counts = counted(totals)
    chosen = asked.values.get("state", "")
    found = [
        Chip(
            state=state.value,
            word=ORDER[state].word,
            icon=ORDER[state].icon,
            count=counts[state],
            current=chosen == state.value,
            href=asked.query(state=state.value),
        )
        for state in OrderState
        if state in counts
    ]
    if unknown or chosen == UNKNOWN:
        lost = ATTEMPT[AttemptState.UNKNOWN]
        found.insert(
            0,
            Chip(
                state=UNKNOWN,
                word=lost.word,
                icon=lost.icon,
                count=unknown,
                current=chosen == UNKNOWN,
                href=asked.query(state=UNKNOWN),
            ),
        )
    return found


def title(asked: Asked) -> str:
    """What the list is called."""
    if asked.wanted.outcome_unknown:
        return ATTEMPT[AttemptState.UNKNOWN].word
    named = {states: word for word, _, states in STAGES}
    states = asked.states
    if states in named:
        return named[states]
    if states:
        return words.listed([ORDER[state].word for state in states])
    return "Payments found" if asked.values else "All payments"
