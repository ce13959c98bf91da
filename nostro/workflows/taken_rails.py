"""By which rails the connection of each account takes payments, asked before a payment's way is.

Its settings say so: no channel is opened and no secret is read, once for a whole set of payments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from nostro import connectors
from nostro.domain.party import Account
from nostro.storage import parties
from nostro.workflows import ach_file


def accounts() -> list[Account]:
    """All accounts of the customer, each with what its connection takes; inside a unit of work."""
    rows = parties.connections()
    return with_rails(
        parties.accounts(), {str(row.id): (row.connector, row.config) for row in rows}
    )


def with_rails(
    accounts: Iterable[Account], connections: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> list[Account]:
    """The accounts, each with what its connection takes; connections by id, as connector and
    settings."""
    takes = {key: _taken(name, config) for key, (name, config) in connections.items()}
    return [
        msgspec.structs.replace(account, takes=takes.get(account.connection_id))
        for account in accounts
    ]


def _taken(connector: str, config: Mapping[str, Any]) -> frozenset[str] | None:
    told = connectors.rails_told(connector, dict(config))
    if told is None:
        return None
    return frozenset(rail for rail, name in told.items() if ach_file.carries(name, rail))
