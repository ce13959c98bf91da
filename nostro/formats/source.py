"""From bytes to numbered lines of text: byte order marks, wrong encodings, any line end, no traps.

Shared by every format that is text (MT, BAI2, Nacha, X12, lists). What is not text at all
(compressed, EBCDIC, binary) is refused with a sentence that says what it looks like.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location, Problem, Severity
from nostro.formats import Profile

CHUNK_BYTES = 1 << 16
LINE_BYTES_MAX = 1 << 20
_KEPT = "The original is kept; nothing was booked from it."
_WIDE_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_PACKED = {
    b"PK\x03\x04": "ZIP",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
}
# Capital letters, digits, space, comma, slash and the two line ends of EBCDIC (code page 037).
_EBCDIC = frozenset(
    [
        *(0x40, 0x6B, 0x61, 0x4B, 0x15, 0x25),
        *range(0xC1, 0xCA),
        *range(0xD1, 0xDA),
        *range(0xE2, 0xEA),
        *range(0xF0, 0xFA),
    ]
)
_EBCDIC_SHARE = 0.8
# Line ends, and the mark that old systems put behind the last one.
_AFTER_LAST_LINE = (b"\n", b"\r", b"\x1a")


class Lines:
    """The lines of a stream as (number from 1, text without its line end), in constant memory.

    Line ends may be CR LF, LF or CR, and the last one may be missing. Without an encoding in the
    profile each piece is read as UTF-8, and what is not valid UTF-8 as Windows-1252, which is told
    once in `problems`. Once the last line is out, `cut_line` is its number if it has no line end
    (else 0): such a line may be cut. Iterating raises Invalid with a location: `empty_file`,
    `compressed_file`, `ebcdic_file`, `not_text`, `file_cut` (within a letter of UTF-16),
    `line_too_long`.
    """

    def __init__(self, stream: BinaryIO, profile: Profile) -> None:
        self.stream: Any = stream
        self.encoding = profile.encoding
        self.number = 0
        self.cut_line = 0
        self.guessed = False
        self.problems: list[Problem] = []

    def take_problems(self) -> list[Problem]:
        """What was noticed since the last call."""
        found, self.problems = self.problems, []
        return found

    def __iter__(self) -> Iterator[tuple[int, str]]:
        # Chained, as a generator of its own would be one more step for every line.
        return chain.from_iterable(
            enumerate(block.split("\n"), number) for number, block in self.blocks()
        )

    def blocks(self) -> Iterator[tuple[int, str]]:
        """Many whole lines at a time, as (number of the first, lines separated by LF)."""
        first = self._head()
        rest = first
        while True:
            chunk = self.stream.read(CHUNK_BYTES)
            rest += chunk
            end = len(rest) if not chunk else _last_line_end(rest)
            if end:
                numbered = self._numbered(rest[:end])
                if not chunk and not rest.endswith(_AFTER_LAST_LINE):
                    self.cut_line = self.number
                yield numbered
                rest = rest[end:]
            if len(rest) > LINE_BYTES_MAX:
                raise self._refuse(
                    "line_too_long",
                    f"Line {self.number + 1} is longer than {LINE_BYTES_MAX:,} bytes.",
                    "Check that this is the file you meant; ask the sender for it again.",
                )
            if not chunk:
                return

    def _head(self) -> bytes:
        """The first bytes, after the questions that only they can answer."""
        head: bytes = self.stream.read(CHUNK_BYTES)
        if not head:
            raise self._refuse("empty_file", "The file is empty.", "Fetch it again.")
        refuse_packed(head)
        for mark, encoding in _WIDE_MARKS.items():
            if head.startswith(mark):
                return self._narrowed(head, encoding)
        if is_wide(self.encoding):
            return self._narrowed(head, self.encoding)
        if not self.encoding and looks_like_ebcdic(head):
            raise ebcdic_refused(
                "Have it sent as ASCII, or name the encoding (such as cp037) in the profile."
            )
        return head.removeprefix(codecs.BOM_UTF8)

    def _narrowed(self, head: bytes, encoding: str) -> bytes:
        """A UTF-16 file as UTF-8, by wrapping the stream; such files are small lists."""
        recoded = _Recoded(self.stream, encoding)
        self.stream, self.encoding = recoded, "utf-8"
        return recoded.recode(head) or recoded.read(CHUNK_BYTES)

    def _numbered(self, piece: bytes) -> tuple[int, str]:
        if b"\0" in piece:
            place = self.number + 1 + piece[: piece.index(b"\0")].count(b"\n")
            raise self._refuse(
                "not_text",
                "The file holds NUL bytes: it is not text, or it was damaged on its way.",
                "Fetch it again in binary mode.",
                place,
            )
        text = self._text(piece)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.removesuffix("\n")
        first = self.number + 1
        self.number += text.count("\n") + 1
        return first, text

    def _text(self, piece: bytes) -> str:
        if self.encoding:
            return self._named(piece)
        try:
            return piece.decode()
        except UnicodeDecodeError as error:
            line = self.number + 1 + piece[: error.start].count(b"\n")
        if not self.guessed:
            self.guessed = True
            self.problems.append(
                Problem(
                    code="encoding_guessed",
                    severity=Severity.WARNING,
                    sentence="The file is not UTF-8; it was read as Windows-1252.",
                    can_do="If letters look wrong, name the true encoding in the profile.",
                    location=Location(line=line),
                )
            )
        return "".join(_guessed(line) for line in piece.splitlines(keepends=True))

    def _named(self, piece: bytes) -> str:
        try:
            return piece.decode(self.encoding)
        except (UnicodeDecodeError, LookupError):
            raise self._refuse(
                "not_text",
                f"The file is not text in the encoding {self.encoding}.",
                "Name the true encoding in the profile.",
            ) from None

    def _refuse(self, code: str, happened: str, can_do: str, line: int = 0) -> Invalid:
        where = f"line {line or self.number + 1}"
        return Invalid(code, happened, _KEPT, can_do, location=where)


class _Recoded:
    """A stream of UTF-16 as a stream of UTF-8."""

    def __init__(self, stream: Any, encoding: str) -> None:
        self.stream = stream
        self.decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)()
        self.line = 1

    def recode(self, data: bytes) -> bytes:
        """The text of these bytes, as far as its letters are whole; no bytes are the end."""
        try:
            narrow = self.decoder.decode(data, not data).encode()
        except UnicodeDecodeError:
            raise self._refused(data) from None
        self.line += narrow.count(b"\n")
        return narrow

    def _refused(self, data: bytes) -> Invalid:
        code, happened = "not_text", "The file has letters that are none of UTF-16."
        if not data:
            code, happened = "file_cut", "The file ends in the middle of a letter of UTF-16."
        can_do = "Fetch it again in binary mode."
        return Invalid(code, happened, _KEPT, can_do, location=f"line {self.line}")

    def read(self, size: int) -> bytes:
        while data := self.stream.read(size):
            if narrow := self.recode(data):
                return narrow
        return self.recode(b"")


def _last_line_end(data: bytes) -> int:
    """Where the last whole line ends. A CR at the very end may be half of a CR LF: it waits."""
    end = data.rfind(b"\n") + 1
    if not end:
        end = data.rfind(b"\r", 0, len(data) - 1) + 1
    return end


def _guessed(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def is_wide(encoding: str) -> bool:
    """Whether that name means UTF-16 or UTF-32, whose lines cannot be cut byte by byte."""
    try:
        return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    except LookupError:
        return False


def packed_as(head: bytes) -> str:
    """What a file is packed with, by its first bytes ("ZIP"); "" if it is not."""
    return next((name for mark, name in _PACKED.items() if head.startswith(mark)), "")


def refuse_packed(head: bytes) -> None:
    """Raise Invalid (`compressed_file`) for the first bytes of a packed file."""
    if packed := packed_as(head):
        happened = f"The file is packed ({packed})."
        raise Invalid("compressed_file", happened, _KEPT, "Unpack it first.", location="line 1")


def ebcdic_refused(can_do: str) -> Invalid:
    """The refusal of a mainframe's file (`ebcdic_file`); the format says what helps."""
    happened = "The file looks like EBCDIC, the encoding of mainframes."
    return Invalid("ebcdic_file", happened, _KEPT, can_do, location="line 1")


def looks_like_ebcdic(head: bytes) -> bool:
    """True for bytes that are letters and digits of EBCDIC rather than of ASCII."""
    sample = head[:512]
    return len(sample) >= 16 and sum(b in _EBCDIC for b in sample) > _EBCDIC_SHARE * len(sample)
