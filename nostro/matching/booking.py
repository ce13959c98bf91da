"""Explains the lines of one statement by our own payments, by keys that we gave them.

Only what is proven posts: our key and the exact amount. What names a payment of ours and cannot be
its booking is told as a doubt. Everything else is the stages' (matching.receipts).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from nostro.domain.match import CERTAIN, Allocation, Proposal, ProposalStatus, Target
from nostro.domain.money import Money, total

PROVEN, POSSIBLE = CERTAIN, 500_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One statement line; `pending` is only announced. Money out is negative.

    `charges_minor` are charges that the bank itemises inside the amount, positive.
    """

    id: str
    amount: Money
    end_to_end_id: str
    payment_information_id: str
    batch_count: int
    counterparty_iban: str
    counterparty_name: str
    remittance: str
    charges_minor: int = 0
    booked: date | None = None
    pending: bool = False


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of ours that the bank may book.

    `live`: it did not end without effect. `booked`: a line that came before is its booking.
    """

    order_id: str
    end_to_end_id: str
    payment_information_id: str
    amount: Money
    live: bool
    booked: bool = False


def propose(lines: Sequence[Line], payments: Sequence[Payment]) -> list[Proposal]:
    """At most one proposal a line, in the order of the lines; a payment is booked once."""
    by_key = _first_by_key(payments)
    by_batch: dict[str, list[Payment]] = {}
    for payment in payments:
        by_batch.setdefault(payment.payment_information_id, []).append(payment)
    used: set[str] = set()
    proposals = []
    for line in lines:
        found = _own_payment(line, by_key, used) or _batch(line, by_batch, used)
        if found:
            proposals.append(found)
    return proposals


def _first_by_key(payments: Iterable[Payment]) -> dict[str, Payment]:
    """A payment that is still on its way is preferred to one that ended."""
    found: dict[str, Payment] = {}
    for payment in sorted(payments, key=lambda payment: not payment.live):
        found.setdefault(payment.end_to_end_id, payment)
    return found


def _own_payment(line: Line, by_key: dict[str, Payment], used: set[str]) -> Proposal | None:
    payment = by_key.get(line.end_to_end_id)
    if payment is None or line.amount.minor >= 0 or line.batch_count > 1:
        return None
    doubt = _doubt(line, payment, used)
    if not doubt:
        used.add(payment.order_id)
    evidence = f"EndToEndId {line.end_to_end_id} is ours" + (
        f"; {doubt}" if doubt else " and the amount is exact"
    )
    return Proposal(
        transaction_id=line.id,
        allocations=(
            Allocation(target=Target.ORDER, target_id=payment.order_id, amount=payment.amount),
        ),
        rule="own_payment",
        evidence_class="own_payment/doubted" if doubt else "own_payment/exact",
        probability_millionths=POSSIBLE if doubt else PROVEN,
        status=ProposalStatus.SUGGEST if doubt else ProposalStatus.POST,
        evidence=(evidence,),
    )


def _doubt(line: Line, payment: Payment, used: set[str]) -> str:
    """Why a line that names our payment may still not be its booking, or ""."""
    if payment.booked or payment.order_id in used:
        return "it was booked before"
    if not payment.live:
        return "it had ended without effect"
    with_charges = Money(payment.amount.minor + line.charges_minor, payment.amount.currency)
    fits = -line.amount in (payment.amount, with_charges)
    return "" if fits else f"we paid {payment.amount}"


def _batch(line: Line, by_batch: dict[str, list[Payment]], used: set[str]) -> Proposal | None:
    """One booking for a whole PmtInf: its total must be that of the lines not rejected.

    A total that differs explains nothing: a difference is never spread (lifecycle section 3).
    """
    members = by_batch.get(line.payment_information_id, [])
    if not line.payment_information_id or line.amount.minor >= 0:
        return None
    live = [
        payment
        for payment in members
        if payment.live and not payment.booked and payment.order_id not in used
    ]
    if total(payment.amount for payment in live) != total([-line.amount]):
        return None
    used.update(payment.order_id for payment in live)
    return Proposal(
        transaction_id=line.id,
        allocations=tuple(
            Allocation(target=Target.ORDER, target_id=payment.order_id, amount=payment.amount)
            for payment in live
        ),
        rule="own_batch",
        evidence_class="own_batch/exact",
        probability_millionths=PROVEN,
        status=ProposalStatus.POST,
        evidence=(f"batch {line.payment_information_id}: {len(live)} lines add up exactly",),
    )
