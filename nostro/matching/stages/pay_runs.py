"""Stage 7: one payment for several documents that its text does not, or not all, name.

A payer clears what is due one after the other, so a contiguous run by due date comes first. Any
other sum is only a suggestion, with the number of sums that would fit as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import polars as pl

from nostro.matching.stages import subset_sums
from nostro.matching.stages.outcome import ADJUSTED, ALLOCATED, DECIDED, Outcome

NEAREST: Final = 40
UNNAMED_MOST: Final = 12  # Sums that nothing names never post; more of them only mislead.
FAR: Final = 400  # Heavy customers pay long runs; a short one among so many would be chance.
FAR_LEAST: Final = 8
OLDEST_DAYS: Final = 150
_CREDITS_MOST: Final = 4
_SHORT: Final = 6  # A run of so few documents may be chance where other sums fit as well.


class Open(NamedTuple):
    """An open item of a payer."""

    due: int
    i: int
    amount: int
    issue: int


class Payment(NamedTuple):
    """A payment that no single document explains. `named` are items that its text names."""

    t: int
    day: int
    amount: int
    payer: str
    named: tuple[int, ...]
    hinted: tuple[int, ...]


class Answer(NamedTuple):
    """A set of items, by which rule, and how many other sets fit as well."""

    rule: str
    items: tuple[Open, ...]
    others: int


class Search:
    """The open items of payers, by payer and currency, taken away as they are used."""

    def __init__(self) -> None:
        self.open: dict[tuple[int, str], list[Open]] = {}
        self.used: set[int] = set()
        self.tried = 0

    def add(self, key: tuple[int, str], one: Open) -> None:
        self.open.setdefault(key, []).append(one)

    def answer(self, payment: Payment, key: tuple[int, str]) -> Answer | None:
        listed = self.open.get(key, [])
        near = self._near(payment, listed, NEAREST)
        self.tried += len(near)
        forced = [one for one in near if one.i in payment.named]
        if len(forced) != len(payment.named):
            return None
        free = [one for one in near if one.i not in payment.named]
        found = _answer(payment, forced, free)
        if len(near) >= NEAREST and not payment.named and (not found or found.rule == "sum"):
            far = self._near(payment, listed, FAR)
            self.tried += len(far)
            found = _long_run(payment, far) or found
        if found:
            self.used.update(one.i for one in found.items)
        return found

    def _near(self, payment: Payment, listed: list[Open], most: int) -> list[Open]:
        """What was there on the day, the nearest by due date, and whatever is named."""
        kept: list[Open] = []
        place = bisect_left(listed, (payment.day,))
        before, after = place - 1, place
        while len(kept) < most and (before >= 0 or after < len(listed)):
            earlier = before >= 0 and (
                after >= len(listed)
                or payment.day - listed[before].due <= listed[after].due - payment.day
            )
            one = listed[before] if earlier else listed[after]
            before, after = (before - 1, after) if earlier else (before, after + 1)
            if payment.day - one.due > OLDEST_DAYS:
                before = -1
            elif one.i not in self.used and one.issue <= payment.day:
                kept.append(one)
        there = {one.i for one in kept}
        wanted = set(payment.named) - there - self.used
        if wanted:
            kept += [one for one in listed if one.i in wanted]
        return sorted(kept)


def _answer(payment: Payment, forced: list[Open], free: list[Open]) -> Answer | None:
    need = payment.amount - sum(one.amount for one in forced)
    if forced and need == 0:
        return Answer("all_exact", tuple(forced), 0)
    if forced and need < 0:
        notes = [one for one in free if one.amount == need]
        if notes:
            return Answer("netted", (*forced, notes[0]), len(notes) - 1)
    hinted = [one for one in free if one.i in payment.hinted]
    if hinted:
        sums = subset_sums.solve([one.amount for one in hinted], need)
        if sums.solutions and (forced or len(sums.places) > 1):
            more = tuple(hinted[place] for place in sums.places)
            return Answer("list_tails", (*forced, *more), sums.solutions - 1)
    runs = list(_runs(free, need, 1 if forced else 2))
    if runs and len(runs[0]) > _SHORT:
        rule = "list_run" if forced else "run"
        return Answer(rule, (*forced, *runs[0]), len(runs) - 1)
    nearest = sorted(free, key=lambda one: (abs(one.due - payment.day), one))
    tried = sorted(nearest[: subset_sums.MOST if forced else UNNAMED_MOST])
    sums = subset_sums.solve([one.amount for one in tried], need)
    if runs:
        others = max(len(runs), sums.solutions) - 1
        return Answer("list_run" if forced else "run", (*forced, *runs[0]), others)
    if not sums.solutions or (not forced and len(sums.places) < 2):
        return None
    more = tuple(tried[place] for place in sums.places)
    return Answer("list_sum" if forced else "sum", (*forced, *more), sums.solutions - 1)


def _long_run(payment: Payment, free: list[Open]) -> Answer | None:
    runs = list(_plain_runs(free, payment.amount, FAR_LEAST))
    return Answer("run", runs[0], len(runs) - 1) if runs else None


def _runs(listed: Sequence[Open], need: int, least: int) -> Iterator[tuple[Open, ...]]:
    """Documents due one after the other that add up, with at most one credit note set off."""
    debts = [one for one in listed if one.amount * need > 0 or need <= 0]
    notes = [one for one in listed if one.amount * need < 0][-_CREDITS_MOST:]
    yield from _plain_runs(debts, need, least)
    for credit in notes if need else ():
        for run in _plain_runs(debts, need - credit.amount, 1):
            yield (*run, credit)


def _plain_runs(listed: Sequence[Open], need: int, least: int) -> Iterator[tuple[Open, ...]]:
    starts: dict[int, list[int]] = {0: [0]}
    total = 0
    for place, one in enumerate(listed, 1):
        total += one.amount
        for start in starts.get(total - need, ()):
            if place - start >= least:
                yield tuple(listed[start:place])
        starts.setdefault(total, []).append(place)


def outcome(answers: Sequence[tuple[Payment, Answer]]) -> Outcome:
    heads = [
        (payment.t, found.rule, "full" if payment.named else "none", payment.payer, found.others)
        for payment, found in answers
    ]
    parts = [(payment.t, one.i, one.amount) for payment, found in answers for one in found.items]
    return Outcome(
        pl.DataFrame(heads, schema=DECIDED, orient="row"),
        pl.DataFrame(parts, schema=ALLOCATED, orient="row"),
        pl.DataFrame(schema=ADJUSTED),
    )


def decided(
    rows: pl.DataFrame, items: pl.DataFrame, payers: pl.DataFrame, hits: pl.DataFrame
) -> tuple[Outcome, int]:
    """What is found, and how many open items were looked at. `payers` are `t, party, source`,
    one row a transaction; `hits` are `t, i, full`."""
    wanted = rows.join(payers, on="t").filter(pl.col("amount") != 0)
    search = Search()
    _fill(search, items, wanted)
    named, hinted = (_by_t(hits.filter(pl.col("full") == full)) for full in (True, False))
    answers = []
    columns = wanted.select("t", "day", "amount", "source", "party", "cur").sort("t")
    for t, day, amount, source, party, cur in columns.iter_rows():
        payment = Payment(t, day, amount, source, named.get(t, ()), hinted.get(t, ()))
        found = search.answer(payment, (party, cur))
        if found:
            answers.append((payment, found))
    return outcome(answers), search.tried


def _fill(search: Search, items: pl.DataFrame, wanted: pl.DataFrame) -> None:
    both = pl.concat(
        [
            items.select("i", "cur", "open", "issue", "due", "kind", by="party"),
            items.filter(pl.col("parent") != 0).select(
                "i", "cur", "open", "issue", "due", "kind", by="parent"
            ),
        ]
    ).filter(~pl.col("kind").is_in(["psp_payout", "own_payment", "payment_batch"]))
    mine = both.join(
        wanted.select("party", "cur").unique(),
        left_on=["by", "cur"],
        right_on=["party", "cur"],
        how="semi",
    ).sort("due", "i")
    for i, cur, amount, issue, due, by in mine.select(
        "i", "cur", "open", "issue", "due", "by"
    ).iter_rows():
        search.add((by, cur), Open(due, i, amount, issue))


def _by_t(hits: pl.DataFrame) -> dict[int, tuple[int, ...]]:
    grouped = hits.sort("t", "i").group_by("t", maintain_order=True).agg("i")
    return {t: tuple(places) for t, places in grouped.iter_rows()}
