"""Gaps between statements, by their balances and by their numbers."""

from __future__ import annotations

from datetime import date

from nostro.domain.statement_chain import Link, gaps

JANUARY = date(2027, 1, 4)


def link(
    day: int,
    opening: int | None,
    closing: int | None,
    *,
    sequence: int | None = None,
    first: int | None = None,
    name: str = "",
) -> Link:
    start = JANUARY.toordinal()
    return Link(
        name=name or f"S{day}", sequence=sequence, opening=opening, closing=closing,
        first=date.fromordinal(start + (day if first is None else first)),
        last=date.fromordinal(start + day),
    )  # fmt: skip


def names(*links: Link, since: int = -99) -> list[tuple[str, str, tuple[int, int] | None]]:
    found = gaps(links, date.fromordinal(JANUARY.toordinal() + since))
    return [(gap.before.name, gap.after.name, gap.numbers) for gap in found]


def test_what_goes_on_has_no_gap() -> None:
    assert names(link(0, 1, 2), link(1, 2, 3), link(4, 3, 3)) == []


def test_another_balance_is_a_gap_after_the_one_before() -> None:
    told = (link(0, 1, 2), link(1, 2, 3), link(3, 9, 4))
    assert names(*told) == [("S1", "S3", None)]
    assert names(*told, since=4) == []


def test_the_same_days_again_and_longer_ones_are_no_gap() -> None:
    week = link(4, 1, 5, first=0, name="week")
    assert names(link(0, 1, 2), link(0, 1, 2, name="again"), link(2, 8, 9), week) == []


def test_two_of_one_day_that_do_not_meet_are_a_gap() -> None:
    assert names(link(0, 1, 2, name="a"), link(0, 7, 8, name="b")) == [("a", "b", None)]


def test_unknown_balances_prove_no_gap() -> None:
    assert names(link(0, 1, None), link(1, 7, 8)) == []
    assert names(link(0, 1, 2), link(1, None, None)) == []


def test_numbers_begin_anew_every_year() -> None:
    told = (link(-9, 1, 1, sequence=250), link(0, 1, 1, sequence=1), link(1, 1, 1, sequence=4))
    assert names(*told) == [("S0", "S1", (2, 3))]


def test_a_number_again_is_no_gap() -> None:
    assert names(link(0, 1, 1, sequence=5), link(1, 1, 1, sequence=5)) == []
