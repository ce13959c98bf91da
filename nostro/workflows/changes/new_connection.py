"""A connection that is new: a way of the money, so two people set it up.

Its secrets are no part of what is asked for: they are given at the terminal afterwards, where they
are typed and never shown, and open nothing but what was agreed to.
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


class WantedNewConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind` is a connector's name; `fingerprint` the bank's word for its server's key."""

    name: str
    kind: str
    settings: dict[str, Any]
    fingerprint: str = ""


def _wanted(wanted: WantedNewConnection) -> Wanted:
    return Wanted(settings=wanted.settings, fingerprint=wanted.fingerprint)


def _prepare(acting: Acting, wanted: WantedNewConnection) -> WantedNewConnection:
    """With the key that the server shows now: agreed to is this key, whatever it shows later."""
    found = connecting.confirmed(acting, _wanted(wanted), wanted.kind)
    return msgspec.structs.replace(wanted, settings=dict(found.settings))


def _look(acting: Acting, wanted: WantedNewConnection, request_id: UUID) -> Change:
    config = connecting.planned(acting, wanted.name, wanted.kind, _wanted(wanted))
    return Change(
        subject_id=request_id,
        subject=f"Connection {wanted.name}",
        before={},
        after={"connector": wanted.kind, **config},
    )


def _apply(acting: Acting, wanted: WantedNewConnection, change: Change, done: Done) -> None:
    connecting.create(acting, wanted.name, wanted.kind, _wanted(wanted))


KIND = Kind(
    name="new_connection",
    title="A new connection",
    wanted=WantedNewConnection,
    asks=(Action.INTEGRATE, Action.PROPOSE_ACCESS),
    decides=Action.DECIDE_ACCESS,
    look=_look,
    apply=_apply,
    prepare=_prepare,
)
