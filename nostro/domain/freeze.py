"""The stop button: nothing of what is frozen leaves until two other people have lifted it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import msgspec

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Action, Member
from nostro.domain.policies import reach

LIFTS_NEEDED = 2


class FreezeScope(StrEnum):
    """What can be frozen. The customer stands for everything that it has."""

    CUSTOMER = "customer"
    CONNECTION = "connection"  # A bank.
    ENTITY = "entity"
    ACCOUNT = "account"
    PAYEE = "payee"


class FreezeCause(StrEnum):
    PERSON = "person"  # Somebody pressed the button.
    RESTORE = "restore"  # The database was restored: it may have forgotten what was sent.
    RETURN = "return"  # Money came back because the payee's account is closed, wrong or blocked.


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """One stop in force: what, why, and who has agreed to lift it so far (person ids).

    `subject_id` is the row's id as text; the customer's own id for the scope customer.
    """

    id: str
    scope: FreezeScope
    subject_id: str
    cause: FreezeCause
    reason: str
    frozen_by: str
    lifted_by: frozenset[str] = frozenset()


def may_freeze(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may press the stop button; a program may: it is safe."""
    if not duties.may(member, Action.STOP_PAYMENTS):
        raise _refused("not_a_treasurer", f"{member.name} may not stop payments.")
    reach.check(member, Action.STOP_PAYMENTS, about, "Nothing was stopped.")


def may_lift(member: Member, freeze: Freeze, about: Touched | None = None) -> None:
    """Raise Refused unless this member may agree to lift the stop: two others than who set it."""
    if not member.is_person or not duties.may(member, Action.RELEASE_PAYMENTS):
        raise _refused("not_a_treasurer", f"{member.name} may not lift a stop.")
    reach.check(member, Action.RELEASE_PAYMENTS, about, "The stop stays as it is.")
    if member.id == freeze.frozen_by:
        raise _refused(
            "own_stop", f"{member.name} set this stop; two other people have to lift it."
        )
    if member.id in freeze.lifted_by:
        raise _refused("already_lifted", f"{member.name} has already agreed to lift this stop.")


def is_lifted(lifted_by: Collection[str]) -> bool:
    return len(set(lifted_by)) >= LIFTS_NEEDED


def _refused(code: str, happened: str) -> Refused:
    return Refused(code, happened, "The stop stays as it is.", "Ask another treasurer or approver.")
