"""Settings of a connection to a bank or an ERP: the way of the money, so two people change it.

Secrets of it are given at the terminal, where they are typed and never shown.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.party import Action
from nostro.workflows import connecting
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.connecting import Wanted
from nostro.workflows.context import Acting


class WantedConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`settings` are those that change; `fingerprint` is the bank's word for its server's key.
    `despite_doubt`: also while nobody knows whether the other side has a file."""

    name: str
    settings: dict[str, Any]
    fingerprint: str = ""
    despite_doubt: bool = False


def _wanted(wanted: WantedConnection) -> Wanted:
    return Wanted(settings=wanted.settings, fingerprint=wanted.fingerprint)


def _prepare(acting: Acting, wanted: WantedConnection) -> WantedConnection:
    """With the key that the server shows now: agreed to is this key, whatever it shows later."""
    found = connecting.confirmed(acting, _wanted(wanted), name=wanted.name)
    return msgspec.structs.replace(wanted, settings=dict(found.settings))


def _look(acting: Acting, wanted: WantedConnection, _: UUID) -> Change:
    row = connecting.named(acting, wanted.name)
    before, after = connecting.preview(acting, row.name, _wanted(wanted))
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return Change(
        subject_id=row.id,
        subject=f"Connection {row.name}",
        before={key: before.get(key) for key in changed},
        after={key: after.get(key) for key in changed},
    )


def _apply(acting: Acting, wanted: WantedConnection, change: Change, done: Done) -> None:
    """The connection tells its own change, with the settings before and after."""
    connecting.change(
        acting, wanted.name, _wanted(wanted), done.reason, despite_doubt=wanted.despite_doubt
    )


KIND = Kind(
    name="connection",
    title="Settings of a connection",
    wanted=WantedConnection,
    asks=(Action.INTEGRATE, Action.PROPOSE_ACCESS),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    prepare=_prepare,
)
