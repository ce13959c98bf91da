"""Stage 2: what the amount says about the documents that a text names.

A reference without an amount rule is only a hint. The rules go from the surest to the weakest:
exact, charges itemised by the bank, discount within its terms, a plausible fee kept by a bank.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.matching.stages.outcome import RULE

FEE_MOST: Final = 5_000  # Minor units; and at most a twelfth of the document,
FEE_SHARE: Final = 12
FEE_STEP: Final = 250
BIG_FEE_SHARE: Final = 3  # or, less surely, a third.
ROUNDING_MOST: Final = 5


def of_one() -> pl.Expr:
    """The rule by which one item and the amount of a pair agree; null when none does."""
    short = _short(pl.col("v"), pl.col("a"))
    discounted = (pl.col("discount") > 0) & (short == pl.col("discount"))
    in_time = pl.col("day") <= pl.col("until")
    charged = (pl.col("g") != pl.col("a")) & (pl.col("v") == pl.col("g"))
    return (
        pl.when(pl.col("foreign"))
        .then(_rule(pl.when(short.abs() <= pl.col("tol")).then(pl.lit("rate"))))
        .when(pl.col("v") == pl.col("a")).then(pl.lit("exact", RULE))
        .when(charged).then(pl.lit("charges", RULE))
        .when(discounted & in_time).then(pl.lit("discount", RULE))
        .when(discounted).then(pl.lit("late_discount", RULE))
        .when(short.abs() <= ROUNDING_MOST).then(pl.lit("rounding", RULE))
        .when(~pl.col("netted") & plausible_fee(short, pl.col("v"))).then(pl.lit("fee", RULE))
        .when(_round_fee(short)).then(pl.lit("big_fee", RULE))
    )  # fmt: skip


def of_all() -> pl.Expr:
    """The rule for all items named together, over groups with sums `v, vd, tol, disc`."""
    short = _short(pl.col("v"), pl.col("a"))
    charged = (pl.col("g") != pl.col("a")) & (pl.col("v") == pl.col("g"))
    return (
        pl.when(pl.col("foreign"))
        .then(_rule(pl.when(short.abs() <= pl.col("tol")).then(pl.lit("all_rate"))))
        .when(pl.col("v") == pl.col("a")).then(pl.lit("all_exact", RULE))
        .when(charged).then(pl.lit("all_charges", RULE))
        .when((pl.col("disc") > 0) & (short == pl.col("disc"))).then(pl.lit("all_discount", RULE))
        .when(plausible_fee(short, pl.col("v"))).then(pl.lit("all_fee", RULE))
    )  # fmt: skip


def in_terms() -> pl.Expr:
    """The discount that a pair may have on its day."""
    return pl.when(pl.col("day") <= pl.col("until")).then(pl.col("discount")).otherwise(0)


def of_part() -> pl.Expr:
    """The rule of what pays less than the one document that it names."""
    doubt = plausible_fee(_short(pl.col("v"), pl.col("a")), pl.col("v"), BIG_FEE_SHARE)
    return pl.when(doubt).then(pl.lit("part_or_fee", RULE)).otherwise(pl.lit("partial", RULE))


def _round_fee(short: pl.Expr) -> pl.Expr:
    """Much for the document, and as banks price: else it is a part that was paid."""
    price = short % FEE_STEP == 0
    return ~pl.col("netted") & price & plausible_fee(short, pl.col("v"), BIG_FEE_SHARE)


def plausible_fee(short: pl.Expr, value: pl.Expr, share: int = FEE_SHARE) -> pl.Expr:
    return short.is_between(1, FEE_MOST) & (short * share <= value.abs())


def _short(value: pl.Expr, paid: pl.Expr) -> pl.Expr:
    """By how much less than `value` was paid, in the direction of the value."""
    return (value - paid) * value.sign()


def _rule(words: pl.Expr) -> pl.Expr:
    return words.cast(RULE)
