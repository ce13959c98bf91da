"""What a person sees of files on the terminal: statements with their verdict, batches, counts."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro.cli.output_file import Output
from nostro.domain.balance_gate import closing_of, opening_of
from nostro.domain.input_file import InputFile
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Payment,
    PaymentBatchHeader,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.problem import Problem
from nostro.domain.records import name_of
from nostro.domain.statement import Closing, Entry, StatementHeader, StatementTrailer

if TYPE_CHECKING:
    from nostro.cli.reading import Files, Tally

SHOWN_MAX = 200
_TITLES = ("account", "statement", "opening", "entries", "closing", "", "verdict")
_NUMBERS = (2, 3, 4)
_COLOUR = {Closing.CLOSES: "green", Closing.DOES_NOT_CLOSE: "bold red"}


class _Seen:
    """What one file held so far: rows for the first statements and batches, counts for all."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, ...]] = []
        self.batches: list[str] = []
        self.verdicts: Counter[str] = Counter()
        self.problems: Counter[tuple[str, str]] = Counter()
        self.kinds: Counter[str] = Counter()
        self.header: StatementHeader | None = None
        self.batch: PaymentBatchHeader | None = None
        self.payments = 0
        self.sums: dict[str, int] = {}

    def take(self, record: Any) -> None:
        if isinstance(record, Entry):
            self.kinds["entries"] += 1
        elif isinstance(record, Payment):
            self.payments += 1
            money = record.equivalent or record.amount
            self.sums[money.currency] = self.sums.get(money.currency, 0) + money.minor
        elif isinstance(record, Problem):
            self.problems[(record.severity.value, record.code)] += 1
        elif isinstance(record, StatementHeader):
            self.header = record
        elif isinstance(record, StatementTrailer):
            self._statement(record)
        elif isinstance(record, PaymentBatchHeader):
            self.end_batch()
            self.batch = record
        elif not isinstance(record, PaymentFileHeader | PaymentFileTrailer):
            self.kinds[name_of(type(record)).replace("_", " ")] += 1

    def _statement(self, trailer: StatementTrailer) -> None:
        verdict, header = trailer.verdict, self.header
        self.verdicts[verdict.verdict] += 1
        if header is None or len(self.statements) >= SHOWN_MAX:
            return
        opening, closing = opening_of(trailer.balances), closing_of(trailer.balances)
        colour = _COLOUR.get(verdict.verdict, "yellow")
        words = verdict.verdict.replace("_", " ")
        why = "" if verdict.verdict is Closing.CLOSES else f": {verdict.reason}"
        self.statements.append(
            (
                header.account or "not named",
                header.statement_id or (str(header.sequence) if header.sequence else ""),
                opening.amount.grouped() if opening else "",
                f"{trailer.entry_count:,}",
                closing.amount.grouped() if closing else "",
                header.currency,
                f"[{colour}]{words}[/]{why}",
            )
        )

    def end_batch(self) -> None:
        batch = self.batch
        if batch is not None and len(self.batches) < SHOWN_MAX:
            sums = [f"{Money(m, c).grouped()} {c}" for c, m in sorted(self.sums.items())]
            day = batch.requested_date.isoformat() if batch.requested_date else "no date"
            own = batch.own_account.iban or batch.own_account.number or batch.own.name
            self.batches.append(
                f"batch {batch.batch_id}: {batch.method.value} of {day}, {own}:"
                f" {self.payments:,} payments, {', '.join(sums)}"
            )
        self.payments, self.sums = 0, {}


def summary(files: Files, out: Output, tally: Tally) -> None:
    """Tables for people, file by file; nothing here is meant for programs."""
    text = io.TextIOWrapper(out.stream, encoding="utf-8", errors="replace", write_through=True)
    console = Console(file=text, highlight=False, soft_wrap=False)
    for about, found in files:
        seen = _Seen()
        for record in found:
            seen.take(record)
        seen.end_batch()
        _show(console, about, seen)
    text.flush()
    text.detach()


def _show(console: Console, about: InputFile, seen: _Seen) -> None:
    console.print(f"[bold]{escape(about.name)}[/]  {about.format or 'refused'}")
    if seen.statements:
        table = Table(*_TITLES, box=None, pad_edge=False, header_style="dim")
        for place, column in enumerate(table.columns):
            column.overflow = "fold"
            column.no_wrap = place != len(_TITLES) - 1
            column.justify = "right" if place in _NUMBERS else "left"
        for row in seen.statements:
            table.add_row(*(escape(cell) for cell in row[:-1]), _marked(row[-1]))
        console.print(table)
    for batch in seen.batches:
        console.print(escape(batch), soft_wrap=True)
    for line in _lines(seen):
        console.print(line)


def _marked(cell: str) -> str:
    """The verdict keeps its colour; what a file says is never taken for markup."""
    colour, end, words = cell.partition("[/]")
    return f"{colour}{end}{escape(words)}" if end else escape(cell)


def _lines(seen: _Seen) -> Iterator[str]:
    """What the tables do not show: more statements, other records, problems."""
    if (more := sum(seen.verdicts.values()) - len(seen.statements)) > 0:
        counts = ", ".join(f"{n:,} {word.replace('_', ' ')}" for word, n in seen.verdicts.items())
        yield f"and {more:,} statements more; of all: {counts}"
    told = ", ".join(f"{count:,} {kind}" for kind, count in seen.kinds.items())
    if told:
        yield told
    for (severity, code), count in seen.problems.items():
        colour = "red" if severity == "error" else "yellow"
        yield f"[{colour}]{count:,} x {severity}[/] {code}"
