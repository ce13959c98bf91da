"""Which payees have to be told: read out of the sealed log, so that nothing of it can be lost.

A payment is planned for in the transaction that moves the place to which the log was read. What
came back is planned for in the same way: taken out where nobody was told, corrected where he was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.advice_notice import NoticeKind, NoticeMove, NoticeState, may_have_been_told
from nostro.domain.event import Event
from nostro.domain.order import OrderState
from nostro.domain.payee_advice import came_back, is_proven
from nostro.domain.policies.advising import (
    REACHED,
    AdviceRule,
    AdviceRules,
    Together,
    leaves_at,
)
from nostro.domain.policy import Version
from nostro.storage import advice_notices, events, orders, policies
from nostro.storage.advice_notices import MovedOrder, NoticeRow
from nostro.storage.orders import OrderRow
from nostro.storage.paid_payments import executed_on
from nostro.storage.tenancy import tenant
from nostro.workflows.advice_rules import asking
from nostro.workflows.context import Acting

PAGE: Final = 2000
# A correction waits for the advice that it corrects, should that be on its way just now.
_AFTER: Final = timedelta(minutes=1)


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    """One payment whose payee has to be told, by which rule, from when on."""

    row: OrderRow
    rule: AdviceRule
    named: str  # The rule in words, with its version.
    paid_on: date
    leaves_at: datetime


def plan(acting: Acting) -> int:
    """Plan for the next page of the log; returns how many payments of it have to be told of, or
    -1 when all of it was read."""
    with tenant(acting.tenant_id):
        position = advice_notices.lock_reader(acting.world.ids.new())
        page = None if position is None else advice_notices.read_log(position, PAGE)
        if page is None:
            return -1
        paid = {state.value for states in REACHED.values() for state in states}
        due = _due([one for one in page.moved if one.state in paid])
        _keep(acting, due)
        for one in page.moved:
            if one.state and came_back(OrderState(one.state)):
                _withdraw(acting, one)
        advice_notices.advance(page.last)
        return len(due)


def _due(moved: Sequence[MovedOrder]) -> list[_Due]:
    """Each payment once, by the rules that counted when it was known to be paid."""
    known = policies.versions(AdviceRules) if moved else []
    if not known:
        return []
    rows = {row.id: row for row in orders.load({one.order_id for one in moved})}
    told = advice_notices.already(list(rows), NoticeKind.ADVICE)
    days, ask, found = executed_on(list(rows)), asking(), dict[UUID, _Due]()
    for one in moved:
        version, row = _in_force(known, one.occurred_at), rows.get(one.order_id)
        if version is None or row is None or row.id in told or row.id in found:
            continue
        if not is_proven(OrderState(one.state), row.route.rail):
            continue
        rule = ask.rule_for(version.content, row)
        if rule and OrderState(one.state) in REACHED[rule.moment]:
            found[row.id] = _Due(
                row=row,
                rule=rule,
                named=f"rule {rule.name} of version {version.number}",
                paid_on=days[row.id],
                leaves_at=leaves_at(version.content, rule, one.occurred_at),
            )
    return list(found.values())


def _in_force(
    known: Sequence[Version[AdviceRules]], moment: datetime
) -> Version[AdviceRules] | None:
    """The version that counted at a moment; the ones that begin last come first."""
    return next((one for one in known if one.valid_from and one.valid_from <= moment), None)


_Key = tuple[object, ...]


def _keep(acting: Acting, due: Sequence[_Due]) -> None:
    """Put each payment into a notice: one of its own, or that of its payee and day."""
    now, new = acting.world.clock.now(), acting.world.ids.new
    numbers = {one.row.payee_number for one in due if _gathers(one)}
    opened = advice_notices.gathering(sorted(numbers), now) if numbers else []
    open_by: dict[_Key, NoticeRow] = {_key(row): row for row in opened}
    joined = {row.id: list[UUID]() for row in opened}
    made: dict[UUID, NoticeRow] = {}
    for one in due:
        fresh = _notice(new(), one, now)
        row = open_by.setdefault(_key(fresh), fresh) if fresh.gathers else fresh
        if row is fresh:
            made[row.id] = row
        joined.setdefault(row.id, []).append(one.row.id)
    advice_notices.add(made.values(), joined, new)
    for row in opened:
        advice_notices.join(row, joined[row.id], new)
    every = made | {row.id: row for row in opened}
    for notice_id, ids in joined.items():
        if ids:
            told = acting.alike(
                "order.advice_planned",
                "order",
                ids,
                notice_id=str(notice_id),
                rule=every[notice_id].rule,
            )
            events.record_alike(told)


def _gathers(one: _Due) -> bool:
    """Whom we know by no number may be anybody: his payments are told one by one."""
    return one.rule.together is Together.DAY and bool(one.row.payee_number)


def _key(row: NoticeRow) -> _Key:
    """What payments of one notice have in common."""
    told = (row.entity_id, row.payee_number, row.confidential, row.connection_id, row.formats)
    return (*told, row.rule, row.executed_on, row.first_due_at)


def _notice(notice_id: UUID, one: _Due, now: datetime) -> NoticeRow:
    return NoticeRow(
        id=notice_id,
        kind=NoticeKind.ADVICE,
        state=NoticeState.WAITING,
        round=1,
        entity_id=one.row.entity_id,
        payee_number=one.row.payee_number,
        confidential=one.row.confidential,
        connection_id=UUID(one.rule.connection_id),
        formats=one.rule.formats,
        gathers=_gathers(one),
        executed_on=one.paid_on,
        rule=one.named,
        first_due_at=one.leaves_at,
        next_action_at=max(one.leaves_at, now),
        created_at=now,
    )


def _withdraw(acting: Acting, moved: MovedOrder) -> None:
    """The money came back: whoever was not told is not, whoever may have been told is told this."""
    order_id = moved.order_id
    for row in advice_notices.lock_about(order_id, NoticeKind.ADVICE):
        if may_have_been_told(row.state, row.doubts):
            _correct(acting, row, order_id)
        else:
            drop(acting, row, [order_id])


def drop(acting: Acting, row: NoticeRow, order_ids: Sequence[UUID]) -> bool:
    """Take payments out of a locked notice that nobody was told of; True when nothing is left of
    it."""
    left = advice_notices.take_out(row.id, order_ids)
    told = acting.alike("order.advice_dropped", "order", order_ids, notice_id=str(row.id))
    events.record_alike(told)
    if left == 0:
        advice_notices.move(row, NoticeMove.DROP, next_action_at=None)
    return left == 0


def _correct(acting: Acting, row: NoticeRow, order_id: UUID) -> None:
    now, new = acting.world.clock.now(), acting.world.ids.new
    made = msgspec.structs.replace(
        row,
        id=new(),
        kind=NoticeKind.CORRECTION,
        state=NoticeState.WAITING,
        round=advice_notices.rounds(order_id, NoticeKind.CORRECTION) + 1,
        gathers=False,
        corrects_id=row.id,
        tries=0,
        doubts=0,
        message_id="",
        evidence_id=None,
        first_due_at=now,
        next_action_at=now if row.state is NoticeState.SENT else now + _AFTER,
        created_at=now,
        told_at=None,
        said="",
    )
    advice_notices.add([made], {made.id: [order_id]}, new)
    events.record([_planned(acting, made, order_id)])


def _planned(acting: Acting, made: NoticeRow, order_id: UUID) -> Event:
    said = {"notice_id": str(made.id), "corrects": str(made.corrects_id), "rule": made.rule}
    return acting.event("order.advice_planned", "order", order_id, **said)
