"""Public lists of persons and companies that must not be paid, one file a publisher's format.

A format is found by being there: a module of this folder with a WATCH_LIST. What a list means is
decided elsewhere; here its names, kinds, programmes, countries and dates are taken as published.
A list is read whole or refused: a list with a hole would let somebody through.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.watch_list import EntryKind, WatchListEntry, WatchListHead

HEAD_BYTES = 4096
KEPT = "Nothing was loaded; the list in force stays."


class WatchListFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One format of one publisher.

    `identify(head)` tells whether bytes beginning with `head` (HEAD_BYTES) are of it.
    `read(stream)` yields its head, then its entries one by one, in constant memory but for what
    the format itself tells late. It raises Invalid, with a location, when anything is not as
    published; then nothing that it yielded counts. `code` is the list it belongs to, `name` what
    people call that.
    """

    code: str
    name: str
    told: str
    identify: Callable[[bytes], bool]
    read: Callable[[BinaryIO], Iterator[WatchListHead | WatchListEntry]]


@cache
def find() -> dict[str, WatchListFormat]:
    """Every format there is, by its module's name."""
    modules = (
        (found.name, import_module(f"{__name__}.{found.name}"))
        for found in pkgutil.iter_modules(__path__)
    )
    return {name: module.WATCH_LIST for name, module in modules if hasattr(module, "WATCH_LIST")}


def identify(head: bytes) -> WatchListFormat:
    """The format of a file by its first bytes; raises Invalid (`watch_list_unknown`)."""
    for form in find().values():
        if form.identify(head[:HEAD_BYTES]):
            return form
    raise Invalid(
        "watch_list_unknown",
        "This is no list of a publisher that we can read.",
        KEPT,
        f"We read: {'; '.join(sorted(form.told for form in find().values()))}.",
        location="line 1",
    )


def merged(entries: Iterable[WatchListEntry]) -> list[WatchListEntry]:
    """Entries that several rows or files tell of, made one each, in the order they first came."""
    found: dict[str, WatchListEntry] = {}
    for entry in entries:
        known = found.get(entry.id)
        found[entry.id] = _both(known, entry) if known else entry
    return list(found.values())


def _both(known: WatchListEntry, more: WatchListEntry) -> WatchListEntry:
    texts = {name.text for name in known.names}
    return msgspec.structs.replace(
        known,
        kind=more.kind if known.kind is EntryKind.UNKNOWN else known.kind,
        names=(*known.names, *(name for name in more.names if name.text not in texts)),
        **{
            field: tuple(dict.fromkeys((*getattr(known, field), *getattr(more, field))))
            for field in ("programs", "countries", "born", "registrations")
        },
    )
