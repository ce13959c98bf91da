"""What a stage has found: the decided transactions, what they clear, and the differences."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import polars as pl

RULES: Final = (
    "exact", "charges", "discount", "late_discount", "fee", "big_fee", "partial", "part_or_fee",
    "over",
    "rounding", "all_exact", "all_charges", "all_discount", "all_fee", "batch", "batch_charges",
    "batch_accepted", "rate", "all_rate", "netted", "list_tails", "list_run", "list_sum", "run",
    "sum", "reversal", "duplicate", "person",
)  # fmt: skip
RULE: Final = pl.Enum(RULES)
KEYS: Final = (
    "structured",
    "own_id",
    "full",
    "letters",
    "tail",
    "slip",
    "near",
    "other",
    "own",
    "none",
)
KEY: Final = pl.Enum(KEYS)
PAYERS: Final = ("iban", "alias", "name", "parent", "alike", "unknown", "conflict")
PAYER: Final = pl.Enum(PAYERS)
ADJUSTMENTS: Final = (
    "discount", "fee", "short_pay", "over_pay", "fx_difference", "on_account", "write_off",
)  # fmt: skip
ADJUSTMENT: Final = pl.Enum(ADJUSTMENTS)

Shape = dict[str, Any]

DECIDED: Final = Shape(
    {"t": pl.UInt32, "rule": RULE, "key": KEY, "payer": PAYER, "rivals": pl.UInt32}
)
ALLOCATED: Final[Shape] = {"t": pl.UInt32, "i": pl.UInt32, "settled": pl.Int64}
ADJUSTED: Final[Shape] = {"t": pl.UInt32, "i": pl.UInt32, "kind": ADJUSTMENT, "minor": pl.Int64}


class Outcome(msgspec.Struct, frozen=True):
    """`decided`: how each transaction is explained (DECIDED). `rivals` counts other explanations
    that the evidence leaves open. `settled` is in the item's currency and sign, `minor` in the
    transaction's: settled and adjustments together are the transaction's amount.
    """

    decided: pl.DataFrame
    allocated: pl.DataFrame
    adjusted: pl.DataFrame


def together(parts: list[Outcome]) -> Outcome:
    return Outcome(
        pl.concat([part.decided for part in parts]),
        pl.concat([part.allocated for part in parts]),
        pl.concat([part.adjusted for part in parts]),
    )


def only(outcome: Outcome, kept: pl.DataFrame) -> Outcome:
    """The part of it for the transactions of `kept`."""
    return Outcome(
        *(
            frame.join(kept.select("t"), on="t", how="semi")
            for frame in (outcome.decided, outcome.allocated, outcome.adjusted)
        )
    )


def without_items(rows: pl.DataFrame, rule: str) -> Outcome:
    """Decided, and nothing is cleared by it."""
    return Outcome(
        decided_by(rows, rule), pl.DataFrame(schema=ALLOCATED), pl.DataFrame(schema=ADJUSTED)
    )


def decided_by(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """DECIDED for the transactions `t` of `rows`, where a rule says all."""
    return rows.select(
        "t",
        pl.lit(rule, RULE).alias("rule"),
        pl.lit("none", KEY).alias("key"),
        pl.lit("unknown", PAYER).alias("payer"),
        pl.lit(0, pl.UInt32).alias("rivals"),
    )
