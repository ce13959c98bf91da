"""How payments are paid by check: one number for one payment, ever, and the bank hears of it.

1. At release a payment takes the next number of its account's range: number, register entry, the
   intent to tell the bank, and the payment's move are one transaction. A crash undoes all or none.
2. Whatever becomes of the check, its number stays in the register and is never given again.
3. The booked line of a check over exactly the payment's amount settles the payment. When the money
   is booked back and the check presented anew, that is a booking of its own, posted again.
4. A check that the bank knows to be void or stopped cancels it (moves.end_by_check). All else is
   a Case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from nostro.domain.case import CaseKind
from nostro.domain.check_state import CheckState
from nostro.domain.errors import Refused
from nostro.domain.journal import BusinessEvent
from nostro.domain.match import Allocation, Proposal, ProposalStatus, Target
from nostro.domain.money import Money
from nostro.domain.order import OrderMove, OrderState
from nostro.domain.party import Account
from nostro.domain.payment import Rail
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.matching.booking import PROVEN
from nostro.storage import checks, events, journals, orders, parties, policies, statements
from nostro.storage.checks import CheckRow
from nostro.storage.orders import OrderRow
from nostro.storage.statements import TransactionRow
from nostro.workflows import case_work, posting
from nostro.workflows.case_work import new_case
from nostro.workflows.context import Acting
from nostro.workflows.moves import move_orders
from nostro.workflows.posting import CashBack
from nostro.workflows.statement_matching import write_matches
from nostro.workflows.wake import wake

Dated = list[tuple[OrderRow, date]]


def draw(acting: Acting, account: Account, group: Dated) -> Dated:
    """Draw the checks among these locked, due payments of one account; returns the others.

    One for which the account has no number left waits, and a Case says so.
    """
    due = [(order, day) for order, day in group if order.route.rail is Rail.CHECK]
    others = [(order, day) for order, day in group if order.route.rail is not Rail.CHECK]
    if not due:
        return others
    terms = policies.in_force(PositivePayTerms, acting.world.clock.now()).of(account.id)
    account_id = UUID(account.id)
    parties.lock_account(account_id)
    numbers = []
    if terms and terms.draws:
        numbers = checks.free_numbers(account_id, terms.first_number, terms.last_number, len(due))
    for (order, day), number in zip(due, numbers, strict=False):
        _draw_one(acting, account, order, day, number)
    if left := due[len(numbers) :]:
        _no_numbers(acting, account, [order for order, _ in left])
    if numbers:
        wake("tell_checks", tenant_id=acting.tenant_id)
    return others


def _draw_one(acting: Acting, account: Account, order: OrderRow, day: date, number: str) -> None:
    now, check_id, told = acting.world.clock.now(), acting.world.ids.new(), order.instruction
    row = {
        "id": check_id,
        "account_id": UUID(account.id),
        "number": number,
        "amount_minor": told.amount.minor,
        "currency": told.amount.currency,
        "payee": [told.creditor_name],
        "payee_number": order.payee_number,
        "issued_on": day,
        "source": f"payment {order.number}",
        "order_id": order.id,
        "state": CheckState.ISSUED.value,
        "state_since": now,
        "maker_id": order.maker_id,
        "maker_name": order.maker_name,
        "created_at": now,
        "next_action_at": now,
    }
    moved = move_orders(
        acting, [order.id], OrderMove.DISPATCH, reason="check", text=f"Check {number} was drawn."
    )
    if checks.insert([row]) != 1 or moved != [order.id]:
        raise _not_drawn(order, number)
    drawn = acting.event(
        "check.registered",
        "check",
        check_id,
        number=number,
        amount=str(told.amount),
        source=row["source"],
        order_id=str(order.id),
    )
    events.record([drawn])


def _not_drawn(order: OrderRow, number: str) -> Refused:
    return Refused(
        "check_not_drawn",
        f"Check {number} could not be drawn for {order.number}: the number is taken, or the"
        " payment has a check already.",
        "No check of this account was drawn.",
        "It is tried again by itself. If it goes on, look at the range of numbers in the"
        " account's positive pay: no other program may use it.",
    )


def _no_numbers(acting: Acting, account: Account, left: Sequence[OrderRow]) -> None:
    told = new_case(
        acting,
        CaseKind.DIFFERENCE,
        f"check-numbers/{account.id}",
        f"{account.name} has no check number left for {len(left)} payments, {left[0].number}"
        " first; they wait.",
        "Agree on more numbers for it (Positive pay of accounts): then they are drawn by"
        " themselves. Or cancel them.",
    )
    case_work.open_again(acting, told)


def settle(
    acting: Acting, statement_id: UUID, account: Account, within: tuple[int, int] | None = None
) -> None:
    """Settle the payments whose checks this statement books, each over its exact amount; of a long
    one those of the lines from the first to the last `within`.

    Inside the statement's unit of work, after its checks have moved (checks_booked).
    """
    if not checks.pays_any(UUID(account.id)):
        return  # Most accounts pay nothing by check: their lines are not read for it.
    lines = {
        number: row
        for row in statements.unmatched(statement_id, within)
        if row.amount.minor < 0 and (number := _number_of(row))
    }
    if not lines:
        return
    paid = [
        check
        for check in checks.named(UUID(account.id), set(lines))
        if check.order_id and _pays(check, lines[check.number])
    ]
    found = {row.id: row for row in orders.lock([one.order_id for one in paid if one.order_id])}
    for check in paid:
        if check.order_id in found:
            _settle_one(acting, found[check.order_id], check, lines[check.number])


def _settle_one(acting: Acting, order: OrderRow, check: CheckRow, line: TransactionRow) -> None:
    settled = move_orders(acting, [order.id], OrderMove.SETTLE, reason="BOOK")
    times = _presented(order)
    if not settled and times is None:
        told = new_case(
            acting,
            CaseKind.CHECK,
            f"check-of-ended/{check.id}/{line.id}",
            f"The bank paid check {check.number} over {check.amount}; its payment {order.number}"
            f" is {order.state}.",
            "See whether it was paid another way too; ask the bank or the payee for the money"
            " then.",
            amount=check.amount,
            order_id=order.id,
        )
        case_work.open_again(acting, told)
        return
    part = Allocation(target=Target.ORDER, target_id=str(order.id), amount=check.amount)
    proof = Proposal(
        transaction_id=str(line.id),
        allocations=(part,),
        rule="own_check",
        evidence_class="own_check/exact",
        probability_millionths=PROVEN,
        status=ProposalStatus.POST,
        evidence=(f"check {check.number}", "the amount is the same"),
    )
    write_matches(acting, [proof])
    booked = line.booked or acting.world.clock.now().date()
    posting.post_settled(acting, [(order, line.id, booked)], times=times or 1)


def _presented(order: OrderRow) -> int | None:
    """Whether the check of a settled payment takes its money for the second time, the third ...:
    all of it has come back as often as it was taken. None where not, or the payment is over."""
    if order.state is not OrderState.SETTLED:
        return None
    counted = journals.count_of_order(order.id)
    taken = counted[BusinessEvent.PAYMENT_SETTLED]
    return taken + 1 if counted[BusinessEvent.RETURN_BOOKED] == taken else None


def came_back(acting: Acting, check: CheckRow, amount: Money, booked: date | None) -> None:
    """The whole money of a settled payment is booked back, and the ERP is told. The payment is
    returned, and may be made again, only when its check is dead: it may be presented once more."""
    if check.order_id is None or amount != check.amount:
        return
    (order,) = orders.lock([check.order_id])
    if order.state is not OrderState.SETTLED:
        return
    day = booked or acting.world.clock.now().date()
    times = journals.count_of_order(order.id)[BusinessEvent.PAYMENT_SETTLED]
    back = CashBack(
        order_id=order.id,
        key=f"check/{day}" + (f"/{times}" if times > 1 else ""),
        booked=day,
        amount=amount,
        charges=Money(0, amount.currency),
    )
    posting.post_returned(acting, [back])


def _number_of(row: TransactionRow) -> str:
    """The number that a line may name a check by, as the register has it."""
    told = row.check_number or row.end_to_end_id
    return told.lstrip("0") if told.isascii() and told.isdigit() else ""


def _pays(check: CheckRow, line: TransactionRow) -> bool:
    """Whether this line is what moved the check: the register says paid, on its day."""
    is_paid = check.state is CheckState.PAID and check.paid_on == line.booked
    return is_paid and -line.amount == check.amount
