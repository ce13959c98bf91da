"""Reads files one after the other: what is found is counted, problems are told as they come."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from nostro.cli.input_files import Opened, Unopened
from nostro.domain.errors import Invalid
from nostro.domain.input_file import InputFile
from nostro.domain.problem import Location, Problem, RejectedLine, Severity, error
from nostro.domain.statement import Closing
from nostro.formats import reader

TOLD_MAX = 20  # Of one kind in one file; the others are counted.
_LINE = re.compile(r"line ([0-9]+)")

Files = Iterator[tuple[InputFile, Iterator[Any]]]


class Tally:
    """What happened over all files, and the number that the command ends with."""

    def __init__(self) -> None:
        self.files = 0
        self.refused = 0
        self.refused_midway = 0
        self.errors = 0
        self.warnings = 0
        self.not_closing = 0

    @property
    def exit_code(self) -> int:
        """2: a file was refused. 1: records or totals cannot be used, or do not close. 0: read."""
        if self.refused:
            return 2
        return 1 if self.errors or self.not_closing else 0


class Teller:
    """Problems on stderr, one line each; the twenty-first of a kind is only counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counted: Counter[str] = Counter()

    def tell(self, kind: str, code: str, where: str, sentence: str, can_do: str) -> None:
        self.counted[code] += 1
        if self.counted[code] <= TOLD_MAX:
            place = f" ({where})" if where else ""
            line = f"{self.name}: {kind}{place}: {sentence} {can_do} [{code}]"
            print(line.replace("\n", " "), file=sys.stderr)

    def sum_up(self) -> None:
        for code, count in self.counted.items():
            if count > TOLD_MAX:
                print(f"{self.name}: and {count - TOLD_MAX:,} more [{code}]", file=sys.stderr)


def read_all(found: Iterable[Opened | Unopened], tally: Tally) -> Files:
    """Each file with its records. A refused file ends with a Problem; the next ones are read."""
    for file in found:
        tally.files += 1
        if isinstance(file, Unopened):
            yield InputFile(name=file.name), iter([_refused(file.name, file.why, tally)])
        else:
            about = InputFile(name=file.name, format=file.form.name, profile=file.profile.name)
            yield about, _records(file, tally)


def _records(file: Opened, tally: Tally) -> Iterator[Any]:
    teller = Teller(file.name)
    count = 0
    try:
        for record in reader(file.form)(file.stream, file.profile):
            count += 1
            if isinstance(record, Problem | RejectedLine):
                weigh(record, teller, tally)
            yield record
    except Invalid as why:
        tally.refused_midway += bool(count)
        yield _refused(file.name, why, tally)
    except OSError as broken:
        tally.refused_midway += bool(count)
        yield _refused(file.name, _cut_short(broken), tally)
    teller.sum_up()


def _cut_short(broken: OSError) -> Invalid:
    return Invalid(
        "file_not_readable",
        f"The file cannot be read to its end: {broken.strerror or broken}.",
        "What came before it does not count.",
        "Copy the file again.",
    )


def weigh(record: Problem | RejectedLine, teller: Teller, tally: Tally) -> None:
    """Count a problem and tell it. That a statement does not close is told by its reader."""
    if isinstance(record, RejectedLine):
        tally.errors += 1
        where, kind = f"line {record.line}", "error"
    else:
        where, kind = str(record.location), record.severity.value
        if record.severity is Severity.ERROR:
            tally.errors += 1
        else:
            tally.warnings += 1
        tally.not_closing += record.code == Closing.DOES_NOT_CLOSE
    teller.tell(kind, record.code, where, record.sentence, record.can_do)


def _refused(name: str, why: Invalid, tally: Tally) -> Problem:
    tally.refused += 1
    sentence = f"The file was refused: {why.happened}"
    Teller(name).tell("refused", why.code, why.location, why.happened, why.can_do)
    return error(why.code, sentence, why.can_do, place_of(why))


def place_of(why: Invalid) -> Location:
    """The place that a refusal names in words, as data."""
    line = _LINE.match(why.location)
    return Location(line=int(line[1])) if line else Location(path=why.location)
