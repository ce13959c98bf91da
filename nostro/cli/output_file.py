"""Where a command's result goes: stdout, or a file that has its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nostro.domain.errors import Invalid

# What a shell reports for a program that a closed pipe, or a request to end, ended.
BROKEN_PIPE = 141
TERMINATED = 143
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Output:
    """Bytes to write to. With `complete` False at the end, the file keeps its name for parts."""

    def __init__(self, stream: Any, path: Path | None) -> None:
        self.stream = stream
        self.path = path
        self.complete = True


@contextlib.contextmanager
def output(out: str, inputs: Iterable[str] = (), *, private: bool = False) -> Iterator[Output]:
    """stdout for "" and "-"; else a new file beside PATH that becomes PATH at the end.

    Its name (PATH.<16 hex digits>.part) cannot be foreseen and must not exist: no link that
    somebody planted is followed, and nobody's file is lost. On any failure it is removed.
    A `private` one holds a customer's data: nobody else on the machine may read it.
    """
    if out in ("", "-"):
        yield Output(sys.stdout.buffer, None)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    _check(path, inputs)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    with ended_by_request():
        stream = _created(part, 0o600 if private else 0o666)
        try:
            with stream:
                result = Output(stream, part)
                yield result
            if result.complete:
                part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    if not result.complete:
        print(f"The result is incomplete: it was left as {part}.", file=sys.stderr)


@contextlib.contextmanager
def ended_by_request() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl-C, so that nothing half written is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _created(part: Path, mode: int) -> Any:
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(part, flags, mode), "wb")
    except OSError as error:
        if error.errno in _NO_ROOM:  # The caller tells it as such.
            raise
        raise Invalid(
            "out_unusable",
            f"{part} cannot be written: {error.strerror}.",
            "Nothing was written.",
            "Choose another place with --out.",
        ) from None


def _check(path: Path, inputs: Iterable[str]) -> None:
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a device or a pipe, not a file"
        happened = f"{path} is {kind}."
        can_do = "Name a file; leave --out away to write to stdout."
        raise Invalid("out_unusable", happened, "Nothing was written.", can_do)
    for name in inputs:
        with contextlib.suppress(OSError):
            if path.samefile(name):
                raise Invalid(
                    "out_is_input",
                    f"{path} is one of the files to read.",
                    "Nothing was written.",
                    "Choose another name: originals are never changed.",
                )


@contextlib.contextmanager
def quiet_pipe() -> Iterator[None]:
    """A reader that has seen enough (`| head`) ends the command without a word."""
    try:
        try:
            yield
        except SystemExit:  # A command's number; what it wrote may still be in the buffer.
            _flush()
            raise
        _flush()
    except BrokenPipeError as error:
        if not reader_left(error):
            raise
        # What is still in the buffer has nowhere to go; Python would complain at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def reader_left(error: Exception) -> bool:
    """Whether it says that nobody reads our output any more; another broken pipe is a failure."""
    if not isinstance(error, BrokenPipeError) or sys.stdout is None:
        return False
    asked = select.poll()
    asked.register(sys.stdout.fileno(), select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in asked.poll(0))
