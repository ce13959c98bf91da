"""What the ERP should post, by who owns the posting, and its delivery as a dispatch of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingRule,
    PostingStyle,
    check_balance,
    posting_rule,
)
from nostro.domain.money import Money, convert
from nostro.domain.party import LegalEntity
from nostro.storage import events, journals, orders, parties, submissions
from nostro.storage.journals import NewJournal
from nostro.storage.orders import OrderRow
from nostro.workflows.context import Acting
from nostro.workflows.erp_file import erp_file
from nostro.workflows.wake import wake

JOURNAL_FORMAT = "journal_csv"


def reset_rejected(acting: Acting, order_ids: Collection[UUID], reason: str) -> None:
    """A rejected payment: the ERP posted it, so the ERP resets its clearing and reverses."""
    _reset(acting, order_ids, BusinessEvent.PAYMENT_REJECTED, f"Rejected by the bank ({reason})")


def reset_returned(acting: Acting, order_ids: Collection[UUID], reason: str) -> None:
    """A payment that came back whole: its invoice is open again, by who posted it; once each."""
    _reset(acting, order_ids, BusinessEvent.PAYMENT_RETURNED, f"Returned by the bank ({reason})")


def _reset(
    acting: Acting, order_ids: Collection[UUID], event: BusinessEvent, happened: str
) -> None:
    styles = posting_styles()
    known = {entity.id: entity for entity in parties.entities()}
    made = [
        NewJournal(
            journal=JournalEvent(
                id=str(acting.world.ids.new()),
                event=event,
                owner=rule.owner,
                action=rule.action,
                entity_code=known[str(order.entity_id)].code,
                posting_date=acting.world.clock.now().date(),
                reference=f"{order.number}/{event.value.removeprefix('payment_')}",
                text=f"{happened}: {order.source_reference},"
                f" {order.instruction.amount} to {order.instruction.creditor_name}",
                lines=(),
            ),
            entity_id=order.entity_id,
            order_id=order.id,
        )
        for order in orders.load(order_ids)
        for rule in [posting_rule(event, order.source, styles)]
    ]
    write_journals(acting, made)


def post_settled(
    acting: Acting, settled: Sequence[tuple[OrderRow, UUID, date]], *, times: int = 1
) -> None:
    """Cash has left: clearing against bank, for (order, bank transaction, booking day). `times`
    is 2 where it came back in between and left again, and so on."""
    again = f"/{times}" if times > 1 else ""
    accounts = {account.id: account for account in parties.accounts()}
    entities = {entity.id: entity for entity in parties.entities()}
    styles, made = posting_styles(), []
    for order, transaction_id, booked in settled:
        account, entity = accounts[order.route.account_id], entities[str(order.entity_id)]
        amount = order.instruction.amount
        made.append(
            NewJournal(
                journal=_balanced(
                    acting,
                    BusinessEvent.PAYMENT_SETTLED,
                    posting_rule(BusinessEvent.PAYMENT_SETTLED, order.source, styles),
                    entity,
                    booked,
                    f"{order.number}/settled{again}",
                    f"{order.source_reference} to {order.instruction.creditor_name}",
                    [(account.clearing_account, amount)],
                    (account.ledger_account, ""),
                ),
                entity_id=order.entity_id,
                order_id=order.id,
                transaction_id=transaction_id,
            )
        )
    write_journals(acting, made)


class CashBack(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement by which money of a payment came back, and what was kept of it.

    `key` is the same whenever this line is told again; `charges` are those that the bank itemises.
    """

    order_id: UUID
    key: str
    booked: date
    amount: Money
    charges: Money


def post_returned(acting: Acting, told: Sequence[CashBack]) -> None:
    """Cash has come back: bank, and bank charges, against clearing, which is open again by both.

    The item of the clearing line is the payment's own number in its source. Without a ledger
    account for charges they stay open, for a person to see.
    """
    by_id = {order.id: order for order in orders.load({line.order_id for line in told})}
    accounts = {account.id: account for account in parties.accounts()}
    entities = {entity.id: entity for entity in parties.entities()}
    styles, made = posting_styles(), []
    for line in told:
        order = by_id[line.order_id]
        account, entity = accounts[order.route.account_id], entities[str(order.entity_id)]
        charges_account = _charges_account(order.source)
        debits = [(account.ledger_account, line.amount)]
        same = line.charges.currency == line.amount.currency
        if charges_account and same and line.charges.minor > 0:
            debits.append((charges_account, line.charges))
        journal = _balanced(
            acting,
            BusinessEvent.RETURN_BOOKED,
            posting_rule(BusinessEvent.RETURN_BOOKED, order.source, styles),
            entity,
            line.booked,
            f"{order.number}/returned/{line.key}",
            f"Came back: {order.source_reference}, {line.amount} of {order.instruction.amount}",
            debits,
            (account.clearing_account, order.source_reference),
        )
        made.append(NewJournal(journal=journal, entity_id=order.entity_id, order_id=order.id))
    write_journals(acting, made)


def post_charges(
    acting: Acting, order: OrderRow, transaction_id: UUID, booked: date, charges: Money
) -> None:
    """What the bank took besides, in the booking of this payment or of the batch that it is in:
    bank charges against bank. Without a ledger account for charges nothing is posted."""
    charges_account = _charges_account(order.source)
    if not charges_account:
        return
    account = next(one for one in parties.accounts() if one.id == order.route.account_id)
    entity = next(one for one in parties.entities() if one.id == account.legal_entity_id)
    journal = _balanced(
        acting,
        BusinessEvent.CHARGES_BOOKED,
        posting_rule(BusinessEvent.CHARGES_BOOKED, order.source, posting_styles()),
        entity,
        booked,
        f"{transaction_id}/charges",
        f"Charges of {account.name}, itemised with {order.source_reference}",
        [(charges_account, charges)],
        (account.ledger_account, ""),
    )
    new = NewJournal(journal=journal, entity_id=UUID(entity.id), transaction_id=transaction_id)
    write_journals(acting, [new])


def _charges_account(source: str) -> str:
    """The ledger account of bank charges in the ERP of this source, or ""."""
    told = {
        str(row.config.get("source", "")): str(row.config.get("charges_account", ""))
        for row in parties.connections()
        if row.config.get("charges_account")
    }
    return told.get(source) or told.get("", "")


def _balanced(
    acting: Acting,
    event: BusinessEvent,
    rule: PostingRule,
    entity: LegalEntity,
    booked: date,
    reference: str,
    text: str,
    debits: Sequence[tuple[str, Money]],
    credit: tuple[str, str],
) -> JournalEvent:
    """Debits of one currency by ledger account, and one credit of their sum: its ledger account
    and the item that it opens or clears, or ""."""
    journal = JournalEvent(
        id=str(acting.world.ids.new()),
        event=event,
        owner=rule.owner,
        action=rule.action,
        entity_code=entity.code,
        posting_date=booked,
        reference=reference,
        text=text,
        lines=_lines(entity, booked, text, debits, credit),
    )
    check_balance(journal)
    return journal


def _lines(
    entity: LegalEntity,
    booked: date,
    text: str,
    debits: Sequence[tuple[str, Money]],
    credit: tuple[str, str],
) -> tuple[JournalLine, ...]:
    currency = debits[0][1].currency
    rate = parties.rate(currency, entity.functional_currency, booked)
    lines = [
        JournalLine(
            ledger_account=account,
            document=amount,
            functional=convert(amount, rate, entity.functional_currency),
            text=text,
        )
        for account, amount in debits
    ]
    # What is rounded, is rounded in the debits: the credit is their sum, to the minor unit.
    document = sum((line.document for line in lines), Money(0, currency))
    functional = sum((line.functional for line in lines), Money(0, entity.functional_currency))
    lines.append(
        JournalLine(
            ledger_account=credit[0],
            document=-document,
            functional=-functional,
            open_item=credit[1],
            text=text,
        )
    )
    return tuple(lines)


def write_journals(acting: Acting, made: Sequence[NewJournal]) -> None:
    """Keep journals whose reference is new, each with its event."""
    fresh = journals.insert(made, acting.world.ids.new, acting.world.clock.now())
    events.record(
        [
            acting.event(
                "journal.written",
                "journal",
                UUID(new.journal.id),
                reference=new.journal.reference,
                event=new.journal.event.value,
                owner=new.journal.owner.value,
                action=new.journal.action.value,
                order_id=str(new.order_id or ""),
                transaction_id=str(new.transaction_id or ""),
            )
            for new in fresh
        ]
    )


def posting_styles() -> dict[str, PostingStyle]:
    """How much each source books by itself: `posting` of the ERP connections, by their `source`.

    A connection without `source` speaks for every source that no other names, and for receipts:
    open items do not say which ERP they came from. An empty `posting` says nothing. Raises Invalid
    for an unknown style, and when two connections disagree, since one of the two would book twice.
    """
    styles: dict[str, PostingStyle] = {}
    for row in parties.connections():
        told, source = row.config.get("posting"), str(row.config.get("source", ""))
        if not told:
            continue
        if told not in list(PostingStyle) or styles.get(source, told) != told:
            raise Invalid(
                "posting_style_unclear",
                f"Connection {row.name} says posting = {told!r} for {source or 'every source'}.",
                "Nothing was posted.",
                f"Say one of {', '.join(PostingStyle)}, the same on each connection of a source.",
                field="posting",
            )
        styles[source] = PostingStyle(told)
    return styles


def deliver_journals(acting: Acting, connection_id: UUID) -> UUID | None:
    """Put all journals that no file carries yet into one file for the ERP and wake its dispatch.

    Must run inside a unit of work; returns the submission, or None when there is nothing to post.
    """
    waiting = journals.lock_unposted()
    if not waiting:
        return None
    posting = erp_file(acting, connection_id, submissions.POSTINGS, "JRN", JOURNAL_FORMAT, waiting)
    submissions.insert(posting, acting.world.clock.now())
    journals.mark_posted([journal.id for journal in waiting], posting.id)
    events.record(
        [
            acting.event(
                "submission.built",
                "submission",
                posting.id,
                message_id=posting.message_id,
                purpose=submissions.POSTINGS,
                journals=len(waiting),
                evidence_id=str(posting.evidence_id),
            )
        ]
    )
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=posting.id)
    return posting.id
