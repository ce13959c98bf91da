"""When two statements tell the same line: is it one booking told twice, or two that look alike?

The balances decide. Two statements of which one goes on where the other ended have no line in
common, however alike their lines are; two that overlap have what they share only once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

STEPS_MAX = 5_000  # Of the search for a chain; days with more statements than that do not exist.


class Overlap(StrEnum):
    SAME = "same"  # What they share is told twice: it is one booking.
    CONSECUTIVE = "consecutive"  # One goes on where the other ended: they share nothing.
    INSIDE = "inside"  # One tells all of the other, over more days: the same, unless a chain of
    # statements leads from the one to the other.
    UNPROVEN = "unproven"  # Their balances say neither.


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A statement by its days and balances, which are None unless it closes."""

    id: UUID
    name: str
    first: date | None
    last: date | None
    opening: int | None
    closing: int | None
    lines: int = 0

    @property
    def period(self) -> tuple[object, ...]:
        return self.first, self.last, self.opening, self.closing


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What two statements have in common: how many lines, their sum, and whether the bank gave
    each of them a reference of its own."""

    one: UUID
    other: UUID
    lines: int
    minor: int
    referenced: bool


def follows(earlier: Head, later: Head) -> bool:
    """Does the later one begin with the balance and on the day with which the other ended?"""
    if earlier.closing is None or earlier.closing != later.opening:
        return False
    if earlier.last is None or later.first is None:
        return False
    return earlier.last <= later.first


def overlap_of(one: Head, other: Head, shared: Shared) -> Overlap:
    """What the balances of two statements say of the lines that they share."""
    told = (one.opening, one.closing, other.opening, other.closing)
    if any(balance is None for balance in told):
        return Overlap.UNPROVEN
    if one.period == other.period:
        return Overlap.SAME
    if shared.minor and (follows(one, other) or follows(other, one)):
        return Overlap.CONSECUTIVE
    ends = (one.opening == other.opening, one.closing == other.closing)
    if any(ends) or _meets(one, other, shared) or _meets(other, one, shared):
        return Overlap.SAME
    return Overlap.INSIDE if _inside(one, other, shared) else Overlap.UNPROVEN


def _meets(one: Head, other: Head, shared: Shared) -> bool:
    """Is what they share the end of the one and the beginning of the other?"""
    return one.closing is not None and one.closing - shared.minor == other.opening


def _inside(one: Head, other: Head, shared: Shared) -> bool:
    """Is the smaller one wholly told by the other, which covers more days?"""
    small, large = sorted((one, other), key=lambda head: head.lines)
    if shared.lines != small.lines or None in (small.first, small.last, large.first, large.last):
        return False
    days = (small.first, small.last), (large.first, large.last)
    if days[0] == days[1]:
        return False
    return large.first <= small.first and small.last <= large.last  # type: ignore[operator]


def copies_that_are_real(
    heads: Collection[Head], told: Mapping[UUID, int], same: Collection[frozenset[UUID]]
) -> int:
    """How often a line really happened that these statements tell so often each.

    It is the most that is told along one chain of statements, each going on where the one before
    ended; `same` are pairs that overlap, and so are never both in a chain.
    """
    steps = 0

    def most(chain: tuple[Head, ...]) -> int:
        nonlocal steps
        steps += 1
        best = 0
        for head in heads if steps < STEPS_MAX else ():
            if head in chain or not follows(chain[-1], head):
                continue
            if any(_alike(head, before, same) for before in chain):
                continue
            best = max(best, most((*chain, head)))
        return told.get(chain[-1].id, 0) + best

    return max((most((head,)) for head in heads), default=0)


def _alike(one: Head, other: Head, same: Collection[frozenset[UUID]]) -> bool:
    return one.period == other.period or frozenset({one.id, other.id}) in same
