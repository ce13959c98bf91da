"""Drives a message's bytes through expat, and its many entries past it where that is sure.

Memory is that of one entry, however large the file. Line numbers are expat's own: what it does not
see is replaced by as many line ends.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.parsers import expat

from nostro.domain.problem import Location
from nostro.formats.iso20022.xml.machine import Machine
from nostro.formats.iso20022.xml.safe_expat import (
    BAD_TOKEN,
    JUNK_AFTER_DOCUMENT,
    MISPLACED_DECLARATION,
    TEXT_MAX,
    broken,
    check_head,
    empty,
    no_such_message,
    safe_parser,
    too_long,
)
from nostro.formats.iso20022.xml.shapes import RAW_MAX, Node, Shape, hot_names
from nostro.formats.iso20022.xml.shortcut import Shortcut

READ_BYTES = 1 << 18
# A whole entry is held for the shortcut up to this size; expat takes larger ones piece by piece.
HOT_BYTES_MAX = 8 << 20
_TAG_BYTES_MAX = 100
_READY_DEPTH_MAX = 60
# So many records are made before the caller gets them.
_BATCH = 64
# So many line ends of passed elements are owed to expat before it gets them.
_BLANK_MAX = 1 << 16
_NEVER = re.compile(rb"(?!)")


class Engine:
    """One reading of one stream; iterate it once. `shortcut=False` leaves all to expat."""

    def __init__(
        self,
        stream: BinaryIO,
        message: str,
        shape: Shape,
        encoding: str | None,
        *,
        shortcut: bool = True,
    ) -> None:
        self.stream = stream
        self.message = message.partition("|")[0]
        self.encoding = encoding
        self.machine = Machine(message, shape, self._raw)
        self.shortcut = Shortcut(self.machine)
        names = "|".join(sorted(hot_names(shape))).encode() if shortcut else b""
        tag = rb"<((?:[A-Za-z_][A-Za-z0-9_.-]{0,40}:)?(?:%b))>" % names
        self.next = re.compile(tag) if names else _NEVER
        self.here = re.compile(rb"[ \t\r\n]*" + tag) if names else _NEVER
        self.buffer = b""
        self.at = 0
        self.searched = 0
        self.final = False
        self.returns = False
        self._begin(1)

    def _begin(self, line: int) -> None:
        """A document of its own parser, from line `line` of the file on."""
        self.parser = safe_parser(self.encoding)
        self.machine.attach(self.parser, line, self.encoding)
        self.fed = 0
        self.window = b""
        self.window_at = 0
        self.kept = b""
        self.kept_at = -1
        self.blank = 0
        self.ready = self.inside = False
        self.line = line
        self.shift_line = self.shift = 0
        self.passed = (b"", 0, 0)

    def __iter__(self) -> Iterator[Any]:
        self._read()
        if not self.buffer:
            raise empty()
        check_head(self.buffer)
        done = self.machine.done
        while True:
            moved = self._step()
            if done:
                yield from done
                done.clear()
            if not moved:
                if self.final:
                    break
                self._read()
        self._feed(b"", final=True)
        yield from done
        if not self.machine.found:
            raise no_such_message(self.message, self.parser)

    def _read(self) -> None:
        """More bytes behind those left: at least as many again, so that waiting costs little."""
        left = self.buffer[self.at :]
        self.searched = max(0, self.searched - self.at)
        self.at = 0
        pieces = [left]
        wanted = max(READ_BYTES, len(left))
        while wanted > 0:
            piece = self.stream.read(wanted)
            if not piece:
                self.final = True
                break
            pieces.append(piece)
            wanted -= len(piece)
        self.buffer = b"".join(pieces)
        self.returns = b"\r" in self.buffer

    def _step(self) -> bool:
        """Use some of the buffer; False when there is nothing that can be used without more."""
        buffer, at = self.buffer, self.at
        if at >= len(buffer):
            return False
        if self.next is _NEVER or not self.machine.utf_8:
            self._feed_to(len(buffer))
            return True
        if self.ready and (found := self.here.match(buffer, at)):
            name = found.group(1)
            node = self.machine.node.step(name.decode())
            if node is not None and node.shape is not None and node.shape.hot:
                return self._hot(name, node.shape, found)
        # Inside a comment or instruction no entry begins: stopping at each would cost a feed each.
        found = None if self.inside else self.next.search(buffer, at + 1)
        end = found.start() if found else self._before_half_a_tag()
        if end == at:
            return False
        self._feed_to(end)
        return True

    def _before_half_a_tag(self) -> int:
        size = len(self.buffer)
        if self.final:
            return size
        half = self.buffer.rfind(b"<", max(self.at, size - _TAG_BYTES_MAX))
        return size if half < 0 else half

    def _hot(self, name: bytes, shape: Shape, found: re.Match[bytes] | None) -> bool:
        """Whole elements of one name, one after the other: past expat if plain, else through it."""
        buffer, machine, element = self.buffer, self.machine, self.shortcut.element
        here, end_tag = self.here, b"</%b>" % name
        prefix = name[: name.rfind(b":") + 1].decode()
        while found is not None and found.group(1) == name and len(machine.done) < _BATCH:
            at, start = self.at, found.start(1) - 1
            end = buffer.find(end_tag, max(start, self.searched)) + len(end_tag)
            if end < len(end_tag):
                return self._wait_for_more(len(end_tag))
            line = self.line + self._lines(at, start)
            if not element(buffer[start:end], shape, prefix, line):
                self._feed_to(end)
                break
            machine.leaf = False
            self._pass_over(end, line + self._lines(start, end))
            if self.blank > _BLANK_MAX:
                self._feed_to(end)
                break
            found = here.match(buffer, end)
        return True

    def _wait_for_more(self, overlap: int) -> bool:
        """The end of the element is not here yet: False to wait for it, or leave it to expat."""
        size = len(self.buffer)
        if not self.final and size - self.at < HOT_BYTES_MAX:
            self.searched = max(0, size - overlap)
            return False
        self._feed_to(size)
        return True

    def _lines(self, start: int, end: int) -> int:
        """Line ends in a part of the buffer: LF, CR LF, or CR alone."""
        buffer = self.buffer
        lines = buffer.count(b"\n", start, end)
        if self.returns:
            lines += buffer.count(b"\r", start, end) - buffer.count(b"\r\n", start, end)
        return lines

    def _pass_over(self, end: int, line: int) -> None:
        """Go on behind bytes that expat never sees, and remember the place."""
        if line != self.line:
            self.passed = (self.buffer, self.at, end)
            self.shift = 0
        else:
            width = _width(self.buffer[self.at : end])
            self.shift = width + (self.shift if self.shift_line == line else 0)
            self.passed = self.passed if self.shift_line == line else (b"", 0, 0)
        self.shift_line = line
        self.blank += line - self.line
        self.line = line
        self.at = end

    def _feed_to(self, end: int) -> None:
        data = self.buffer[self.at : end]
        self.at = end
        if self.blank:
            data = b"\n" * self.blank + data
            self.blank = 0
        self._feed(data)

    def _feed(self, data: bytes, *, final: bool = False) -> None:
        parser = self.parser
        done = parser.CurrentByteIndex - self.window_at
        self.window = self.window[done:] + data if 0 <= done < len(self.window) else data
        self.fed += len(data)
        self.window_at = self.fed - len(self.window)
        try:
            parser.Parse(data, final)
        except expat.ExpatError as error:
            if not final and self._another_document(error):
                return
            raise broken(error, self._place(error), final) from None
        if not final:
            self._look_around()

    def _look_around(self) -> None:
        """After feeding: where expat stands, and whether an entry may begin right here."""
        parser, machine = self.parser, self.machine
        index = parser.CurrentByteIndex
        if self.fed - index > TEXT_MAX:
            raise too_long(machine.line())
        self._keep_beginning()
        self.inside = index != self.fed
        self.ready = (
            not self.inside
            and not machine.in_cdata
            and len(machine.stack) < _READY_DEPTH_MAX
            and _leads_to_hot(machine.node)
        )
        if self.ready:
            self.line = machine.line()
            parser.buffer_text = False  # Hands over the text before the entry ...
            parser.buffer_text = True

    def _keep_beginning(self) -> None:
        """The first bytes of an entry that is still open, for the case that it cannot be used."""
        opened = self.machine.hot_at
        if opened < 0:
            self.kept_at = -1
        elif opened != self.kept_at:
            self.kept = self.window[opened - self.window_at :][: RAW_MAX * 2]
            self.kept_at = opened
        elif len(self.kept) < RAW_MAX:
            self.kept += self.window[max(0, self.kept_at + len(self.kept) - self.window_at) :][
                :RAW_MAX
            ]

    def _raw(self, index: int) -> str:
        """The text of the entry that began at `index` and is being closed."""
        end = self.window.find(b">", self.parser.CurrentByteIndex - self.window_at) + 1
        if index == self.kept_at:
            data = self.kept + self.window[max(0, index + len(self.kept) - self.window_at) : end]
        else:
            data = self.window[index - self.window_at : end]
        return data[: RAW_MAX * 2].decode(self.machine.encoding, "replace")

    def _another_document(self, error: expat.ExpatError) -> bool:
        """Go on with a message that was joined to the one before; False when it is none."""
        machine = self.machine
        if machine.stack or not machine.begun:
            return False
        if error.code not in (JUNK_AFTER_DOCUMENT, MISPLACED_DECLARATION, BAD_TOKEN):
            return False
        rest = self.window[self.parser.ErrorByteIndex - self.window_at :]
        rest = rest.removeprefix(codecs.BOM_UTF8)
        if not rest.startswith(b"<") or rest.startswith(b"<!"):
            return False
        if not machine.found:
            raise no_such_message(self.message, self.parser)
        self.buffer = rest + self.buffer[self.at :]
        self.returns = b"\r" in self.buffer
        self.at = self.searched = 0
        self._begin(error.lineno + machine.lines_before)
        return True

    def _place(self, error: expat.ExpatError) -> Location:
        """Where in the file expat stumbled: its column lacks what it never saw of that line."""
        line = error.lineno + self.machine.lines_before
        column = error.offset + 1
        if line == self.shift_line:
            buffer, start, end = self.passed
            line_end = max(buffer.rfind(b"\n", start, end), buffer.rfind(b"\r", start, end))
            column += self.shift + (_width(buffer[line_end + 1 : end]) if buffer else 0)
        return Location(line=line, column=str(column))


def _width(data: bytes) -> int:
    """Characters, as expat counts columns."""
    return len(data) if data.isascii() else len(data.decode())


def _leads_to_hot(node: Node) -> bool:
    return not node.slot and any(
        below.shape is not None and below.shape.hot for below in node.below.values()
    )
