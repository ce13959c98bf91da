"""Timers live on the rows they belong to: what is due now, leased fairly across customers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections, transaction

from nostro.storage import queries

TICK_LOCK = 0x7469636B  # "tick": one ticking supervisor at a time.
TABLES = (
    "submission",
    "payment_order",
    "payment_run",
    "connection",
    "bank_message",
    "case_file",
    "webhook_delivery",
    "policy_version",
    "issued_check",
    "check_exception",
    "name_question",
    "statement_file",
    "account",
)


@contextmanager
def only_one_ticks() -> Iterator[bool]:
    """Hold the tick's advisory lock for one transaction; yields False when another has it."""
    with transaction.atomic(using="ops"), connections["ops"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TICK_LOCK])
        (got,) = cursor.fetchone()
        yield bool(got)


def lease(table: str, now: datetime, lease_for: timedelta, limit: int) -> list[tuple[UUID, UUID]]:
    """Due rows of one table as (tenant_id, id), pushed out by the lease."""
    if table not in TABLES:
        raise ValueError(f"{table} has no timers")
    text = queries.text("lease_due").format(table=table)
    with connections["ops"].cursor() as cursor:
        cursor.execute(text, {"now": now, "lease_until": now + lease_for, "limit": limit})
        return [(tenant_id, row_id) for tenant_id, row_id in cursor.fetchall()]
