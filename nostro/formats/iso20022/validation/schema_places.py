"""Where in a file something breaks its schema: line, column and element.

libxml2 checks a schema while a file goes by, but then it does not say where it is. So the file is
fed to it tag by tag, in those stretches where something is wrong, beside a second parser (expat)
that knows the places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from lxml import etree

from nostro.formats.iso20022.xml.messages import CHUNK_BYTES, safe_parser

# Bounds for hostile files: no message is as deep, and no element has as many kinds of children.
_DEPTH_MAX = 100
_NAMES_MAX = 1000


class Window(NamedTuple):
    """Bytes `begin` to `end` of a file, which brought so many messages of the schema checker."""

    begin: int
    end: int
    messages: int


class Place(NamedTuple):
    """What libxml2 says, and about which element: "Document/BkToCstmrStmt/Stmt/Ntry[3]/Amt"."""

    message: str
    line: int
    column: int
    path: str


class _Mark(NamedTuple):
    """A start tag or an end tag: its first byte, and its element's place."""

    at: int
    line: int
    column: int
    path: str


class _Walk:
    """Goes through the tags of a file; keeps marks from byte `begin` on."""

    def __init__(self) -> None:
        self.begin = 0
        self.marks: list[_Mark] = []
        self._open: list[tuple[str, int, int]] = []  # Label, line and column of each open element.
        self._names: list[dict[str, int]] = [{}]  # How often each name came, at each depth.
        self.parser = parser = safe_parser(None, separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        beside = self._names[-1]
        number = beside.get(local, 0) + 1
        if number > 1 or len(beside) < _NAMES_MAX:
            beside[local] = number
        label = local if number == 1 else f"{local}[{number}]"
        parser = self.parser
        self._open.append((label, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))
        self._names.append({})
        self._mark()

    def _end(self, _name: str) -> None:
        self._mark()
        self._open.pop()
        self._names.pop()

    def taken(self) -> list[_Mark]:
        """The marks since the last time."""
        marks, self.marks = self.marks, []
        return marks

    def _mark(self) -> None:
        at = self.parser.CurrentByteIndex
        if at >= self.begin and len(self._open) <= _DEPTH_MAX:
            _, line, column = self._open[-1]
            path = "/".join(label for label, _, _ in self._open)
            self.marks.append(_Mark(at, line, column, path))


class _Fed:
    """The checker, and what it has not got yet: a tag has passed when the next one begins."""

    def __init__(self, checker: etree.XMLParser) -> None:
        self.held = b""
        self.at = 0  # Where in the file `held` begins.
        self.seen = 0  # How many messages there have been.
        self._checker = checker

    def up_to(self, at: int) -> list[str]:
        """Hand over everything before byte `at` of the file; returns the new messages."""
        piece = self.held[: at - self.at]
        if not piece:
            return []
        self._checker.feed(piece)
        self.held, self.at = self.held[len(piece) :], at
        log = self._checker.feed_error_log
        fresh = [entry.message for entry in log[self.seen :]] if len(log) > self.seen else []
        self.seen = len(log)
        return fresh


def places(stream: BinaryIO, checker: etree.XMLParser, windows: list[Window]) -> Iterator[Place]:
    """Yield what a fresh checker finds in the windows of a file, each with its place."""
    walk, given = _Walk(), _Fed(checker)
    last = _Mark(0, 1, 1, "")
    due = 0
    for window in windows:
        due += window.messages
        walk.begin = window.begin - CHUNK_BYTES  # A tag may begin in the chunk before its end.
        while given.seen < due:
            chunk = stream.read(CHUNK_BYTES)
            given.held += chunk
            walk.parser.Parse(chunk, not chunk)
            for mark in walk.taken():
                for message in given.up_to(mark.at):
                    yield Place(message, last.line, last.column, last.path)
                last = mark
            if given.at + len(given.held) <= walk.begin or not chunk:
                for message in given.up_to(given.at + len(given.held)):
                    yield Place(message, last.line, last.column, last.path)
            if not chunk:
                return
