"""The advice to a payee as plain text: the body of a mail, or a file that anything shows."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final

from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payee_advice import PaidPayment, PayeeAdvice

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_LABEL: Final = 16


def write(advice: PayeeAdvice) -> str:
    """Lines that end in "\\n". No name or text from elsewhere begins a line of its own or hides a
    sign that turns what is read: each is one line of visible letters."""
    count = len(advice.payments)
    told = [
        subject(advice),
        "",
        _fact("Paid by", one_line(advice.payer_name)),
        *(_fact("", line) for line in address_lines(advice.payer_address)),
        _fact("Paid to", one_line(advice.payee_name)),
        _fact("Your number", one_line(advice.payee_number)),
        _fact("Executed on", day(advice.executed_on)),
    ]
    if count > 1:
        sums = ", ".join(map(money, advice.totals))
        told.append(_fact("In all", f"{sums} in {count} payments"))
    for paid in advice.payments:
        told += ["", *_payment(paid)]
    told += [
        "",
        "The bank has executed this payment. When you can use the money depends on your bank.",
        "Please do not answer with bank details: a new account is never taken from a mail.",
    ]
    return "".join(f"{line}\n" for line in told if line is not None)


def subject(advice: PayeeAdvice) -> str:
    """One line: who paid how much on which day."""
    sums = ", ".join(map(money, advice.totals))
    return f"Remittance advice: {sums} from {one_line(advice.payer_name)}"


def day(on: date) -> str:
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def money(amount: Money) -> str:
    return f"{amount.grouped()} {amount.currency}"


def address_lines(address: PostalAddress) -> tuple[str, ...]:
    street = f"{address.street} {address.building}".strip()
    town = f"{address.post_code} {address.town}".strip()
    return tuple(one_line(line) for line in (street, town, address.country) if line)


def _payment(paid: PaidPayment) -> list[str | None]:
    ending = f"ending in {one_line(paid.account_ending)}" if paid.account_ending else ""
    lines = [
        _fact("Payment", one_line(paid.number)),
        _fact("Amount", money(paid.amount)),
        _fact("To account", ending),
        _fact("End-to-end id", one_line(paid.end_to_end_id)),
        _fact("UETR", paid.uetr),
    ]
    for place, invoice in enumerate(paid.invoices):
        amount = f"  {money(invoice.amount)}" if invoice.amount else ""
        lines.append(_fact("" if place else "For invoice", f"{one_line(invoice.number)}{amount}"))
    lines.append(_fact("Text", one_line(paid.text)))
    return lines


def _fact(label: str, value: str) -> str | None:
    """None for what is not known: a label alone says nothing."""
    return f"{label:<{_LABEL}}{value}" if value else None


def one_line(text: str) -> str:
    """Without controls and marks of direction; white space and line ends become single spaces."""
    spaced = " ".join(text.split())
    return "".join(one for one in spaced if unicodedata.category(one)[0] != "C")
