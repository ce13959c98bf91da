"""Which booking of a statement is the one that a report of the day had announced.

Banks number, word and date the same booking otherwise in a report of the day than in the statement.
Two are the same by the surest thing that both tell: everything, references, the payer and his text,
the text, and last that they are alone with their amount on a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec

BEFORE: Final = timedelta(days=1)  # So much earlier than announced a booking may be dated,
AFTER: Final = timedelta(days=10)  # and so much later.
BEFORE_VALUE: Final = timedelta(days=3)  # Where only a value date was announced.


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a report or a statement by what makes it known again. `minor` is signed; texts are
    "" where the bank tells none (not the words that say that there is none). `day` is that of the
    booking; where it is `only_value`, the bank told no other."""

    id: UUID
    minor: int
    currency: str
    day: date | None
    digest: str
    occurrence: int
    only_value: bool = False
    bank_reference: str = ""
    end_to_end_id: str = ""
    uetr: str = ""
    batch: str = ""
    payer: str = ""
    text: str = ""

    @property
    def place(self) -> tuple[date, str, int]:
        """Where it stands among others: the same whenever and in whatever order they came."""
        return self.day or date.min, self.digest, self.occurrence


Key = tuple[object, ...]


def _of(*values: str) -> Key | None:
    return values if all(values) else None


# From the surest on: what both have to tell alike, besides the amount; None: it is not told.
_KEYS: Final[tuple[Callable[[Booking], Key | None], ...]] = (
    lambda one: (one.digest,),
    lambda one: _of(one.bank_reference, one.end_to_end_id),
    lambda one: _of(one.uetr),
    lambda one: _of(one.end_to_end_id),
    lambda one: _of(one.bank_reference),
    lambda one: _of(one.batch),
    lambda one: _of(one.payer, one.text),
    lambda one: _of(one.text),
)


def superseded(pending: Sequence[Booking], booked: Sequence[Booking]) -> dict[UUID, UUID]:
    """By pending line the booking that took its place; each booking takes the place of one."""
    found: dict[UUID, UUID] = {}
    for key in _KEYS:
        waiting, free = _left(pending, booked, found)
        there = _grouped(free, key)
        for told, some in _grouped(waiting, key).items():
            found.update(_in_order(some, there.get(told, ())))
    waiting, free = _left(pending, booked, found)
    found.update(_alone(waiting, free))
    return found


def _left(
    pending: Sequence[Booking], booked: Sequence[Booking], found: dict[UUID, UUID]
) -> tuple[list[Booking], list[Booking]]:
    taken = set(found.values())
    waiting = [one for one in pending if one.id not in found]
    return waiting, [one for one in booked if one.id not in taken]


def _grouped(
    listed: Sequence[Booking], key: Callable[[Booking], Key | None]
) -> dict[Key, list[Booking]]:
    groups: dict[Key, list[Booking]] = {}
    for one in sorted(listed, key=lambda one: one.place):
        told = key(one)
        if told is not None:
            groups.setdefault((one.currency, one.minor, *told), []).append(one)
    return groups


def _in_order(pending: Sequence[Booking], booked: Sequence[Booking]) -> dict[UUID, UUID]:
    """The first of the one with the first of the other that is near enough, and so on."""
    found: dict[UUID, UUID] = {}
    place = 0
    for one in pending:
        while place < len(booked) and _too_early(one, booked[place]):
            place += 1
        if place == len(booked):
            break
        if _near(one, booked[place]) and not _contradict(one, booked[place]):
            found[one.id] = booked[place].id
            place += 1
    return found


def _alone(pending: Sequence[Booking], booked: Sequence[Booking]) -> dict[UUID, UUID]:
    """One line and one booking of an amount and a day, and nothing that says they are two."""

    def day(one: Booking) -> Key | None:
        return (one.day,) if one.day else None

    there = _grouped(booked, day)
    return {
        some[0].id: there[told][0].id
        for told, some in _grouped(pending, day).items()
        if len(some) == 1 == len(there.get(told, ())) and not _contradict(some[0], there[told][0])
    }


def _too_early(one: Booking, booked: Booking) -> bool:
    return bool(one.day and booked.day and booked.day < one.day - BEFORE_VALUE)


def _near(one: Booking, booked: Booking) -> bool:
    if one.day is None or booked.day is None:
        return True
    before = BEFORE_VALUE if one.only_value else BEFORE
    return one.day - before <= booked.day <= one.day + AFTER


def _contradict(one: Booking, booked: Booking) -> bool:
    """The payer's own ids never change from a report to the statement; the bank's may."""
    both = (
        (one.end_to_end_id, booked.end_to_end_id),
        (one.uetr, booked.uetr),
        (one.batch, booked.batch),
    )
    return any(left and right and left != right for left, right in both)
