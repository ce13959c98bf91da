"""Writes a bank file out of records in JSON, or not at all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from nostro import formats
from nostro.cli.input_files import STDIN, Wanted, named, profile_of
from nostro.cli.output_file import output, quiet_pipe
from nostro.cli.sinks import documents
from nostro.cli.writing import written
from nostro.domain import records
from nostro.domain.errors import Invalid
from nostro.domain.input_file import InputFile
from nostro.domain.issued_check import IssueFile
from nostro.domain.payment_file import PaymentFile
from nostro.domain.problem import Location
from nostro.domain.statement import Statement
from nostro.formats import Format, Profile, strict

_NOTHING = "Nothing was written."


def run(source: str, wanted: Wanted, out: str, *, fit: bool = False) -> None:
    """Write one file; raises Invalid with the line of the record that cannot be used.

    With `fit` it is first made as the format takes it, and every change is told.
    """
    form = named(wanted.format_name)
    formats.writer(form)  # A format that is only read is refused before anything is read.
    profile = profile_of(wanted, form)
    data = _data(source)
    found = _whole(strict(_records(data)))
    if fit:
        found = [_fitted(document, form, profile) for document in found]
    result = written(found, form, profile)
    with quiet_pipe(), output(out, [source]) as target:
        target.stream.write(result)


def _fitted(document: Any, form: Format, profile: Profile) -> Any:
    """The document as its format takes it; each change on stderr, one a line."""
    if form.fit is None:
        raise Invalid(
            "format_not_fitted",
            f"There is nothing that fits documents to {form.name}.",
            _NOTHING,
            "Leave --fit away; what the format cannot carry is refused with its place.",
        )
    if not isinstance(document, form.documents):
        return document  # The writer tells what it takes.
    made, changes = form.fit(document, profile)
    for change in changes:
        told = f"{change.where}: {change.field}: {change.before!r} -> {change.after!r}"
        print(told, file=sys.stderr)
    return made


def _whole(found: Iterator[Any]) -> list[Any]:
    """Whole documents, also those that come in pieces, in their order."""
    whole = (Statement, PaymentFile, IssueFile)
    return [
        document
        for is_whole, some in groupby(found, lambda record: isinstance(record, whole))
        for document in (some if is_whole else documents(some))
    ]


def _data(source: str) -> bytes:
    if source == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise Invalid(
            "file_missing" if isinstance(error, FileNotFoundError) else "file_not_readable",
            f"{source} cannot be read: {error.strerror}.",
            _NOTHING,
            "Name the file with the records: --in payments.jsonl; or - for a pipe.",
        ) from None


def _records(data: bytes) -> Iterator[Any]:
    """The records of JSON lines, or of one JSON document; each line becomes its place."""
    if not data.strip():
        raise Invalid("empty_file", "There are no records.", _NOTHING, "Check what comes before.")
    first = data.lstrip().partition(b"\n")[0]
    if not _is_record(first):
        yield from _of_document(data)
        return
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            record = _at(line, f"line {number}")
            if not isinstance(record, InputFile):
                yield _placed(record, number)


def _is_record(line: bytes) -> bool:
    with contextlib.suppress(msgspec.DecodeError):
        told = msgspec.json.decode(line)
        return isinstance(told, dict) and "documents" not in told and "record" in told
    return False


def _at(data: bytes, place: str) -> Any:
    try:
        return records.from_json(data)
    except Invalid as why:
        why.location = place
        raise


def _placed(record: Any, number: int) -> Any:
    """The record with its line here: where it was read from before is another file."""
    if "location" in record.__struct_fields__:
        return msgspec.structs.replace(record, location=Location(line=number))
    return record


def _of_document(data: bytes) -> Iterator[Any]:
    """Whole documents: one, a list of them, or what `nostro read --as json` gives."""
    try:
        told = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Invalid(
            "record_wrong",
            f"This is neither one record a line nor one JSON document: {error}.",
            _NOTHING,
            "Compare it with what `nostro read FILE --as jsonl` gives.",
            location="line 1",
        ) from None
    for number, one in enumerate(told if isinstance(told, list) else [told], 1):
        inside = one.get("documents", [one]) if isinstance(one, dict) else [one]
        for document in inside:
            yield _at(msgspec.json.encode(_named(document)), f"document {number}")


def _named(document: Any) -> Any:
    """A document that does not say what it is, is what only that kind has."""
    if isinstance(document, dict) and "record" not in document:
        for field, kind in (("batches", "payment_file"), ("entries", "statement")):
            if field in document:
                return {"record": kind, **document}
    return document if isinstance(document, dict) else {}
