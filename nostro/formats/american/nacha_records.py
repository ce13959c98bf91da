"""Nacha bytes as numbered 94-character records, with or without line breaks.

Nacha Operating Rules, appendix two: records of 94 characters, ten to a block; line breaks are not
part of the standard, so files come with them, without any, or with one after each block.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats import Profile
from nostro.formats.american.nacha_layout import RECORD_LENGTH
from nostro.formats.source import Lines

LINE_LENGTH = RECORD_LENGTH + 1
_KEPT = "The original is kept; nothing was booked from it."
_HEAD_BYTES = 4096
_ENDS = b"\r\n\x1a"
_PLAIN = bytes(range(32, 127)) + b"\r\n"
_TRIMMED = "The sender cut blanks at the end of records; they were put back."
_SHORT_ONCE = "Nothing, if the file is accepted; the sender's system trims blanks."


class Records:
    """The records of a stream as (number from 1, 94 characters), in constant memory.

    Shorter records are filled with blanks (`records_short`, told once), blanks beyond column 94 are
    dropped (`records_padded`, told once). `problems` is where every part of the reader puts what it
    noticed. Raises Invalid as `source.Lines` does, and `record_too_long`.
    """

    def __init__(self, stream: BinaryIO, profile: Profile) -> None:
        self._source = _Unbroken(stream)
        self.lines = Lines(cast("BinaryIO", self._source), profile)
        self.problems: list[Problem] = []
        self.told: set[str] = set()
        self.last_was_short = False

    @property
    def unbroken(self) -> bool:
        """True for a file without line breaks, whose places are offsets."""
        return self._source.unbroken

    def location(self, number: int, path: str = "") -> Location:
        """The place of a record."""
        if not self.unbroken:
            return Location(line=number, path=path)
        return Location(line=1, path=path, offset=(number - 1) * RECORD_LENGTH + self._source.mark)

    def take_problems(self) -> list[Problem]:
        """What was noticed since the last call."""
        found = self.problems + self.lines.take_problems()
        self.problems.clear()
        return found

    def stretches(self) -> Iterator[tuple[int, str]]:
        """Records on lines that follow each other, as (number of the first, their text).

        Each record in the text has its 94 characters and a line end: `LINE_LENGTH`.
        """
        for first, block in self.lines.blocks():
            text = block + "\n"
            ends = self.lines.number + 1 - first
            # Asked of many records at once: the usual file has nothing else.
            whole = len(text) == ends * LINE_LENGTH and text[RECORD_LENGTH::LINE_LENGTH]
            if whole == "\n" * ends and not self._source.odd:
                self.last_was_short = False
                yield first, text
                continue
            for number, line in enumerate(block.split("\n"), first):
                for found, record in self._squared(number, line):
                    yield found, record + "\n"

    def _squared(self, number: int, line: str) -> Iterator[tuple[int, str]]:
        """Records out of a line that is not one."""
        self.last_was_short = False
        allowed = line.isascii() and line.isprintable()
        if len(line) == RECORD_LENGTH and allowed:
            yield number, line
            return
        self.problems += self.lines.take_problems()
        if not allowed and not self._fits_as_text(number, line):
            return
        if len(line) > RECORD_LENGTH and len(line.rstrip()) <= RECORD_LENGTH:
            line = line[:RECORD_LENGTH]
            self._once(number, "records_padded", "Records are longer than 94 characters by blanks.")
        if not line.strip():
            return
        if len(line) % RECORD_LENGTH and len(line) > RECORD_LENGTH:
            raise Invalid(
                "record_too_long",
                f"A record has {len(line)} characters; Nacha records have {RECORD_LENGTH}.",
                _KEPT,
                "Ask the sender for the file again; something was put into the record.",
                location=str(self.location(number)),
            )
        if len(line) < RECORD_LENGTH:
            self._once(number, "records_short", _TRIMMED)
            self.last_was_short = True
        for start in range(0, len(line), RECORD_LENGTH):
            yield number, line[start : start + RECORD_LENGTH].ljust(RECORD_LENGTH)

    def _fits_as_text(self, number: int, line: str) -> bool:
        """Whether the columns of a record with other characters than ASCII are certain."""
        place = self.location(number)
        if line.isascii() or len(line) == RECORD_LENGTH or len(line.encode()) != RECORD_LENGTH:
            happened = "Records hold characters that Nacha does not allow; they were kept."
            self._once(number, "characters_not_allowed", happened)
            return True
        self.problems.append(
            error(
                "columns_uncertain",
                "The record is 94 bytes but fewer characters, so its columns are not certain.",
                "Name the true encoding in the profile, or ask the sender for plain ASCII.",
                place,
                line,
            )
        )
        return False

    def _once(self, number: int, code: str, happened: str) -> None:
        if code not in self.told:
            self.told.add(code)
            place = self.location(number)
            self.problems.append(warning(code, happened, _SHORT_ONCE, place))


class _Unbroken:
    """A stream that gets a line break after every 94 bytes if it has none of its own.

    `odd` is true as soon as there was anything but printable ASCII and line ends.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.head: bytes | None = None
        self.unbroken = False
        self.odd = False
        self.mark = 0
        self.rest = b""

    def read(self, size: int) -> bytes:
        if self.head is None:
            self.head = self._look()
        if not self.unbroken:
            data, self.head = self.head or self._more(size), b""
            return data
        data, self.head = self.rest + self.head, b""
        while len(data) < RECORD_LENGTH:
            chunk = self._more(size)
            if not chunk:
                self.rest = b""
                return data.rstrip(_ENDS)
            data += chunk.replace(b"\r", b"").replace(b"\n", b"")
        whole = len(data) - len(data) % RECORD_LENGTH
        self.rest = data[whole:]
        starts = range(0, whole, RECORD_LENGTH)
        return b"".join(data[start : start + RECORD_LENGTH] + b"\n" for start in starts)

    def _more(self, size: int) -> bytes:
        data: bytes = self.stream.read(size)
        self.odd = self.odd or bool(data.translate(None, _PLAIN))
        return data

    def _look(self) -> bytes:
        """The beginning of the stream, and whether it has line breaks."""
        head = b""
        while len(head) < _HEAD_BYTES and (chunk := self._more(_HEAD_BYTES)):
            head += chunk
        text = head.removeprefix(codecs.BOM_UTF8).rstrip(_ENDS)
        self.unbroken = (
            len(text) > RECORD_LENGTH
            and text[:1] in (b"1", b"5")
            and b"\n" not in text
            and b"\r" not in text
        )
        if self.unbroken:
            self.mark = len(head) - len(head.removeprefix(codecs.BOM_UTF8))
            return text
        return head
