"""`nostro match`: tables in, decisions out, without any database."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec
import polars as pl

from nostro.cli import match_output, match_tables
from nostro.cli.output_file import output
from nostro.domain.errors import Invalid
from nostro.matching.stages import matcher
from nostro.matching.stages import tables as stage_tables
from nostro.matching.stages.confidence import WHOLE, Model
from nostro.matching.stages.confirmed import Confirmed, from_records, nobody


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the person asked for; "" is left away."""

    transactions: str
    open_items: str
    out: str
    rates: str
    columns: str
    decisions: str
    model: str
    fit: str
    precision: str


def run(wanted: Wanted) -> None:
    target = _target(wanted.precision)
    model = _model(wanted.model)
    inputs = [path for path in (wanted.transactions, wanted.open_items, wanted.rates) if path]
    with _step("read"):
        prepared = _read(wanted)
        people = _people(wanted.decisions, prepared)
    if wanted.fit:
        with _step("learnt"):
            model = matcher.fit(prepared, model, people)
            Path(wanted.fit).write_bytes(msgspec.json.format(msgspec.json.encode(model)))
    with _step("matched"):
        decided = matcher.decide(prepared, model, target, people)
    with _step("written"), output(wanted.out, inputs, private=True) as result:
        match_output.write(decided, result.stream)
    told = ", ".join(f"{count} {status}" for status, count in match_output.counts(decided).items())
    print(f"{decided.lines.height} decisions: {told}.", file=sys.stderr)


def _read(wanted: Wanted) -> matcher.Tables:
    names = match_tables.column_names(wanted.columns)
    listed = matcher.Listed(
        match_tables.read(wanted.open_items, match_tables.OPEN_ITEMS, names.get("open_items", {}))
    )
    rows = match_tables.read(
        wanted.transactions, match_tables.TRANSACTIONS, names.get("transactions", {})
    )
    rates = (
        match_tables.read(wanted.rates, match_tables.RATES, names.get("rates", {}))
        if wanted.rates
        else pl.DataFrame(schema=stage_tables.RATE_SHAPE)
    )
    return matcher.Tables(listed, rows, rates)


def _people(path: str, prepared: matcher.Tables) -> Confirmed:
    if not path:
        return nobody()
    records = []
    for number, line in enumerate(Path(path).read_bytes().splitlines(), 1):
        try:
            told = msgspec.json.decode(line, type=Decided)
        except msgspec.DecodeError as error:
            raise Invalid(
                "decision_unreadable", f"A decision cannot be read: {error}.",
                "Nothing was matched.", "Write one JSON object a line, as docs/matching.md shows.",
                location=f"{path}, line {number}",
            ) from None  # fmt: skip
        parts = [(part.item, part.settled_minor) for part in told.allocations]
        records.append((told.transactions, parts))
    return from_records(records, prepared.ids, prepared.item_ids)


class Cleared(msgspec.Struct, frozen=True):
    """A part of a decision: an item and how much of it."""

    item: str
    settled_minor: int


class Decided(msgspec.Struct, frozen=True):
    """One decision of a person, as a line of --decisions."""

    transactions: list[str]
    allocations: list[Cleared]


def _target(text: str) -> int:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(0)
    if not Decimal("0.5") <= share < 1:
        raise Invalid(
            "precision_unusable", f"{text[:20]} is no precision.", "Nothing was matched.",
            "Give a share below 1, for example 0.999.",
        )  # fmt: skip
    return int(share * WHOLE)


def _model(path: str) -> Model:
    if not path:
        return Model()
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Model)
    except (OSError, msgspec.DecodeError) as error:
        raise Invalid(
            "model_unreadable", f"{path} cannot be read: {error}.", "Nothing was matched.",
            "Write one with --fit, or leave --model away.",
        ) from None  # fmt: skip


@contextmanager
def _step(word: str) -> Iterator[None]:
    """How long a step took, on stderr: the work is told as it is done."""
    start = time.perf_counter()
    yield
    print(f"{word} in {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
