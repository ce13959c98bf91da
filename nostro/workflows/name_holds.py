"""What is said of a payee's name, held against the payments that have not left.

An answer that the policy holds makes them wait for a person; one that it lets pass, but that is
worse than what the approvers knew, has them approve anew.
"""

from __future__ import annotations

from uuid import UUID

from nostro.domain.order import OrderState
from nostro.domain.party import PayeeAccount
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import (
    CODE,
    NameAnswer,
    PayeeVerification,
    Said,
    Verified,
)
from nostro.domain.policies.touching import OPEN
from nostro.storage import (
    approvals,
    day_sums,
    orders,
    payee_verifications,
    payment_search,
    policies,
)
from nostro.storage.orders import OrderRow
from nostro.storage.payment_search import Wanted
from nostro.workflows.context import Acting
from nostro.workflows.holding import ask_again, hold_found

HELD_AT_ONCE = 200
_AGREED_TO = (OrderState.AWAITING_APPROVAL, OrderState.APPROVED, OrderState.SCHEDULED)


def hold_for(acting: Acting, account: PayeeAccount, one: Said) -> None:
    """Hold the open payments to this account and name, where the policy says so and nobody has let
    them go past it; else have those approved anew whose approvers knew better. Inside a unit of
    work."""
    rules = policies.in_force(PayeeVerification, acting.world.clock.now())
    why = policy.finding(one, rules)
    if why is None:
        if isinstance(one, Verified) and one.answer is not NameAnswer.MATCH:
            _ask_again(acting, account, one, rules)
        return
    named = _concerned(account, one)
    let_go = day_sums.let_go([row.id for row in named], CODE)
    held = [row for row in named if policy.still_asks(one, let_go.get(row.id, ""))]
    hold_found(acting, {row.id: why for row in held})


def _concerned(account: PayeeAccount, one: Said) -> list[OrderRow]:
    """The open payments to this account in this name."""
    wanted = Wanted(payee=account.payee_number, state=",".join(state.value for state in OPEN))
    cursor, ids = "", []
    while True:
        page = payment_search.payments(wanted, limit=HELD_AT_ONCE, cursor=cursor)
        ids += [row.id for row in page.rows if row.creditor_iban == account.iban]
        if not (cursor := page.next):
            break
    return [
        row
        for row in orders.load(ids)
        if policy.same_name(one.name_asked, row.instruction.creditor_name)
        and policy.counts_for(one, confidential=row.confidential)
    ]


def _ask_again(
    acting: Acting, account: PayeeAccount, one: Verified, rules: PayeeVerification
) -> None:
    """The approvers of these payments agreed while a better answer counted, or none was known."""
    rows = [row for row in _concerned(account, one) if row.state in _AGREED_TO]
    first = approvals.first_given([row.id for row in rows])
    said = payee_verifications.since([UUID(account.id)], one.asked_at - policy.believed(rules) * 2)
    worse = []
    for row in rows:
        when = first.get(row.id)
        if when is None:
            continue
        known = [
            earlier
            for earlier in said
            if earlier.asked_at <= when
            and earlier != one
            and policy.counts_for(earlier, confidential=row.confidential)
        ]
        before = policy.answer_for(known, account.id, one.name_asked, rules, when)
        if policy.is_worse(one, before):
            worse.append(row.id)
    ask_again(acting, worse, CODE, policy.worse_than_approved(one))
