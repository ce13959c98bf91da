"""BAI2 files as logical records: continuation records joined, whatever the lines look like.

Banks send records on lines of their own, several on one line, filled up to a physical record length
with or without line ends, and text that wraps without a record code. What is odd is told once.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple, NoReturn

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, warning
from nostro.formats.source import Lines

_KEPT = "The original is kept; nothing was booked from it."
CODES = frozenset({"01,", "02,", "03,", "16,", "49,", "88,", "98,", "99,"})
_STARTS = CODES - {"88,"}
RECORD_LENGTH_MAX = 1 << 16
_NEXT_ENTRY = "\n16,"
_OTHER_LINE = re.compile(r"\n(?!16,|88,)")
_FILLING = " \t\x1a"  # The last one ends files on mainframes.
# What a record that begins inside a line must look like, so that text with slashes is left alone.
_INSIDE = (
    r"(?=(?:02,[^,]*,[^,]*,[^,]*,\d{6}|03,[^,]+,|16,\d{3},[+-]?\d*,|88,|49,[+-]?\d*,\d+"
    r"|98,[+-]?\d*,\d+,\d+|99,[+-]?\d*,\d+,\d+))"
)
_SHARED = re.compile(r"/ +" + _INSIDE)
_UNBROKEN = re.compile(r"/ *" + _INSIDE)
_UNBROKEN_FILE = re.compile(r"01,[^/]*/02,")
_ODD_CODE = re.compile(r"(\d\d)[^\w\s]")


class Record(NamedTuple):
    """One logical record: what follows its code, continuations included as they are.

    `physical` is of how many physical records it is.
    """

    line: int
    code: str
    body: str
    physical: int

    def text(self) -> str:
        """As it stands in the file."""
        return f"{self.code},{self.body}"


class Entries(NamedTuple):
    """Logical records 16 that follow each other: files hold millions.

    `text` is all of them, `bodies` each of them without its code;
    `physical` is of how many physical records they are.
    """

    line: int
    text: str
    bodies: list[str]
    physical: int


class LogicalRecords:
    """Iterates over the logical records of a file.

    `uncounted` are lines that are no physical record of the sender: text that wrapped. Raises
    Invalid with a location as `Lines` does, and `bai2_file_header_missing`, `bai2_record_too_long`.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.problems: list[Problem] = []
        self.told: set[str] = set()
        self.uncounted = 0
        self.length = 0
        self.between = _SHARED
        self.begun = False

    def take_problems(self) -> list[Problem]:
        """What was noticed since the last call."""
        found, self.problems = self.problems, []
        return [*self.lines.take_problems(), *found] if self.lines.problems else found

    def take_uncounted(self) -> int:
        found, self.uncounted = self.uncounted, 0
        return found

    def __iter__(self) -> Iterator[Record | Entries]:
        rest, line = "", 1
        for number, block in self.lines.blocks():
            rest, line = (f"{rest}\n{block}", line) if rest else (block, number)
            if not self.begun and not self._begin(rest, line):
                rest = ""
                continue
            end = _last_start(rest)
            if end > 0:
                whole, rest = rest[:end], rest[end + 1 :]
                line = yield from self._whole(whole, line)
            if len(rest) > RECORD_LENGTH_MAX and not self.length and self.between is _SHARED:
                self._too_long(line)
        if rest:
            yield from self._whole(rest, line)

    def _whole(self, text: str, line: int) -> Generator[Record | Entries, None, int]:
        """The records of a text that begins and ends with whole ones; returns the next line."""
        at = 0
        while at < len(text):
            if text.startswith("16,", at):
                end, plain = _end_of_entries(text, at)
            else:
                end, plain = text.find(_NEXT_ENTRY, at), False
            stretch = text[at:] if end < 0 else text[at:end]
            lines = stretch.count("\n")
            if plain and not self.length and not self._shared(stretch):
                yield Entries(line, stretch, stretch[3:].split(_NEXT_ENTRY), lines + 1)
            else:
                yield from self._slowly(stretch, line)
            line += lines + 1
            at += len(stretch) + 1
        return line

    def _shared(self, text: str) -> bool:
        """Whether several records may share a line."""
        if self.between is _SHARED and ("/" not in text or "/ " not in text):
            return False  # Told fast: this is what nearly all files are like.
        return self.between.search(text) is not None

    def _too_long(self, line: int) -> NoReturn:
        raise Invalid(
            "bai2_record_too_long",
            f"A record with its continuations is longer than {RECORD_LENGTH_MAX:,} characters.",
            _KEPT,
            "Check that this is the file you meant; ask the bank for it again.",
            location=f"line {line}",
        )

    def _slowly(self, text: str, begun: int) -> Iterator[Record | Entries]:
        """Records of lines that need a second look, one by one."""
        parts: list[str] = []
        at = begun
        for number, line in enumerate(text.split("\n"), begun):
            for record in self._records(line, number):
                if record[:3] == "88," and parts:
                    parts.append(record)
                    continue
                if parts:
                    yield _joined(at, parts)
                parts, at = [record], number
        if parts:
            yield _joined(at, parts)

    def _records(self, line: str, number: int) -> Iterator[str]:
        """The physical records of a line."""
        pieces = self._cut(line.strip(_FILLING))
        shared = [record for piece in pieces for record in self.between.split(piece)]
        if len(shared) > 1:
            happened = "Several records share a line."
            self._tell(
                "records_share_line", happened, "Nothing, if the control totals fit.", number
            )
        for record in shared:
            if not record.strip():
                continue
            if record[:3] not in CODES:
                record = self._without_code(record, number)
            yield record

    def _begin(self, text: str, line: int) -> bool:
        """Look at the first record; False if there is nothing but blanks so far."""
        begin = text.strip(_FILLING + "\n")
        if not begin:
            return False
        if not begin.startswith("01,"):
            raise Invalid(
                "bai2_file_header_missing",
                "The file does not begin with a file header, record 01.",
                _KEPT,
                "Check that this is the file you meant; ask the bank for it again.",
                location=f"line {line}",
            )
        self.begun = True
        first = begin.split("\n", 1)[0]
        header = first.split("/", 1)[0].split(",")
        told = header[6].strip() if len(header) > 6 else ""
        if told.isascii() and told.isdigit() and 0 < int(told[:9]) < len(first):
            self.length = int(told[:9])
        if _UNBROKEN_FILE.match(first):
            self.between = _UNBROKEN
        return True

    def _cut(self, line: str) -> list[str]:
        """A line of many physical records of fixed length, cut."""
        length = self.length
        if not length or len(line) <= length:
            return [line]
        pieces = [line[at : at + length].rstrip() for at in range(0, len(line), length)]
        fits = all(piece[:3] in CODES for piece in pieces)
        return pieces if fits else [line]

    def _without_code(self, record: str, number: int) -> str:
        odd = _ODD_CODE.match(record)
        if odd and f"{odd.group(1)}," in CODES:
            happened = f"A record has {record[2]!r} after its record code instead of a comma."
            self._tell("record_code_odd", happened, "Nothing, if the text is right.", number)
            return f"{odd.group(1)},{record[3:]}"
        happened = "A line has no record code; it was read as a continuation of the one before."
        can_do = "Nothing, if the control totals fit."
        self._tell("record_code_missing", happened, can_do, number, record)
        self.uncounted += 1
        return f"88,{record}"

    def _tell(self, code: str, happened: str, can_do: str, line: int, raw: str = "") -> None:
        """Once a file: what is odd in one line is so in thousands."""
        if code not in self.told:
            self.told.add(code)
            self.problems.append(warning(code, happened, can_do, Location(line=line), raw))


def _end_of_entries(text: str, at: int) -> tuple[int, bool]:
    """Where the records 16 from there on end, and whether all their lines have their codes."""
    other = _OTHER_LINE.search(text, at)
    if other is None:
        return -1, True
    end = other.start()
    if text.startswith("49,", end + 1):
        return end, True
    return text.find("\n49,", at), False


def _joined(line: int, parts: Sequence[str]) -> Record | Entries:
    body = "\n".join(parts)[3:]
    if parts[0][:2] == "16":
        return Entries(line, body, [body], len(parts))
    return Record(line, parts[0][:2], body, len(parts))


def _last_start(text: str) -> int:
    """Where the line end before the last record is; -1 if it is the only one."""
    end = len(text)
    while end > 0:
        end = text.rfind("\n", 0, end)
        if text[end + 1 : end + 4] in _STARTS:
            return end
    return -1
