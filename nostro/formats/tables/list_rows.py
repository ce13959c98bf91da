"""The rows of a bank's list in delimited text: a quotation mark without its partner hides nothing.

RFC 4180 as banks practise it: any delimiter, any line end, any encoding, texts above the titles.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from nostro.domain.problem import Location, Problem, error
from nostro.formats import Profile
from nostro.formats.profiles.lists import BankList, Column, layouts
from nostro.formats.source import Lines

TITLE_LINES_MAX = 60
CELL_LINES_MAX = 20


class ListRow(msgspec.Struct, frozen=True, gc=False):
    """One row: the line it begins on, its text, its cells; `cut` if nothing shows its end."""

    line: int
    raw: str
    cells: list[str]
    cut: bool = False


def rows_of(stream: Any, layout: BankList, encoding: str) -> Iterator[ListRow | Problem]:
    """The rows of a list, and a Problem for each that cannot be cut into cells.

    Codes: `broken_quotes`; the codes of `Lines` for the whole file.
    """
    lines = Lines(stream, Profile(encoding=encoding))
    taken: list[tuple[int, str]] = []
    reader = _reader(_remembered(lines, taken), layout)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as broken:
            yield from _one_by_one(taken, layout, broken)
        else:
            if cells is not None and len(taken) > CELL_LINES_MAX:
                yield from _one_by_one(taken, layout, "a cell runs over many lines")
            elif taken and cells is not None:
                text = "\n".join(text for _, text in taken)
                whole = bool(layout.quote) and text.endswith(layout.quote)
                yield ListRow(
                    taken[0][0], text, cells, not whole and taken[-1][0] == lines.cut_line
                )
            elif cells is None:
                return
        taken.clear()
        yield from lines.take_problems()


def _reader(lines: Iterable[str], layout: BankList) -> Iterator[list[str]]:
    if not layout.quote:
        return csv.reader(lines, delimiter=layout.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=layout.delimiter, quotechar=layout.quote, strict=True)


def _remembered(lines: Lines, taken: list[tuple[int, str]]) -> Iterator[str]:
    for number, text in lines:
        taken.append((number, text))
        yield f"{text}\n"


def _one_by_one(
    taken: list[tuple[int, str]], layout: BankList, why: object
) -> Iterator[ListRow | Problem]:
    """Lines that an open quotation mark swallowed, each read alone: only the first is lost."""
    for place, (number, text) in enumerate(taken):
        try:
            cells = next(_reader([text], layout), [])
        except csv.Error:
            cells = []
        if cells and (place or len(taken) > 1) and not _opens(text, layout):
            yield ListRow(number, text, cells)
            continue
        if text.strip():
            yield error(
                "broken_quotes",
                f"The line cannot be cut into cells ({why}).",
                "Look for a quotation mark without its partner.",
                Location(line=number),
                text,
            )


def _opens(text: str, layout: BankList) -> bool:
    """True for a line whose quotation marks have not all their partners."""
    return bool(layout.quote) and text.count(layout.quote) % 2 == 1


def title(cell: str) -> str:
    """A title as we compare it: no line ends, no doubled spaces."""
    return " ".join(cell.split())


def places_of(titles: list[str], layout: BankList) -> dict[str, tuple[int, ...]] | None:
    """The fields of a row of titles, each with its places; None when a column is missing."""
    known: dict[Column, int] = {}
    counts: Counter[str] = Counter()
    for place, cell in enumerate(titles):
        name = title(cell)
        counts[name] += 1
        count = counts[name]
        known.setdefault(name if count == 1 else f"{name}#{count}", place)
    if not layout.required() <= set(known):
        return None
    found = {
        field: tuple(
            column - 1 if isinstance(column, int) else known[column]
            for column in columns
            if isinstance(column, int) or column in known
        )
        for field, columns in layout.placed().items()
    }
    return {field: places for field, places in found.items() if places}


def numbered_places(layout: BankList) -> dict[str, tuple[int, ...]]:
    """The fields of a list without titles, whose columns are numbers."""
    return {
        field: tuple(column - 1 for column in columns if isinstance(column, int))
        for field, columns in layout.placed().items()
    }


def recognised(head: bytes) -> BankList | None:
    """The layout whose titles stand in the first lines of a file, if we know one."""
    for layout in layouts():
        required = layout.required()
        if not required:
            continue
        words = [name.partition("#")[0] for name in required]
        for line in _text(head, layout).splitlines()[:TITLE_LINES_MAX]:
            if all(word in line for word in words) and _has_titles(line, layout):
                return layout
    return None


def _text(head: bytes, layout: BankList) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    head = head.removeprefix(codecs.BOM_UTF8)
    for encoding in (layout.encoding,) if layout.encoding else ("utf-8", "cp1252"):
        try:  # An incremental decoder does not mind a last letter that is cut.
            text: str = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return text.removeprefix("\ufeff")
    return head.decode("latin-1")


def _has_titles(line: str, layout: BankList) -> bool:
    try:
        cells = next(_reader([line], layout), [])
    except csv.Error:
        return False
    return places_of(cells, layout) is not None
