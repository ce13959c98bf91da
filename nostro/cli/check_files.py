"""Checks files strictly: what readers tolerate counts too, XML must keep its official schema."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from nostro.cli.input_files import Opened, Unopened, Wanted, names_of, opened
from nostro.cli.output_file import quiet_pipe
from nostro.cli.progress import progress_bar
from nostro.cli.reading import Teller, place_of
from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, RejectedLine, error
from nostro.formats import reader

UNOPENED = 2


def run(files: Sequence[str], wanted: Wanted, *, as_json: bool) -> int:
    """Check all files; returns 0 (nothing found), 1 (problems) or 2 (a file cannot be opened)."""
    code = 0
    separator = "["
    with quiet_pipe(), progress_bar() as bar:
        for file in opened(names_of(files), wanted, bar):
            teller = Teller(file.name)
            count = 0
            if isinstance(file, Unopened) and file.missing:
                code = UNOPENED
            for problem in _problems(file):
                count += 1
                code = max(code, 1)
                if as_json:
                    print(f"{separator}\n{_as_json(file.name, problem)}", end="")
                    separator = ","
                else:
                    where = str(problem.location)
                    told = (problem.severity.value, problem.code, where)
                    teller.tell(*told, problem.sentence, problem.can_do)
            teller.sum_up()
            if not as_json:
                said = f"{count:,} problem{'s' * (count != 1)}" if count else "no problems"
                known = file.form.name if isinstance(file, Opened) else "refused"
                print(f"{file.name}: {known}: {said}")
        if as_json:
            print("[]" if separator == "[" else "\n]")
        sys.stdout.flush()
    return code


def _as_json(name: str, problem: Problem) -> str:
    place = problem.location
    told = {
        "file": name,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "code": problem.code,
        "severity": problem.severity.value,
        "sentence": problem.sentence,
        "can_do": problem.can_do,
    }
    return json.dumps(told, ensure_ascii=False)


def _problems(file: Opened | Unopened) -> Iterator[Problem]:
    if isinstance(file, Unopened):
        yield _refusal(file.why)
        return
    if "xml" not in file.form.media_type:
        yield from _of_reader(file, set())
        return
    with tempfile.TemporaryFile() as kept:  # Two passes, in a fixed amount of memory.
        try:
            shutil.copyfileobj(file.stream, kept, 1 << 18)
        except Invalid as why:
            yield _refusal(why)
            return
        kept.seek(0)
        seen: set[str] = set()
        yield from _of_reader(msgspec.structs.replace(file, stream=kept), seen)
        kept.seek(0)
        yield from (found for found in _of_schema(kept) if found.code not in seen)


def _of_reader(file: Opened, refused: set[str]) -> Iterator[Problem]:
    """What the reader says, also of statements that do not close; what it refuses ends it."""
    try:
        for record in reader(file.form)(file.stream, file.profile):
            if isinstance(record, Problem):
                yield record
            elif isinstance(record, RejectedLine):
                place = Location(line=record.line)
                yield error(record.code, record.sentence, record.can_do, place, record.raw)
    except Invalid as why:
        refused.add(why.code)
        yield _refusal(why)


def _of_schema(stream: Any) -> Iterator[Problem]:
    from nostro.formats.iso20022.validation import schema

    try:
        yield from schema.problems(stream)
    except Invalid as why:
        yield _refusal(why)


def _refusal(why: Invalid) -> Problem:
    return error(why.code, why.happened, why.can_do, place_of(why))
