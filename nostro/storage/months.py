"""The log's partitions: one a month, made ahead by the owner of the schema."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connections

MONTHS_AHEAD = 18


def make_months(now: datetime) -> int:
    """Make the log's partitions from last month on; returns how many were new."""
    first = (now.replace(day=1) - timedelta(days=1)).date()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT nostro_make_event_months(%s, %s)", [first, MONTHS_AHEAD])
        (made,) = cursor.fetchone()
    return int(made)
