"""What the stages found, as decisions: one for each transaction, with status and evidence."""

from __future__ import annotations

from typing import Final

import msgspec
import polars as pl

from nostro.matching.stages import confidence, doubts, evidence
from nostro.matching.stages.amounts import exponent_of_enum
from nostro.matching.stages.confidence import WHOLE, Model
from nostro.matching.stages.outcome import Outcome

POST, SUGGEST, AMBIGUOUS, REVERSAL, NONE = "post", "suggest", "ambiguous", "reversal", "none"
STATUS: Final = pl.Enum((POST, SUGGEST, AMBIGUOUS, REVERSAL, NONE))
ALTERNATIVES_MOST: Final = 5
NOTHING_FITS: Final = ["nothing that is open explains it"]


class Found(msgspec.Struct, frozen=True):
    """What one pass has found. `others` are `t, of`: further bookings of a decision told under
    `t`; `repeats` are bookings that repeat an earlier one; `rivals` are
    `t, i, settled, key` of other items that a booking may pay, the likelier first; `doubts` are
    `t, doubt` (stages.doubts)."""

    outcome: Outcome
    others: pl.DataFrame
    repeats: pl.DataFrame
    rivals: pl.DataFrame
    doubts: pl.DataFrame


class Decisions:
    """`lines` are decisions by their first transaction `t`; `batch` makes records of them."""

    def __init__(
        self, lines: pl.DataFrame, found: Found, ids: pl.DataFrame, item_ids: pl.DataFrame
    ) -> None:
        self.lines = lines
        self.outcome = found.outcome
        self.others = found.others
        self.rivals = found.rivals
        self.ids = ids
        self.item_ids = item_ids

    def batch(self, start: int, count: int) -> pl.DataFrame:
        """Records as the file tool writes them."""
        lines = self.lines.slice(start, count)
        allocated = self._allocations(lines)
        adjusted = self._adjustments(lines)
        return (
            _with_words(lines)
            .join(allocated, on="t", how="left")
            .join(adjusted, on="t", how="left")
            .join(self._transactions(lines), on="t")
            .join(self._alternatives(lines), on="t", how="left")
            .sort("t")
            .select(
                transactions="transactions",
                allocations=_or_empty("allocations"),
                adjustments=_or_empty("adjustments"),
                status="status",
                probability=(pl.col("chance") / WHOLE).round(6),
                scenario_of_evidence="of_class",
                evidence="evidence",
                alternatives=_or_empty("alternatives"),
            )
        )

    def _transactions(self, lines: pl.DataFrame) -> pl.DataFrame:
        others = self.others.join(lines.select("t"), on="t", how="semi")
        every = pl.concat([others, lines.select("t", pl.col("t").alias("of"))]).sort("t", "of")
        named = every.join(self.ids.rename({"t": "of"}), on="of", maintain_order="left")
        return named.group_by("t", maintain_order=True).agg(pl.col("id").alias("transactions"))

    def _allocations(self, lines: pl.DataFrame) -> pl.DataFrame:
        rows = self.outcome.allocated.join(lines.select("t"), on="t", how="semi")
        named = rows.join(self.item_ids, on="i").sort("t", "i")
        one = pl.struct(pl.col("id").alias("item"), pl.col("settled").alias("settled_minor"))
        return named.group_by("t", maintain_order=True).agg(one.alias("allocations"))

    def _alternatives(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Other single items, ranked, for whoever must choose; not for what posts."""
        open_lines = lines.filter(~pl.col("status").cast(pl.String).is_in((POST, REVERSAL)))
        taken = self.outcome.allocated.select("t", "i")
        rows = self.rivals.join(open_lines.select("t"), on="t", how="semi")
        free = rows.join(taken, on=["t", "i"], how="anti").sort("t", "key", "i")
        few = free.unique(["t", "i"], keep="first", maintain_order=True)
        named = few.join(self.item_ids, on="i", maintain_order="left")
        one = pl.struct(
            pl.col("id").alias("item"), pl.col("settled").alias("settled_minor"),
            pl.col("key").cast(pl.String).replace_strict(evidence.KEY_WORDS).alias("why"),
        )  # fmt: skip
        return named.group_by("t", maintain_order=True).agg(
            one.head(ALTERNATIVES_MOST).alias("alternatives")
        )

    def _adjustments(self, lines: pl.DataFrame) -> pl.DataFrame:
        rows = self.outcome.adjusted.join(lines.select("t"), on="t", how="semi")
        named = rows.join(self.item_ids, on="i", how="left").sort("t", "i")
        one = pl.struct("kind", pl.col("minor").alias("amount_minor"), pl.col("id").alias("item"))
        return named.group_by("t", maintain_order=True).agg(one.alias("adjustments"))


def of_found(rows: pl.DataFrame, found: Found) -> pl.DataFrame:
    """One line for a decision, with its class, before anything is said of its chance."""
    originals = found.others.select(pl.col("of").alias("t"))
    lines = rows.select("t", "pending", worth=worth()).join(originals, on="t", how="anti")
    marked = (
        lines.join(found.outcome.decided, on="t", how="left")
        .join(found.repeats.select("t", repeat=True), on="t", how="left")
        .join(found.doubts, on="t", how="left")
        .with_columns(
            pl.col("repeat").fill_null(value=False), pl.col("doubt").fill_null(doubts.CLEAR)
        )
    )
    return marked.with_columns(
        of_class=pl.when(pl.col("rule").is_not_null()).then(confidence.of_class())
    ).sort("t")


def worth() -> pl.Expr:
    """Amounts of any currency in hundredths of its unit: currencies are weighed one for one."""
    places = exponent_of_enum("cur")
    hundredths = pl.when(places <= 2).then(pl.col("amount") * 10 ** (2 - places).clip(0, 2))
    return hundredths.otherwise(pl.col("amount") // 10 ** (places - 2).clip(0, 2)).abs()


def judged(lines: pl.DataFrame, model: Model, target: int, found: Found) -> pl.DataFrame:
    """The lines with `chance` and `status`."""
    classes = lines["of_class"].drop_nulls().unique().sort().to_list()
    told = confidence.chances(model, classes, target)
    with_items = found.outcome.allocated.select("t").unique().with_columns(has=pl.lit(value=True))
    several = found.others.select("t").unique().with_columns(many=pl.lit(value=True))
    joined = (
        lines.join(told, on="of_class", how="left")
        .join(with_items, on="t", how="left")
        .join(several, on="t", how="left")
    )
    reversal = pl.col("has").is_null() & pl.col("many").is_not_null()
    small = (pl.col("worth") <= pl.col("most")).fill_null(value=True)
    sure = pl.col("posts") & ~pl.col("pending")
    person = (pl.col("rule") == "person").fill_null(value=False)
    status = (
        pl.when(reversal).then(pl.lit(REVERSAL, STATUS))
        .when(pl.col("has").is_null()).then(pl.lit(NONE, STATUS))
        .when(person).then(pl.lit(POST, STATUS))
        .when(sure & small).then(pl.lit(POST, STATUS))
        .when(pl.col("rivals") > 0).then(pl.lit(AMBIGUOUS, STATUS))
        .otherwise(pl.lit(SUGGEST, STATUS))
    )  # fmt: skip
    chance = pl.when(person).then(WHOLE).otherwise(pl.col("chance")).fill_null(0)
    large = sure & ~small & ~reversal & pl.col("has").is_not_null()
    return (
        joined.with_columns(status=status, chance=chance, large=large.fill_null(value=False))
        .drop("has", "posts", "many", "most")
        .sort("t")
    )


def _with_words(lines: pl.DataFrame) -> pl.DataFrame:
    """The few different kinds of evidence are put into words once each."""
    by = ["rule", "key", "payer", "rivals", "repeat", "doubt", "large"]
    kinds = lines.select(by).unique(maintain_order=True)
    said = [evidence.words(*kind) if kind[0] else NOTHING_FITS for kind in kinds.iter_rows()]
    told = kinds.with_columns(pl.Series("evidence", said, dtype=pl.List(pl.String)))
    return lines.join(told, on=by, how="left", nulls_equal=True)


def _or_empty(column: str) -> pl.Expr:
    return pl.coalesce(pl.col(column), pl.lit([]))
