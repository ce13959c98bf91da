"""What a payee is told once he is paid: who paid him how much, on which day, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.money import Money, total
from nostro.domain.order import ORDER, OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Rail

_PAID = frozenset({OrderState.EXECUTED, OrderState.SETTLED})
_CAME_BACK = frozenset(
    {OrderState.RETURNED, OrderState.PARTIALLY_RETURNED, OrderState.RECALLED}
)  # fmt: skip
ENDING_LENGTH = 4
_DID = "No advice was made, and nobody was told anything."


class PaidInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """One document that was paid. `amount` is None where the source named several and did not say
    how much is for which."""

    number: str
    amount: Money | None = None


class PaidPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One executed payment as its payee is told of it; his account only by its last letters."""

    order_id: str
    number: str
    amount: Money
    executed_on: date
    rail: str
    end_to_end_id: str
    uetr: str = ""
    account_ending: str = ""
    invoices: tuple[PaidInvoice, ...] = ()
    text: str = ""  # What was written with the payment, where it names no invoices.


class PayeeAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one payer to one payee, executed on one day. The caller looks nothing up later:
    all that any form of it says stands here."""

    brand_name: str
    payer_code: str
    payer_name: str
    payer_address: PostalAddress
    payee_number: str
    payee_name: str
    payments: tuple[PaidPayment, ...]

    @property
    def executed_on(self) -> date:
        return self.payments[0].executed_on

    @property
    def totals(self) -> list[Money]:
        return list(total(one.amount for one in self.payments).values())


def is_paid(state: OrderState) -> bool:
    """Whether the payee may be told that he is paid."""
    return state in _PAID


def came_back(state: OrderState) -> bool:
    """Whether a payee who was told that he is paid has to be told otherwise."""
    return state in _CAME_BACK


def is_proven(state: OrderState, rail: str) -> bool:
    """Whether the bank's word is of this payment. It pays a check over whatever stands on it; only
    the line over exactly the payment's amount, which settles it, proves that the payee has that."""
    return state is OrderState.SETTLED or (state in _PAID and rail != Rail.CHECK)


def check_paid(number: str, state: OrderState, rail: str = "") -> None:
    """Raise Refused while a payment has not been executed, and when its money came back or it will
    never be made: a payee who is told of money must find it."""
    if is_proven(state, rail):
        return
    if state in _PAID:
        raise Refused(
            "not_executed_yet",
            f"The bank paid the check of payment {number}; no statement shows that it was over"
            " exactly its amount.",
            _DID,
            "Look at the payment's case: the check may have been altered. Once it is settled its"
            " payee can be told.",
        )
    if state in _CAME_BACK:
        word = state.replace("_", " ")
        raise Refused(
            "payment_came_back",
            f"Payment {number} was {word}: the payee does not have what it said he would.",
            _DID,
            "Tell the payee yourself what became of it; a payment made in its place has its own"
            " advice.",
        )
    if state in ORDER.ends():
        raise Refused(
            "never_executed",
            f"Payment {number} is {state}: no money went to the payee.",
            _DID,
            "Make the payment again if the payee is to have the money.",
        )
    raise Refused(
        "not_executed_yet",
        f"Payment {number} is {state.replace('_', ' ')}: no bank has said that it is executed.",
        _DID,
        "Wait until it has executed it: a payee is told of money that has gone, not of plans.",
    )


def invoices_of(numbers: Sequence[str], amount: Money) -> tuple[PaidInvoice, ...]:
    """The invoices of a payment: a single one is paid the whole amount; of several we only know
    that they are paid, so nothing is spread over them."""
    if len(numbers) == 1:
        return (PaidInvoice(number=numbers[0], amount=amount),)
    return tuple(PaidInvoice(number=number) for number in numbers)


def ending_of(account: str) -> str:
    """The last letters of an account: enough to recognise one's own, too little to use it."""
    return account[-ENDING_LENGTH:] if len(account) > 2 * ENDING_LENGTH else ""
