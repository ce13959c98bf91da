"""The time of the business. A demonstration shifts it; everything else takes the real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock shifted by what a file says, so that all processes agree.

    Used by the demonstration only, to let days pass together with the bank's own clock.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift()

    def is_set(self) -> bool:
        return self.file.exists()

    def set(self, now: datetime) -> None:
        """Make it `now` in every process of this installation."""
        shift = now - datetime.now(UTC)
        pending = self.file.with_suffix(".new")
        pending.write_text(str(int(shift.total_seconds())))
        pending.replace(self.file)

    def advance(self, step: timedelta) -> None:
        self.set(self.now() + step)

    def _shift(self) -> timedelta:
        try:
            return timedelta(seconds=int(self.file.read_text()))
        except FileNotFoundError:
            return timedelta()
