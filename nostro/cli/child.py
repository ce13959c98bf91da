"""A child of `nostro up`: forked ready to run, its words carried to our log, started again."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable

from nostro.ops.process import end_with_parent

BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 30.0


class Child:
    """One process that we keep running.

    `run` is the work, called in the forked process. What it prints arrives at `output`, and a
    byte arrives at `beats` whenever it says that it is alive.
    """

    def __init__(self, name: str, run: Callable[[Callable[[], None]], None]) -> None:
        self.name = name
        self._run = run
        self.pid = 0
        self.output = -1
        self.beats = -1
        self.started = 0.0
        self.beaten = 0.0
        self.start_at = 0.0
        self._failures = 0
        self._partial = b""

    def start(self, in_child: Callable[[], None]) -> None:
        """Fork it; `in_child` undoes what only the parent may hold."""
        ours = os.getpid()
        self.output, output = os.pipe()
        self.beats, beats = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(ours, output, beats, in_child)
        os.close(output)
        os.close(beats)
        os.set_blocking(self.output, False)
        os.set_blocking(self.beats, False)
        self.started = self.beaten = time.monotonic()

    def _become(self, parent: int, output: int, beats: int, in_child: Callable[[], None]) -> None:
        code = 1
        try:
            os.setsid()  # Ctrl-C is for the parent, which then stops us in order
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for target in (1, 2):
                os.dup2(output, target)
            in_child()
            end_with_parent(parent)
            self._run(lambda: _beat(beats))
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        finally:
            if (error := sys.exc_info()[1]) is not None:
                sys.excepthook(type(error), error, error.__traceback__)
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def lines(self) -> list[str]:
        """Whole lines that it has printed since the last call."""
        return self._whole(_drain(self.output))

    def heard(self) -> None:
        """Take note of its beats."""
        if _drain(self.beats):
            self.beaten = time.monotonic()

    def ended(self) -> list[str]:
        """It is gone: free what belonged to it, plan the next start; returns its last lines."""
        last = self._whole(_drain(self.output) + b"\n")
        for descriptor in (self.output, self.beats):
            os.close(descriptor)
        steady = time.monotonic() - self.started > STEADY_SECONDS
        self._failures = 0 if steady else self._failures + 1
        self.pid, self.output, self.beats = 0, -1, -1
        self.start_at = time.monotonic() + self.delay()
        return last

    def delay(self) -> float:
        return BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]

    def tell(self, number: signal.Signals) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and what it started."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _whole(self, new: bytes) -> list[str]:
        *whole, self._partial = (self._partial + new).split(b"\n")
        return [line.decode(errors="replace") for line in whole if line.strip()]


def _beat(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, b".")


def _drain(descriptor: int) -> bytes:
    pieces = []
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    return b"".join(pieces)
