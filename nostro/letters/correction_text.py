"""What a payee is told who was advised of money that came back: what he must not count on."""

from __future__ import annotations

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payee_advice import PayeeAdvice
from nostro.letters.remittance_text import day, money

_BECAME = {
    OrderState.RETURNED: "came back to the payer",
    OrderState.PARTIALLY_RETURNED: "came back to the payer in part",
    OrderState.RECALLED: "was called back by the payer",
}


def subject(advice: PayeeAdvice) -> str:
    (paid,) = advice.payments
    name = " ".join(advice.payer_name.split())
    return f"Correction: payment {paid.number} of {money(paid.amount)} from {name}"


def write(advice: PayeeAdvice, became: OrderState, came_back: Money) -> str:
    """Lines that end in "\\n". `became` is what became of the payment, `came_back` how much."""
    (paid,) = advice.payments
    invoices = ", ".join(" ".join(one.number.split()) for one in paid.invoices)
    lines = [
        subject(advice),
        "",
        f"We told you that payment {paid.number} of {day(paid.executed_on)} was executed:",
        f"{money(paid.amount)}, end-to-end id {paid.end_to_end_id}.",
        "",
        f"It {_BECAME[became]}{_how_much(became, came_back)}. Our advice no longer holds: please"
        " do not count on it.",
        *([f"For invoices: {invoices}"] if invoices else []),
        "",
        "A payment made in its place has its own advice.",
        "Please do not answer with bank details: a new account is never taken from a mail.",
    ]
    return "".join(f"{line}\n" for line in lines)


def _how_much(became: OrderState, came_back: Money) -> str:
    partly = became is OrderState.PARTIALLY_RETURNED and came_back.minor
    return f", {money(came_back)} of it" if partly else ""
