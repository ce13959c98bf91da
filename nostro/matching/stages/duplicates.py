"""Stage 3b: the same payer, amount and reference again within days is a duplicate, not a payment.

Capacity does not see a duplicate that would fit a sibling of equal amount; this does.
"""

from __future__ import annotations

from typing import Final

import polars as pl

WITHIN_DAYS: Final = 14


def repeats(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, first, named`: a repetition and what it repeats. `named`: both give the same reference;
    without any, equal amounts of one payer are usual, and only worth a word."""
    payer = pl.when(pl.col("iban") != 0).then(pl.col("iban")).otherwise(pl.col("plain").hash())
    known = rows.filter((pl.col("iban") != 0) | (pl.col("plain") != ""))
    same = pl.struct("account", "cur", "amount", payer.alias("payer"), "says").hash()
    again = (
        known.select("t", "day", same.alias("same"), (pl.col("says") != 0).alias("named"))
        .filter(pl.col("same").is_duplicated())
        .sort("same", "t")
    )
    before = pl.col("same") == pl.col("same").shift(1)
    near = pl.col("day") - pl.col("day").shift(1) <= WITHIN_DAYS
    return (
        again.select(
            "t", pl.col("t").shift(1).alias("first"), "named", (before & near).alias("repeat")
        )
        .filter("repeat")
        .drop("repeat")
    )
