"""How long there still is, as people say it: to a bank's cut-off, on the bank's own clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nostro.console.words import Status, several
from nostro.domain.bank_calendar import Plan


def spoken(span: timedelta) -> str:
    """2 h 10 min; 3 days; the largest two units that matter."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes >= 48 * 60:
        return several(minutes // (24 * 60), "day")
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def left_until(plan: Plan, now: datetime) -> Status | None:
    """How long there is until a bank must have a payment, on the bank's own clock."""
    if plan.last is None or plan.last < now:
        return None
    local = plan.last.astimezone(ZoneInfo(plan.time_zone))
    left = plan.last - now
    day = "" if left < timedelta(hours=20) else f" on {local:%-d %b}"
    word = f"Cut-off {local:%H:%M}{day}, in {spoken(left)}"
    return Status(kind="warn" if left < timedelta(hours=2) else "info", icon="timer", word=word)
