"""Whether the payer of a transaction is the party of an item that it may pay."""

from __future__ import annotations

import polars as pl
from rapidfuzz import fuzz

from nostro.matching.stages.outcome import PAYER
from nostro.matching.stages.parties import ALIKE_LEAST, Parties

AGREES = ("iban", "alias", "name", "parent", "alike")


def with_payer(
    pairs: pl.DataFrame, named: pl.DataFrame, rows: pl.DataFrame, parties: Parties
) -> pl.DataFrame:
    """Pairs of `t, i, party, parent` with `payer`: what speaks for the payer, or against him."""
    asked = pairs.select("t", "party", "parent").with_row_index("p")
    own = asked.join(named, on=["t", "party"], how="left")
    agreed = own.filter(pl.col("source").is_not_null()).with_columns(
        payer=pl.col("source").cast(pl.String).cast(PAYER)
    )
    left = own.filter(pl.col("source").is_null()).drop("source")
    other = left.join(named, left_on=["t", "parent"], right_on=["t", "party"], how="left")
    of_parent = other.filter(pl.col("source").is_not_null()).with_columns(
        payer=pl.lit("parent", PAYER)
    )
    unsaid = other.filter(pl.col("source").is_null()).drop("source")
    compared = _compared(unsaid, named, rows, parties)
    told = pl.concat([frame.select("p", "payer") for frame in (agreed, of_parent, compared)])
    return pairs.with_columns(told.sort("p")["payer"])


def agrees() -> pl.Expr:
    return pl.col("payer").cast(pl.String).is_in(AGREES)


def _compared(
    pairs: pl.DataFrame, named: pl.DataFrame, rows: pl.DataFrame, parties: Parties
) -> pl.DataFrame:
    """By the two names: alike, or else nobody known (unknown), or somebody else (conflict)."""
    known = named.select("t").unique().with_columns(else_known=pl.lit(value=True))
    both = (
        pairs.join(rows.select("t", "plain"), on="t")
        .join(
            parties.names.group_by("party").agg(pl.col("plain").first().alias("listed")),
            on="party", how="left",
        )
        .join(known, on="t", how="left")
    )  # fmt: skip
    texts = both.select("plain", "listed").unique().drop_nulls()
    texts = texts.filter((pl.col("plain") != "") & (pl.col("listed") != ""))
    scores = [alike(one, other) for one, other in texts.iter_rows()]
    scored = texts.with_columns(pl.Series("score", scores, dtype=pl.Int64))
    found = both.join(scored, on=["plain", "listed"], how="left")
    somebody = pl.col("else_known").fill_null(value=False) | (pl.col("score") < _UNLIKE)
    return found.with_columns(
        payer=pl.when(pl.col("score") >= ALIKE_LEAST)
        .then(pl.lit("alike", PAYER))
        .when(somebody.fill_null(value=False))
        .then(pl.lit("conflict", PAYER))
        .otherwise(pl.lit("unknown", PAYER))
    )


_UNLIKE = 60


def alike(one: str, other: str) -> int:
    """Percent: words in any order, or one name cut off where the other goes on."""
    best = int(fuzz.token_sort_ratio(one, other))
    shorter = min(one, other, key=len)
    if best < ALIKE_LEAST and len(shorter) >= _CUT_SHORTEST:
        best = max(best, int(fuzz.partial_ratio(one, other)) - 5)
    return best


_CUT_SHORTEST = 10
