"""Stages 5 and 6: the payer is known and one of his open items has this amount.

What the text says is evidence beside it: the number but for a slip, a part of it, another number,
or nothing. Equal amounts of one payer are paid oldest first: that is a rule, no probability.
"""

from __future__ import annotations

from typing import Final

import polars as pl
from rapidfuzz.distance import OSA

from nostro.matching.stages import claims
from nostro.matching.stages.doubts import is_round
from nostro.matching.stages.outcome import KEY, KEYS, PAYER, Outcome

BLOCK_MOST: Final = 16
_PART_LEAST: Final = 5
_CENTURIES: Final = ("19", "20")  # Four digits that begin so are a year.


def decided(
    pairs: pl.DataFrame, texts: pl.DataFrame, numbers: pl.DataFrame
) -> tuple[Outcome, pl.DataFrame]:
    """`pairs` are priced, with `rule` and `payer`; `texts` are `t, digits, names`, `numbers`
    are `i, number_digits`."""
    likely = pairs.filter(pl.col("issue") <= pl.col("day"))
    scored = _with_key(likely, texts, numbers)
    kept = scored.filter(
        pl.col("rule").cast(pl.String).is_in(("exact", "charges"))
        | (pl.col("key").cast(pl.String).is_in(("slip", "near", "tail")))
        | (pl.col("rule") == "rate")
    )
    # What is named may be paid in part: a round amount, or one near a rate, is no other document's.
    part = (pl.col("key") == "own") & ((pl.col("rule") != "exact") | is_round("a"))
    kept = kept.filter(~part)
    rivals = kept.select("t", "i", "key", settled="open")
    return claims.of_pairs(_assigned(kept)), rivals


def candidates(rows: pl.DataFrame, items: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """`t, i, payer` by payer and amount: exact, before charges, less a discount, the original."""
    payable = _payable(items)
    paying = rows.join(named, on="t").select(
        "t", "party", "source", "cur", "amount", "charges", "ocur", "day",
        original=pl.col("oamount") * pl.col("amount").sign(),
    )  # fmt: skip
    less = payable.filter(pl.col("discount") > 0).with_columns(
        open=pl.col("open") - pl.col("discount") * pl.col("open").sign()
    )
    gross = paying.filter(pl.col("charges") != 0).with_columns(
        amount=pl.col("amount") + pl.col("charges")
    )
    foreign = paying.filter(pl.col("original").is_not_null()).with_columns(
        cur=pl.col("ocur"), amount=pl.col("original")
    )
    sides = ((paying, payable), (gross, payable), (foreign, payable), (paying, less))
    found = pl.concat([_joined(side, other) for side, other in sides])
    return found.group_by("t", "i").agg(pl.col("payer").min())


def _payable(items: pl.DataFrame) -> pl.DataFrame:
    """Items by who may pay them: the party, or its parent. Payouts are known by reference only."""
    columns = ("i", "cur", "open", "discount", "due")
    owed = items.filter(~pl.col("kind").is_in(["psp_payout", "payment_batch"]))
    own = owed.filter(pl.col("party") != 0).select(*columns, by="party", parent=pl.lit(value=False))
    of_child = owed.filter(pl.col("parent") != 0)
    return pl.concat([own, of_child.select(*columns, by="parent", parent=pl.lit(value=True))])


def _joined(paying: pl.DataFrame, payable: pl.DataFrame) -> pl.DataFrame:
    """All items of the payer and amount; of very many, those due nearest to the booking."""
    key = pl.struct("party", "cur", "amount").hash().alias("block")
    asked = paying.with_columns(key)
    listed = payable.with_columns(
        pl.struct(party="by", cur="cur", amount="open").hash().alias("block")
    ).join(asked.select("block").unique(), on="block", how="semi")
    ranked = listed.sort("block", "due", "i").with_columns(
        rank=pl.int_range(pl.len()).over("block"), size=pl.len().over("block")
    )
    small, heavy = (
        ranked.filter(pl.col("size") <= BLOCK_MOST),
        ranked.filter(pl.col("size") > BLOCK_MOST),
    )
    found = [asked.join(small, on="block"), _nearest(asked, heavy)]
    return pl.concat([
        pairs.select(
            "t", "i",
            payer=pl.when("parent").then(pl.lit("parent", PAYER))
            .otherwise(pl.col("source").cast(pl.String).cast(PAYER)),
        ) for pairs in found
    ])  # fmt: skip


def _nearest(asked: pl.DataFrame, heavy: pl.DataFrame) -> pl.DataFrame:
    """At most BLOCK_MOST items for a transaction: blocks of heavy payers never become squares."""
    first = heavy.select("block", "due", "rank").sort("due")
    placed = (
        asked.join(heavy.select("block").unique(), on="block", how="semi")
        .sort("day")
        .join_asof(first, left_on="day", right_on="due", by="block", strategy="backward",
                   check_sortedness=False)
        .with_columns(pl.col("rank").fill_null(0))
    )  # fmt: skip
    around = list(range(-BLOCK_MOST // 2, BLOCK_MOST // 2))
    spread = placed.with_columns(step=pl.lit(around, pl.List(pl.Int64))).explode("step")
    return spread.with_columns(rank=pl.col("rank") + pl.col("step")).join(
        heavy.drop("due"), on=["block", "rank"]
    )


def _with_key(pairs: pl.DataFrame, texts: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    both = pairs.join(texts, on="t", how="left").join(numbers, on="i")
    rows = both.select("digits", "number_digits").iter_rows()
    keys = [_likeness(said or [], number) for said, number in rows]
    named = both.with_columns(pl.Series("key", keys, dtype=KEY))
    said = pl.col("names").is_not_null() & ((pl.col("key") == "none") | (pl.col("names") == "own"))
    key = pl.when(said).then(pl.col("names")).otherwise(pl.col("key"))
    return named.with_columns(key=key).drop("digits", "number_digits", "names")


def _likeness(said: list[str], number: str) -> str:
    """What the digits of a text say about a number: see outcome.KEYS."""
    return min((_alike(digits, number) for digits in said), key=KEYS.index, default="none")


def _alike(digits: str, number: str) -> str:
    if number.endswith(digits) or digits.endswith(number):
        return "tail"
    if OSA.distance(digits.lstrip("0"), number.lstrip("0"), score_cutoff=2) <= 1:
        return "slip"
    if number.startswith(digits) and digits[:2] not in _CENTURIES:
        return "near"
    if len(digits) >= _PART_LEAST and digits in number:
        return "near"
    end = number[-len(digits) :]
    if len(digits) >= _PART_LEAST and OSA.distance(digits, end, score_cutoff=2) <= 1:
        return "near"
    return "none"


def _assigned(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each item to one transaction: the best evidence first, equal evidence oldest first.

    `rivals` are items that are as good for a transaction; one that equal evidence took is still
    one of them, as either may have paid either.
    """
    order = pairs.sort("key", "rule", "payer", "t", "i")
    same: dict[tuple[int, str], int] = {}
    rows = list(order.select("t", "i", pl.col("key").cast(pl.String)).iter_rows())
    for t, _, key in rows:
        same[t, key] = same.get((t, key), 0) + 1
    taken_t: set[int] = set()
    taken_i: dict[int, str] = {}
    kept: list[tuple[int, int, int]] = []
    for t, i, key in rows:
        if t in taken_t:
            continue
        if i in taken_i:
            same[t, key] -= taken_i[i] != key
            continue
        taken_t.add(t)
        taken_i[i] = key
        kept.append((t, i, same[t, key] - 1))
    shape = {"t": pl.UInt32, "i": pl.UInt32, "rivals": pl.UInt32}
    picked = pl.DataFrame(kept, schema=shape, orient="row")
    return pairs.join(picked, on=["t", "i"])
