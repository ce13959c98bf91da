"""Explains the lines of one statement: our payments by our own keys, receipts by their reference.

Only what is proven posts: our key and the exact amount, or a named document, the right
payer and the exact open amount. Everything else is a suggestion, or nothing. The staged matcher
over large sets comes later behind the same door: sets in, proposals out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from nostro.domain.match import (
    CERTAIN,
    Adjustment,
    AdjustmentKind,
    Allocation,
    Proposal,
    ProposalStatus,
    Target,
)
from nostro.domain.money import Money, total
from nostro.domain.open_item import OpenItem
from nostro.matching.naming import Documents, same_name

PROVEN, LIKELY, POSSIBLE = CERTAIN, 800_000, 500_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One booked statement line. Money out is negative.

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


def propose(
    lines: Sequence[Line], payments: Sequence[Payment], items: Sequence[OpenItem]
) -> list[Proposal]:
    """At most one proposal a line, in the order of the lines; an item's capacity is used once."""
    by_key = _first_by_key(payments)
    by_batch: dict[str, list[Payment]] = {}
    for payment in payments:
        by_batch.setdefault(payment.payment_information_id, []).append(payment)
    documents = Documents(items)
    open_minor = {item.id: item.open_amount.minor for item in items}
    used: set[str] = set()
    proposals = []
    for line in lines:
        found = (
            _own_payment(line, by_key, used)
            or _batch(line, by_batch, used)
            or _receipt(line, documents, open_minor)
        )
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


def _receipt(line: Line, documents: Documents, open_minor: dict[str, int]) -> Proposal | None:
    """Money in that names open documents of one customer, exactly paid or not."""
    if line.amount.minor <= 0:
        return None
    named = [
        item
        for item in documents.named_by(line.remittance)
        if open_minor[item.id] and item.open_amount.currency == line.amount.currency
    ]
    if not named or len({item.customer_number for item in named}) != 1:
        return None
    due = sum(open_minor[item.id] for item in named)
    exact = line.amount.minor == due
    if not exact and len(named) > 1:
        return None  # Which of them it pays, and how much of each, is a person's to say.
    known, payer = _payer(line, named)
    sure = PROVEN if exact and known else LIKELY if exact else POSSIBLE
    rule = "exact" if exact else "over" if line.amount.minor > due else "partial"
    shares = {
        item.id: open_minor[item.id] if exact else min(line.amount.minor, open_minor[item.id])
        for item in named
    }
    if sure == PROVEN:
        open_minor.update(dict.fromkeys(shares, 0))
    return Proposal(
        transaction_id=line.id,
        allocations=_items(shares, line.amount.currency),
        adjustments=_over(line, shares),
        rule=rule,
        evidence_class=f"{rule}/document/{'known' if known else 'unknown'}",
        probability_millionths=sure,
        status=ProposalStatus.POST if sure == PROVEN else ProposalStatus.SUGGEST,
        evidence=(
            f"the text names {', '.join(item.document for item in named)}",
            "the amount is exact" if exact else f"{Money(due, line.amount.currency)} was open",
            *payer,
        ),
    )


def _items(shares: Mapping[str, int], currency: str) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(target=Target.OPEN_ITEM, target_id=item_id, amount=Money(minor, currency))
        for item_id, minor in shares.items()
    )


def _over(line: Line, shares: Mapping[str, int]) -> tuple[Adjustment, ...]:
    rest = Money(line.amount.minor - sum(shares.values()), line.amount.currency)
    return (Adjustment(kind=AdjustmentKind.OVER_PAY, amount=rest),) if rest.minor else ()


def _payer(line: Line, named: Sequence[OpenItem]) -> tuple[bool, tuple[str, ...]]:
    """Is the payer surely the customer, and what says so or not?

    By his account on file; only where none is on file, by his name.
    """
    if any(item.payer_iban not in ("", line.counterparty_iban) for item in named):
        return False, ("another account than usual",)
    without = [item for item in named if not item.payer_iban]
    if not without:
        return True, ("the payer's account is known",)
    his = all(same_name(line.counterparty_name, item.customer_name) for item in without)
    name = "the payer's name is the customer's" if his else "another name than the customer's"
    return his, ("no payer account on file", name)
