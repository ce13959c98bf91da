"""Opening a configured connection: its settings from storage, its secrets from the Secrets port."""

from __future__ import annotations

from uuid import UUID

from nostro import connectors
from nostro.formats import Profile
from nostro.formats.profiles.dialects import STANDARD, bank_profile
from nostro.storage import parties
from nostro.workflows.context import Acting


def open_channel(acting: Acting, connection_id: UUID) -> object:
    """The connection, opened without I/O; must run inside a unit of work.

    A secret that was never stored is left out: not every configuration needs each one.
    """
    row = parties.connection(connection_id)
    connector = connectors.find().get(row.connector)
    names = connector.secret_names if connector else frozenset()
    stored = {f"connection.{row.id}.{name}": name for name in names}
    known = acting.world.secrets.known(stored) if stored else {}
    secrets = {stored[place]: secret for place, secret in known.items()}
    return connectors.open_connection(row.connector, row.config, secrets)


def profile_of(connection_id: UUID, format_name: str) -> Profile:
    """The dialect in which the bank of a connection speaks one format; inside a unit of work.

    Raises Invalid when the connection names a profile that there is not.
    """
    row = parties.connection(connection_id)
    return bank_profile(str(row.config.get("profile") or STANDARD), format_name)
