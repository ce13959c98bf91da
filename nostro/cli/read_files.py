"""Reads files and hands on what is in them, in the shape that is asked for."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from nostro.cli import without_column
from nostro.cli.input_files import Wanted, names_of, opened
from nostro.cli.output_file import output, quiet_pipe
from nostro.cli.progress import progress_bar
from nostro.cli.reading import Tally, read_all
from nostro.cli.sinks import Shape, sink_of
from nostro.domain.errors import Invalid


def run(
    files: Sequence[str],
    wanted: Wanted,
    shape: str,
    out: str,
    *,
    raw: bool = False,
    tell_missing: bool = False,
) -> int:
    """Read all files; returns what the command ends with (see Tally).

    With `tell_missing` it is told which fields have no column in rows of a table.
    """
    names = names_of(files)
    to_terminal = out in ("", "-") and sys.stdout.isatty()
    chosen = shape_of(shape, to_terminal=to_terminal)
    tally = Tally()
    missing: Counter[str] = Counter()
    with (
        quiet_pipe(),
        progress_bar(wanted=chosen is Shape.SUMMARY or not to_terminal) as bar,
        output(out, names) as target,
    ):
        found = read_all(opened(names, wanted, bar), tally)
        if tell_missing and chosen in (Shape.CSV, Shape.PARQUET):
            found = without_column.counting(found, missing)
        sink_of(chosen, raw=raw)(found, target, tally)
    without_column.tell(missing, chosen)
    return tally.exit_code


def shape_of(word: str, *, to_terminal: bool) -> Shape:
    """The shape asked for; else what people read on a terminal, and lines of JSON in a pipe."""
    if not word:
        return Shape.SUMMARY if to_terminal else Shape.JSONL
    if word == Shape.PARQUET and to_terminal:
        raise Invalid(
            "out_unusable",
            "Parquet is not for terminals.",
            "Nothing was read.",
            "Name a file with --out, or pipe it on.",
        )
    try:
        return Shape(word.lower())
    except ValueError:
        raise Invalid(
            "unknown_shape",
            f"There is no --as {word[:20]!r}.",
            "Nothing was read.",
            f"There are: {', '.join(Shape)}.",
        ) from None
