"""Reads files for what payers tell, and hands it on as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nostro.cli.input_files import Wanted, names_of, opened
from nostro.cli.output_file import output, quiet_pipe
from nostro.cli.reading import Files, Tally, read_all
from nostro.cli.sinks import json_lines
from nostro.domain.problem import Problem, RejectedLine
from nostro.domain.remittance_capture import captured


def run(files: Sequence[str], wanted: Wanted, out: str) -> int:
    """Read all files; returns what the command ends with (see Tally)."""
    names = names_of(files)
    tally = Tally()
    with quiet_pipe(), output(out, names) as target:
        json_lines(_told(read_all(opened(names, wanted), tally)), target, tally)
    return tally.exit_code


def _told(files: Files) -> Files:
    for about, records in files:
        yield about, _remittances(records, about.format)


def _remittances(records: Iterator[Any], source: str) -> Iterator[Any]:
    """Problems come first of what they stopped: who reads on knows that something is missing."""
    problems: list[Any] = []
    for told in captured(_aside(records, problems), source):
        yield from problems
        problems.clear()
        yield told
    yield from problems


def _aside(records: Iterator[Any], problems: list[Any]) -> Iterator[Any]:
    for record in records:
        if isinstance(record, Problem | RejectedLine):
            problems.append(record)
        else:
            yield record
