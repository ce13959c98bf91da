"""From one format to another, whole or not at all, with an account of what was lost."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import msgspec

from nostro import formats
from nostro.cli import read_files
from nostro.cli.input_files import Opened, Unopened, Wanted, named, names_of, opened, profile_of
from nostro.cli.leaving_out import written_without
from nostro.cli.output_file import output, quiet_pipe
from nostro.cli.progress import progress_bar
from nostro.cli.sinks import Shape
from nostro.domain.errors import Invalid
from nostro.domain.statement import Statement
from nostro.formats import Format, Profile

_NOT_COMPARED = {"location", "problems"}
_NOTHING: tuple[Any, ...] = (None, "", (), [], 0, False)


def run(file: str, wanted: Wanted, to: str, out: str, options: tuple[str, ...]) -> int:
    """Convert one file; returns what the command ends with. Raises Invalid when it is refused."""
    names = names_of([file])
    if to.lower() in set(Shape) - {Shape.SUMMARY}:
        return read_files.run(names, wanted, to, out)
    form = named(to)
    formats.writer(form)  # A format that is only read is refused before anything is read.
    profile = profile_of(Wanted(options=options), form)
    with progress_bar() as bar:
        found = _complete(_documents(_only(opened(names, wanted, bar), file)), form)
    data = written_without(found, form, profile)
    with quiet_pipe(), output(out, names) as target:
        target.stream.write(data)
    tell_losses(found, data, form, profile)
    return 0


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


def _documents(found: Iterator[Opened]) -> list[Any]:
    return [
        document
        for file in found
        for document in formats.documents(file.form, file.stream, file.profile)
    ]


def _complete(found: list[Any], form: Format) -> list[Any]:
    """Lists have no statement id and no time of making; messages need both: made here, told."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = []
    for number, document in enumerate(found, 1):
        missing: dict[str, Any] = {}
        if isinstance(document, Statement) and not document.statement_id:
            missing = {"statement_id": f"{now:%Y%m%d}{number:04d}"}
            if document.created_at is None and "xml" in form.media_type:
                missing["created_at"] = now
            names = " and ".join(missing)
            print(f"Statement {number} has no {names}: made for {form.name}.", file=sys.stderr)
        made.append(msgspec.structs.replace(document, **missing) if missing else document)
    return made


def tell_losses(found: Sequence[Any], data: bytes, form: Format, profile: Profile) -> None:
    """Say on stderr which fields what was written does not hold, counted."""
    if form.read is None:
        print(f"{form.name} cannot be read back: losses are not known.", file=sys.stderr)
        return
    back = list(formats.documents(form, BytesIO(data), profile))
    lost: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    _compare(list(found), back, "", lost, changed)
    for what, counted in (("does not carry", lost), ("changes", changed)):
        if any(counted.values()):
            told = ", ".join(
                f"{path} ({count:,})" for path, count in counted.most_common() if count
            )
            print(f"{form.name} {what}: {told}", file=sys.stderr)


def _compare(source: Any, back: Any, path: str, lost: Counter[str], changed: Counter[str]) -> None:
    """Count the fields of `source` that `back` has not, or has otherwise."""
    if source == back or source in _NOTHING:
        return  # Nothing was there to lose; what the format adds is its own.
    if isinstance(source, msgspec.Struct) and isinstance(back, type(source)):
        for field in source.__struct_fields__:
            if field not in _NOT_COMPARED:
                below = f"{path}.{field}".lstrip(".")
                _compare(getattr(source, field), getattr(back, field), below, lost, changed)
    elif _are_records(source) and isinstance(back, list | tuple):
        for one, other in zip(source, back, strict=False):
            _compare(one, other, path, lost, changed)
        lost[path] += max(0, len(source) - len(back))
    else:
        (lost if back in _NOTHING else changed)[path] += 1


def _are_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(v, msgspec.Struct) for v in value)
