"""The aliases of OFAC's tables (alt.csv, cons_alt.csv), loaded together with sdn.csv.

Five columns without headings: number of the entry, number of the alias, kind, name, remarks.
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
from nostro.formats.watch_lists import WatchListFormat, csv_rows
from nostro.formats.watch_lists.ofac_sdn_csv import said
from nostro.formats.watch_lists.ofac_sdn_xml import CODE, NAME

COLUMNS = 5
_HEAD = re.compile(rb'^\s*\d+,\d+,"(?:aka|fka|nka)",')


def _identify(head: bytes) -> bool:
    return _HEAD.match(head) is not None


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    yield WatchListHead(code=CODE, name=NAME, published_on=None)
    for line, cells in csv_rows.rows(stream):
        if len(cells) != COLUMNS:
            raise csv_rows.wrong(line, f"has {len(cells)} columns, not {COLUMNS}")
        number, _, _, name, _ = (said(cell) for cell in cells)
        if not number.isdigit() or not name:
            raise csv_rows.wrong(line, "has no number or no name")
        names = (ListedName(text=name, kind=NameKind.ALIAS),)
        yield WatchListEntry(id=number, kind=EntryKind.UNKNOWN, names=names)


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="OFAC alt.csv beside its sdn.csv", identify=_identify, read=_read
)
