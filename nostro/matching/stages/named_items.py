"""Stages 1 and 2: the items that a transaction names, and which of them its amount pays."""

from __future__ import annotations

import polars as pl

from nostro.matching.stages import amount_decision, claims
from nostro.matching.stages.outcome import KEY, Outcome, together
from nostro.matching.stages.payers import agrees


def hits(keys: pl.DataFrame, told: pl.DataFrame, key: str) -> pl.DataFrame:
    """`t, k, i, key`: items whose key a text names. `told` are `t, k` of the texts."""
    return told.join(keys, on="k").select("t", "k", "i", pl.lit(key, KEY).alias("key"))


class Named:
    """What came of the named items: decided, and pairs that no rule of amounts explains."""

    def __init__(self, outcome: Outcome, others: pl.DataFrame, left: pl.DataFrame) -> None:
        self.outcome = outcome
        self.others = others
        self.left = left


def decided(pairs: pl.DataFrame) -> Named:
    """`pairs` are priced, with `k`, `key` and `payer`, one row for a `t, i`."""
    alone = pl.col("t").is_unique()
    single = pairs.filter(alone).with_columns(
        rule=amount_decision.of_one(), rivals=pl.lit(0, pl.UInt32)
    )
    several = pairs.filter(~alone)
    groups = _all_together(several)
    rest = several.join(groups.decided, on="t", how="anti")
    best, others = _one_of(rest)
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
    agreed = groups.with_columns(rule=amount_decision.of_all()).drop_nulls("rule")
    return claims.of_groups(agreed, pairs)


def _one_of(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of several named, the one that the amount pays: parts of one document, or numbers that say
    something else. The payer's come first, then the surest rule, then the oldest."""
    ruled = pairs.with_columns(rule=amount_decision.of_one()).drop_nulls("rule")
    ordered = ruled.with_columns(foe=~agrees()).sort("t", "foe", "rule", "key", "i")
    ranked = ordered.filter(
        (pl.col("foe") == pl.col("foe").first().over("t"))
        & (pl.col("rule") == pl.col("rule").first().over("t"))
    )
    # Parts of one document stand for each other, oldest first; other numbers are rivals.
    first_k = pl.col("k").first().over("t")
    rivals = (pl.col("k") != first_k).sum().over("t").cast(pl.UInt32)
    marked = ranked.with_columns(
        rivals=rivals + (pl.col("party") != pl.col("party").first().over("t")).sum().over("t")
    ).with_columns(pl.col("rivals").cast(pl.UInt32))
    best = marked.unique("t", keep="first", maintain_order=True)
    others = marked.filter(pl.col("k") == first_k).select("t", "i")
    others = others.join(
        others.group_by("t").len().filter(pl.col("len") > 1).select("t"), on="t", how="semi"
    )
    return best.drop("foe"), others
