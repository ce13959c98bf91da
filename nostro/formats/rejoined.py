"""A stream whose first bytes were looked at, whole again: formats are known by their content."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from nostro.formats import HEAD_BYTES

_CHUNK = 1 << 16


class Rejoined:
    """Reads like the stream it was made of; `head` are its first bytes."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.head = b""
        while len(self.head) < HEAD_BYTES and (data := stream.read(HEAD_BYTES - len(self.head))):
            self.head += data
        self.waiting = self.head
        self.lines = BytesIO()

    def read(self, size: int = -1) -> bytes:
        if self.waiting:
            if 0 <= size < len(self.waiting):
                data, self.waiting = self.waiting[:size], self.waiting[size:]
                return data
            data, self.waiting = self.waiting, b""
            return data + self.stream.read() if size < 0 else data
        more: bytes = self.stream.read(size)
        return more

    def __iter__(self) -> Iterator[bytes]:
        """The lines, with their ends, for readers that take them so."""
        rest = b""
        while data := self.read(_CHUNK):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest

    def readline(self, size: int = -1) -> bytes:
        """A line with its end, or the first `size` bytes of it. Who reads so reads only so."""
        line = self.lines.readline(size)
        while not line.endswith(b"\n") and len(line) != size and (data := self.read(_CHUNK)):
            self.lines = BytesIO(data)
            line += self.lines.readline(size - len(line) if size >= 0 else -1)
        return line

    def seekable(self) -> bool:
        return False
