"""How a watch list comes into force: read whole or refused, stored once, told to every customer.

Lists are brought as files that somebody fetched from their publisher; nothing is fetched here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import repeat
from typing import BinaryIO
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.watch_list import EntryKind, NameKind, WatchListEntry, WatchListHead
from nostro.formats import watch_lists as formats
from nostro.storage import audit_statements, events, watch_lists
from nostro.storage.tenancy import tenant
from nostro.storage.watch_lists import LoadedList
from nostro.workflows.context import Acting

# The lists that there are, by the code under which they are loaded, and what people call them.
KNOWN = {
    "ofac_sdn": "OFAC SDN",
    "ofac_consolidated": "OFAC consolidated (non-SDN)",
    "eu": "EU consolidated list",
    "un": "UN consolidated list",
    "uk": "UK sanctions list",
}


_PIECE_BYTES = 1 << 20
_FETCH_AGAIN = "Fetch it again from its publisher; if it is meant so, load it with --anyway."
_A_DAY_ELSEWHERE = timedelta(days=1)  # A publisher's day may be ahead of ours.


class _Files(msgspec.Struct, kw_only=True):
    """What the files of one list said together."""

    codes: dict[str, None] = msgspec.field(default_factory=dict)
    published_on: date | None = None
    entries: list[WatchListEntry] = []
    digest: str = ""


def load(
    acting: Acting,
    streams: Sequence[tuple[str, BinaryIO]],
    code: str = "",
    published_on: date | None = None,
    *,
    anyway: bool = False,
) -> LoadedList:
    """Bring a list into force in place of the one before; returns it as loaded.

    `anyway`: though it is older, much shorter, or without a day where the one before had one.

    `streams` are its files by name: one, or OFAC's sdn.csv with its alt.csv. `code` says which list
    it is where the file alone does not (OFAC's two look alike), `published_on` when, where the file
    does not say. `acting` names who does it; its customer is not used. Raises Invalid when anything
    in it is not as published; then the list in force stays.
    """
    found = _read(streams)
    told = _known(code or next(iter(found.codes)))
    listed = formats.merged(found.entries)
    _check_whole(listed)
    loaded = LoadedList(
        id=acting.world.ids.new(),
        code=told,
        name=KNOWN[told],
        published_on=published_on or found.published_on,
        file_name=", ".join(name for name, _ in streams),
        file_digest=found.digest,
        entries=len(listed),
        names=sum(len(entry.names) for entry in listed),
        loaded_at=acting.world.clock.now(),
        loaded_by=acting.actor.name,
        in_force=True,
    )
    parts = (acting.world.ids.new() for _ in repeat(None))
    _check_newer(loaded, anyway=anyway)
    watch_lists.put_in_force(loaded, listed, parts)
    _tell(acting, "customer.watch_list_loaded", loaded.id, _said(loaded))
    return loaded


def in_force(code: str) -> LoadedList | None:
    """The list of that code that payees are compared with now."""
    return next((one for one in watch_lists.loaded(only_in_force=True) if one.code == code), None)


def remove(acting: Acting, code: str) -> bool:
    """Compare with a list no more; False when it was not in force."""
    ended = in_force(code)
    if ended is None:
        return False
    watch_lists.end(code)
    _tell(acting, "customer.watch_list_removed", ended.id, _said(ended))
    return True


def _read(streams: Iterable[tuple[str, BinaryIO]]) -> _Files:
    found, digest = _Files(), hashlib.sha256()
    for _, stream in streams:
        form = formats.identify(stream.read(formats.HEAD_BYTES))
        stream.seek(0)
        for record in form.read(stream):
            if isinstance(record, WatchListHead):
                found.codes[record.code] = None
                found.published_on = record.published_on or found.published_on
            else:
                found.entries.append(record)
        stream.seek(0)
        while piece := stream.read(_PIECE_BYTES):
            digest.update(piece)
    if len(found.codes) > 1:
        raise _refused("files_of_several_lists", "These files are of several lists.",
                       "Load each list by itself.")  # fmt: skip
    found.digest = digest.hexdigest()
    return found


def _known(code: str) -> str:
    if code in KNOWN:
        return code
    raise Invalid(
        "watch_list_unknown",
        f"There is no list called {code}.",
        formats.KEPT,
        f"Lists: {', '.join(KNOWN)}.",
        field="list",
    )


def _check_whole(listed: Sequence[WatchListEntry]) -> None:
    """A list without entries, or aliases without whom they belong to, would let somebody through
    who is looked for."""
    if not listed:
        raise _refused("watch_list_empty", "The file names nobody.",
                       "Fetch the list again from its publisher.")  # fmt: skip
    nobody = next((entry for entry in listed if _is_alias_only(entry)), None)
    if nobody:
        raise _refused(
            "watch_list_incomplete",
            f"The aliases of entry {nobody.id} belong to nobody in these files.",
            "Load OFAC's alt.csv together with the sdn.csv of the same day.",
        )


def _check_newer(loaded: LoadedList, *, anyway: bool) -> None:
    """Nobody drops thousands of names, or keeps a list from ever growing old, by a slip."""
    day, before = loaded.published_on, in_force(loaded.code)
    if day and day > loaded.loaded_at.date() + _A_DAY_ELSEWHERE:
        raise _refused(
            "watch_list_in_future",
            f"The list is said to be of {day.isoformat()}, a day that is to come.",
            "Give the day on which it was published.",
        )
    if before is None or anyway:
        return
    was = f"in force is {before.as_in_force().told()} with {before.entries:,} entries"
    if before.published_on and day is None:
        raise _refused(
            "watch_list_undated",
            f"Nobody says of when this list is; {was}.",
            "Say with --published when it was published; if nobody knows, load it with --anyway.",
        )
    if before.published_on and day and day < before.published_on:
        happened = f"This list is of {day.isoformat()}; {was}."
        raise _refused("watch_list_older", happened, _FETCH_AGAIN)
    if loaded.entries * 2 < before.entries:
        happened = f"This list has {loaded.entries:,} entries; {was}."
        raise _refused("watch_list_shorter", happened, _FETCH_AGAIN)


def _is_alias_only(entry: WatchListEntry) -> bool:
    return (
        entry.kind is EntryKind.UNKNOWN
        and not entry.programs
        and all(name.kind is not NameKind.MAIN for name in entry.names)
    )


def _refused(code: str, happened: str, can_do: str) -> Invalid:
    return Invalid(code, happened, formats.KEPT, can_do, field="file")


def _said(loaded: LoadedList) -> dict[str, object]:
    return {
        "list": loaded.code,
        "published_on": loaded.published_on.isoformat() if loaded.published_on else "",
        "entries": loaded.entries,
        "names": loaded.names,
        "file_digest": loaded.file_digest,
    }


def _tell(acting: Acting, kind: str, list_id: UUID, said: dict[str, object]) -> None:
    """Every customer's log says which lists its payees were held against, and since when."""
    for customer_id in audit_statements.customers():
        there = msgspec.structs.replace(acting, tenant_id=customer_id)
        with tenant(customer_id):
            events.record([there.event(kind, "watch_list", list_id, **said)])
