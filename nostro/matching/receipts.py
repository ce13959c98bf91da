"""What the stages propose of the day's lines, given the few open items that may explain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
import polars as pl

from nostro.domain.match import (
    Adjustment,
    AdjustmentKind,
    Allocation,
    Proposal,
    ProposalStatus,
    Target,
)
from nostro.domain.money import Money
from nostro.domain.open_item import ItemKind
from nostro.matching.booking import Line
from nostro.matching.item_keys import number_of, references_of
from nostro.matching.stages import decisions, matcher, tables
from nostro.matching.stages.amounts import CURRENCY
from nostro.matching.stages.confidence import TARGET, WHOLE, Model
from nostro.matching.stages.confirmed import nobody
from nostro.matching.stages.decisions import Decisions

_EPOCH: Final = date(1970, 1, 1).toordinal()


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An open item that a line may pay. Days are counted from 1970."""

    id: UUID
    kind: str
    document: str
    instalment: int
    references: tuple[str, ...]
    customer_number: str
    parent_number: str
    customer_name: str
    payer_iban: str
    open_minor: int
    currency: str
    issue: int | None
    due: int
    discount_minor: int
    until: int | None


class Payer(msgspec.Struct, frozen=True):
    """A customer whom an account or a name of a line stands for, one of the two "", whether or not
    an item of his is a candidate."""

    customer_number: str
    name: str
    iban: str


def propose(
    lines: Sequence[Line],
    candidates: Sequence[Candidate],
    payers: Sequence[Payer],
    model: Model,
    target: int = TARGET,
) -> list[Proposal]:
    """By line, the likelier first, at most those that are kept. Only the first of a line may be to
    post; lines that nothing explains have none."""
    if not lines or not candidates:
        return []
    rows = line_frame(lines)
    known = _party_frame(payers)
    ready = matcher.Tables(
        matcher.Listed(_item_frame(candidates), known),
        rows,
        pl.DataFrame(schema=tables.RATE_SHAPE),
    )
    decided = matcher.decide(ready, model, target, nobody())
    by_id = {str(one.id): one for one in candidates}
    amounts = {line.id: line.amount for line in lines}
    return list(_proposals(decided, by_id, amounts))


def line_frame(lines: Sequence[Line]) -> pl.DataFrame:
    """Typed as the stages want them."""
    shape = dict.fromkeys(tables.TRANSACTION_COLUMNS, pl.String)
    texts = pl.LazyFrame([_line(line) for line in lines], schema=shape)
    return tables.transactions(texts).collect()


def _line(line: Line) -> dict[str, str]:
    told = dict.fromkeys(tables.TRANSACTION_COLUMNS, "")
    return told | {
        "id": line.id,
        "booking_date": (line.booked or date.fromordinal(_EPOCH)).isoformat(),
        "amount": line.amount.number(),
        "currency": line.amount.currency,
        "counterparty_name": line.counterparty_name,
        "counterparty_iban": line.counterparty_iban,
        "remittance": line.remittance,
        "end_to_end_id": line.end_to_end_id,
        "charges": Money(line.charges_minor, line.amount.currency).number(),
        "status": "pending" if line.pending else "booked",
    }


def _item_frame(candidates: Sequence[Candidate]) -> pl.DataFrame:
    """Typed as the stages want them."""
    code = tables.code
    return pl.LazyFrame(
        [
            (
                str(one.id), _kind(one),
                number_of(one.document, one.instalment),
                references_of(one.document, one.instalment, one.references),
                one.customer_number, one.parent_number, one.customer_name, one.payer_iban,
                one.open_minor, one.currency, one.issue or 0, one.due, abs(one.discount_minor),
                one.until or 0,
            )
            for one in candidates
        ],
        schema={
            "id": pl.String, "kind": tables.KIND, "number": pl.String, "references": pl.String,
            "party": pl.String, "parent": pl.String, "party_name": pl.String,
            "party_ibans": pl.String, "open": pl.Int64, "cur": CURRENCY, "issue": pl.Int32,
            "due": pl.Int32, "discount": pl.Int64, "until": pl.Int32,
        },
        orient="row",
    ).with_columns(
        party=code(pl.col("party")), parent=code(pl.col("parent")), entity=pl.lit(0, pl.UInt64),
        batch=pl.lit(0, pl.UInt64),
    ).collect()  # fmt: skip


def _kind(item: Candidate) -> str:
    return "instalment" if item.kind == ItemKind.INVOICE and item.instalment else item.kind


def _party_frame(payers: Sequence[Payer]) -> pl.DataFrame:
    shape = {"party": pl.String, "party_name": pl.String, "party_ibans": pl.String}
    rows = [(one.customer_number, one.name, one.iban) for one in payers]
    return pl.DataFrame(rows, schema=shape, orient="row").with_columns(
        party=tables.code(pl.col("party"))
    )


def _proposals(
    decided: Decisions, candidates: dict[str, Candidate], amounts: dict[str, Money]
) -> Iterator[Proposal]:
    chances = decided.lines["chance"].to_list()
    rules = decided.lines["rule"].cast(pl.String).to_list()
    records = decided.batch(0, decided.lines.height).iter_rows(named=True)
    for record, chance, rule in zip(records, chances, rules, strict=True):
        line = record["transactions"][0]
        first = _first(record, rule, chance, candidates)
        if first is not None and _adds_up(first, amounts[line]):
            yield first
        if rule != "duplicate" and record["status"] != decisions.REVERSAL:
            yield from _alternatives(record, chance, candidates, amounts[line])


def _first(
    record: dict[str, Any], rule: str | None, chance: int, candidates: dict[str, Candidate]
) -> Proposal | None:
    if not record["allocations"] or rule is None:
        return None
    line, adjusted = record["transactions"][0], record["adjustments"]
    currency = candidates[record["allocations"][0]["item"]].currency
    return Proposal(
        transaction_id=line,
        allocations=tuple(
            _allocation(part["item"], part["settled_minor"], candidates)
            for part in record["allocations"]
        ),
        adjustments=tuple(
            Adjustment(
                kind=AdjustmentKind(part["kind"]),
                amount=Money(part["amount_minor"], currency),
                item_id=part["item"] or "",
            )
            for part in adjusted
        ),
        rule=rule,
        evidence_class=record["scenario_of_evidence"],
        probability_millionths=chance,
        status=ProposalStatus(record["status"]),
        evidence=tuple(record["evidence"]),
    )


def _allocation(item: str, minor: int, candidates: dict[str, Candidate]) -> Allocation:
    amount = Money(minor, candidates[item].currency)
    return Allocation(target=Target.OPEN_ITEM, target_id=item, amount=amount)


def _adds_up(proposal: Proposal, amount: Money) -> bool:
    """What is settled and the differences are the line's amount, in its currency: what cannot be
    posted as it stands is not proposed."""
    parts = [*(one.amount for one in proposal.allocations),
             *(one.amount for one in proposal.adjustments)]  # fmt: skip
    same = {part.currency for part in parts} == {amount.currency}
    return same and sum(part.minor for part in parts) == amount.minor


def _alternatives(
    record: dict[str, Any], chance: int, candidates: dict[str, Candidate], amount: Money
) -> Iterator[Proposal]:
    """Other single items; they share what the first explanation leaves."""
    told = record["alternatives"]
    several = record["status"] == decisions.AMBIGUOUS or len(told) > 1
    for part in told:
        item = candidates[part["item"]]
        pays = (item.open_minor > 0) == (amount.minor > 0) and item.currency == amount.currency
        if not pays:
            continue
        settled = min(item.open_minor, amount.minor, key=abs)
        rest = Money(amount.minor - settled, amount.currency)
        rule = "exact" if amount.minor == item.open_minor else "over" if rest.minor else "partial"
        over = Adjustment(kind=AdjustmentKind.OVER_PAY, amount=rest)
        yield Proposal(
            transaction_id=record["transactions"][0],
            allocations=(_allocation(part["item"], settled, candidates),),
            adjustments=(over,) if rest.minor else (),
            rule=rule,
            evidence_class=f"alternative/{rule}",
            probability_millionths=(WHOLE - chance) // (len(told) + 1),
            status=ProposalStatus.AMBIGUOUS if several else ProposalStatus.SUGGEST,
            evidence=tuple(word for word in (part["why"],) if word),
        )
