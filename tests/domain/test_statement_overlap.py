"""What balances say of lines that two statements share."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from nostro.domain.statement_overlap import (
    Head,
    Overlap,
    Shared,
    copies_that_are_real,
    follows,
    overlap_of,
)

DAY = date(2026, 11, 16)


def head(
    number: int,
    opening: int | None,
    closing: int | None,
    lines: int = 2,
    days: tuple[int, int] = (0, 0),
) -> Head:
    first, last = (date.fromordinal(DAY.toordinal() + day) for day in days)
    return Head(
        id=UUID(int=number), name=f"S{number}", first=first, last=last, opening=opening,
        closing=closing, lines=lines,
    )  # fmt: skip


def shared(minor: int, lines: int = 1) -> Shared:
    return Shared(one=UUID(int=1), other=UUID(int=2), lines=lines, minor=minor, referenced=False)


@pytest.mark.parametrize(
    ("one", "other", "common", "expected"),
    [
        (head(1, 100, 90), head(2, 90, 70), shared(-10), Overlap.CONSECUTIVE),
        (head(1, 90, 70), head(2, 100, 90), shared(-10), Overlap.CONSECUTIVE),
        (head(1, 100, 90), head(2, 90, 70), shared(0, 2), Overlap.SAME),
        (head(1, 100, 90), head(2, 100, 90), shared(-10), Overlap.SAME),
        (head(1, 100, 70), head(2, 90, 60), shared(-20), Overlap.SAME),
        (head(1, 100, 70), head(2, 100, 90), shared(-10), Overlap.SAME),
        (head(1, 100, 70, 5, (0, 4)), head(2, 85, 80, 1, (2, 2)), shared(-5), Overlap.INSIDE),
        (head(1, 100, 90), head(2, 70, 60), shared(-10), Overlap.UNPROVEN),
        (head(1, None, None), head(2, 90, 80), shared(-10), Overlap.UNPROVEN),
    ],
)
def test_the_balances_decide(one: Head, other: Head, common: Shared, expected: Overlap) -> None:
    assert overlap_of(one, other, common) is expected
    assert overlap_of(other, one, common) is expected


def test_a_day_is_never_before_itself_or_after_the_next() -> None:
    monday, tuesday = head(1, 100, 90, days=(0, 0)), head(2, 90, 80, days=(1, 1))
    assert follows(monday, tuesday)
    assert not follows(head(1, 100, 90, days=(0, 2)), tuesday)


def test_real_copies_are_the_most_along_one_chain() -> None:
    first, middle, last = head(1, 100, 90), head(2, 90, 95), head(3, 95, 85)
    again = head(4, 100, 90)
    told = {first.id: 1, last.id: 1, again.id: 1}
    assert copies_that_are_real([first, last, again], told, ()) == 1
    assert copies_that_are_real([first, middle, last, again], told, ()) == 2
    alike = {frozenset({first.id, last.id}), frozenset({again.id, last.id})}
    assert copies_that_are_real([first, middle, last, again], told, alike) == 1


def test_an_account_swept_to_nothing_every_day_goes_round_once() -> None:
    days = [head(number, 0, 0, days=(number, number)) for number in range(4)]
    assert copies_that_are_real(days, {one.id: 1 for one in days}, ()) == 4
