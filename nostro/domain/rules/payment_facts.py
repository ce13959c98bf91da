"""What a rule can ask about a payment, and the same of an example in a few words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final

from nostro.domain.errors import Invalid
from nostro.domain.local_account import Scheme, country_of, parts
from nostro.domain.money import Money
from nostro.domain.payment import PaymentRequest, Wishes
from nostro.domain.rules.constants import day_said
from nostro.domain.rules.expression import Expression, Facts, Kind, read

VOCABULARY: Final[Mapping[str, Kind]] = {
    "amount": Kind.MONEY,
    "amount_minor": Kind.NUMBER,  # In the smallest unit of the currency.
    "currency": Kind.TEXT,
    "entity": Kind.TEXT,  # Its code.
    "payee": Kind.TEXT,  # Its number.
    "payee_name": Kind.TEXT,
    "payee_country": Kind.TEXT,  # Of its address.
    "bank_country": Kind.TEXT,  # Of the account that is paid.
    "payee_account": Kind.TEXT,
    "account_kind": Kind.TEXT,  # Of the payee's account: iban, aba, sort_code, bic or none.
    "source": Kind.TEXT,
    "invoices": Kind.NUMBER,
    "remittance": Kind.TEXT,
    "requested_date": Kind.DAY,
    "days_ahead": Kind.NUMBER,  # From the day of the check to the requested one.
    "intercompany": Kind.TRUTH,  # The payee's account is one of our own.
    "confidential": Kind.TRUTH,
    # What the source itself says; "" where it says nothing.
    "urgency": Kind.TEXT,  # normal or urgent.
    "purpose": Kind.TEXT,
    "category_purpose": Kind.TEXT,
}
_KINDS: Final[Mapping[Scheme, str]] = {
    Scheme.USABA: "aba",
    Scheme.GBDSC: "sort_code",
    Scheme.BIC: "bic",
}
_DERIVED: Final = frozenset({"amount_minor", "currency"})
_NOTHING: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: "",
    Kind.NUMBER: 0,
    Kind.DAY: date(2000, 1, 1),
    Kind.TRUTH: False,
}
EXAMPLE_MAX = 500


def condition(text: str) -> Expression:
    """A condition about payments. Raises Invalid (`rule_not_understood`)."""
    return read(text, VOCABULARY)


def facts_of(
    request: PaymentRequest, *, entity: str, source: str, own: Collection[str], today: date
) -> Facts:
    """What there is to ask about one payment; `own` are the accounts of all our entities."""
    account, wishes = request.creditor_number, request.wishes or Wishes()
    return {
        "amount": request.amount,
        "amount_minor": request.amount.minor,
        "currency": request.amount.currency,
        "entity": entity,
        "payee": request.payee_number,
        "payee_name": request.payee_name,
        "payee_country": request.payee_address.country,
        "bank_country": country_of(request.creditor_iban, request.creditor_account),
        "payee_account": account,
        "account_kind": account_kind(request),
        "source": source,
        "invoices": len(request.invoices),
        "remittance": request.remittance,
        "requested_date": request.requested_date,
        "days_ahead": (request.requested_date - today).days,
        "intercompany": account in own,
        "confidential": request.confidential,
        "urgency": wishes.urgency or "",
        "purpose": wishes.purpose,
        "category_purpose": wishes.category_purpose,
    }


def account_kind(request: PaymentRequest) -> str:
    """What names the payee's account: iban, aba, sort_code, bic; none: only a cheque can pay."""
    if request.creditor_iban:
        return "iban"
    local = request.creditor_account
    return _KINDS[parts(local).scheme] if local else "none"


def example(text: str) -> Facts:
    """A made-up payment like `amount 12000.00 EUR, payee_country CH`; what it does not say is
    empty, 0 or no. Raises Invalid (`example_unreadable`)."""
    found: dict[str, Any] = {
        name: _NOTHING[kind] for name, kind in VOCABULARY.items() if kind in _NOTHING
    }
    found["amount"] = None
    said: set[str] = set()
    for part in filter(None, (one.strip() for one in text[:EXAMPLE_MAX].split(","))):
        name, _, value = part.partition(" ")
        if name not in VOCABULARY or name in _DERIVED or name in said:
            raise _unreadable(part)
        said.add(name)
        try:
            found[name] = _READ[VOCABULARY[name]](value.strip())
        except (ValueError, Invalid):
            raise _unreadable(part) from None
    amount = found["amount"]
    if amount is None:
        raise _unreadable(text)
    return {**found, "amount_minor": amount.minor, "currency": amount.currency}


def _money(text: str) -> Money:
    number, _, currency = text.partition(" ")
    return Money.parse(number, currency)


def _truth(text: str) -> bool:
    if text not in ("", "yes", "true", "no", "false"):
        raise ValueError(text)
    return text in ("", "yes", "true")


_READ: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.TEXT: str,
    Kind.NUMBER: int,
    Kind.MONEY: _money,
    Kind.DAY: day_said,
    Kind.TRUTH: _truth,
}


def _unreadable(part: str) -> Invalid:
    names = ", ".join(name for name in VOCABULARY if name not in _DERIVED)
    return Invalid(
        "example_unreadable",
        f"The example {part[:80]!r} does not say a payment that one can check.",
        "Nothing was asked for.",
        f"Write it like: amount 12000.00 EUR, payee_country CH. It can say, once each: {names}.",
        field="examples",
    )
