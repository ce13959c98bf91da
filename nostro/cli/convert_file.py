"""From one format to another, whole or not at all, with an account of what was lost."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import msgspec

from nostro import formats
from nostro.cli import read_files
from nostro.cli.completing import choices, complete
from nostro.cli.input_files import Opened, Unopened, Wanted, named, names_of, opened, profile_of
from nostro.cli.leaving_out import written_without
from nostro.cli.output_file import output, quiet_pipe
from nostro.cli.progress import progress_bar
from nostro.cli.reading import Tally, Teller, weigh
from nostro.cli.sinks import Shape
from nostro.domain.balance_gate import balance_verdict
from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem
from nostro.domain.statement import Statement
from nostro.formats import Format, Profile

_EXAMPLES_MAX = 5
_NOT_COMPARED = {"location", "problems"}
_NOTHING: tuple[Any, ...] = (None, "", (), [], 0, False)


def run(
    file: str, wanted: Wanted, to: str, out: str, options: tuple[str, ...], *, raw: bool = False
) -> int:
    """Convert one file; returns what the command ends with (see Tally). Raises Invalid when it is
    refused."""
    names = names_of([file])
    if to.lower() in set(Shape) - {Shape.SUMMARY}:
        return read_files.run(names, wanted, to, out, raw=raw, tell_missing=True)
    form = named(to)
    formats.writer(form)  # A format that is only read is refused before anything is read.
    profile = profile_of(Wanted(options=options), form)
    tally = Tally()
    with progress_bar() as bar:
        found = complete(_documents(_only(opened(names, wanted, bar), file), tally), form)
    chosen = {**choices(found, form), **profile.options}
    profile = msgspec.structs.replace(profile, options=chosen)
    data = written_without(found, form, profile)
    with quiet_pipe(), output(out, names) as target:
        target.stream.write(data)
    tell_losses(found, data, form, profile)
    return tally.exit_code


def _only(found: Iterator[Opened | Unopened], name: str) -> Iterator[Opened]:
    """The one file that was named; an archive with several is refused."""
    for count, file in enumerate(found, 1):
        if isinstance(file, Unopened):
            raise file.why
        if count > 1:
            raise Invalid(
                "several_documents",
                f"{name} holds several files.",
                "Nothing was written.",
                "Unpack it and convert them one by one.",
            )
        yield file


def _documents(found: Iterator[Opened], tally: Tally) -> list[Any]:
    """All documents of a file; their problems and verdicts are told."""
    documents = []
    for file in found:
        teller = Teller(file.name)
        verdicts: Counter[str] = Counter()
        for document in formats.documents(file.form, file.stream, file.profile):
            for problem in _problems_of(document):
                weigh(problem, teller, tally)
            if isinstance(document, Statement):
                verdicts[balance_verdict(document).verdict.replace("_", " ")] += 1
            if not isinstance(document, Problem):
                documents.append(document)
        teller.sum_up()
        if verdicts:
            told = ", ".join(f"{word} ({count:,})" for word, count in verdicts.items())
            print(f"{file.name}: verdicts: {told}", file=sys.stderr)
    return documents


def _problems_of(document: Any) -> tuple[Problem, ...]:
    """What is attached to a document; what a payment file has stands beside it."""
    return (document,) if isinstance(document, Problem) else getattr(document, "problems", ())


def tell_losses(found: Sequence[Any], data: bytes, form: Format, profile: Profile) -> None:
    """Say on stderr which fields what was written does not hold, counted."""
    if form.read is None:
        print(f"{form.name} cannot be read back: losses are not known.", file=sys.stderr)
        return
    back = list(formats.documents(form, BytesIO(data), profile))
    lost: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    made: Counter[str] = Counter()
    examples: dict[str, str] = {}
    _compare(list(found), back, "", _Differences(lost, changed, made, examples))
    for what, counted in (("does not carry", lost), ("changes", changed), ("makes up", made)):
        if any(counted.values()):
            told = ", ".join(
                f"{path} ({count:,})" for path, count in counted.most_common() if count
            )
            print(f"{form.name} {what}: {told}", file=sys.stderr)
    for path, example in list(examples.items())[:_EXAMPLES_MAX]:
        print(f"{form.name} changes {path}, the first: {example}", file=sys.stderr)


class _Differences(NamedTuple):
    """Counted by field: what is not there any more, is otherwise, or was not told by anybody."""

    lost: Counter[str]
    changed: Counter[str]
    made: Counter[str]
    examples: dict[str, str]


def _compare(source: Any, back: Any, path: str, found: _Differences) -> None:
    """Count the fields of `source` that `back` has not, or otherwise, or alone."""
    if source == back or (source in _NOTHING and back in _NOTHING):
        return
    if source in _NOTHING:
        found.made[path] += 1
        return
    if isinstance(source, msgspec.Struct) and isinstance(back, type(source)):
        for field in source.__struct_fields__:
            if field not in _NOT_COMPARED:
                below = f"{path}.{field}".lstrip(".")
                _compare(getattr(source, field), getattr(back, field), below, found)
    elif _are_records(source) and isinstance(back, list | tuple):
        for one, other in zip(source, back, strict=False):
            _compare(one, other, path, found)
        found.lost[path] += max(0, len(source) - len(back))
    else:
        (found.lost if back in _NOTHING else found.changed)[path] += 1
        if isinstance(source, str) and back:
            found.examples.setdefault(path, f"{source[:60]!r} became {back[:60]!r}")


def _are_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(v, msgspec.Struct) for v in value)
