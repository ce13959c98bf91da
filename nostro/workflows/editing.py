"""Changing a payment before it leaves: checked, routed and approved anew.

1. Who changes it has no more say in it than who made it.
2. What was agreed to it is void; the old words stay in its trace beside the new ones.
3. Reasons that held it stay until a person lets them go; what a person let go of just these words
   is not asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.order import OrderMove, OrderState
from nostro.domain.party import Member
from nostro.domain.payment import Instruction
from nostro.domain.policies import confidential, making
from nostro.domain.policies import editing as policy
from nostro.domain.policies.checks import Effect, Finding
from nostro.storage import approval_rules, approvals, events, orders
from nostro.storage.dossier import HoldRow, holds
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import approval_terms, name_moves
from nostro.workflows.cancelling import locked_with_files, take_apart
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.correction import Correction, corrected
from nostro.workflows.moves import move_orders
from nostro.workflows.payment_checks import Checked, Maker, check_again

_TOLD = Instruction.__struct_fields__
# What a person looked at who let a hold go.
_LOOKED_AT = ("amount", "creditor_name", "creditor_number", "creditor_address")


def edit(
    acting: Acting, member: Member, order_id: UUID, correction: Correction, reason: str
) -> OrderState:
    """Change a payment that has not begun to leave; returns the state that it is in then.

    Raises Refused when the member may not or it is too late; Invalid when what it would be then
    cannot be paid, and nothing changes.
    """
    making.may_make(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        (before,), attempts = locked_with_files([order_id])
        confidential.check(member, confidential=before.confidential)
        making.may_make(member, before.touched())
        policy.check_state(before.number, before.state)
        for attempt in attempts.values():
            take_apart(acting, attempt.submission_id, told)
        move_orders(acting, [before.id], OrderMove.EDIT, reason="changed", text=told)
        checked, after = _checked(acting, member, before, correction)
        changes = differences(before, after)
        fields = [change["field"] for change in changes]
        policy.check_fields(before.number, fields, of_a_run=before.run_id is not None)
        state = _keep(acting, before, _put(acting, after, changes), checked.findings, told)
        name_moves.put(acting, [checked.asks] if checked.asks else [])
        return state


def differences(before: OrderRow, after: OrderRow) -> list[dict[str, str]]:
    """What is told to the bank in other words than before, or goes another way: field, from, to."""
    pairs = [
        (name, getattr(before.instruction, name), getattr(after.instruction, name))
        for name in _TOLD
        if name != "latest_date"  # It follows the day asked for.
    ]
    pairs.append(("debit_iban", before.route.debtor_number, after.route.debtor_number))
    pairs.append(("rail", before.route.rail, after.route.rail))
    pairs.append(("charge_bearer", before.route.charge_bearer, after.route.charge_bearer))
    return [
        {"field": name, "from": _spelled(old), "to": _spelled(new)}
        for name, old, new in pairs
        if old != new
    ]


def _spelled(value: object) -> str:
    if isinstance(value, msgspec.Struct):
        return ", ".join(str(part) for part in msgspec.structs.astuple(value) if part)
    return str(value)


def _checked(
    acting: Acting, member: Member, before: OrderRow, correction: Correction
) -> tuple[Checked, OrderRow]:
    """The payment as it would be; raises Invalid when that cannot be paid."""
    today = acting.world.clock.now().date()
    request = corrected(before, correction, before.source_reference, earliest=today)
    request = msgspec.structs.replace(
        request, end_to_end_id=before.instruction.end_to_end_id, run_id=str(before.run_id or "")
    )
    maker = Maker(id=acting.actor.id, name=acting.actor.name, member=member)
    checked = check_again(acting, before, request, maker=maker)
    wrong = [finding for finding in checked.findings if finding.effect is Effect.INVALID]
    if checked.order is None or wrong:
        finding = wrong[0]
        raise Invalid(
            finding.code,
            f"{before.number} cannot be changed so: {finding.sentence}",
            "Nothing was changed.",
            "Correct it and send the change again.",
            field=finding.field,
        )
    return checked, checked.order


def _put(acting: Acting, after: OrderRow, changes: list[dict[str, str]]) -> OrderRow:
    """The changed payment under the rules in force, with its new digest."""
    editors = (*after.changed_by, acting.actor.id)
    row = msgspec.structs.replace(
        after,
        changed_by=tuple(dict.fromkeys(editors)),
        source_changes=(*after.source_changes, *changes),
    )
    return approval_terms.put(row, *approval_rules.in_force(acting.world.clock.now()))


def _keep(
    acting: Acting, before: OrderRow, after: OrderRow, findings: Sequence[Finding], reason: str
) -> OrderState:
    """Store it, void what was agreed to, and put it before people."""
    now = acting.world.clock.now()
    approvals.void([before.id], now)
    orders.rewrite(after)
    known = holds(before.id)
    answered = {(hold.code, hold.sentence) for hold in known if _still_answers(hold, before, after)}
    new = [one for one in findings if (one.code, one.sentence) not in answered]
    orders.insert_holds([(acting.world.ids.new(), before.id, one) for one in new], now)
    waits = bool(new) or any(hold.closed_at is None for hold in known)
    _tell(acting, before, after, findings, reason)
    for step in (OrderMove.VALIDATE, OrderMove.HOLD if waits else OrderMove.REQUEST_APPROVAL):
        move_orders(acting, [before.id], step, reason="changed", text=reason)
    return OrderState.HELD if waits else OrderState.AWAITING_APPROVAL


def _still_answers(hold: HoldRow, before: OrderRow, after: OrderRow) -> bool:
    """An open hold is not opened twice; what a person let go counts for whom and what he saw."""
    if hold.closed_at is None:
        return True
    told, now = before.instruction, after.instruction
    return all(getattr(told, name) == getattr(now, name) for name in _LOOKED_AT)


def _tell(
    acting: Acting, before: OrderRow, after: OrderRow, findings: Sequence[Finding], reason: str
) -> None:
    told = {
        "number": before.number,
        "state_before": before.state.value,
        "changes": differences(before, after),
        "findings": findings,
        "route": after.route,
        "digest": after.approval_digest,
        "reason": reason,
    }
    events.record([acting.event("order.edited", "order", before.id, **told)])
