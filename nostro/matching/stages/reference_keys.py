"""Numbers of documents as keys: the same key however a payer writes the number.

A key is the number's digits as one whole number. `full` keys hold all digits, `tail` keys only the
last group, which another year or company may have too.
"""

from __future__ import annotations

import polars as pl

FULL_SHORTEST = 5  # Shorter numbers stand in texts by chance.
TAIL_SHORTEST = 3
PIECE_SHORTEST = 4
LONGEST = 18  # More digits do not fit a whole number of 64 bits.
TAIL_SHARED_MOST = 40  # A tail that more documents have says nothing.
# Digits, and digits behind one separator: "2026-0001234", "2026 0001234".
_CHAIN = r"\d+(?:[ ./_-]\d+)*"


def full_keys(items: pl.DataFrame) -> pl.DataFrame:
    """`k, i`: all digits of the number, and of each further reference."""
    own = items.lazy().select(_digits(pl.col("number")).alias("k"), "i")
    further = (
        items.lazy()
        .filter(pl.col("references") != "")
        .select(pl.col("references").str.split(" ").alias("reference"), "i")
        .explode("reference")
        .select(_digits(pl.col("reference")).alias("k"), "i")
    )
    return pl.concat([own, further]).drop_nulls("k").unique().collect()


def tail_keys(items: pl.DataFrame) -> pl.DataFrame:
    """`k, i`: the last group of digits where that is not the whole number."""
    tail = pl.col("number").str.extract(r"(\d+)\D*$")
    return (
        items.lazy()
        .filter(tail.str.len_bytes() >= TAIL_SHORTEST)
        .select(tail.cast(pl.Int64, strict=False).alias("k"), "i", _digits(pl.col("number")))
        .filter(pl.col("k").is_not_null() & (pl.col("k").ne_missing(pl.col("number"))))
        .select("k", "i")
        .filter(pl.len().over("k") <= TAIL_SHARED_MOST)
        .collect()
    )


def text_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, k, whole`: every number that the texts of a transaction may name.

    Adjacent groups of digits are read alone and joined, as nobody says where a number ends.
    `whole` is false for a single group, which may be a tail.
    """
    texts = pl.concat_str(["text", "structured", "e2e"], separator=" | ", ignore_nulls=True)
    chains = (
        rows.lazy()
        .select("t", texts.str.extract_all(_CHAIN).alias("chain"))
        .explode("chain")
        .drop_nulls("chain")
        .with_row_index("c")
        .with_columns(pl.col("chain").str.contains(r"\D").alias("joined"))
    )
    plain = chains.filter(~pl.col("joined")).select("t", "chain")
    joined = _joined(chains.filter("joined"))
    return (
        pl.concat([plain, joined])
        .filter(pl.col("chain").str.len_bytes().is_between(PIECE_SHORTEST, LONGEST))
        .select("t", pl.col("chain").cast(pl.Int64, strict=False).alias("k"))
        .drop_nulls("k")
        .unique()
        .collect()
    )


def _joined(chains: pl.LazyFrame) -> pl.LazyFrame:
    """Groups alone, in twos, in threes, and the chain as one."""
    groups = chains.select(
        "t", "c", pl.col("chain").str.replace_all(r"\D", " ").str.split(" ").alias("group")
    ).explode("group")
    second, third = (
        pl.when(pl.col("c") == pl.col("c").shift(-ahead)).then(pl.col("group").shift(-ahead))
        for ahead in (1, 2)
    )
    pieces = groups.select(
        "t",
        pl.concat_list("group", pl.col("group") + second, pl.col("group") + second + third).alias(
            "chain"
        ),
    ).explode("chain")
    whole = chains.select("t", pl.col("chain").str.replace_all(r"\D", "").alias("chain"))
    return pl.concat([pieces.drop_nulls("chain"), whole])


def _digits(text: pl.Expr) -> pl.Expr:
    digits = text.str.replace_all(r"\D", "")
    fits = digits.str.len_bytes().is_between(FULL_SHORTEST, LONGEST)
    return pl.when(fits).then(digits).cast(pl.Int64, strict=False)
