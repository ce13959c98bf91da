"""What an ERP should post and why: balanced journals, honouring who owns the posting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money


class PostingOwner(StrEnum):
    """Who books an event. An ERP payment run has already posted payables against clearing."""

    ERP = "erp"
    NOSTRO = "nostro"


class PostingAction(StrEnum):
    POST = "post"
    CLEAR = "clear"
    RESET_AND_REVERSE = "reset_and_reverse"
    NONE = "none"


class BusinessEvent(StrEnum):
    PAYMENT_SENT = "payment_sent"
    PAYMENT_REJECTED = "payment_rejected"
    PAYMENT_SETTLED = "payment_settled"
    PAYMENT_RETURNED = "payment_returned"
    RECEIPT_MATCHED = "receipt_matched"
    RECEIPT_UNDONE = "receipt_undone"  # A person took a match back: what was told is booked back.
    RETURN_BOOKED = "return_booked"  # The money of a return, as a statement books it.
    CHARGES_BOOKED = "charges_booked"  # What the bank itemises in the booking of a payment.


class PostingRule(msgspec.Struct, frozen=True, kw_only=True):
    owner: PostingOwner
    action: PostingAction


# For a source whose payment run posts payables against bank clearing by itself (SAP F110 style).
ERP_POSTS_PAYMENT_RUN = {
    BusinessEvent.PAYMENT_SENT: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
    BusinessEvent.PAYMENT_REJECTED: PostingRule(
        owner=PostingOwner.ERP, action=PostingAction.RESET_AND_REVERSE
    ),
    BusinessEvent.PAYMENT_SETTLED: PostingRule(
        owner=PostingOwner.NOSTRO, action=PostingAction.POST
    ),
    BusinessEvent.PAYMENT_RETURNED: PostingRule(
        owner=PostingOwner.ERP, action=PostingAction.RESET_AND_REVERSE
    ),
    BusinessEvent.RECEIPT_MATCHED: PostingRule(
        owner=PostingOwner.NOSTRO, action=PostingAction.CLEAR
    ),
    BusinessEvent.RECEIPT_UNDONE: PostingRule(owner=PostingOwner.NOSTRO, action=PostingAction.POST),
    BusinessEvent.RETURN_BOOKED: PostingRule(owner=PostingOwner.NOSTRO, action=PostingAction.POST),
    BusinessEvent.CHARGES_BOOKED: PostingRule(owner=PostingOwner.NOSTRO, action=PostingAction.POST),
}

# For a source that imports the bank's statements too and books bank against clearing from them
# (Tryton style). What it books we record with action `none`: posting it as well would be twice.
ERP_POSTS_STATEMENTS_TOO = {
    **ERP_POSTS_PAYMENT_RUN,
    BusinessEvent.PAYMENT_SETTLED: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
    BusinessEvent.RECEIPT_MATCHED: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
    BusinessEvent.RECEIPT_UNDONE: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
    BusinessEvent.RETURN_BOOKED: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
    BusinessEvent.CHARGES_BOOKED: PostingRule(owner=PostingOwner.ERP, action=PostingAction.NONE),
}


class PostingStyle(StrEnum):
    """How much an ERP books by itself."""

    PAYMENT_RUN_ONLY = "payment_run_only"
    STATEMENTS_TOO = "statements_too"


_RULES = {
    PostingStyle.PAYMENT_RUN_ONLY: ERP_POSTS_PAYMENT_RUN,
    PostingStyle.STATEMENTS_TOO: ERP_POSTS_STATEMENTS_TOO,
}


def posting_rule(
    event: BusinessEvent, source: str, styles: Mapping[str, PostingStyle]
) -> PostingRule:
    """Who books an event of a source. The style under "" speaks for every source not named."""
    style = styles.get(source) or styles.get("", PostingStyle.PAYMENT_RUN_ONLY)
    return _RULES[style][event]


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a journal. Amounts are signed: debit positive, credit negative."""

    ledger_account: str
    document: Money
    functional: Money
    open_item: str = ""
    text: str = ""


class JournalEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction to the ERP. With action `reset_and_reverse` it carries no lines: the ERP
    resets its own clearing and reverses its own document. With `none` it is not sent: its lines
    say what the ERP is expected to have booked by itself."""

    id: str
    event: BusinessEvent
    owner: PostingOwner
    action: PostingAction
    entity_code: str
    posting_date: date
    reference: str
    text: str
    lines: tuple[JournalLine, ...]


def check_balance(journal: JournalEvent) -> None:
    """Raise Invalid unless functional amounts balance, and document amounts per currency."""
    functional: dict[str, int] = {}
    document: dict[str, int] = {}
    for line in journal.lines:
        functional[line.functional.currency] = (
            functional.get(line.functional.currency, 0) + line.functional.minor
        )
        document[line.document.currency] = (
            document.get(line.document.currency, 0) + line.document.minor
        )
    if len(functional) > 1 or any(functional.values()) or any(document.values()):
        raise Invalid(
            "journal_does_not_balance",
            f"Journal {journal.reference} does not balance.",
            "It was not written.",
            "Report this: it is a defect of the posting rule.",
        )
