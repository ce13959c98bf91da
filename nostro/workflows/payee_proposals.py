"""What payments bring that differs from what is kept of a payee: proposed, never written over it.

An ERP's file that pays to another account than the one that is kept does not change the payee: the
payment waits, and the other account becomes a proposal that a person accepts or refuses. Payments
to the account that is kept go on. Confidential payments propose nothing: that would tell of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nostro.domain.payee_change import FROM_PAYMENTS
from nostro.storage import events, parties, payee_changes
from nostro.storage.orders import OrderRow
from nostro.storage.payee_changes import NewChange
from nostro.workflows.context import Acting
from nostro.workflows.payment_checks import Checked

DIFFERS = "account_differs"


def propose(acting: Acting, checked: Sequence[Checked]) -> None:
    """Propose each other account once, inside the unit of work that stores the payments."""
    found = [
        one.order
        for one in checked
        if one.order
        and not one.order.confidential
        and any(finding.code == DIFFERS for finding in one.findings)
    ]
    if not found:
        return
    known = parties.current_payee_accounts({order.payee_number for order in found})
    for order in found:
        account, told = known.get(order.payee_number), order.instruction
        if account is None or not told.creditor_iban:  # A whole IBAN alone can be accepted.
            continue
        change = NewChange(
            id=acting.world.ids.new(),
            payee_id=UUID(account.payee_id),
            origin=FROM_PAYMENTS,
            before={"iban": account.iban, "bic": account.bic},
            after={"iban": told.creditor_iban, "bic": told.creditor_bic},
            code="",
            text=_where(order),
            case_id=None,
            proposed_by=order.maker_id,
            natural_key=f"{FROM_PAYMENTS}/{account.id}/{told.creditor_iban}",
        )
        if payee_changes.propose(change, acting.world.clock.now(), run_id=order.run_id):
            said = {"number": account.payee_number, "request": str(change.id), "text": change.text}
            sides = {"before": change.before, "after": change.after}
            event = acting.event(
                "payee.account_proposed", "payee", change.payee_id, **said, **sides
            )
            events.record([event])


def _where(order: OrderRow) -> str:
    return f"{order.source}, {order.source_reference}: {order.number} pays to it"
