"""What a statement says of checks: paid, paid though they were not to be, given back.

A booking is a fact: the check moves by it, and whatever is not as we said is a Case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind
from nostro.domain.check_exception import CHECK_EXCEPTION, Decision, ExceptionMove
from nostro.domain.check_state import CHECK, NOT_TO_BE_PAID, CheckMove, CheckState
from nostro.domain.money import Money
from nostro.domain.order import OrderMove
from nostro.domain.party import Account
from nostro.domain.policies.positive_pay import PositivePayTerms, stale_before
from nostro.domain.statement import Entry, EntryStatus, Statement
from nostro.storage import check_exceptions, checks, orders, policies
from nostro.storage.checks import CheckRow
from nostro.workflows import case_work, drawn_checks
from nostro.workflows.case_work import new_case
from nostro.workflows.check_moves import move, move_exceptions, not_paid
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders

LAPSED_AT_ONCE = 500
_CHECK_PAID = "475"  # BAI2: check paid; its customer reference is the check's number.
_NUMBER = re.compile(r"\d{1,15}")


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One booked check: money out is positive here."""

    number: str
    amount: Money
    entry: Entry


def apply_checks(acting: Acting, statement: Statement, account: Account) -> None:
    """Move the checks that a statement books; inside its unit of work."""
    account_id = UUID(account.id)
    terms = policies.in_force(PositivePayTerms, acting.world.clock.now()).of(account.id)
    found = list(_booked(statement))
    rows = checks.named(account_id, {one.number for one in found}, locked=True) if found else []
    register = {row.number: row for row in rows}
    for one in found:
        row = register.get(one.number)
        if row is not None:
            _apply(acting, row, one)
        elif terms is not None and one.amount.minor > 0:
            _not_ours(acting, account, one)
        _end_exceptions(acting, account_id, one)
    if terms is not None:
        _lapse(acting, checks.lapsing(
            account_id, stale_before(terms, acting.world.clock.now()), LAPSED_AT_ONCE
        ))  # fmt: skip


def _booked(statement: Statement) -> Iterator[Booked]:
    for entry in statement.entries:
        number = _number_of(entry)
        if number and entry.status == EntryStatus.BOOK:
            yield Booked(number=number, amount=-entry.amount, entry=entry)


def _number_of(entry: Entry) -> str:
    """The number of the check that a line books; "" when it books none."""
    for detail in entry.details:
        if _NUMBER.fullmatch(detail.check_number):
            return detail.check_number.lstrip("0")
    if entry.proprietary_code == _CHECK_PAID and entry.details:
        told = entry.details[0].end_to_end_id
        return told.lstrip("0") if _NUMBER.fullmatch(told) else ""
    return ""


def _apply(acting: Acting, row: CheckRow, one: Booked) -> None:
    if one.amount.minor < 0:
        if CHECK.allows(row.state, CheckMove.RETURN):
            move(acting, [row], CheckMove.RETURN, text="Its money was booked back.")
            not_paid(acting, [row])
            drawn_checks.came_back(acting, row, -one.amount, one.entry.booked)
        return
    if row.state is CheckState.PAID:
        if row.paid_on != one.entry.booked:
            told = f"The bank booked check {row.number} again, on {one.entry.booked}."
            _case(acting, row, one, told)
        return
    before = row.state
    move(acting, [row], CheckMove.PAY, text=f"Booked: {one.amount}", paid_on=one.entry.booked,
         next_action_at=None)  # fmt: skip
    if row.order_id:  # Settled when the line is matched to it: see drawn_checks.
        orders.lock_only([row.order_id])
        move_orders(acting, [row.order_id], OrderMove.EXECUTE, reason="check", text="Booked.")
    if one.amount != row.amount:
        told = f"The bank paid check {row.number} over {one.amount}; we issued {row.amount}."
        _case(acting, row, one, told)
    elif before in NOT_TO_BE_PAID:
        told = f"The bank paid check {row.number}, which was {before.replace('_', ' ')}."
        _case(acting, row, one, told)


def _end_exceptions(acting: Acting, account_id: UUID, one: Booked) -> None:
    """What was asked about it is over; paid though it was to be returned is a Case."""
    if one.amount.minor <= 0:
        return
    rows = [
        row
        for row in check_exceptions.lock_presented(account_id, one.number, one.amount)
        if CHECK_EXCEPTION.allows(row.state, ExceptionMove.PAY)
    ][:1]
    move_exceptions(acting, rows, ExceptionMove.PAY, text="Booked.", next_action_at=None)
    for row in rows:
        if row.decision is Decision.RETURN:
            case_work.open_again(
                acting,
                new_case(
                    acting,
                    CaseKind.CHECK,
                    f"check-paid-though-returned/{row.id}",
                    f"The bank paid check {row.number} over {row.amount}: it was to be returned.",
                    "Ask the bank for the money: it had our decision, see the file.",
                    amount=row.amount,
                ),
            )


def _lapse(acting: Acting, ids: list[UUID]) -> None:
    rows = [row for row in checks.lock(ids) if CHECK.allows(row.state, CheckMove.LAPSE)]
    move(acting, rows, CheckMove.LAPSE, text="Nobody has cashed it for so long.")


def _case(acting: Acting, row: CheckRow, one: Booked, sentence: str) -> None:
    told = new_case(
        acting,
        CaseKind.CHECK,
        f"check-booked/{row.id}/{one.entry.booked}/{one.amount}",
        sentence,
        "Ask the bank why, the sooner the better: its terms say how long it takes it back.",
        amount=one.amount,
        order_id=row.order_id,
    )
    case_work.open_again(acting, told)


def _not_ours(acting: Acting, account: Account, one: Booked) -> None:
    told = new_case(
        acting,
        CaseKind.CHECK,
        f"check-unknown/{account.id}/{one.number}/{one.entry.booked}/{one.amount}",
        f"The bank paid check {one.number} of {account.name} over {one.amount}; nobody entered it.",
        "If nobody issued it, it is forged: tell the bank at once. Else enter it.",
        amount=one.amount,
    )
    case_work.open_again(acting, told)
