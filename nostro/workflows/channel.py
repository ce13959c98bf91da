"""Opening a configured connection: its settings from storage, its secrets from the Secrets port."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro import connectors, formats
from nostro.domain.errors import NostroError
from nostro.formats import Profile
from nostro.formats.profiles.dialects import STANDARD, bank_profile, checked
from nostro.ports import TellsPayees
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


def payees_told_by(connection_id: UUID) -> TellsPayees | None:
    """The connection if it tells payees, opened without its secrets and only to be asked how; None
    when it does not, or its settings do not serve. Inside a unit of work."""
    row = parties.connection(connection_id)
    try:
        opened = connectors.open_connection(row.connector, row.config, {})
    except NostroError:
        return None
    return opened if isinstance(opened, TellsPayees) else None


def profile_of(connection_id: UUID, format_name: str) -> Profile:
    """The dialect in which the bank of a connection speaks one format, with what only this
    customer's files say of it; inside a unit of work.

    Raises Invalid when the connection names a profile that there is not.
    """
    row = parties.connection(connection_id)
    profile = bank_profile(str(row.config.get("profile") or STANDARD), format_name)
    own = row.config.get("format_options", {}).get(format_name)
    if not own:
        return profile
    told = msgspec.structs.replace(profile, options={**profile.options, **own})
    return checked(told, formats.find()[format_name])
