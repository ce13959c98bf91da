"""The holds desk: what is held beside what speaks against it, who may let it go, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.bank_calendar import Plan
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.storage import hold_listing, orders, people
from nostro.storage.hold_listing import HoldFilter
from nostro.storage.pages.approvals import ToDecide, chosen
from nostro.workflows.context import Acting
from nostro.workflows.planning import Planner

LOOKED_AT_MAX = 200  # Held payments whose cut-off is worked out for the first sentence.


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One held payment. `plan` is what becomes of it if it is let go now, None where its bank's
    settings cannot be read; `able` are the names of those who may let it go."""

    row: ToDecide
    plan: Plan | None
    able: tuple[str, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments are held and since when; the one of them whose cut-off comes first, among
    the `LOOKED_AT_MAX` that are held the longest."""

    count: int
    since: datetime | None
    first: Plan | None
    first_number: str


def standing(acting: Acting) -> Standing:
    """What is held as a whole; inside a unit of work."""
    count, since = hold_listing.standing()
    plans = Plans(acting)
    ids = hold_listing.held_payments(HoldFilter(), limit=LOOKED_AT_MAX).rows
    found = [(plan, row.number) for row in orders.load(ids) if (plan := plans.of(row))]
    known = [(plan, number) for plan, number in found if plan.last]
    first = min(known, key=lambda one: str(one[0].last), default=None)
    return Standing(
        count=count,
        since=since,
        first=first[0] if first else None,
        first_number=first[1] if first else "",
    )


def held(acting: Acting, order_ids: Sequence[UUID]) -> list[Held]:
    """These held payments, as a person must see them; inside a unit of work."""
    now = acting.world.clock.now()
    rows, plans = chosen(list(order_ids), now), Plans(acting)
    loaded = {row.id: row for row in orders.load(order_ids)}
    staff = people.everybody(now)
    return [
        Held(
            row=row,
            plan=plans.of(loaded[row.payment.id]),
            able=tuple(
                one.name for one in staff if may_leave(one, row, loaded[row.payment.id].touched())
            ),
        )
        for row in rows
    ]


def may_leave(member: Member, row: ToDecide, about: Touched) -> bool:
    """Whether this member may let a held payment go."""
    try:
        policy.may_release_hold(member, row.authors, about)
    except Refused:
        return False
    return True


def plans_of(acting: Acting, order_ids: Sequence[UUID]) -> dict[UUID, Plan]:
    """What becomes of these payments by the calendar if they were let go, or approved, now; those
    of a bank whose settings cannot be read are left out. Inside a unit of work."""
    plans = Plans(acting)
    return {row.id: plan for row in orders.load(order_ids) if (plan := plans.of(row))}


class Plans:
    """What becomes of payments by the calendar; None where a bank's settings cannot be read."""

    def __init__(self, acting: Acting) -> None:
        self._planner = Planner(acting.world)

    def of(self, row: orders.OrderRow) -> Plan | None:
        try:
            return self._planner.plan(row)
        except Invalid:
            return None
