"""Stages 1 and 2: the items that a transaction names, and which of them its amount pays."""

from __future__ import annotations

from typing import Final

import polars as pl

from nostro.matching.stages import amount_decision, claims
from nostro.matching.stages.outcome import KEY, Outcome, together
from nostro.matching.stages.payers import agrees


def hits(keys: pl.DataFrame, told: pl.DataFrame, key: str) -> pl.DataFrame:
    """`t, k, i, key, own`: items whose key a text names. `told` are `t, k` of the texts."""
    own = keys if "own" in keys.columns else keys.with_columns(own=pl.lit(value=True))
    found = told.join(own, on="k").with_columns(pl.col("k").cast(pl.UInt64))
    whole, further = (_once(found.filter(of)) for of in (pl.col("own"), ~pl.col("own")))
    more = further.join(whole, on=["t", "i"], how="anti")
    return pl.concat([whole, more]).with_columns(key=pl.lit(key, KEY))


def _once(found: pl.DataFrame) -> pl.DataFrame:
    return found.group_by("t", "i").agg(pl.col("k").max(), pl.col("own").first())


class Named:
    """What came of the named items: decided, and pairs that no rule of amounts explains."""

    def __init__(self, outcome: Outcome, others: pl.DataFrame, left: pl.DataFrame) -> None:
        self.outcome = outcome
        self.others = others
        self.left = left


def decided(pairs: pl.DataFrame, texts: pl.DataFrame, numbers: pl.DataFrame) -> Named:
    """`pairs` are priced, with `k`, `key` and `payer`, one row for a `t, i`. `texts` and `numbers`
    are those of the transactions and items."""
    alone = pl.col("t").is_unique()
    single = pairs.filter(alone).with_columns(
        rule=amount_decision.of_one(), rivals=pl.lit(0, pl.UInt32)
    )
    several = pairs.filter(~alone)
    groups = _all_together(several)
    rest = several.join(groups.decided, on="t", how="anti")
    best, others = _one_of(_numbered(rest, texts, numbers))
    outcome = together([
        claims.of_pairs(single.filter(pl.col("rule").is_not_null())), groups,
        claims.of_pairs(best),
    ])  # fmt: skip
    left = pairs.join(outcome.decided, on="t", how="anti")
    return Named(outcome, others, left)


def _all_together(pairs: pl.DataFrame) -> Outcome:
    """All that is named adds up; else all of it that belongs to the payer."""
    first = _summed(pairs)
    rest = pairs.join(first.decided, on="t", how="anti")
    mine = rest.filter(agrees())
    fewer = mine.join(rest.filter(~agrees()).select("t").unique(), on="t", how="semi")
    return together([first, _summed(fewer.filter(~pl.col("t").is_unique()))])


def _summed(pairs: pl.DataFrame) -> Outcome:
    groups = pairs.group_by("t").agg(
        pl.col("v").sum(), pl.col("tol").sum(), pl.col("a", "g").first(),
        pl.col("foreign").any(), amount_decision.in_terms().sum().alias("disc"),
        pl.col("key").max(), pl.col("payer").max(), pl.col("icur").n_unique().alias("currencies"),
        (pl.len() - pl.col("k").n_unique()).cast(pl.UInt32).alias("rivals"),
    ).filter(pl.col("currencies") == 1)  # fmt: skip
    agreed = groups.with_columns(rule=amount_decision.of_all()).filter(
        pl.col("rule").is_not_null() & ((pl.col("rule") != "all_fee") | (pl.col("key") != "tail"))
    )
    return claims.of_groups(agreed, pairs)


# Of several named documents, one that is short by a fee is no better than any other set.
_SURE_ALONE: Final = ("exact", "charges", "discount", "rate")


def _one_of(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of several named, the one that the amount pays: parts of one document, or numbers that say
    something else. The payer's come first, then the surest rule, then what is named most closely,
    then the oldest."""
    ruled = pairs.with_columns(rule=amount_decision.of_one()).filter(
        pl.col("rule").cast(pl.String).is_in(_SURE_ALONE)
    )
    ranked = _best_alike(ruled.with_columns(foe=~agrees(), loose=~pl.col("own")))
    first_k = pl.col("k").first().over("t")
    strangers = (pl.col("k") != first_k) | (pl.col("party") != pl.col("party").first().over("t"))
    marked = ranked.with_columns(rivals=strangers.sum().over("t").cast(pl.UInt32))
    best = marked.unique("t", keep="first", maintain_order=True)
    parts = marked.filter((pl.col("k") == first_k) & pl.col("t").is_duplicated())
    return best, parts.select("t", "i")


def _numbered(pairs: pl.DataFrame, texts: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """With `misnumbered`: the text says which instalment it pays ("Rate 3/4"), and not this one."""
    said = (
        texts.select("t", "text")
        .join(pairs.select("t").unique(), on="t", how="semi")
        .select("t", said=pl.col("text").str.extract(r"(?:^| )(\d{1,2})/\d{1,2}(?:$| )"))
    )
    part = (
        numbers.select("i", "number")
        .join(pairs.select("i").unique(), on="i", how="semi")
        .select("i", part=pl.col("number").str.extract(r"/(\d{1,2})$"))
    )
    both = pairs.join(said, on="t").join(part, on="i")
    wrong = pl.col("said").is_not_null() & (pl.col("said") != pl.col("part").fill_null(""))
    return both.with_columns(misnumbered=wrong).drop("said", "part")


def _best_alike(ruled: pl.DataFrame) -> pl.DataFrame:
    """Of each transaction the pairs that are as good as its best one, the oldest first."""
    order = ("foe", "rule", "misnumbered", "loose")
    ordered = ruled.sort("t", *order, "i")
    alike = pl.all_horizontal(pl.col(name) == pl.col(name).first().over("t") for name in order)
    return ordered.filter(alike)
