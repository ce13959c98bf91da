"""Two at once: until when somebody waits for a lock that another one holds."""

from __future__ import annotations

import time

from django.db import connections

PATIENCE = 20.0


def until_blocked(count: int) -> None:
    """Until so many wait for a lock in this database."""
    ends_at = time.monotonic() + PATIENCE
    with connections["owner"].cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
            if cursor.fetchone()[0] >= count:
                return
            time.sleep(0.02)
    raise AssertionError(f"{count} were to wait for a lock")
