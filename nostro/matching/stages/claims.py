"""What a rule explains, put down as what it clears, and by how much the amounts differ."""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.matching.stages.outcome import (
    ADJUSTED,
    ADJUSTMENT,
    ALLOCATED,
    DECIDED,
    Outcome,
)

# Which difference a rule leaves; a partial payment leaves none: it clears what it pays.
_KIND: Final = {
    "charges": "fee", "all_charges": "fee", "batch_charges": "fee", "fee": "fee",
    "big_fee": "fee", "all_fee": "fee",
    "discount": "discount", "all_discount": "discount",
    "rounding": "write_off", "over": "over_pay", "rate": "fx_difference",
    "all_rate": "fx_difference",
}  # fmt: skip


# What is paid is cleared and the rest stays open: a discount that came too late is a claim.
PARTS: Final = ("partial", "part_or_fee", "late_discount")


def of_pairs(pairs: pl.DataFrame) -> Outcome:
    """One item each: it is cleared whole, but for partial payments. `pairs` have `rule`."""
    part = pl.col("rule").cast(pl.String).is_in(PARTS)
    rows = pairs.with_columns(settled=pl.when(part).then(pl.col("a")).otherwise(pl.col("open")))
    differing = rows.with_columns(kind=_kind(), minor=_differing()).filter(
        pl.col("kind").is_not_null() & (pl.col("minor") != 0)
    )
    return Outcome(
        rows.select(list(DECIDED)), rows.select(list(ALLOCATED)), differing.select(list(ADJUSTED))
    )


def of_groups(groups: pl.DataFrame, pairs: pl.DataFrame) -> Outcome:
    """All items of a group, each cleared whole. `groups` have `rule` and sums, one row a `t`."""
    from nostro.matching.stages.amount_decision import in_terms

    rows = pairs.join(groups.select("t", "rule"), on="t")
    discounts = rows.filter((pl.col("rule") == "all_discount") & (in_terms() != 0)).select(
        "t", "i", pl.lit("discount", ADJUSTMENT).alias("kind"),
        (-in_terms() * pl.col("v").sign()).alias("minor"),
    )  # fmt: skip
    whole = (
        groups.filter(pl.col("rule") != "all_discount")
        .with_columns(kind=_kind(), minor=pl.col("a") - pl.col("v"), i=pl.lit(None, pl.UInt32))
        .filter(pl.col("kind").is_not_null() & (pl.col("minor") != 0))
    )
    return Outcome(
        groups.select(list(DECIDED)),
        rows.select("t", "i", pl.col("open").alias("settled")),
        pl.concat([discounts.select(list(ADJUSTED)), whole.select(list(ADJUSTED))]),
    )


def _kind() -> pl.Expr:
    return pl.col("rule").cast(pl.String).replace_strict(_KIND, default=None).cast(ADJUSTMENT)


def _differing() -> pl.Expr:
    """By how much more was paid than is cleared, in the currency in which both are compared."""
    cleared = pl.when("foreign").then(pl.col("v")).otherwise(pl.col("settled"))
    return pl.col("a") - cleared
