"""What an ERP books of a line that pays open items, and of a match that a person undid.

One journal a match: bank, each difference by the ledger account of its reason, what is kept on
account, and each document that is cleared. An undone match is booked back by a journal of its own;
nothing that was told is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    check_balance,
    posting_rule,
)
from nostro.domain.line_decision import Decision
from nostro.domain.match import AdjustmentKind
from nostro.domain.money import Money, convert
from nostro.domain.party import Account, LegalEntity
from nostro.domain.policies.match_differences import DifferenceReasons
from nostro.storage import journals, parties
from nostro.storage.journals import NewJournal
from nostro.workflows.context import Acting
from nostro.workflows.posting import posting_styles, write_journals

NAMED_MAX: Final = 5  # Documents in the text of a journal; its lines name all of them.


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A decided line, with what its journal names."""

    match_id: UUID
    transaction_id: UUID
    amount: Money
    booked: date
    decision: Decision
    account: Account
    entity: LegalEntity


def post_receipts(
    acting: Acting,
    receipts: Sequence[Receipt],
    documents: Mapping[str, str],
    reasons: DifferenceReasons,
) -> None:
    """Tell the ERP of lines that were matched; `documents` are numbers by the item's id."""
    rule = posting_rule(BusinessEvent.RECEIPT_MATCHED, "", posting_styles())
    made = []
    for one in receipts:
        journal = JournalEvent(
            id=str(acting.world.ids.new()),
            event=BusinessEvent.RECEIPT_MATCHED,
            owner=rule.owner,
            action=rule.action,
            entity_code=one.entity.code,
            posting_date=one.booked,
            reference=f"{one.transaction_id}/{one.match_id}",
            text=_text(one, documents),
            lines=_lines(one, documents, reasons),
        )
        check_balance(journal)
        made.append(
            NewJournal(
                journal=journal,
                entity_id=UUID(one.entity.id),
                transaction_id=one.transaction_id,
            )
        )
    write_journals(acting, made)


def post_undone(acting: Acting, transaction_id: UUID, reason: str) -> None:
    """Tell the ERP to book back what it was told of a line, as of today."""
    rule = posting_rule(BusinessEvent.RECEIPT_UNDONE, "", posting_styles())
    entities = {entity.code: entity for entity in parties.entities()}
    told = journals.of_transaction(transaction_id, BusinessEvent.RECEIPT_MATCHED)
    write_journals(
        acting,
        [
            NewJournal(
                journal=msgspec.structs.replace(
                    journal,
                    id=str(acting.world.ids.new()),
                    event=BusinessEvent.RECEIPT_UNDONE,
                    owner=rule.owner,
                    action=rule.action,
                    posting_date=acting.world.clock.now().date(),
                    reference=f"{journal.reference}/undone",
                    text=f"Undone: {journal.text}. {reason}",
                    lines=tuple(_back(line) for line in journal.lines),
                ),
                entity_id=UUID(entities[journal.entity_code].id),
                transaction_id=transaction_id,
            )
            for journal in told  # One that was booked back before is known by its reference.
        ],
    )


def _back(line: JournalLine) -> JournalLine:
    return msgspec.structs.replace(line, document=-line.document, functional=-line.functional)


def _text(one: Receipt, documents: Mapping[str, str]) -> str:
    named = [documents[part.item_id] for part in one.decision.parts]
    if not named:
        return "Receipt without a document"
    more = " and others" if len(named) > NAMED_MAX else ""
    return f"Receipt for {', '.join(named[:NAMED_MAX])}{more}"


def _lines(
    one: Receipt, documents: Mapping[str, str], reasons: DifferenceReasons
) -> tuple[JournalLine, ...]:
    """The bank's line takes what rounding to the functional currency leaves."""
    currency, text = one.entity.functional_currency, _text(one, documents)
    rate = parties.rate(one.amount.currency, currency, one.booked)
    others = [
        JournalLine(
            ledger_account=account,
            document=amount,
            functional=convert(amount, rate, currency),
            open_item=item,
            text=said,
        )
        for account, amount, item, said in _sides(one, documents, reasons)
    ]
    functional = sum((line.functional for line in others), Money(0, currency))
    bank = JournalLine(
        ledger_account=one.account.ledger_account,
        document=one.amount,
        functional=-functional,
        text=text,
    )
    return (bank, *others)


def _sides(
    one: Receipt, documents: Mapping[str, str], reasons: DifferenceReasons
) -> list[tuple[str, Money, str, str]]:
    """Ledger account, amount, document and words of each side but the bank's."""
    receivables = one.entity.receivables_account
    sides = []
    for difference in one.decision.differences:
        if difference.kind is AdjustmentKind.ON_ACCOUNT:
            text = f"On account of {difference.customer_number}"
            sides.append((receivables, -difference.amount, "", text))
        else:
            reason = reasons.named(difference.code, difference.kind)
            text = f"{reason.code} {reason.title}"
            sides.append((reason.ledger_account, -difference.amount, "", text))
    for part in one.decision.parts:
        document = documents[part.item_id]
        sides.append((receivables, -part.amount, document, f"Receipt for {document}"))
    return sides
