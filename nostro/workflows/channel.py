"""Opening a configured connection: its settings from storage, its secrets from the Secrets port."""

from __future__ import annotations

from uuid import UUID

from nostro import connectors
from nostro.domain.policies.cut_off import CutOff
from nostro.formats import Profile
from nostro.formats.profiles.cut_off_times import FIELD, bank_cut_offs, told_cut_offs
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


def cut_offs_of(connection_id: UUID) -> tuple[CutOff, ...]:
    """Until when the bank of a connection takes payments: what the connection's own settings say,
    else the bank's profile; inside a unit of work. Raises Invalid (`cut_off_wrong`)."""
    row = parties.connection(connection_id)
    if FIELD in row.config:
        return told_cut_offs(row.config[FIELD], f"connection {row.name}")
    return bank_cut_offs(str(row.config.get("profile") or STANDARD))
