"""What somebody owes us: customer invoices that incoming money is matched to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money

REFERENCES_MAX: Final = 20
INSTALMENT_MAX: Final = 999


class ItemKind(StrEnum):
    """What an open item stands for."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    EXPECTED_PAYMENT = "expected_payment"  # Announced or agreed, without a document of ours.
    PSP_PAYOUT = "psp_payout"  # A payment service provider said that it pays this out.


class DiscountTerm(msgspec.Struct, frozen=True, kw_only=True):
    """What may be deducted by whoever pays until a day."""

    amount: Money
    until: date


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """One open document of receivables, or one instalment of it (`instalment`; 0: the whole).

    `open_amount` is what is still to be paid; of a credit note, it is negative. `document_amount`
    is what it was made out for, where the source tells it. `payer_iban` is the account the
    customer usually pays from, or "". `parent_number` is the customer who may pay for this one.
    `references` are further numbers that a payer may name (order, contract, creditor reference).
    """

    id: str
    entity_code: str
    document: str
    customer_number: str
    customer_name: str
    open_amount: Money
    due_date: date
    payer_iban: str = ""
    line: int = 0
    kind: ItemKind = ItemKind.INVOICE
    instalment: int = 0
    document_amount: Money | None = None
    issue_date: date | None = None
    discount: DiscountTerm | None = None
    references: tuple[str, ...] = ()
    parent_number: str = ""


def item_id(entity_code: str, document: str, instalment: int = 0) -> str:
    """The same on every export: "1000:90001234", or "1000:90001234/2" for an instalment."""
    return f"{entity_code}:{document}" + (f"/{instalment}" if instalment else "")


def references_of(told: Iterable[str]) -> tuple[str, ...]:
    """Each once, in their order; raises Invalid (`too_many_references`)."""
    found = tuple(dict.fromkeys(one for one in told if one))
    if len(found) <= REFERENCES_MAX:
        return found
    raise _wrong(
        "too_many_references",
        f"{len(found)} references are told of one item.",
        f"Tell at most {REFERENCES_MAX}.",
        "references",
    )


def check(item: OpenItem) -> None:
    """What is told of an item must fit together; raises Invalid naming the field."""
    negative = item.open_amount.minor < 0
    if (item.kind is ItemKind.CREDIT_NOTE and item.open_amount.minor > 0) or (
        negative and item.kind is not ItemKind.CREDIT_NOTE
    ):
        raise _wrong(
            "sign_and_kind",
            f"{item.document} is a {item.kind.value.replace('_', ' ')} of {item.open_amount}.",
            "A credit note is negative, everything else is positive.",
            "amount",
        )
    whole = item.document_amount
    if whole is not None:
        _check_whole(item, whole)
    term = item.discount
    if term is not None and not _discount_fits(term, item):
        raise _wrong(
            "discount_larger",
            f"{term.amount} may be deducted from {item.open_amount}.",
            "A discount has the currency of its document and is smaller.",
            "discount_amount",
        )


def _check_whole(item: OpenItem, whole: Money) -> None:
    if whole.currency != item.open_amount.currency:
        raise _wrong(
            "document_currency",
            f"{item.document} is of {whole}, and {item.open_amount} are open.",
            "A document and what is open of it have one currency.",
            "document_amount",
        )
    if (whole.minor < 0) != (item.open_amount.minor < 0) and item.open_amount.minor:
        raise _wrong(
            "document_sign",
            f"{item.document} is of {whole}, and {item.open_amount} are open.",
            "A document and what is open of it have one sign.",
            "document_amount",
        )
    if abs(whole.minor) < abs(item.open_amount.minor):
        raise _wrong(
            "more_open_than_due",
            f"{item.document} is of {whole}, and {item.open_amount} are open.",
            "No more than the whole document can be open.",
            "document_amount",
        )


def _discount_fits(term: DiscountTerm, item: OpenItem) -> bool:
    same = term.amount.currency == item.open_amount.currency
    whole = (item.document_amount or item.open_amount).minor
    return same and 0 <= term.amount.minor < max(abs(whole), 1)


def _wrong(code: str, happened: str, can_do: str, field: str) -> Invalid:
    return Invalid(code, happened, "The item was not taken.", can_do, field=field)


def still_open(told_minor: int, document_minor: int, settled_minor: int) -> int:
    """Minor units that are open of an item, in its sign.

    The source told that `told_minor` are open, and our own matches settle `settled_minor`, which
    the source may know already or not. So no more is open than it says, and no more than the
    document without what we settled; whichever is less.
    """
    if document_minor < 0:
        return -still_open(-told_minor, -document_minor, -settled_minor)
    return max(0, min(told_minor, document_minor - settled_minor))
