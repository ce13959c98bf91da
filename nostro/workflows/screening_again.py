"""Payees once more just before payments leave, and what a person cleared."""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.local_account import country_of
from nostro.domain.party import Member
from nostro.domain.policies import screening as policy
from nostro.domain.policies.screening import Payee, ScreeningRules
from nostro.storage import events, orders, policies, watch_lists
from nostro.storage.orders import OrderRow
from nostro.workflows import recheck
from nostro.workflows.context import Acting
from nostro.workflows.screening import Screening

_NAME_FIELD = "payee name"  # As approvers see what was rewritten for the bank.


def still_clear(acting: Acting, due: Sequence[OrderRow]) -> list[OrderRow]:
    """Those locked orders whose payees nothing speaks against by the lists in force now.

    The others go back to a person: held with the evidence, their approvals void. A country counts,
    and so do lists that are missing, unless somebody has let just this payment go.
    """
    if not due:
        return []
    now, clear = acting.world.clock.now(), []
    screening = Screening(policies.in_force(ScreeningRules, now), now.date())
    for order in due:
        payee = payee_of(order)
        found = policy.findings(payee, screening.hits(payee))
        found += screening.not_let_go(order, payee)
        if not found:
            clear.append(order)
            continue
        recheck.send_back(acting, order, found[0])
        more = [(acting.world.ids.new(), order.id, finding) for finding in found[1:]]
        orders.insert_holds(more, now)
    return clear


def remember_cleared(acting: Acting, member: Member, order: OrderRow, reason: str) -> None:
    """A person lets go what hits held: the same name and entry hold no payment again, until one of
    them changes. Inside the unit of work that closes the holds."""
    name = payee_of(order).name
    found = watch_lists.open_hits(order.id, policy.HIT)
    cleared = [policy.cleared_by(refers_to, name) for refers_to in found]
    if not cleared:
        return
    new_id, now = acting.world.ids.new, acting.world.clock.now()
    rows = [(new_id(), one) for one in cleared]
    watch_lists.clear(rows, order.id, member.name, reason, now)
    entries = [{"list": one.list_code, "entry": one.entry_id} for one in cleared]
    told = {"number": order.number, "entries": entries, "reason": reason}
    events.record([acting.event("order.payee_cleared", "order", order.id, **told)])


def payee_of(order: OrderRow) -> Payee:
    """The payee as the source wrote the name, before it was rewritten for the bank."""
    told = order.instruction
    written = (c["from"] for c in order.source_changes if c["field"] == _NAME_FIELD)
    name = next(written, told.creditor_name)
    country = country_of(told.creditor_iban, told.creditor_account)
    return policy.payee_of(name, told.creditor_address, country, told.creditor_bic)
