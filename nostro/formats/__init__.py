"""Bytes to business and back. One module a format, exposing FORMAT; nothing else registers it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid

HEAD_BYTES = 4096


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's or an ERP's dialect of a format, as data: never a copy of a reader."""

    name: str = "standard"
    encoding: str = "utf-8"
    options: dict[str, str] = {}


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One file format.

    `identify(head)` says how sure it is (0 to 100) that bytes beginning with `head` (at most
    HEAD_BYTES) are of this format. `read(stream, profile)` yields canonical objects one by one,
    in constant memory. `write(items, profile)` returns the bytes.
    """

    name: str
    media_type: str
    standard: str
    identify: Callable[[bytes], int]
    read: Callable[[BinaryIO, Profile], Iterator[Any]] | None = None
    write: Callable[[Any, Profile], bytes] | None = None


@cache
def find() -> dict[str, Format]:
    """Every format there is, by name: adding one is adding its file."""
    modules = (
        import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.ispkg
    )
    return {module.FORMAT.name: module.FORMAT for module in modules if hasattr(module, "FORMAT")}


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
