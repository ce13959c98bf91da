"""What is checked before anyone is asked to approve a payment; each finding says why in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.money import Money
from nostro.domain.party import PayeeAccount
from nostro.domain.payment import PaymentRequest

# How long a change of bank details makes payments to the new account wait for a person.
RECENT_CHANGE = timedelta(days=30)


class Effect(StrEnum):
    INVALID = "invalid"  # The source must correct it.
    HOLD = "hold"  # A named person must look first.


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a payment may not simply go on. `refers_to` is the other record, if any."""

    code: str
    effect: Effect
    sentence: str
    refers_to: str = ""


class PaidInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that already exists for an invoice, whatever its source."""

    reference: str
    payee_number: str
    invoice: str
    amount: Money
    requested_date: date


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What we know when a payment is checked: the payee's account as kept, and earlier payments."""

    payee_account: PayeeAccount | None
    paid: tuple[PaidInvoice, ...]
    now: datetime


def check(request: PaymentRequest, known: Known) -> tuple[Finding, ...]:
    """Every finding on one payment, in the order a person would want to read them."""
    return (*_form(request), *_payee(request, known), *_duplicate(request, known))


def _form(request: PaymentRequest) -> list[Finding]:
    findings = []
    if request.amount.minor <= 0:
        findings.append(_invalid("amount_not_positive", f"The amount is {request.amount}."))
    try:
        iban(request.creditor_iban)
    except Invalid as error:
        findings.append(_invalid(error.code, error.happened))
    address = request.payee_address
    if not (address.town and address.country):
        findings.append(
            _invalid(
                "address_incomplete",
                "The payee's address has no town or no country; banks have refused such"
                " payments since November 2026.",
            )
        )
    return findings


def _payee(request: PaymentRequest, known: Known) -> list[Finding]:
    account = known.payee_account
    if account is None:
        return [
            _hold("payee_unknown", f"Payee {request.payee_number} is not in our master data yet.")
        ]
    if account.iban != request.creditor_iban:
        return [
            _hold(
                "account_differs",
                f"The file pays to an account ending {request.creditor_iban[-4:]}; the payee's"
                f" known account ends {account.iban[-4:]}.",
                account.id,
            )
        ]
    age = known.now - account.valid_from
    if account.version > 1 and age < RECENT_CHANGE and not account.confirmed:
        return [
            _hold(
                "account_recently_changed",
                f"The payee's account was changed {age.days} days ago by {account.changed_by} and"
                " nobody has confirmed it with the payee.",
                account.id,
            )
        ]
    return []


def _duplicate(request: PaymentRequest, known: Known) -> list[Finding]:
    return [
        _hold(
            "duplicate_suspected",
            f"Invoice {earlier.invoice} was already paid: {earlier.amount} on"
            f" {earlier.requested_date.isoformat()} ({earlier.reference}).",
            earlier.reference,
        )
        for earlier in known.paid
        if earlier.payee_number == request.payee_number
        and earlier.invoice in request.invoices
        and earlier.amount == request.amount
    ]


def _invalid(code: str, sentence: str) -> Finding:
    return Finding(code=code, effect=Effect.INVALID, sentence=sentence)


def _hold(code: str, sentence: str, refers_to: str = "") -> Finding:
    return Finding(code=code, effect=Effect.HOLD, sentence=sentence, refers_to=refers_to)
