"""What an open item is worth in the currency in which a transaction can be compared with it.

The same currency, or the original amount that the bank tells: exact. Otherwise the rate of the
day, within a band that leaves room for the bank's margin.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.matching.stages.amounts import exponent_of_enum

BAND_THOUSANDTHS: Final = 20
LARGEST: Final = 9 * 10**11  # Minor units whose product with a rate still fits 64 bits.
OF_TRANSACTION: Final = ("t", "day", "amount", "charges", "cur", "oamount", "ocur")
OF_ITEM: Final = (
    "i", "open", "cur", "discount", "until", "issue", "due", "party", "parent", "kind",
)  # fmt: skip


def priced(
    pairs: pl.DataFrame, rows: pl.DataFrame, items: pl.DataFrame, rates: pl.DataFrame
) -> pl.DataFrame:
    """Pairs of `t, i` with `a` paid, `g` paid before charges, `v` open, `tol`erance, all in one
    currency; `foreign` where that took a rate. Pairs of opposite signs stay for netting."""
    joined = pairs.join(rows.select(OF_TRANSACTION), on="t").join(
        items.select(OF_ITEM).rename({"cur": "icur"}), on="i"
    )
    same = pl.col("cur") == pl.col("icur")
    told = ~same & (pl.col("ocur") == pl.col("icur")).fill_null(value=False)
    original = pl.col("oamount") * pl.col("amount").sign()
    exact = joined.with_columns(
        a=pl.when(told).then(original).otherwise(pl.col("amount")),
        g=pl.when(told).then(original).otherwise(pl.col("amount") + pl.col("charges")),
        v=pl.col("open"),
        tol=pl.lit(0, pl.Int64),
        foreign=~(same | told),
        told=told,
    ).drop("amount", "charges", "oamount", "ocur")
    exact = _netted(exact, items)
    if not exact["foreign"].any():
        return exact
    own, foreign = exact.filter(~pl.col("foreign")), exact.filter("foreign")
    return pl.concat([own, _by_rate(foreign, rates).select(own.columns)])


def _netted(pairs: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """With `netted`: the party has a credit note open of exactly what is missing."""
    notes = items.filter((pl.col("open") < 0) & (pl.col("kind") == "credit_note")).select(
        "party", icur="cur", less="open", netted=pl.lit(value=True)
    )
    less = pairs.with_columns(less=pl.col("a") - pl.col("v"))
    both = less.join(notes.unique(), on=["party", "icur", "less"], how="left")
    return both.drop("less").with_columns(pl.col("netted").fill_null(value=False))


def _by_rate(pairs: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """At the last rate up to the day of booking; pairs without one are left out."""
    if not rates.height:
        return pairs.clear()
    known = pl.concat([rates, _turned(rates)]).unique(["day", "cur", "in_cur"], keep="first")
    found = pairs.with_columns(pl.col("day").alias("of_day")).sort("day").join_asof(
        known.sort("day"),
        on="day", by_left=["icur", "cur"], by_right=["cur", "in_cur"], strategy="backward",
        check_sortedness=False,
    )  # fmt: skip
    shift = exponent_of_enum("cur") - exponent_of_enum("icur")
    up, down = (
        (shift * sign)
        .clip(0, 4)
        .replace_strict([0, 1, 2, 3, 4], [1, 10, 100, 1000, 10000], return_dtype=pl.Int64)
        for sign in (1, -1)
    )
    value = pl.col("open") * pl.col("millionths") // 1_000_000 * up // down
    fits = pl.col("millionths").is_not_null() & (pl.col("open").abs() * up <= LARGEST)
    return (
        found.filter(fits)
        .with_columns(v=value, discount=pl.lit(0, pl.Int64))
        .with_columns(tol=pl.col("v").abs() * BAND_THOUSANDTHS // 1000)
    )


def _turned(rates: pl.DataFrame) -> pl.DataFrame:
    return rates.filter(pl.col("millionths") > 0).select(
        "day", pl.col("in_cur").alias("cur"), pl.col("cur").alias("in_cur"),
        (10**12 // pl.col("millionths")).alias("millionths"),
    )  # fmt: skip
