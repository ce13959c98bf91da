"""Numbers of documents as keys: the same key however a payer writes the number.

A key is the number's digits as one whole number. `full` keys hold all digits, `tail` keys only the
last group, which another year or company may have too.
"""

from __future__ import annotations

import polars as pl

FULL_SHORTEST = 5  # Shorter numbers stand in texts by chance.
LETTERS_SHORTEST = 6
WORD_SHORTEST = 10  # An id without any digit.
TAIL_SHARED_MOST = 50  # A tail of more documents, or of one in 2,000, is a date or a year.
PIECE_SHORTEST = 4
_TEXTS = ("text", "structured", "e2e")
SLICE = 50_000  # Texts taken apart are many times the texts: never those of all rows at once.
LONGEST = 18  # More digits do not fit a whole number of 64 bits.
# Digits, and digits behind one separator: "2026-0001234", "2026 0001234".
_CHAIN = r"\d+(?:[ ./_-]\d+)*"


def full_keys(items: pl.DataFrame) -> pl.DataFrame:
    """`k, i, own`: all digits of the number, and of each further reference (not `own`)."""
    own = items.lazy().select(_digits(pl.col("number")).alias("k"), "i", own=pl.lit(value=True))
    further = (
        items.lazy()
        .filter(pl.col("references") != "")
        .select(pl.col("references").str.split(" ").alias("reference"), "i")
        .explode("reference")
        .select(_digits(pl.col("reference")).alias("k"), "i", own=pl.lit(value=False))
    )
    keys = pl.concat([own, further]).drop_nulls("k")
    return keys.group_by("k", "i").agg(pl.col("own").any()).collect()


def tail_keys(items: pl.DataFrame) -> pl.DataFrame:
    """`k, i`: each long group of digits of the number, and the last four to seven of all."""
    every = pl.col("number").str.replace_all(r"\D", "")
    digits = items.select("i", "number", digits=every)
    groups = (
        digits.select("i", pl.col("number").str.extract_all(r"\d{4,18}").alias("tail"))
        .explode("tail")
    )  # fmt: skip
    ends = [
        digits.filter(pl.col("digits").str.len_bytes() > length).select(
            "i", pl.col("digits").str.tail(length).alias("tail")
        )
        for length in range(PIECE_SHORTEST, 8)
    ]
    tails = pl.concat([groups, *ends]).drop_nulls("tail")
    keys = tails.select(_with_length("tail").alias("k"), "i").unique()
    most = max(TAIL_SHARED_MOST, items.height // 2000)
    return keys.filter(pl.len().over("k") <= most)


def letter_keys(items: pl.DataFrame) -> pl.DataFrame:
    """`k, i`: references of letters and digits, as payout services and we ourselves give them."""
    named = items.select("i", letters(pl.col("number")).alias("k"))
    return named.filter(pl.col("k") != 0)


def text_letters(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, k`: each word of the texts that has a digit or is long, as one number."""
    return pl.concat(
        _words(some).select("t", pl.col("word").hash().alias("k")).unique().collect()
        for some in _slices(rows)
    )


def text_words(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, word`: those words, as they are compared."""
    return _words(rows).unique().collect()


def _words(rows: pl.DataFrame) -> pl.LazyFrame:
    texts = pl.concat_str("text", "structured", "e2e", separator=" ")
    return (
        rows.lazy()
        .select("t", texts.str.extract_all(r"[0-9A-Za-z_./-]{6,}").alias("word"))
        .explode("word")
        .drop_nulls("word")
        .select("t", telling(pl.col("word")).alias("word"))
        .filter(pl.col("word") != "")
    )


def letters(text: pl.Expr) -> pl.Expr:
    word = telling(text)
    return pl.when(word != "").then(word.hash()).otherwise(pl.lit(0, pl.UInt64))


def telling(text: pl.Expr) -> pl.Expr:
    """Its letters and digits, where they are enough to tell one document from others; else ""."""
    plain = text.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")
    length = plain.str.len_bytes()
    digit = plain.str.contains(r"\d") & (length >= LETTERS_SHORTEST)
    return pl.when(digit | (length >= WORD_SHORTEST)).then(plain).otherwise(pl.lit(""))


def text_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, k`: every number that the texts of a transaction may name."""
    return pl.concat(
        _pieces(some)
        .select("t", pl.col("chain").cast(pl.Int64, strict=False).alias("k"))
        .drop_nulls("k")
        .unique()
        .collect()
        for some in _slices(rows)
    )


def _slices(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """At least one, so that no rows at all have their columns too."""
    texts = rows.select("t", *_TEXTS)
    return list(texts.iter_slices(SLICE)) or [texts]


def text_digits(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, digits`: the same as lists of texts, with their leading zeros."""
    told = _pieces(rows).group_by("t").agg(digits=pl.col("chain").unique().sort())
    return told.collect()


def text_ends(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, piece, k`: the same, as they are compared with `tail_keys`."""
    told = _pieces(rows).select("t", "chain").unique()
    return told.select("t", piece="chain", k=_with_length("chain")).drop_nulls("k").collect()


def _with_length(digits: str) -> pl.Expr:
    """Leading zeros count: "000126" is not the end of "097126"."""
    return (pl.lit("1") + pl.col(digits)).cast(pl.Int64, strict=False)


def _pieces(rows: pl.DataFrame) -> pl.LazyFrame:
    """`t, chain`. Adjacent groups of digits are read alone and joined, as nobody says where a
    number ends."""
    texts = pl.concat_str(_TEXTS, separator=" | ", ignore_nulls=True)
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
    return pl.concat([plain, joined]).filter(
        pl.col("chain").str.len_bytes().is_between(PIECE_SHORTEST, LONGEST)
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
