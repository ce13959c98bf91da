"""Whether the statements of an account go on without a gap, by balances and by numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A statement in the chain of its account; balances are minor units, None where not told."""

    name: str
    sequence: int | None
    first: date
    last: date
    opening: int | None
    closing: int | None

    @property
    def place(self) -> tuple[object, ...]:
        return self.last, self.first, self.sequence or 0, self.name, str(self.opening)


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing before a statement. `numbers` are the first and the last that are missing,
    None where the balances show it: the one before ended otherwise than this one begins."""

    before: Link
    after: Link
    numbers: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """The same for the same gap, whenever it is found."""
        if self.numbers:
            return f"{self.after.last}/numbers/{self.numbers[0]}-{self.numbers[1]}"
        return f"{self.after.last}/balance/{self.before.last}/{self.before.name}/{self.after.name}"


def gaps(links: Sequence[Link], since: date) -> list[Gap]:
    """What is missing before the statements that end on a day or later, in their order."""
    ordered = sorted(links, key=lambda link: link.place)
    return [
        gap
        for place, link in enumerate(ordered)
        if place and link.last >= since
        for gap in (_of_balances(ordered, place), _of_numbers(ordered, place))
        if gap
    ]


def _of_balances(ordered: Sequence[Link], place: int) -> Gap | None:
    link = ordered[place]
    earlier = [one for one in ordered[:place] if one.closing is not None]
    if link.opening is None or not earlier:
        return None
    others = (*ordered[:place], *ordered[place + 1 :])
    if any(one.closing == link.opening and one.first <= link.last for one in others):
        return None
    if any(_tells_the_same_days(one, link) for one in others):
        return None
    return Gap(before=earlier[-1], after=link)


def _tells_the_same_days(one: Link, link: Link) -> bool:
    """Does another statement begin with it, or tell what was before it on more days than one?"""
    if one.last < link.first or link.last < one.first:
        return False
    return one.opening == link.opening or one.first < link.first


def _of_numbers(ordered: Sequence[Link], place: int) -> Gap | None:
    """Banks number from 1 every year; a number that is not higher is no gap."""
    link = ordered[place]
    if link.sequence is None:
        return None
    year = [one for one in ordered[:place] if one.last.year == link.last.year]
    known = [(one.sequence, one) for one in year if one.sequence is not None]
    below = [(number, one) for number, one in known if number < link.sequence]
    if not below or any(number >= link.sequence for number, _ in known):
        return None
    number, before = max(below, key=lambda told: told[0])
    if number + 1 == link.sequence:
        return None
    return Gap(before=before, after=link, numbers=(number + 1, link.sequence - 1))
