"""Statements handed in on the terminal: each file taken in once, however often it is repeated."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nostro.cli import terminal
from nostro.domain.errors import Invalid, NostroError

if TYPE_CHECKING:
    from nostro.workflows.context import Acting

OK, SOME, NONE = 0, 1, 2


def take_in(names: Sequence[str], customer: str, *, as_json: bool) -> int:
    """Take in files and folders; one that cannot be used stops no other."""
    files = list(_files(names))
    acting = terminal.acting(customer)
    refused = 0
    for file in files:
        try:
            told = _one(acting, file)
            refused += bool(told["not_taken"])
        except NostroError as error:
            refused += 1
            told = {"file": str(file), "code": error.code, "error": error.happened}
        except OSError as error:
            refused += 1
            told = {"file": str(file), "code": "file_not_readable", "error": str(error.strerror)}
        print(json.dumps(told) if as_json else _sentence(told))
    if not refused:
        return OK
    return SOME if refused < len(files) else NONE


def _files(names: Sequence[str]) -> Iterator[Path]:
    if not names:
        raise Invalid(
            "no_file_given",
            "No file was given and nothing is piped in.",
            can_do="Name a file or a folder: nostro ingest statement.xml",
        )
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from sorted(inside for inside in path.iterdir() if inside.is_file())
        else:
            yield path


def _one(acting: Acting, file: Path) -> dict[str, Any]:
    from nostro.workflows.statement_intake import take_file

    with file.open("rb") as stream, _counting(file.name) as heard:
        found = take_file(acting, file.name, stream, heard)
    names = ("statements", "came_before", "not_ours", "reports", "lines", "new_lines", "verdicts")
    return {
        "file": str(file),
        "format": found.format,
        "evidence_id": str(found.evidence_id),
        **{name: getattr(found, name) for name in names},
        "not_taken": [[one.name, one.code, one.happened] for one in found.not_taken],
    }


@contextlib.contextmanager
def _counting(name: str) -> Iterator[Callable[[int], None]]:
    """How many lines of a long file are stored, on a terminal's stderr; nothing anywhere else."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _lines: None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(name, total=None)
        yield lambda lines: shown.update(task, description=f"{name}: {lines:,} lines stored")


def _sentence(told: dict[str, Any]) -> str:
    if "error" in told:
        return f"{told['file']}: not taken in. {told['error']}"
    parts = []
    if told["statements"]:
        words = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in
                          told["verdicts"].items())  # fmt: skip
        parts.append(
            f"{told['statements']} statements ({words}), {told['new_lines']:,} of"
            f" {told['lines']:,} lines new"
        )
    if told["reports"]:
        parts.append(f"{told['reports']} reports of the day")
    if told["came_before"]:
        parts.append(f"{told['came_before']} had come before: nothing changed")
    if told["not_ours"]:
        parts.append(f"{told['not_ours']} of accounts that are not ours: see the Cases")
    parts += [f"{name} was not taken in: {happened}" for name, _, happened in told["not_taken"]]
    return f"{told['file']}: {'; '.join(parts) or 'nothing'}."
