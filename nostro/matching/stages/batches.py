"""Batch bookings: one line of the bank for many payments of ours.

Gross, with charges that the bank itemises, or without the payments that it rejected. Which ones it
rejected is known only where the difference is the amount of a single one.
"""

from __future__ import annotations

import polars as pl

from nostro.matching.stages.outcome import ADJUSTMENT, DECIDED, KEY, PAYER, RULE, Outcome

WITHIN_DAYS = 10


def decided(rows: pl.DataFrame, items: pl.DataFrame, words: pl.DataFrame) -> Outcome:
    """`words` are `t, k`: what the texts name, as `reference_keys.text_letters` reads it."""
    members = items.filter((pl.col("batch") != 0) & (pl.col("kind") == "own_payment")).select(
        "i", "batch", "cur", "open", "issue"
    )
    sums = (
        members.group_by("batch", "cur")
        .agg(pl.col("open").sum().alias("v"), pl.len().alias("n"), pl.col("issue").max())
        .filter(pl.col("n") > 1)
    )
    out = rows.filter(pl.col("amount") < 0).select(
        "t", "day", "cur", a="amount", g=pl.col("amount") + pl.col("charges"),
        count=pl.col("text").str.extract(r"\b(\d{1,5})\b").cast(pl.UInt32, strict=False),
    )  # fmt: skip
    named = (
        out.join(words, on="t").join(sums, left_on=["k", "cur"], right_on=["batch", "cur"])
        .rename({"k": "batch"}).with_columns(key=pl.lit("own_id", KEY))
    )  # fmt: skip
    whole = named.with_columns(rule=_rule(), rivals=pl.lit(0, pl.UInt32)).drop_nulls("rule")
    whole = whole.sort("t", "batch").unique("t", keep="first", maintain_order=True)
    counted = _counted(out.join(named, on="t", how="anti"), sums)
    picked = pl.concat([frame.select(_SHAPE) for frame in (whole, counted)])
    first = picked.sort("t").unique("batch", keep="first", maintain_order=True)
    less = _less_one(named.join(first, on="t", how="anti"), members)
    gross = first.join(members, on=["batch", "cur"]).select("t", "i", "open")
    return _outcome(
        pl.concat([first, less.select(_SHAPE)]), pl.concat([gross, _without(less, members)])
    )


_SHAPE = ("t", "batch", "cur", "a", "v", "rule", "key", "rivals")


def _rule() -> pl.Expr:
    return (
        pl.when(pl.col("v") == pl.col("a"))
        .then(pl.lit("batch", RULE))
        .when(pl.col("v") == pl.col("g"))
        .then(pl.lit("batch_charges", RULE))
    )


def _counted(out: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Nothing is named: the one batch of that amount, of as many payments, just before."""
    near = (pl.col("day") - pl.col("issue")).is_between(-1, WITHIN_DAYS)
    found = (
        out.join(sums, left_on=["g", "cur"], right_on=["v", "cur"], coalesce=False)
        .filter(near & ((pl.col("count") == pl.col("n")) | pl.col("count").is_null()))
        .with_columns(rule=_rule(), key=pl.lit("none", KEY))
    )
    return found.filter(pl.col("t").is_unique() & pl.col("batch").is_unique()).with_columns(
        rivals=pl.lit(0, pl.UInt32)
    )


def _less_one(named: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The batch less one rejected payment; `rivals` counts the others of that amount."""
    short = named.with_columns(missing=pl.col("v") - pl.col("g"))
    found = short.join(
        members.select("batch", "cur", "i", "open"),
        left_on=["batch", "cur", "missing"], right_on=["batch", "cur", "open"],
    )  # fmt: skip
    first = found.sort("t", "i").with_columns(
        rivals=(pl.len().over("t") - 1).cast(pl.UInt32), rule=pl.lit("batch_accepted", RULE)
    )
    return first.unique("t", keep="first", maintain_order=True).rename({"i": "rejected"})


def _without(less: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    rows = less.select("t", "batch", "cur", "rejected").join(members, on=["batch", "cur"])
    return rows.filter(pl.col("i") != pl.col("rejected")).select("t", "i", "open")


def _outcome(decided: pl.DataFrame, parts: pl.DataFrame) -> Outcome:
    allocated = parts.rename({"open": "settled"})
    sums = allocated.group_by("t").agg(pl.col("settled").sum())
    differing = (
        decided.join(sums, on="t")
        .with_columns(minor=pl.col("a") - pl.col("settled"))
        .filter(pl.col("minor") != 0)
        .select(
            "t",
            pl.lit(None, pl.UInt32).alias("i"),
            pl.lit("fee", ADJUSTMENT).alias("kind"),
            "minor",
        )
    )
    heads = decided.with_columns(payer=pl.lit("unknown", PAYER)).select(list(DECIDED))
    return Outcome(heads, allocated, differing)
