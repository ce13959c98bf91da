"""Somebody who has the database and the signing key writes a whole log anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from nostro.ops import checkpoints, sealing
from nostro.ops.secrets import FileSecrets


def rewrite(
    admin: psycopg.Connection[Any], customer: UUID, secrets: FileSecrets, now: datetime
) -> None:
    """Everything that the database has of the log made anew, and signed with the real key."""
    for table in ("event_seal", "seal_batch", "audit_statement"):
        admin.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [customer])
    admin.execute(
        "UPDATE event SET data = '{\"forged\": 1}', commitment_key = gen_random_uuid()"
        " WHERE tenant_id = %s", [customer]
    )  # fmt: skip
    admin.execute(
        "INSERT INTO unsealed SELECT tenant_id, id, occurred_at FROM event WHERE tenant_id = %s",
        [customer],
    )
    sealing.seal_all(now)
    checkpoints.make(customer, secrets, now)
