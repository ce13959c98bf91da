"""Small worlds for the staged matcher: rows by keyword, decisions as plain values."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import polars as pl

from nostro.matching.stages import matcher, tables
from nostro.matching.stages.confidence import TARGET, Model
from nostro.matching.stages.confirmed import Confirmed, from_records, nobody

_NUMBERS = count(1)
IBANS = {"Huber": "AT611904300234573201", "Nordlicht": "DE89370400440532013000"}


def item(number: str, amount: str, **told: str) -> dict[str, str]:
    """An invoice of Huber's unless it is said otherwise."""
    party = told.pop("party", "Huber")
    row = dict.fromkeys(tables.ITEM_COLUMNS, "") | {
        "id": number, "kind": "invoice", "entity": "E1", "number": number,
        "party_id": f"C-{party}", "party_name": f"{party} GmbH",
        "party_ibans": IBANS.get(party, ""),
        "amount": amount, "open_amount": amount, "currency": "EUR", "issue_date": "2026-03-01",
        "due_date": "2026-03-31",
    }  # fmt: skip
    return row | told


def paid(amount: str, text: str = "", **told: str) -> dict[str, str]:
    """A booking from Huber's account unless it is said otherwise."""
    payer = told.pop("payer", "Huber")
    row = dict.fromkeys(tables.TRANSACTION_COLUMNS, "") | {
        "id": f"T{next(_NUMBERS):06}", "account": "A1", "booking_date": "2026-03-28",
        "amount": amount, "currency": "EUR", "counterparty_name": f"{payer} GmbH",
        "counterparty_iban": IBANS.get(payer, ""), "remittance": text, "status": "booked",
    }  # fmt: skip
    return row | told


class Told(NamedTuple):
    """A decision: how sure, and what it clears by item."""

    status: str
    cleared: dict[str, int]
    adjusted: dict[str, int]
    evidence: str
    members: list[str]
    of_class: str


def table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=dict.fromkeys(columns, pl.String))


def prepared(
    rows: list[dict[str, str]],
    items: list[dict[str, str]],
    rates: list[dict[str, str]] | None = None,
) -> matcher.Tables:
    return matcher.Tables(
        matcher.Listed(tables.items(table(items, tables.ITEM_COLUMNS)).collect()),
        tables.transactions(table(rows, tables.TRANSACTION_COLUMNS)).collect(),
        tables.rates(table(rates or [], tables.RATE_COLUMNS)).collect(),
    )


def decided(
    rows: list[dict[str, str]],
    items: list[dict[str, str]],
    rates: list[dict[str, str]] | None = None,
    people: list[tuple[list[str], list[tuple[str, int]]]] | None = None,
    model: Model | None = None,
) -> dict[str, Told]:
    """The decision of each transaction, by its id."""
    ready = prepared(rows, items, rates)
    confirmed: Confirmed = from_records(people, ready.ids, ready.item_ids) if people else nobody()
    found = matcher.decide(ready, model or Model(), TARGET, confirmed)
    records: list[dict[str, Any]] = found.batch(0, found.lines.height).to_dicts()
    told = [_told(record) for record in records]
    members = [member for one in told for member in one.members]
    assert sorted(members) == sorted(row["id"] for row in rows), "each in exactly one decision"
    return {member: one for one in told for member in one.members}


def _told(record: dict[str, Any]) -> Told:
    adjusted: dict[str, int] = {}
    for part in record["adjustments"]:
        adjusted[part["kind"]] = adjusted.get(part["kind"], 0) + part["amount_minor"]
    return Told(
        record["status"],
        {part["item"]: part["settled_minor"] for part in record["allocations"]},
        adjusted,
        "; ".join(record["evidence"]),
        record["transactions"],
        record["scenario_of_evidence"] or "",
    )
