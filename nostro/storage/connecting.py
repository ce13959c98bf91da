"""Connections as they are set up and changed: one at a time, and which accounts they reach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from nostro.storage import models
from nostro.storage.parties import ConnectionRow


def lock(name: str) -> ConnectionRow | None:
    """The connection of this name, locked: changes come one after another."""
    row = models.Connection.objects.select_for_update().filter(name=name).first()
    if row is None:
        return None
    return ConnectionRow(
        id=row.id, name=row.name, connector=row.connector, config=row.config, cursor=row.cursor
    )


def configure(connection_id: UUID, config: dict[str, Any]) -> None:
    models.Connection.objects.filter(id=connection_id).update(config=config)


def attach(account_id: UUID, connection_id: UUID) -> None:
    """From now on the account is reached by this connection; what is in files stays where it is."""
    models.Account.objects.filter(id=account_id).update(connection_id=connection_id)
