"""The parts of a workbook (XLSX) that a bank's list needs: which sheet, its texts, its dates.

ECMA-376 (Office Open XML), part 1, sections 18.2 to 18.8. Read by expat from the ZIP, part by part,
because the text of a number must not pass through a binary number, and the size of a sheet must not
be believed: a few kilobytes can claim 17 billion cells.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from xml.parsers import expat

from nostro.domain.errors import Invalid
from nostro.formats.iso20022.xml.safe_expat import safe_parser

PACKED_BYTES_MAX = 128 << 20
PART_BYTES_MAX = 512 << 20
TEXTS_BYTES_MAX = 48 << 20  # As they are held: a text of one letter costs fifty times its letter.
STYLES_MAX = 100_000
_TEXT_BYTES = 64
_CHUNK = 1 << 16
_NOT_USED = "Nothing of the file was used."
_AGAIN = "Export it again, or save it as CSV and read that."
# Formats of dates that every workbook knows by number (section 18.8.30).
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_LETTERS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def local(name: str) -> str:
    return name.rpartition(":")[2]


class Workbook:
    """An opened workbook. Raises Invalid: `not_a_workbook`, `workbook_damaged`,
    `workbook_too_large`, `doctype_refused`."""

    def __init__(self, stream: Any) -> None:
        self.archive = _archive(stream)
        self.sheets: list[tuple[str, str]] = []  # Name and place of each visible sheet.
        self.from_1904 = False
        self.strings: list[str] = []
        self.dates: list[bool] = []
        related = self._related()
        self._read_sheets({name: place for name, (_, place) in related.items()})
        for kind, place in related.values():
            if kind == "sharedStrings":
                self._read_strings(place)
            elif kind == "styles":
                self._read_styles(place)
        if not self.sheets:
            raise _damaged("it has no visible sheet", "xl/workbook.xml")

    def parse(self, place: str, start: Start, end: End, text: Text) -> Iterator[None]:
        """Run a part through the handlers, piece by piece: between them, take what is new."""
        parser = safe_parser(None)
        parser.StartElementHandler = lambda name, told: start(local(name), told)
        parser.EndElementHandler = lambda name: end(local(name))
        parser.CharacterDataHandler = text
        size = 0
        try:
            with self.archive.open(place) as part:
                while data := part.read(_CHUNK):
                    size += len(data)
                    if size > PART_BYTES_MAX:
                        raise _too_large(place)
                    parser.Parse(data, False)
                    yield
                parser.Parse(b"", True)
                yield
        except expat.ExpatError as error:
            raise _damaged(f"line {error.lineno} is no XML: {error}", place) from None
        except _BROKEN as error:
            raise _damaged(str(error) or type(error).__name__, place) from None

    def _run(self, place: str, start: Start, end: End, text: Text) -> None:
        for _ in self.parse(place, start, end, text):
            pass

    def _related(self) -> dict[str, tuple[str, str]]:
        """The workbook's parts: id to kind and place."""
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, told: dict[str, str]) -> None:
            if name == "Relationship":
                target = told.get("Target", "")
                place = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                found[told.get("Id", "")] = (told.get("Type", "").rpartition("/")[2], place)

        self._run("xl/_rels/workbook.xml.rels", start, _nothing, _nothing)
        return found

    def _read_sheets(self, places: dict[str, str]) -> None:
        def start(name: str, told: dict[str, str]) -> None:
            if name == "workbookPr":
                self.from_1904 = told.get("date1904") in ("1", "true")
            elif name == "sheet" and told.get("state", "visible") == "visible":
                place = next((v for k, v in told.items() if local(k) == "id" and ":" in k), "")
                if place in places:
                    self.sheets.append((told.get("name", ""), places[place]))

        self._run("xl/workbook.xml", start, _nothing, _nothing)

    def _read_strings(self, place: str) -> None:
        """Texts that cells point to; the readings of Asian names (rPh) are no part of them."""
        collected: list[str] = []
        inside = {"t": False, "rPh": False}

        def start(name: str, told: dict[str, str]) -> None:
            if name in inside:
                inside[name] = True

        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            if held > TEXTS_BYTES_MAX:
                raise _too_many("texts", place)

        def end(name: str) -> None:
            if name in inside:
                inside[name] = False
            elif name == "si":
                hold(_TEXT_BYTES)
                self.strings.append("".join(collected))
                collected.clear()

        def text(data: str) -> None:
            if inside["t"] and not inside["rPh"]:
                hold(len(data))
                collected.append(data)

        self._run(place, start, end, text)

    def _read_styles(self, place: str) -> None:
        """Which cell styles show a number as a date."""
        custom: dict[str, bool] = {}
        inside: list[str] = []

        def start(name: str, told: dict[str, str]) -> None:
            if name == "numFmt":
                letters = _NOT_LETTERS.sub("", told.get("formatCode", ""))
                custom[told.get("numFmtId", "")] = bool(re.search("[yYmMdDhH]", letters))
            elif name == "xf" and inside and inside[-1] == "cellXfs":
                number = told.get("numFmtId", "0")
                if len(self.dates) >= STYLES_MAX:
                    raise _too_many("styles", place)
                known = number.isascii() and number.isdigit() and int(number) in _DATE_FORMATS
                self.dates.append(custom.get(number, known))
            inside.append(name)

        def end(name: str) -> None:
            inside.pop()

        self._run(place, start, end, _nothing)


def _archive(stream: Any) -> zipfile.ZipFile:
    data = BytesIO()
    while piece := stream.read(_CHUNK):
        if not data.tell() and not piece.startswith(b"PK"):
            break  # No ZIP: what follows is not worth the memory.
        data.write(piece)
        if data.tell() > PACKED_BYTES_MAX:
            raise _too_large("the file")
    if not data.tell() and not piece:
        raise Invalid("empty_file", "The file is empty.", _NOT_USED, _AGAIN, location="line 1")
    try:
        return zipfile.ZipFile(data)
    except _BROKEN:
        raise Invalid(
            "not_a_workbook",
            "The file is not a workbook (XLSX), or it was cut.",
            _NOT_USED,
            "Fetch it again in binary mode; save old .xls and protected workbooks as XLSX.",
            location="the end of the file",
        ) from None


def _nothing(*_: Any) -> None:
    return


def _damaged(what: str, place: str) -> Invalid:
    happened = f"The workbook cannot be read: {what}."
    return Invalid("workbook_damaged", happened, _NOT_USED, _AGAIN, location=place)


def _too_many(what: str, place: str) -> Invalid:
    happened = f"The workbook holds more {what} than we keep in memory."
    can_do = "Export a shorter period, or save it as CSV."
    return Invalid("workbook_too_large", happened, _NOT_USED, can_do, location=place)


def _too_large(place: str) -> Invalid:
    return Invalid(
        "workbook_too_large",
        f"The workbook is larger than we unpack ({PART_BYTES_MAX >> 20} MB a part).",
        _NOT_USED,
        "Export a shorter period, or save it as CSV.",
        location=place,
    )
