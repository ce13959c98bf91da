"""Who paid: the parties that a transaction may come from, and what says so.

By the account they pay from, by what people decided before, by the same name. A name that is only
alike is asked for where nothing better is known.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from rapidfuzz import fuzz

SOURCES: Final = ("iban", "alias", "name", "alike")
SOURCE: Final = pl.Enum(SOURCES)
ALIKE_LEAST = 86  # Percent of two names in whatever order of words.
SHARED_WORD_MOST = 300  # A word in more names than this finds nobody.
SHARED_BY_MOST = 8  # A name or an account of more parties than this tells nothing.
_LEGAL_FORMS = (
    r"\b(GESELLSCHAFT MIT BESCHRAENKTER HAFTUNG|GESELLSCHAFT MBH|GES M B H|GMBH|MBH|AG|KG|OHG|SE|"
    r"CO|LTD|LIMITED|LLC|INC|PLC|CORP|SA|SAS|SARL|SRL|SPA|BV|NV|AB|AS|OY|APS|AND|UND)\b"
)
_ACCENTS: Final = {
    "Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "É": "E", "È": "E", "Ê": "E", "À": "A", "Á": "A",
    "Â": "A", "Ç": "C", "Ñ": "N", "Ó": "O", "Ô": "O", "Ø": "OE", "Å": "AA", "Æ": "AE", "Í": "I",
    "Ú": "U", "Ł": "L", "Š": "S", "Ž": "Z", "Č": "C",
}  # fmt: skip


class Parties:
    """The parties of the open items: their names and accounts, indexed once."""

    def __init__(self, items: pl.DataFrame) -> None:
        rows = items.lazy().filter(pl.col("party") != 0)
        self.names = (
            rows.select("party", pl.col("party_name").alias("name"))
            .filter(pl.col("name") != "")
            .unique()
            .with_columns(plain(pl.col("name")).alias("plain"))
            .filter(pl.col("plain") != "")
            .select("party", "plain")
            .unique()
            .sort("party", "plain")
            .collect()
        )
        self.ibans = (
            rows.filter(pl.col("party_ibans") != "")
            .select("party", "party_ibans")
            .unique()
            .with_columns(pl.col("party_ibans").str.to_uppercase().str.split(" "))
            .explode("party_ibans")
            .filter(pl.col("party_ibans") != "")
            .select(
                "party",
                pl.col("party_ibans").str.replace_all(r"[^0-9A-Z]", "").hash().alias("iban"),
            )
            .unique()
            .filter(pl.len().over("iban") <= SHARED_BY_MOST)
            .sort("party", "iban")
            .collect()
        )


def plain(name: pl.Expr) -> pl.Expr:
    """A name without accents, legal form, punctuation and case, its words apart by one space."""
    letters = name.str.to_uppercase().str.replace_many(_ACCENTS)
    words = letters.str.replace_all(r"[.']", "").str.replace_all(r"[^0-9A-Z]+", " ")
    return words.str.replace_all(_LEGAL_FORMS, "").str.replace_all(r" +", " ").str.strip_chars()


def named(rows: pl.DataFrame, parties: Parties, learnt: pl.DataFrame) -> pl.DataFrame:
    """`t, party, source`: whom the account, earlier decisions or the very name stand for.

    `learnt` holds `iban, plain, party` of confirmed decisions.
    """
    rows = rows.select("t", "iban", "plain")
    by_iban = rows.filter(pl.col("iban") != 0).join(parties.ibans, on="iban")
    found = [_with_source(by_iban, "iban")]
    if learnt.height:
        by_decision = rows.join(learnt, on=["iban", "plain"])
        found.append(_with_source(by_decision, "alias"))
    by_name = rows.filter(pl.col("plain") != "").join(_telling(parties.names), on="plain")
    found.append(_with_source(by_name, "name"))
    return _best(pl.concat(found))


def alike(rows: pl.DataFrame, parties: Parties) -> pl.DataFrame:
    """`t, party, source`: parties whose name shares a rare word and is much alike."""
    asked = rows.filter(pl.col("plain") != "").select("plain").unique().sort("plain")
    asked = asked.with_row_index("u")
    listed = parties.names.with_row_index("p")
    pairs = _sharing_words(asked, listed).sort("u", "p")
    scores = [
        int(fuzz.token_sort_ratio(one, other))
        for one, other in zip(pairs["plain"], pairs["listed"], strict=True)
    ]
    best = (
        pairs.with_columns(pl.Series("score", scores, dtype=pl.Int64))
        .filter(pl.col("score") >= ALIKE_LEAST)
        .sort("plain", "score", "party", descending=[False, True, False])
        .group_by("plain", maintain_order=True)
        .head(3)
    )
    return _best(_with_source(rows.join(best.select("plain", "party"), on="plain"), "alike"))


def _sharing_words(asked: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Pairs with a word in common that few names have; never all pairs."""
    ours, theirs = (_words(frame, place) for frame, place in ((asked, "u"), (listed, "p")))
    rare = theirs.filter(pl.len().over("word") <= SHARED_WORD_MOST)
    return (
        ours.join(rare, on="word")
        .group_by("u", "p")
        .agg(pl.len().alias("shared"))
        .sort("u", "shared", "p", descending=[False, True, False])
        .group_by("u", maintain_order=True)
        .head(12)
        .join(asked, on="u")
        .join(listed.select("p", "party", pl.col("plain").alias("listed")), on="p")
    )


def _words(frame: pl.DataFrame, place: str) -> pl.DataFrame:
    """Whole words, and their first five letters, so that an ending may differ."""
    words = (
        frame.select(place, pl.col("plain").str.split(" ").alias("word"))
        .explode("word")
        .filter(pl.col("word").str.len_bytes() >= PIECE_SHORTEST)
    )
    starts = words.with_columns(pl.col("word").str.slice(0, 5))
    return pl.concat([words, starts]).unique()


PIECE_SHORTEST = 3


def _telling(names: pl.DataFrame) -> pl.DataFrame:
    return names.filter(pl.len().over("plain") <= SHARED_BY_MOST)


def _with_source(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    return rows.select("t", "party", pl.lit(source, SOURCE).alias("source"))


def _best(found: pl.DataFrame) -> pl.DataFrame:
    """One row for a transaction and party: with its strongest source."""
    return found.group_by("t", "party").agg(pl.col("source").min())
