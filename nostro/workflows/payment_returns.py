"""Money that came back after a payment was made: a Case, its reversal, and a stop of the payee.

1. How much came back is what the facts say; two messages that tell of one return count once.
2. All of it back: the payment is returned, its posting is reset by who made it. A part: it is
   partly returned, and what is missing is shown.
3. More than was paid cannot be: a Case, and nothing moves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from nostro.domain.attempt import AttemptMove, Verdict
from nostro.domain.case import CaseKind, CaseMove, CaseState, ReturnMove
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.money import Money
from nostro.domain.order import OrderMove
from nostro.domain.party import Member
from nostro.domain.payment_return import is_whole, says_account_is_bad
from nostro.storage import cases, facts, freezes, submissions
from nostro.storage.facts import NamedPayment
from nostro.workflows import freezing, posting, recall, reversing
from nostro.workflows.booked_lines import INTRADAY, RETURNED
from nostro.workflows.case_work import (
    about,
    allows_stage,
    move,
    move_stage,
    new_case,
    open_cases,
)
from nostro.workflows.context import JOB, Acting
from nostro.workflows.moves import move_attempts, move_orders
from nostro.workflows.posting import CashBack

_NOSTRO = Member(id=JOB.id, name=JOB.name, roles=frozenset(), is_person=False)


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A new fact of money that came back for a payment; `charges` are itemised, positive.

    `cash` is the line of a statement that is the cash evidence of it; other messages have none.
    """

    fact_id: UUID
    attempt_id: UUID
    charges: Money
    reason: str
    text: str
    cash: CashBack | None = None


class _Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What all facts together say of one payment that came back."""

    payment: NamedPayment
    told: Returned
    came_back: Money
    reasons: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        charges = self.told.charges
        same = charges.currency == self.payment.amount.currency
        none = Money(0, self.payment.amount.currency)
        return is_whole(self.payment.amount, self.came_back, charges if same else none)

    @property
    def reason(self) -> str:
        return ", ".join(self.reasons)


def apply_returns(
    acting: Acting, told: Sequence[Returned], statement_id: UUID | None = None
) -> None:
    """Apply new facts of returns, inside a unit of work that has stored them.

    Where a reason says that the payee's account is bad, the gate of stops must be closed already.
    """
    if not told:
        return
    sums = _sums(told)
    possible = [one for one in sums if one.came_back.minor <= one.payment.amount.minor]
    _too_large(acting, [one for one in sums if one not in possible], statement_id)
    verdicts = _move(acting, possible)
    submissions.set_verdicts({one.told.fact_id: verdicts[one].value for one in possible})
    for one in possible:
        if verdicts[one] is not Verdict.CONTRADICTS:
            facts.set_returned(one.payment.order_id, one.came_back)
            recall.money_back(acting, one.payment.order_id, one.came_back, one.reason)
            asked = reversing.money_back(acting, one.payment.order_id, one.came_back, one.reason)
            _case(acting, one, statement_id)
            if asked:
                _put_below(one.payment, asked)
    told_true = {
        one.payment.attempt_id for one in possible if verdicts[one] is not Verdict.CONTRADICTS
    }
    posting.post_returned(
        acting, [one.cash for one in told if one.cash and one.attempt_id in told_true]
    )
    adopt_quarrels([one.payment.order_id for one in possible])


def _sums(told: Sequence[Returned]) -> list[_Sum]:
    """How much came back of each payment: the most that one kind of message says."""
    newest: dict[UUID, Returned] = {}
    for one in told:  # Parts that are told together: what was kept of each is kept of the whole.
        before = newest.get(one.attempt_id)
        same = before and before.charges.currency == one.charges.currency
        kept = before.charges + one.charges if before and same else one.charges
        newest[one.attempt_id] = msgspec.structs.replace(one, charges=kept)
    payments = facts.payments(list(newest))
    by_kind: dict[UUID, dict[str, int]] = {}
    reasons: dict[UUID, set[str]] = {}
    for fact in facts.bookings(list(newest), RETURNED):
        if fact.attempt_id is None or fact.kind == INTRADAY:
            continue
        if fact.amount.currency != payments[fact.attempt_id].amount.currency:
            continue
        kinds = by_kind.setdefault(fact.attempt_id, {})
        kinds[fact.kind] = kinds.get(fact.kind, 0) + fact.amount.minor
        reasons.setdefault(fact.attempt_id, set()).add(fact.reason)
    return [
        _Sum(
            payment=payments[attempt_id],
            told=one,
            came_back=Money(
                max(by_kind[attempt_id].values()), payments[attempt_id].amount.currency
            ),
            reasons=tuple(sorted(filter(None, reasons[attempt_id]))),
        )
        for attempt_id, one in newest.items()
        if attempt_id in by_kind
    ]


def _move(acting: Acting, sums: Sequence[_Sum]) -> Mapping[_Sum, Verdict]:
    """Returned as a whole ends the payment; returned in part proves that it was executed."""
    did: dict[_Sum, Verdict] = {}
    for step in (AttemptMove.RETURN, AttemptMove.EXECUTE):
        for reason in sorted({one.reason for one in sums}):
            chosen = [
                one
                for one in sums
                if one.reason == reason and one.is_whole is (step is AttemptMove.RETURN)
            ]
            if not chosen:
                continue
            ids = [one.payment.attempt_id for one in chosen]
            verdicts = move_attempts(acting, ids, step, reason=reason or RETURNED)
            did |= {one: verdicts[one.payment.attempt_id] for one in chosen}
            if step is AttemptMove.EXECUTE:
                part = [
                    one.payment.order_id for one in chosen if did[one] is not Verdict.CONTRADICTS
                ]
                move_orders(acting, part, OrderMove.RETURN_PART, reason=reason)
    return did


def return_key(attempt_id: UUID) -> str:
    """What makes all that is told of one payment's return one case."""
    return f"return/{attempt_id}"


def _case(acting: Acting, one: _Sum, statement_id: UUID | None) -> None:
    """One case for a payment that came back, however many messages tell of it."""
    payment, key = one.payment, return_key(one.payment.attempt_id)
    bad = any(map(says_account_is_bad, one.reasons))
    told = _sentence(one, bad)
    opened = open_cases(
        acting,
        [
            new_case(
                acting,
                CaseKind.RETURN,
                key,
                told,
                "Find out why with the payee; pay again only by a new payment.",
                **about(payment),
                statement_id=statement_id,
                amount=one.came_back,
                reason=one.reason,
                details={"fees_minor": payment.amount.minor - one.came_back.minor},
            )
        ],
    )
    if opened and bad:
        _stop_payee(acting, one)
    _bring_forward(acting, one, key, told, new=bool(opened))


def _put_below(payment: NamedPayment, reversal_id: UUID) -> None:
    """What came back because we undid the payment ourselves."""
    row = cases.lock_by_key(CaseKind.RETURN, return_key(payment.attempt_id))
    if row and row.parent_id is None:
        cases.update(row.id, parent_id=reversal_id)


def adopt_quarrels(order_ids: Collection[UUID]) -> None:
    """Put returns of returns below the return that they are about, whichever was told first."""
    rows = cases.of_orders(order_ids, CaseKind.RETURN) if order_ids else []
    returns = {row.natural_key: row.id for row in rows}
    for row in rows:
        parent_id = returns.get(row.natural_key.rsplit("/", 2)[0])
        if row.parent_id is None and parent_id:
            cases.update(row.id, parent_id=parent_id)


def _bring_forward(acting: Acting, one: _Sum, key: str, told: str, *, new: bool) -> None:
    row = cases.lock_by_key(CaseKind.RETURN, key)
    if row is None:
        raise RuntimeError("a case that was just opened cannot vanish")
    if not new and row.amount != one.came_back:
        cases.update(
            row.id,
            sentence=told,
            amount_minor=one.came_back.minor,
            reason=one.reason,
            details={"fees_minor": one.payment.amount.minor - one.came_back.minor},
        )
        if row.state is CaseState.RESOLVED:
            row = move(acting, row, CaseMove.REOPEN, text="More of it came back.")
    if allows_stage(row, ReturnMove.MATCH):
        row = move_stage(acting, row, ReturnMove.MATCH, reason=one.reason)
    if one.is_whole:
        posting.reset_returned(acting, [one.payment.order_id], one.reason or "no reason given")
        if allows_stage(row, ReturnMove.REVERSE):
            move_stage(acting, row, ReturnMove.REVERSE, reason=one.reason)


def _sentence(one: _Sum, bad: bool) -> str:
    payment = one.payment
    why = f" ({one.reason}{': ' + one.told.text if one.told.text else ''})" if one.reason else ""
    missing = payment.amount - one.came_back
    short = ""
    if missing.minor:
        kept = "its charges" if one.is_whole else "charges, or not all of it is back yet"
        short = f" {missing} of {payment.amount} is missing: {kept}."
    stop = " The payee's account is said to be unusable: the payee is stopped." if bad else ""
    return f"Payment {payment.number} came back with {one.came_back}{why}.{short}{stop}"


def _stop_payee(acting: Acting, one: _Sum) -> None:
    """Nothing more is paid to this payee until two people have lifted the stop."""
    payee_id = one.payment.payee_id
    if payee_id is None or freezes.is_frozen(FreezeScope.PAYEE, payee_id):
        return
    why = f"Payment {one.payment.number} came back: {one.reason}."
    freezing.set_stop(acting, _NOSTRO, FreezeScope.PAYEE, payee_id, FreezeCause.RETURN, why)


def _too_large(acting: Acting, sums: Sequence[_Sum], statement_id: UUID | None) -> None:
    open_cases(
        acting,
        [
            new_case(
                acting,
                CaseKind.CONTRADICTION,
                f"return-too-large/{one.payment.attempt_id}",
                f"{one.came_back} came back for payment {one.payment.number}, which was only"
                f" {one.payment.amount}.",
                "Ask the bank whose money it is; the payment was not changed.",
                **about(one.payment),
                statement_id=statement_id,
                amount=one.came_back,
            )
            for one in sums
        ],
    )
