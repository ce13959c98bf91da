"""What people have decided: never decided anew, and what the matcher learns from.

It tells which evidence turned out right, and for whom an account or a name paid before.
"""

from __future__ import annotations

import polars as pl

from nostro.matching.stages.confidence import TARGET, Model, Seen, staked
from nostro.matching.stages.outcome import ADJUSTED, ALLOCATED, Outcome, decided_by


class Confirmed:
    """`members` are `d, t`: the transactions of each decision; `cleared` are `d, i, settled`."""

    def __init__(self, members: pl.DataFrame, cleared: pl.DataFrame) -> None:
        self.members = members
        self.cleared = cleared

    def first(self) -> pl.DataFrame:
        """`d, t`: the transaction under which a decision is told: the last of its bookings."""
        return self.members.group_by("d").agg(pl.col("t").max()).sort("t")

    def others(self) -> pl.DataFrame:
        """`t, of`: the further transactions of each decision."""
        told = self.first().rename({"t": "last"})
        rows = self.members.join(told, on="d").filter(pl.col("t") != pl.col("last"))
        return rows.select(pl.col("last").alias("t"), pl.col("t").alias("of")).sort("t", "of")

    def outcome(self) -> Outcome:
        """The decisions as they are, whatever the stages would have found."""
        allocated = self.cleared.join(self.first(), on="d").select(list(ALLOCATED))
        return Outcome(decided_by(self.first(), "person"), allocated, pl.DataFrame(schema=ADJUSTED))

    def learnt(self, rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
        """`iban, plain, party`: who paid for whom in these decisions."""
        parties = self.cleared.join(items.select("i", "party"), on="i").select("d", "party")
        payers = self.members.join(rows.select("t", "iban", "plain"), on="t")
        known = payers.join(parties, on="d").filter(
            (pl.col("party") != 0) & ((pl.col("iban") != 0) | (pl.col("plain") != ""))
        )
        return known.select("iban", "plain", "party").unique()


def from_records(
    records: list[tuple[list[str], list[tuple[str, int]]]], ids: pl.DataFrame, items: pl.DataFrame
) -> Confirmed:
    """`records` are transactions' ids, and (item's id, settled); unknown ids are passed over."""
    members = pl.DataFrame(
        [(d, t) for d, (told, _) in enumerate(records) for t in told],
        schema={"d": pl.UInt32, "id": pl.String}, orient="row",
    )  # fmt: skip
    cleared = pl.DataFrame(
        [(d, item, minor) for d, (_, parts) in enumerate(records) for item, minor in parts],
        schema={"d": pl.UInt32, "id": pl.String, "settled": pl.Int64}, orient="row",
    )  # fmt: skip
    placed = members.join(ids, on="id").select("d", "t")
    return Confirmed(
        placed,
        cleared.join(items, on="id")
        .join(placed.select("d").unique(), on="d", how="semi")
        .select("d", "i", "settled"),
    )


def nobody() -> Confirmed:
    """Nothing was decided yet."""
    return from_records([], _ids("t"), _ids("i"))


def _ids(place: str) -> pl.DataFrame:
    return pl.DataFrame(schema={place: pl.UInt32, "id": pl.String})


def refitted(
    model: Model,
    lines: pl.DataFrame,
    allocated: pl.DataFrame,
    people: Confirmed,
    target: int = TARGET,
) -> Model:
    """The model with what these decisions say about each class of evidence."""
    ours = _signed(lines.select("t", "t_all"), allocated)
    theirs = _signed(_told(people), people.outcome().allocated)
    judged = (
        lines.filter(pl.col("of_class").is_not_null())
        .select("t", "of_class")
        .join(people.members.select("t"), on="t", how="semi")
        .join(ours, on="t")
        .join(theirs, on="t", how="left", suffix="_p")
        .with_columns(right=(pl.col("sign") == pl.col("sign_p")).fill_null(value=False))
        .group_by("of_class")
        .agg(pl.len().alias("judged"), pl.col("right").sum())
        .sort("of_class")
    )
    classes = dict(model.classes)
    for name, count, right in judged.select("of_class", "judged", "right").iter_rows():
        before = classes.get(name, Seen(0, 0))
        classes[name] = Seen(before.judged + count, before.right + right)
    learnt = Model(classes=classes, vetoed=model.vetoed)
    documented = people.first().join(people.cleared.select("d"), on="d", how="semi")
    return staked(learnt, lines.join(documented, on="t", how="semi"), target)


def _told(people: Confirmed) -> pl.DataFrame:
    """Each decision under its last transaction, with a number for all of them."""
    every = people.members.group_by("d").agg(_sum(pl.col("t").hash()).alias("t_all"))
    return people.first().join(every, on="d").select("t", "t_all")


def _signed(lines: pl.DataFrame, allocated: pl.DataFrame) -> pl.DataFrame:
    """`t, sign`: equal where transactions, items and each amount settled are the same."""
    parts = allocated.group_by("t").agg(_sum(pl.struct("i", "settled").hash()).alias("parts"))
    joined = lines.join(parts, on="t", how="left")
    return joined.select("t", sign=pl.struct("t_all", pl.col("parts").fill_null(0)).hash())


def _sum(numbers: pl.Expr) -> pl.Expr:
    """Whatever the order; of 64 bits, so halves are taken before they run over."""
    return (numbers // 4096).sum()


def member_sums(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Lines with `t_all`, a number for all transactions of each."""
    own = lines.with_columns(t_all=pl.col("t").hash() // 4096)
    more = others.group_by("t").agg(_sum(pl.col("of").hash()).alias("more"))
    joined = own.join(more, on="t", how="left")
    return joined.with_columns(t_all=pl.col("t_all") + pl.col("more").fill_null(0)).drop("more")
