"""Stage 3: an item cannot be paid twice. Payments take what is open in booking order.

Almost no item is claimed twice; those that are go through a plain loop, all others pass at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from nostro.matching.stages.outcome import (
    ADJUSTED,
    ALLOCATED,
    DECIDED,
    Outcome,
    only,
    together,
)


def taken(items: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """The items with what is still open after these allocations; paid ones are gone."""
    used = outcome.allocated.group_by("i").agg(pl.col("settled").sum().alias("used"))
    left = items.join(used, on="i", how="left").with_columns(
        pl.col("open") - pl.col("used").fill_null(0)
    )
    return left.drop("used").filter(pl.col("open") != 0)


def within(claims: Outcome, items: pl.DataFrame, others: pl.DataFrame) -> Outcome:
    """The claims that fit. One that comes too late is told as a duplicate, without allocation.

    `others` are `t, i`: items that would explain a transaction as well (parts of one document),
    oldest first; one that still fits takes the place of a claimed one that does not.
    """
    claimed = claims.allocated.join(items.select("i", "open"), on="i")
    sums = claimed.group_by("i").agg(pl.col("settled").sum(), pl.col("open").first(), pl.len())
    too_much = sums.filter(pl.col("settled").abs() > pl.col("open").abs()).select("i")
    if not too_much.height:
        return claims
    contested = claimed.join(too_much, on="i", how="semi").select("t").unique()
    if others.height:
        contested = pl.concat([contested, others.select("t").unique()]).unique()
    free = claims.decided.join(contested, on="t", how="anti")
    left = taken(items, only(claims, free))
    return together([only(claims, free), _in_order(only(claims, contested), left, others)])


class _Loop:
    """What is open of the contested items while payments are taken one after the other."""

    def __init__(self, items: pl.DataFrame, others: pl.DataFrame) -> None:
        self.open: dict[int, int] = dict(items.select("i", "open").iter_rows())
        self.others: dict[int, list[int]] = {}
        for t, i in others.select("t", "i").sort("t", "i").iter_rows():
            self.others.setdefault(t, []).append(i)
        self.decided: list[tuple[object, ...]] = []
        self.allocated: list[tuple[int, int, int]] = []
        self.kept: list[int] = []

    def take(self, t: int, parts: list[tuple[int, int]], head: tuple[object, ...]) -> None:
        rule, *said = head
        if all(self._fits(i, settled) for i, settled in parts):
            self._keep(t, parts, head)
        elif rule == "exact" and (other := self._other(t, parts[0][1])) is not None:
            self._keep(t, [(other, parts[0][1])], head)
        else:
            self.decided.append((t, "duplicate", *said))

    def _other(self, t: int, settled: int) -> int | None:
        """The oldest other item that is open by exactly as much."""
        return next((i for i in self.others.get(t, ()) if self.open.get(i) == settled), None)

    def _fits(self, i: int, settled: int) -> bool:
        rest: int = self.open.get(i, 0)
        return rest * settled > 0 and abs(settled) <= abs(rest)

    def _keep(self, t: int, parts: list[tuple[int, int]], head: tuple[object, ...]) -> None:
        for i, settled in parts:
            self.open[i] = self.open[i] - settled
            self.allocated.append((t, i, settled))
        self.decided.append((t, *head))
        self.kept.append(t)


def _in_order(claims: Outcome, items: pl.DataFrame, others: pl.DataFrame) -> Outcome:
    needed = pl.concat([claims.allocated.select("i"), others.select("i")]).unique()
    loop = _Loop(items.join(needed, on="i", how="semi"), others)
    for t, parts, head in _claims(claims):
        loop.take(t, parts, head)
    kept = pl.DataFrame({"t": pl.Series(loop.kept, dtype=pl.UInt32)})
    return Outcome(
        pl.DataFrame(loop.decided, schema=DECIDED, orient="row"),
        pl.DataFrame(loop.allocated, schema=ALLOCATED, orient="row"),
        claims.adjusted.join(kept, on="t", how="semi").select(list(ADJUSTED)),
    )


def _claims(
    claims: Outcome,
) -> Iterator[tuple[int, list[tuple[int, int]], tuple[object, ...]]]:
    parts = claims.allocated.sort("t", "i").group_by("t", maintain_order=True).agg("i", "settled")
    rows = claims.decided.join(parts, on="t").sort("t")
    heads = rows.select(column for column in DECIDED if column != "t").iter_rows()
    for t, places, settled, head in zip(
        rows["t"], rows["i"].to_list(), rows["settled"].to_list(), heads, strict=True
    ):
        yield t, list(zip(places, settled, strict=True)), head
