"""Bookings of whole batches that overtook the bank's word on which payments are in them.

A batch is booked without what the bank refused. When the booking comes first its sum fits nothing;
it is looked at again with every report on the file.
"""

from __future__ import annotations

from collections.abc import Collection

from nostro.domain.attempt import FREES_THE_ORDER, AttemptMove, AttemptState, Verdict
from nostro.domain.case import CaseKind, CaseMove, CaseState
from nostro.domain.money import total
from nostro.storage import cases, facts, submissions
from nostro.storage.facts import PaymentKeys
from nostro.workflows.booked_lines import BOOKED, INTRADAY, Index
from nostro.workflows.case_work import move
from nostro.workflows.context import Acting
from nostro.workflows.lock_order import lock_named
from nostro.workflows.moves import move_attempts

# A batch booking is of those payments of the batch that the bank had not refused.
LIVE = frozenset(AttemptState) - FREES_THE_ORDER - {AttemptState.CANCELLED_STOP}


def look_again(acting: Acting, batches: Collection[str]) -> None:
    """Notices of whole batches that came before the bank's word on which payments are in them."""
    early = [
        fact
        for fact in facts.batch_bookings(batches, BOOKED)
        if fact.verdict == Verdict.KEPT and fact.kind != INTRADAY
    ]
    if not early:
        return
    index = Index(lock_named(PaymentKeys(batches=frozenset(batches))))
    for fact in early:
        members = index.batches.get(fact.original_message_id, [])
        live = [payment for payment in members if payment.state in LIVE]
        if total(payment.amount for payment in live) != total([-fact.amount]):
            continue
        ids = [payment.attempt_id for payment in live]
        move_attempts(acting, ids, AttemptMove.EXECUTE, reason=BOOKED)
        submissions.set_verdicts({fact.id: Verdict.APPLIED.value})
        explained(acting, f"batch-amount/{fact.identity}")


def explained(acting: Acting, natural_key: str) -> None:
    """A difference that a later message explains needs nobody any more."""
    case = cases.lock_by_key(CaseKind.DIFFERENCE, natural_key)
    if case and case.state is not CaseState.RESOLVED:
        told = "The bank's later report explains it."
        move(acting, case, CaseMove.RESOLVE, outcome=told)
