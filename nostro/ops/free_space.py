"""Free space of the database's volume: below a watermark nothing new is taken in.

A database that runs full stops in the middle of its work, and needs space to start again. So what
can wait outside waits there: payments and files are refused, messages stay at the bank. What is
under way goes on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import msgspec
import structlog

from nostro.domain.errors import Unavailable

PERCENT_MIN = 10
FRESH_SECONDS = 5
AGAIN_SECONDS = 60
log = structlog.get_logger()


class FreeSpace(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are free, of how many."""

    free_bytes: int
    whole_bytes: int

    @property
    def percent(self) -> int:
        """Rounded down."""
        return max(self.free_bytes, 0) * 100 // max(self.whole_bytes, 1)

    @property
    def free_gigabytes(self) -> str:
        tenths = max(self.free_bytes, 0) // 100_000_000
        return f"{tenths // 10}.{tenths % 10}"


Measure = Callable[[], FreeSpace | None]


class Watermark:
    """Looks at the volume, at most every few seconds; knows nothing where it cannot be measured."""

    def __init__(
        self,
        measure: Measure,
        percent_min: int = PERCENT_MIN,
        elapsed: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.measure, self.elapsed, self._lock = measure, elapsed, Lock()
        self._seen: FreeSpace | None = None
        self._seen_at: int | None = None
        self.percent_min = percent_min

    def left(self) -> FreeSpace | None:
        """What is free, None where nobody can tell."""
        with self._lock:
            now = self.elapsed()
            if self._seen_at is None or now - self._seen_at >= FRESH_SECONDS * 1_000_000_000:
                self._seen, self._seen_at = self.measure(), now
            return self._seen

    def is_low(self) -> bool:
        left = self.left()
        return left is not None and left.percent < self.percent_min

    def check(self) -> None:
        """Raises Unavailable when too little is left to take in anything new."""
        if not self.is_low() or (left := self.left()) is None:
            return
        log.error("intake_stopped_for_space", free_bytes=left.free_bytes, percent=left.percent)
        error = Unavailable(
            "database_nearly_full",
            f"Only {left.percent} % ({left.free_gigabytes} GB) of the database's volume is free;"
            f" below {self.percent_min} % nothing new is taken in.",
            "Nothing was taken in. What is under way goes on; messages stay at the banks.",
            "Free space or enlarge the volume, then send it again.",
        )
        error.retry_after_seconds = AGAIN_SECONDS
        raise error


def of_volume(folder: Callable[[], Path]) -> Measure:
    """How full the volume is that holds a folder; unknown while the folder is not there."""

    def measure() -> FreeSpace | None:
        try:
            found = shutil.disk_usage(folder())
        except OSError as error:
            log.warning("free_space_unknown", why=str(error))
            return None
        return FreeSpace(free_bytes=found.free, whole_bytes=found.used + found.free)

    return measure


def of_allotment(whole_bytes: int, used_bytes: Callable[[], int]) -> Measure:
    """How much is left of what a managed server allots to the database."""
    return lambda: FreeSpace(free_bytes=whole_bytes - used_bytes(), whole_bytes=whole_bytes)
