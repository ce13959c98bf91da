"""What the matcher reads: transactions, open items and rates, as texts and as it works on them."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from nostro.matching.stages.amounts import CURRENCY, minor

TRANSACTION_COLUMNS: Final = (
    "id", "account", "booking_date", "value_date", "amount", "currency", "counterparty_name",
    "counterparty_iban", "remittance", "structured_reference", "end_to_end_id", "bank_reference",
    "original_amount", "original_currency", "charges", "return_reason", "status",
)  # fmt: skip
ITEM_COLUMNS: Final = (
    "id", "kind", "entity", "number", "references", "party_id", "parent_party_id", "party_name",
    "party_ibans", "amount", "open_amount", "currency", "issue_date", "due_date",
    "discount_amount", "discount_until", "batch_id",
)  # fmt: skip
RATE_COLUMNS: Final = ("date", "currency", "in_currency", "rate")
# Without these a row means nothing; the others may be empty, or no column at all.
TRANSACTION_NEEDS: Final = ("id", "booking_date", "amount", "currency")
ITEM_NEEDS: Final = ("id", "open_amount", "currency")
KINDS: Final = (
    "invoice", "credit_note", "instalment", "expected_payment", "own_payment", "payment_batch",
    "psp_payout",
)  # fmt: skip
KIND: Final = pl.Enum(KINDS)
OURS: Final = ("own_payment", "payment_batch")
RATE_SHAPE: Final[dict[str, Any]] = {
    "day": pl.Int32,
    "cur": CURRENCY,
    "in_cur": CURRENCY,
    "millionths": pl.Int64,
}
NOTHING_SAID: Final = ("NOTPROVIDED", "NONREF", "NOTAVAILABLE", "N/A", "NONE", "NOREF")


def transactions(texts: pl.LazyFrame) -> pl.LazyFrame:
    """Typed rows of TRANSACTION_COLUMNS. What cannot be read is null in `day`, `amount`, `cur`."""
    said = pl.col("end_to_end_id")
    return texts.select(
        "id",
        pl.col("account").hash(),
        _day("booking_date").alias("day"),
        minor("amount", "currency").alias("amount"),
        _given("charges", minor("charges", "currency").abs()).alias("charges"),
        pl.col("currency").cast(CURRENCY, strict=False).alias("cur"),
        pl.col("counterparty_name").alias("name"),
        code(_letters("counterparty_iban")).alias("iban"),
        pl.col("remittance").alias("text"),
        pl.col("structured_reference").alias("structured"),
        pl.when(said.str.to_uppercase().is_in(NOTHING_SAID))
        .then(pl.lit(""))
        .otherwise(said)
        .alias("e2e"),
        _given("original_amount", minor("original_amount", "original_currency").abs()).alias(
            "oamount"
        ),
        pl.col("original_currency").cast(CURRENCY, strict=False).alias("ocur"),
        (pl.col("return_reason") != "").alias("returned"),
        (pl.col("status").str.to_lowercase() == "pending").alias("pending"),
    )


def items(texts: pl.LazyFrame) -> pl.LazyFrame:
    """Typed rows of ITEM_COLUMNS. What cannot be read is null in `open`, `cur` or `kind`."""
    kind = pl.when(pl.col("kind") == "").then(pl.lit("invoice")).otherwise(pl.col("kind"))
    return texts.select(
        "id",
        kind.cast(KIND, strict=False).alias("kind"),
        pl.col("entity").hash(),
        "number",
        "references",
        code(pl.col("party_id")).alias("party"),
        code(pl.col("parent_party_id")).alias("parent"),
        "party_name",
        "party_ibans",
        minor("open_amount", "currency").alias("open"),
        pl.col("currency").cast(CURRENCY, strict=False).alias("cur"),
        _given("issue_date", _day("issue_date")).alias("issue"),
        _given("due_date", _day("due_date")).alias("due"),
        _given("discount_amount", minor("discount_amount", "currency").abs()).alias("discount"),
        _given("discount_until", _day("discount_until")).alias("until"),
        code(_letters("batch_id")).alias("batch"),
    )


def rates(texts: pl.LazyFrame) -> pl.LazyFrame:
    """`day, cur, in_cur, millionths`: one unit of `cur` is `millionths` / 10**6 of `in_cur`."""
    rate = pl.col("rate").cast(pl.Decimal(18, 6), strict=False)
    return texts.select(
        _day("date").alias("day"),
        pl.col("currency").cast(CURRENCY, strict=False).alias("cur"),
        pl.col("in_currency").cast(CURRENCY, strict=False).alias("in_cur"),
        (rate * 1_000_000).cast(pl.Int64).alias("millionths"),
    )


def in_booking_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Transactions by day, then id: their place is `t`. What is only announced keeps its place:
    it holds its item until it is booked or gone, so that a repetition is not posted meanwhile."""
    return rows.sort("day", "pending", "id").with_row_index("t")


def by_due_date(rows: pl.DataFrame) -> pl.DataFrame:
    """Open items by due date, issue and id: their place is `i`, oldest first."""
    return rows.sort("due", "issue", "id").with_row_index("i")


def _given(column: str, read: pl.Expr) -> pl.Expr:
    """0 for what is not given; null is left for what cannot be read."""
    return pl.when(pl.col(column) == "").then(0).otherwise(read)


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32)


def _letters(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")


def code(text: pl.Expr) -> pl.Expr:
    """A number for a text, 0 for none: joins on it cost a tenth of those on texts."""
    return pl.when(text == "").then(pl.lit(0, pl.UInt64)).otherwise(text.hash())
