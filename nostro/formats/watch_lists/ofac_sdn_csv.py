"""OFAC's SDN and consolidated lists as tables without headings (sdn.csv, cons_prim.csv).

Twelve columns: number, name, kind, programme, title, call sign, vessel type, tonnage, GRT, flag,
owner, remarks; "-0-" says nothing. Dates of birth and some aliases stand in the remarks. The other
aliases are in a file of their own (alt.csv), which is loaded together with this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListHead,
)
from nostro.formats.watch_lists import WatchListFormat, csv_rows, published
from nostro.formats.watch_lists.ofac_sdn_xml import CODE, KINDS, NAME

COLUMNS = 12
NOTHING = "-0-"
_HEAD = re.compile(rb'^\s*\d+,"(?:[^"]|"")*",(?:-0- ?|"(?:individual|vessel|aircraft|entity)"),')
_ALIAS = re.compile(r"(?:a|f|n)\.k\.a\. '([^']+)'")
_BORN = re.compile(r"\bDOB ([^;.]+)")
_COUNTRY = re.compile(r"\b(?:nationality|citizen) ([A-Z][^;.]+)")
_REGISTRATION = re.compile(
    r"(?:Registration Number|Registration ID|Tax ID No\.|Legal Entity Number|Company Number)"
    r" (\S*\d\S*)"
)


def _identify(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    yield WatchListHead(code=CODE, name=NAME, published_on=None)
    for line, cells in csv_rows.rows(stream):
        if len(cells) != COLUMNS:
            raise csv_rows.wrong(line, f"has {len(cells)} columns, not {COLUMNS}")
        yield _entry(line, [said(cell) for cell in cells])


def said(cell: str) -> str:
    """A cell's text; "" for OFAC's sign of nothing."""
    text = cell.strip()
    return "" if text == NOTHING else text


def _entry(line: int, cells: list[str]) -> WatchListEntry:
    number, name, kind, programs = cells[:4]
    remarks = cells[11]
    if not number.isdigit() or not name:
        raise csv_rows.wrong(line, "has no number or no name")
    aliases = published.told(_ALIAS.findall(remarks))
    return WatchListEntry(
        id=number,
        kind=KINDS.get(kind.lower() or "entity", EntryKind.UNKNOWN),
        names=(
            ListedName(text=name),
            # OFAC puts into the remarks what it calls weak aliases.
            *(ListedName(text=text, kind=NameKind.WEAK_ALIAS) for text in aliases),
        ),
        programs=published.told(programs.split("] [")),
        countries=published.told(map(published.country, _COUNTRY.findall(remarks))),
        born=published.told(map(published.born, _BORN.findall(remarks))),
        registrations=published.told(_REGISTRATION.findall(remarks)),
    )


WATCH_LIST = WatchListFormat(
    code=CODE,
    name=NAME,
    told="OFAC sdn.csv or cons_prim.csv with its alt.csv",
    identify=_identify,
    read=_read,
)
