"""Which company an account belongs to, learnt from what surely goes together.

Companies of one group number their documents alike; the tables do not say whose account it is.
"""

from __future__ import annotations

import polars as pl

LEAST = 20  # Exact payments that tell it.
SHARE_PERCENT = 95
_ENOUGH = 200_000


def of_accounts(hits: pl.DataFrame, rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """`account, entity`: where payments name one document and pay it exactly."""
    sole = hits.filter(pl.col("t").is_unique()).select("t", "i").sort("t").head(_ENOUGH)
    sure = (
        sole.join(rows.select("t", "account", "amount", "cur"), on="t")
        .join(items.select("i", "entity", "open", icur="cur"), on="i")
        .filter((pl.col("amount") == pl.col("open")) & (pl.col("cur") == pl.col("icur")))
        .group_by("account", "entity")
        .agg(pl.len().alias("n"))
    )
    told = sure.with_columns(all=pl.col("n").sum().over("account"))
    clear = (pl.col("n") >= LEAST) & (pl.col("n") * 100 >= pl.col("all") * SHARE_PERCENT)
    return told.filter(clear).select("account", "entity")


def own_first(
    hits: pl.DataFrame, accounts: pl.DataFrame, rows: pl.DataFrame, items: pl.DataFrame
) -> pl.DataFrame:
    """Without documents of other companies, where one of the account's own is named as well."""
    if not accounts.height:
        return hits
    whose = rows.select("t", "account").join(accounts, on="account").select("t", mine="entity")
    both = hits.join(items.select("i", "entity"), on="i").join(whose, on="t", how="left")
    strange = (pl.col("entity") != pl.col("mine")).fill_null(value=False)
    own = both.filter(~strange).drop("entity", "mine")
    others = both.filter(strange).drop("entity", "mine").join(own.select("t"), on="t", how="anti")
    return pl.concat([own, others])
