"""How far a long reading is: a bar on the terminal's stderr, by bytes; nothing anywhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

LONG_BYTES = 16 << 20


class Bar:
    """Watches streams as they are read; small files pass without it."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress

    def watch(self, stream: Any, name: str, size: int | None) -> Any:
        if size is not None and size < LONG_BYTES:
            return stream
        task = self.progress.add_task(name.rpartition("/")[2], total=size)
        return _Watched(stream, lambda count: self.progress.advance(task, count))


class _Watched:
    def __init__(self, stream: Any, seen: Any) -> None:
        self.stream = stream
        self.seen = seen

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.seen(len(data))
        return data

    def seekable(self) -> bool:
        return bool(self.stream.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self.stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self.stream.tell())


@contextlib.contextmanager
def progress_bar(*, wanted: bool = True) -> Iterator[Bar | None]:
    """A bar when a person watches stderr, and stdout does not write over it."""
    if not wanted or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        yield Bar(shown)


@contextlib.contextmanager
def counting(what: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar by bytes for a person who watches; takes how many more are done."""
    with progress_bar(wanted=size >= LONG_BYTES) as bar:
        if bar is None:
            yield lambda count: None
            return
        task = bar.progress.add_task(what, total=size)
        yield lambda count: bar.progress.advance(task, count)
