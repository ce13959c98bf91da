"""What the terminal changes alone, and what it only asks for.

1. Where two people can decide on access, the terminal asks: it is no person, so two agree.
2. While fewer can (a customer that is being set up), what is asked for is made at once.
3. In an emergency the glass is broken: it rings first, an event and a case, then it is made at
   once, and each event of it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind
from nostro.storage import events
from nostro.storage.tenancy import tenant
from nostro.workflows import change_requests, changes
from nostro.workflows.case_work import checked_reason, new_case, open_cases
from nostro.workflows.context import Acting

UNSAID = "Asked for at the terminal."


class How(StrEnum):
    """How far a change got."""

    ASKED = "asked"  # Two people agree to it; nothing has changed.
    SET_UP = "set_up"  # Made: fewer than two people could decide on it.
    UNDER_GLASS = "under_glass"  # Made in an emergency, with an alarm.


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change at the terminal; `request_id` where it was only asked for."""

    how: How
    request_id: UUID | None = None

    @property
    def is_made(self) -> bool:
        return self.how is not How.ASKED


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a kind (nostro.workflows.changes), why, and whether it is an emergency."""

    kind: str
    wanted: Any
    reason: str = ""
    break_glass: bool = False
    secrets: Mapping[str, str] = msgspec.field(default_factory=dict)


def change(acting: Acting, wish: Wish, make: Callable[[Acting], object]) -> Outcome:
    """Ask for a change, or make it at once where that is right. `make` is how it is made alone.

    Raises what asking or making raises, and Invalid for an emergency without a reason.
    """
    if wish.break_glass:
        make(_ring(acting, wish))
        return Outcome(how=How.UNDER_GLASS)
    if not change_requests.in_force(acting):
        make(acting)
        return Outcome(how=How.SET_UP)
    wanted = msgspec.to_builtins(wish.wanted)
    reason = wish.reason or UNSAID
    asked = change_requests.ask(acting, None, wish.kind, wanted, reason, wish.secrets)
    return Outcome(how=How.ASKED, request_id=asked)


def _ring(acting: Acting, wish: Wish) -> Acting:
    """The alarm, before anything is done; who acts under it."""
    reason, title = checked_reason(wish.reason), changes.named(wish.kind).title.lower()
    case = new_case(
        acting,
        CaseKind.ACCESS,
        f"terminal/{acting.world.ids.new()}",
        f"{acting.actor.name} broke the glass and changed alone: {title}. “{reason}”",
        "Look at what was changed under it, then say here what you found.",
    )
    with tenant(acting.tenant_id):
        open_cases(acting, [case])
        told = {"change": wish.kind, "reason": reason, "case": str(case.id)}
        broken = acting.event("customer.glass_broken", "customer", acting.tenant_id, **told)
        events.record([broken])
    return msgspec.structs.replace(acting, break_glass=str(case.id), reason=reason)
