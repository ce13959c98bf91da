"""What is asked again before a payment is approved and before it leaves.

An approval counts only while the person who gave it may still approve, and only for the bank
details that the payee had then. What no longer holds goes back to a person, with a new hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind
from nostro.domain.local_account import ending
from nostro.domain.order import OrderMove, OrderState
from nostro.domain.party import Member, PayeeAccount
from nostro.domain.policies import approval as policy
from nostro.domain.policies import approval_steps as steps
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.objections import Objection, Standing, objection
from nostro.storage import approvals, authorship, cases, events, orders, parties, people
from nostro.storage.cases import NewCase
from nostro.storage.orders import OrderRow
from nostro.workflows import approval_terms
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_orders
from nostro.workflows.planning import Planner


def entitled(acting: Acting, person_ids: Iterable[str]) -> dict[str, Member]:
    """Those of these people who may still approve anything, by their id."""
    ids = {UUID(person_id) for person_id in person_ids}
    found = people.members(ids, acting.world.clock.now())
    return {member.id: member for member in found if policy.may_still_approve(member)}


def newer_accounts(rows: Sequence[OrderRow]) -> dict[UUID, PayeeAccount]:
    """The payee's account of today, for each order that was checked against an older one."""
    current = parties.current_payee_accounts({row.payee_number for row in rows})
    newer = {}
    for row in rows:
        found = current.get(row.payee_number)
        if found is None or found.version <= row.payee_account_version:
            continue
        if row.payee_account_id is None and found.number == row.instruction.creditor_number:
            continue  # A payee that was unknown became known, with this very account.
        newer[row.id] = found
    return newer


def standings(acting: Acting, rows: Sequence[OrderRow]) -> dict[UUID, Standing]:
    """What holds today of each of these approved payments."""
    given = approvals.given([order.id for order in rows])
    able = entitled(acting, {person for agreed in given.values() for person in agreed})
    newer, rules = newer_accounts(rows), approval_terms.rules_of(rows)
    authors = authorship.authors([order.id for order in rows], acting.world.clock.now())
    found, planner = {}, Planner(acting.world)
    for order in rows:
        agreed = approvals.to_digest(given[order.id], order.approval_digest)
        version = rules[order.policy_version]
        places = steps.places(approval_terms.stages_of(order, version))
        unchanged = order.approvable().digest() == order.approval_digest
        found[order.id] = Standing(
            order_state=order.state,
            leaves_on=planner.leaves_on(order),
            latest_date=order.instruction.latest_date,
            approved=unchanged and len(agreed) >= places,
            entitled=approval_terms.progress_of(
                order, version, agreed, able, authors[order.id]
            ).complete,
            account_is_current=order.id not in newer,
        )
    return found


def still_approved(acting: Acting, due: Sequence[OrderRow]) -> list[OrderRow]:
    """Those locked orders that are still exactly what enough entitled people agreed to; whether
    it is too late for them the caller decides.

    Changed outside the approval: it stays where it is, and a Case tells people. An approver lost
    the right, or the payee's account changed: back to draft and held, its approvals void.
    """
    good, changed = [], []
    found = standings(acting, due)
    for order in due:
        why = objection(found[order.id])
        if why is Objection.NOT_APPROVED:
            _tell_of_tampering(acting, order)
        elif why is Objection.ACCOUNT_CHANGED:
            changed.append(order)
        elif why is Objection.APPROVER_LEFT:
            send_back(acting, order, _approver_left(order))
        else:
            good.append(order)
    newer = newer_accounts(changed)
    for order in changed:
        account = newer[order.id]
        send_back(acting, _retargeted(order, account), _account_changed(order, account))
    return good


def _tell_of_tampering(acting: Acting, order: OrderRow) -> None:
    sentence = f"{order.number} is not covered by its approvals. It did not leave."
    can_do = "Look at the payment's trace; it was changed outside the approval."
    _open_case(acting, order, "not_what_was_approved", sentence, can_do)


def _account_changed(order: OrderRow, account: PayeeAccount) -> Finding:
    return Finding(
        code="account_changed_after_approval",
        effect=Effect.HOLD,
        sentence=f"The payee's bank details were changed by {account.changed_by} after"
        f" {order.number} was checked: it pays to an account ending"
        f" {ending(order.instruction.creditor_number)}, the payee's account now ends"
        f" {ending(account.number)}.",
        refers_to=account.id,
    )


def _approver_left(order: OrderRow) -> Finding:
    return Finding(
        code="approver_no_longer_entitled",
        effect=Effect.HOLD,
        sentence=f"Somebody who approved {order.number} may no longer approve payments.",
    )


def to_account_of_today(acting: Acting, order: OrderRow) -> None:
    """A locked, held payment that pays to the very account that its payee has by now is compared
    with that from now on: else it could never be approved."""
    account = newer_accounts([order]).get(order.id)
    if account and account.number == order.instruction.creditor_number:
        approval_terms.ask_anew(acting, [_retargeted(order, account)])


def _retargeted(order: OrderRow, account: PayeeAccount) -> OrderRow:
    """The order compared with the account of today from now on; where it pays to is unchanged."""
    return msgspec.structs.replace(
        order, payee_account_id=UUID(account.id), payee_account_version=account.version
    )


def send_back(acting: Acting, order: OrderRow, finding: Finding) -> None:
    """Back to draft, checked again and held; every approval given before is void."""
    now = acting.world.clock.now()
    (order,) = approval_terms.ask_anew(acting, [order])
    for step in (OrderMove.EDIT, OrderMove.VALIDATE, OrderMove.HOLD):
        move_orders(acting, [order.id], step, reason=finding.code, text=finding.sentence)
    orders.insert_holds([(acting.world.ids.new(), order.id, finding)], now)
    checked = acting.event(
        "order.checked",
        "order",
        order.id,
        state_after=OrderState.HELD.value,
        findings=[msgspec.to_builtins(finding)],
        route=msgspec.to_builtins(order.route),
        digest=order.approval_digest,
    )
    events.record([checked])
    sentence = f"{finding.sentence} It did not leave and its approvals are void."
    can_do = "Look at the hold: release it and have it approved again, or deny it."
    _open_case(acting, order, f"{finding.code}/{order.approval_digest}", sentence, can_do)


def _open_case(acting: Acting, order: OrderRow, cause: str, sentence: str, can_do: str) -> None:
    now = acting.world.clock.now()
    case = NewCase(
        id=acting.world.ids.new(),
        kind=CaseKind.DIFFERENCE,
        natural_key=f"release/{order.id}/{cause}",
        sentence=sentence,
        can_do=can_do,
        due_at=now + CASE_DUE_IN,
        order_id=order.id,
    )
    cases.open_all([case], now)
