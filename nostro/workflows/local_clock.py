"""A moment as a bank's clock shows it, with the name of that clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def local(moment: datetime, time_zone: str) -> str:
    """Like 14:30 America/New_York on 23 Nov 2026."""
    there = moment.astimezone(ZoneInfo(time_zone))
    return f"{there:%H:%M} {time_zone} on {there.day} {there:%b %Y}"
