"""The EU's consolidated list of financial sanctions as a table (FSF 1.1, semicolons).

A row tells one name, address, birth date or number of its entity; the entity's columns repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO

from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListHead,
)
from nostro.formats.watch_lists import WatchListFormat, csv_rows, merged, published
from nostro.formats.watch_lists.eu_xml import CODE, KINDS, NAME

_NEEDED = ("Entity_LogicalId", "Entity_SubjectType", "NameAlias_WholeName")
_NAME_PARTS = ("NameAlias_FirstName", "NameAlias_MiddleName", "NameAlias_LastName")


def _identify(head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    return all(column.encode() in first for column in _NEEDED) and b";" in first


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    found = csv_rows.rows(stream, ";")
    line, heading = next(found)
    columns = [cell.strip() for cell in heading]
    missing = [column for column in _NEEDED if column not in columns]
    if missing:
        raise csv_rows.wrong(line, f"has no column {missing[0]}")
    told = False
    rows = ((row[0], csv_rows.named(row, columns)) for row in found)
    for number, group in groupby(rows, key=lambda row: _number(*row)):
        listed = [row for _, row in group]
        if not told:
            day = published.day(listed[0].get("fileGenerationDate", ""), "%d/%m/%Y", "%Y-%m-%d")
            yield WatchListHead(code=CODE, name=NAME, published_on=day)
            told = True
        (entry,) = merged(_row(number, row) for row in listed)
        yield entry


def _number(line: int, row: dict[str, str]) -> str:
    number = row.get("Entity_EU_ReferenceNumber") or row["Entity_LogicalId"]
    if not number:
        raise csv_rows.wrong(line, "has no number")
    return number


def _row(number: str, row: dict[str, str]) -> WatchListEntry:
    parts = " ".join(row[part] for part in _NAME_PARTS if row.get(part))
    text = row["NameAlias_WholeName"] or parts
    kind = row.get("Entity_SubjectType_ClassificationCode") or row["Entity_SubjectType"]
    return WatchListEntry(
        id=number,
        kind=KINDS.get(kind.lower(), EntryKind.COMPANY),
        names=(ListedName(text=text, kind=NameKind.ALIAS),) if text else (),
        programs=published.told([row.get("Entity_Regulation_Programme", "")]),
        countries=published.told(
            row.get(column, "")
            for column in ("Address_CountryIso2Code", "Citizenship_CountryIso2Code")
            if row.get(column) != "00"
        ),
        born=published.told(
            [
                published.born(row.get("BirthDate_BirthDate", ""))
                or published.born(row.get("BirthDate_Year", ""))
            ]
        ),
    )


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="EU consolidated list, CSV 1.1", identify=_identify, read=_read
)
