"""Bytes to business and back. One module a format, exposing FORMAT; nothing else registers it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO, Literal, TypeVar

import msgspec

from nostro.domain import bank_answer, issued_check, payment_file, statement
from nostro.domain.errors import Invalid
from nostro.domain.problem import Problem, Severity

Options = TypeVar("Options", bound=msgspec.Struct)

HEAD_BYTES = 1 << 14  # A business application header can fill 10 kB before its message begins.


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's or an ERP's dialect of a format, as data: never a copy of a reader.

    `encoding` overrides what the file says or shows of itself; "" leaves it to the reader.
    `options` are the format's own: each format that has any declares their shape (`Format.options`)
    and asks for them with `options_of`.
    """

    name: str = "standard"
    encoding: str = ""
    options: dict[str, Any] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One text that the bank sees otherwise than it was told. `where` is the batch or payment."""

    where: str
    field: str
    before: str
    after: str


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A format without dialects."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One file format.

    `identify(head)` says how sure it is (0 to 100) that bytes beginning with `head` (at most
    HEAD_BYTES) are of this format. `read(stream, profile)` yields canonical records one by one,
    in constant memory: statements and payment files as header, records and trailer (whole with
    `assemble` of their domain module), and a Problem wherever somebody must know something. It
    raises Invalid only when it cannot go on; then nothing it yielded counts.
    `write(document, profile)` returns the bytes of one whole document, or raises Invalid.

    A format with a writer says what it takes: `documents` are the kinds of document, `several` how
    more than one goes into a file ("no"; "list": `write` takes a sequence of them; "joined": their
    bytes follow each other). `versions` are those read, `versions_written` those written.
    `fit(document, profile)` is the document as `write` takes it, with every change that this needs.
    """

    name: str
    media_type: str
    standard: str
    identify: Callable[[bytes], int]
    section: str = ""
    versions: tuple[str, ...] = ()
    options: type[msgspec.Struct] = NoOptions
    read: Callable[[BinaryIO, Profile], Iterator[Any]] | None = None
    write: Callable[[Any, Profile], bytes] | None = None
    documents: tuple[type, ...] = ()
    several: Literal["no", "list", "joined"] = "no"
    versions_written: tuple[str, ...] = ()
    fit: Callable[[Any, Profile], tuple[Any, tuple[Change, ...]]] | None = None


def options_of(profile: Profile, shape: type[Options]) -> Options:
    """A format's options as its own type; raises Invalid (`profile_option_wrong`)."""
    try:
        return msgspec.convert(profile.options, shape, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(shape.__struct_fields__)
        raise Invalid(
            "profile_option_wrong",
            f"The profile {profile.name} does not fit: {error}.",
            "Nothing was read or written.",
            f"Options of this format: {known or 'none'}.",
        ) from None


@cache
def find() -> dict[str, Format]:
    """Every format there is, by name: adding one is adding its file."""
    modules = (
        import_module(found.name)
        for found in pkgutil.walk_packages(__path__, f"{__name__}.")
        if not found.ispkg
    )
    return {module.FORMAT.name: module.FORMAT for module in modules if hasattr(module, "FORMAT")}


def documents(form: Format, stream: BinaryIO, profile: Profile) -> Iterator[Any]:
    """Whole documents of a file, for a caller who uses all of it or nothing.

    Raises Invalid as the reader does, and at the first problem that makes a record unusable;
    warnings pass, attached to their statement. What cannot be used in a bank's answer (a status
    report, say) is attached to that answer.
    """
    records = strict(bank_answer.attach(reader(form)(stream, profile)))
    return issued_check.assemble(payment_file.assemble(statement.assemble(records)))


def strict(records: Iterable[Any]) -> Iterator[Any]:
    """The records, for a caller who uses a file whole or not at all.

    Raises Invalid at the first problem that makes a record unusable; warnings pass.
    """
    for record in records:
        if isinstance(record, Problem) and record.severity is Severity.ERROR:
            raise Invalid(
                record.code,
                record.sentence,
                "The original is kept; nothing was booked from it.",
                record.can_do,
                location=str(record.location),
            )
        yield record


def identify(head: bytes) -> Format:
    """The format of a file by its first bytes, never by its name. Raises Invalid if none fits."""
    sure, best = max(
        ((form.identify(head[:HEAD_BYTES]), form.name) for form in find().values()),
        default=(0, ""),
    )
    if sure == 0:
        raise Invalid(
            "unknown_file_type",
            "This is not a file of a type we can read.",
            "The original is kept; nothing was booked from it.",
            f"We read: {', '.join(sorted(name for name, f in find().items() if f.read))}.",
        )
    return find()[best]


def reader(form: Format) -> Callable[[BinaryIO, Profile], Iterator[Any]]:
    """The reader of a format; raises Invalid for a format that is only written."""
    if form.read is None:
        raise Invalid(
            "format_is_write_only",
            f"{form.name} is written, not read.",
            can_do="Choose a format that is read; `nostro formats` lists them.",
        )
    return form.read


def writer(form: Format) -> Callable[[Any, Profile], bytes]:
    """The writer of a format; raises Invalid for a format that is only read."""
    if form.write is None:
        raise Invalid(
            "format_is_read_only",
            f"{form.name} is read, not written.",
            can_do="Choose a format that is written; `nostro formats` lists them.",
        )
    return form.write
