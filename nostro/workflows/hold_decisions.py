"""Held payments decided on by what was shown: let go with their evidence, or denied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from nostro.domain.canonical import digest
from nostro.domain.errors import Refused
from nostro.domain.order import ORDER, OrderMove
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.domain.policies import held
from nostro.storage import authorship, hold_listing, orders
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.approval import each, leave_holds, lock_all, need_reason, nothing_changed
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders

DENIED_MAX = 20_000  # Payments that one denial covers: more take a request too long.


def seen_digest(digests: Mapping[UUID, str]) -> str:
    """One digest over payments (id -> approval digest) and what holds each of them; inside a unit
    of work. A reason that comes later makes another one: nobody has looked at its evidence."""
    holds = hold_listing.open_ids_of(list(digests))
    return digest({str(key): [told, *holds.get(key, ())] for key, told in digests.items()})


def check_release(acting: Acting, member: Member, order_ids: Sequence[UUID]) -> None:
    """Raise Refused where this member may not let these payments go, or not together; nothing is
    done. Asked before a person is shown what he would decide on."""
    with tenant(acting.tenant_id):
        rows = lock_all(member, order_ids)
        _may_decide(acting, member, rows, OrderMove.RELEASE_HOLD)
        _may_go_together(rows)


def release(
    acting: Acting, member: Member, order_ids: Sequence[UUID], seen: str, reason: str
) -> None:
    """Leave the holds of payments that a person was shown with their evidence; all or none.

    `seen` is the `seen_digest` of what he was shown. Raises Refused where something changed since,
    where one is not his to let go, and where several are not held for one and the same reason.
    """
    need_reason(reason)
    with tenant(acting.tenant_id):
        rows = lock_all(member, order_ids)
        _may_decide(acting, member, rows, OrderMove.RELEASE_HOLD)
        _may_go_together(rows)
        if seen_digest({row.id: row.approval_digest for row in rows}) != seen:
            raise Refused(
                "selection_changed",
                "The payments, or why they are held, changed after they were shown to you.",
                "Nothing was let go.",
                "Look at them again and decide on what you then see.",
            )
        leave_holds(acting, member, rows, reason)


def check_denial(acting: Acting, member: Member, order_ids: Sequence[UUID]) -> None:
    """Raise Refused where this member may not deny one of these payments; nothing is done."""
    with tenant(acting.tenant_id):
        _may_decide(acting, member, lock_all(member, order_ids), OrderMove.DENY)


def deny(
    acting: Acting, member: Member, order_ids: Sequence[UUID], seen: str, reason: str
) -> list[UUID]:
    """Refuse payments for good, whatever holds each of them, for one reason; all or none.

    `seen` is the selection digest of what the person saw. Raises Refused where one of them changed
    since, or is not his to decide on.
    """
    need_reason(reason)
    with tenant(acting.tenant_id):
        rows = lock_all(member, order_ids)
        _may_decide(acting, member, rows, OrderMove.DENY)
        nothing_changed(rows, seen, "Nothing was denied.")
        ids = [row.id for row in rows]
        orders.close_all_holds(ids, member.name, reason, acting.world.clock.now())
        return move_orders(acting, ids, OrderMove.DENY, text=reason)


def _may_go_together(rows: Sequence[OrderRow]) -> None:
    """One payment is let go by itself, whatever holds it; several for one same reason only."""
    if len(rows) == 1:
        return
    codes = hold_listing.codes_of([row.id for row in rows])
    first = sorted({code for row in rows for code in codes.get(row.id, ())})
    alone = next((code for code in first if code in held.ONE_BY_ONE), "")
    held.may_leave_together(
        alone or next(iter(codes.get(rows[0].id, ())), ""),
        {row.number: codes.get(row.id, ()) for row in rows},
    )


def _may_decide(acting: Acting, member: Member, rows: Sequence[OrderRow], move: OrderMove) -> None:
    """Raise Refused, with the numbers, for those that are not his to decide on."""
    authors = authorship.authors([row.id for row in rows], acting.world.clock.now())

    def may(row: OrderRow) -> None:
        ORDER.after(row.state, move)
        policy.may_release_hold(member, authors[row.id], row.touched())

    each(rows, may)
