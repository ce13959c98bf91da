"""What makes a clear explanation less sure: other documents that it could as well be about.

A payer who owes one price each month has many documents of one amount: then a number that is not
whole, or one that a slip turns into another of them, proves little.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.matching.stages import reference_keys
from nostro.matching.stages.amounts import exponent_of_enum
from nostro.matching.stages.outcome import Outcome

CLEAR, ROUND, EQUAL, TWIN, TWICE, MORE = "clear", "round", "equal", "twin", "twice", "more"
DOUBT: Final = pl.Enum((CLEAR, ROUND, EQUAL, TWIN, TWICE, MORE))
_ROUND: Final = 100  # Whole hundreds of a currency.
_LOOSE: Final = ("fee", "big_fee", "partial", "part_or_fee")
_SLIP_DIGITS: Final = 7  # A slip in the year or the company is another kind of number.
_BLOCK: Final = ("party", "cur", "open")


def none() -> pl.DataFrame:
    return pl.DataFrame(schema={"t": pl.UInt32, "doubt": DOUBT})


def equal(outcome: Outcome, items: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`t, doubt`: one document is paid, and the payer had others of its amount open that day."""
    sole = _sole(outcome, items)
    asked = sole.select(*_BLOCK).unique()
    issued = items.join(asked, on=_BLOCK, how="semi").group_by(*_BLOCK)
    others = issued.agg(second=pl.col("issue").bottom_k(2).max(), n=pl.len()).filter(
        pl.col("n") > 1
    )
    told = sole.join(others, on=_BLOCK).join(rows.select("t", "day"), on="t")
    return _as(told.filter(pl.col("second") <= pl.col("day")), EQUAL)


def whole(outcome: Outcome, rows: pl.DataFrame) -> pl.DataFrame:
    """`t, doubt`: nothing is named, and a round amount may be a part of something larger."""
    unnamed = outcome.decided.filter(pl.col("key").cast(pl.String).is_in(("none", "other", "own")))
    paid = unnamed.join(rows.select("t", "amount", "cur"), on="t")
    return _as(paid.filter(is_round("amount")), ROUND)


def is_round(amount: str) -> pl.Expr:
    return pl.col(amount) % (_ROUND * 10 ** exponent_of_enum("cur")) == 0


def twins(outcome: Outcome, items: pl.DataFrame) -> pl.DataFrame:
    """`t, doubt`: another document of the payer and amount has this number but for one slip, and
    nobody named it when he paid."""
    sole = _sole(outcome, items)
    several = items.filter(pl.struct(_BLOCK).is_duplicated() & (pl.col("party") != 0))
    digits = pl.col("number").str.replace_all(r"\D", "").str.tail(reference_keys.LONGEST)
    paid = outcome.allocated.select("i").unique().with_columns(paid=pl.lit(value=True))
    numbers = several.select(
        "i", block=pl.struct(_BLOCK).hash(), d=digits.cast(pl.Int64, strict=False)
    ).join(paid, on="i", how="left").with_columns(pl.col("paid").is_not_null())  # fmt: skip
    numbers = numbers.drop_nulls("d")
    near = pl.concat([_alike_at(numbers, place) for place in range(_SLIP_DIGITS)])
    return _as(sole.join(near, on="i", how="semi"), TWIN)


def twice(outcome: Outcome, hits: pl.DataFrame, twins: pl.DataFrame) -> pl.DataFrame:
    """`t, doubt`: another booking names the document too, and the one that pays it may have meant
    another document, or a part of it. `hits` are `t, i`, `twins` are `t`."""
    loose = (pl.col("payer") == "conflict") | pl.col("rule").cast(pl.String).is_in(_LOOSE)
    asked = pl.concat([outcome.decided.filter(loose).select("t"), twins.select("t")]).unique()
    named = hits.group_by("i").agg(n=pl.len()).filter(pl.col("n") > 1)
    sole = outcome.allocated.filter(pl.col("t").is_unique()).join(asked, on="t", how="semi")
    return _as(sole.join(named, on="i", how="semi"), TWICE)


def with_several_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """The texts that may name more than one document."""
    several = pl.col("text").str.count_matches(r"\d{4,}") > 1
    return rows.lazy().filter(several).select("t", "text", "structured", e2e=pl.lit("")).collect()


def more(outcome: Outcome, items: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """`t, doubt`: the text names the end of the number of another document of the same payer,
    which nobody else pays. `texts` are those with several numbers."""
    sole = _sole(outcome, items).select("t", "i", "party", "number")
    several = texts.join(sole.select("t"), on="t", how="semi")
    paid = sole.select("t", "party", mine=pl.col("number").str.replace_all(r"\D", ""))
    pieces = reference_keys.text_ends(several).join(paid, on="t")
    strange = pieces.filter(~pl.col("mine").str.contains(pl.col("piece"), literal=True))
    unpaid = items.select("i", "party", "number").join(outcome.allocated, on="i", how="anti")
    owed = unpaid.join(strange.select("party").unique(), on="party", how="semi")
    found = [
        strange.join(
            reference_keys.tail_keys(some).join(some.select("i", "party"), on="i"),
            on=["k", "party"],
        ).select("t", "i")
        for some in owed.iter_slices(reference_keys.SLICE)
    ]
    others = pl.concat([sole.select("t", "i").clear(), *found])
    return _as(others.join(sole, on=["t", "i"], how="anti"), MORE)


def worst(told: list[pl.DataFrame]) -> pl.DataFrame:
    """One row a transaction: what weighs most."""
    return pl.concat([none(), *told]).group_by("t").agg(pl.col("doubt").max())


def _sole(outcome: Outcome, items: pl.DataFrame) -> pl.DataFrame:
    one = outcome.allocated.filter(pl.col("t").is_unique()).select("t", "i")
    return one.join(items.select("i", "number", *_BLOCK), on="i").filter(pl.col("party") != 0)


def _alike_at(numbers: pl.DataFrame, place: int) -> pl.DataFrame:
    """`i` of numbers that another one of the block equals but for the digit at a place from the
    end, or for two neighbours that changed places there."""
    low, one = 10**place, pl.col("d") // 10**place % 10
    two = pl.col("d") // (low * 10) % 10
    rest = pl.col("d") - one * low
    swapped = rest - two * low * 10
    keys = (
        pl.struct("block", rest),
        pl.struct(
            "block", swapped, low=pl.min_horizontal(one, two), high=pl.max_horizontal(one, two)
        ),
    )
    found = [
        numbers.filter(pl.col("paid") & (~pl.col("paid")).any().over(key.hash())).select("i")
        for key in keys
    ]
    return pl.concat(found)


def _as(rows: pl.DataFrame, doubt: str) -> pl.DataFrame:
    return rows.select("t", doubt=pl.lit(doubt, DOUBT)).unique()
