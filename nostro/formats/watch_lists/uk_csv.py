"""The United Kingdom's lists as tables: OFSI's ConList.csv and the UK Sanctions List.

A line with the date, a line of headings, then a row a name. Both write the family name (of a
company the whole name) into "Name 6" and the given names into "Name 1" to "Name 5".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListHead,
)
from nostro.formats.watch_lists import WatchListFormat, csv_rows, merged, published

CODE, NAME = "uk", "UK sanctions list"
_GIVEN = tuple(f"name {number}" for number in range(1, 6))
# What the two lists call the same thing.
_NUMBER = ("unique id", "group id", "ofsi group id")
_KIND = ("designation type", "individual, entity, ship", "group type")
_REGIME = ("regime name", "regime")
_NAME_TYPE = ("name type", "alias type")
_STRENGTH = ("alias strength", "alias quality")
_COUNTRIES = ("address country", "country", "nationality(/ies)", "nationality")
_BORN = ("d.o.b", "dob")
_REGISTRATIONS = ("business registration number (s)", "imo number")
_KINDS = {
    "individual": EntryKind.PERSON,
    "entity": EntryKind.COMPANY,
    "ship": EntryKind.VESSEL,
}


def _identify(head: bytes) -> bool:
    text = head.lower()
    return b"name 6" in text and b"name 1" in text and b"non-latin script" in text


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    found = csv_rows.rows(stream)
    told: date | None = None
    for _, cells in found:
        columns = [cell.strip().casefold() for cell in cells]
        if "name 6" in columns and any(number in columns for number in _NUMBER):
            break
        told = told or _day(cells)
    else:
        raise csv_rows.wrong(1, "and those after it are no heading with Name 6 and a number")
    yield WatchListHead(code=CODE, name=NAME, published_on=told)
    rows = ((row[0], csv_rows.named(row, columns)) for row in found)
    # Rows of one entry stand together; should one come later, loading joins it.
    for number, group in groupby(rows, key=lambda row: _number(*row)):
        listed = list(group)
        (entry,) = merged(_row(number, row) for _, row in listed)
        if not entry.names:
            raise _nameless(listed[0][0])
        yield entry


def _day(cells: list[str]) -> date | None:
    """The day in "Last Updated,03/11/2026" or "Report Date: 03-Nov-2026"."""
    parts = (part for cell in cells for part in cell.split(": "))
    return next((day for part in parts if (day := published.day(part))), None)


def _nameless(line: int) -> Invalid:
    return csv_rows.wrong(line, "has an entry without a name")


def _number(line: int, row: dict[str, str]) -> str:
    number = _first(row, _NUMBER)
    if not number:
        raise csv_rows.wrong(line, "has no number")
    return number


def _row(number: str, row: dict[str, str]) -> WatchListEntry:
    return WatchListEntry(
        id=number,
        kind=_KINDS.get(_first(row, _KIND).casefold(), EntryKind.UNKNOWN),
        names=tuple(_names(row)),
        programs=published.told([_first(row, _REGIME)]),
        countries=published.told(
            published.country(part)
            for column in _COUNTRIES
            for part in _numbered(row.get(column, ""))
        ),
        born=published.told(published.born(part) for part in _numbered(_first(row, _BORN))),
        registrations=published.told(
            part for column in _REGISTRATIONS for part in _numbered(row.get(column, ""))
        ),
    )


def _names(row: dict[str, str]) -> Iterator[ListedName]:
    given = " ".join(row[part] for part in _GIVEN if row.get(part))
    text = ", ".join(part for part in (row["name 6"], given) if part)
    weak = "low" in _first(row, _STRENGTH).casefold()
    main = _first(row, _NAME_TYPE).casefold().startswith("primary name")
    if text:
        kind = NameKind.WEAK_ALIAS if weak else NameKind.MAIN if main else NameKind.ALIAS
        yield ListedName(text=text, kind=kind)
    if original := row.get("name non-latin script", ""):
        yield ListedName(text=original, kind=NameKind.ALIAS)


def _numbered(text: str) -> list[str]:
    """The parts of "(1) Russia (2) Belarus", or of "a|b"."""
    parts = [part for bar in text.split("|") for part in bar.split("(")]
    return [
        part.partition(")")[2] if part[:1].isdigit() and ")" in part else part for part in parts
    ]


def _first(row: dict[str, str], columns: tuple[str, ...]) -> str:
    return next((row[column] for column in columns if row.get(column)), "")


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="UK Sanctions List or ConList, CSV", identify=_identify, read=_read
)
