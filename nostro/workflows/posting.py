"""What the ERP should post, by who owns the posting, and its delivery as a dispatch of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

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
from nostro.domain.party import Account, LegalEntity
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
    styles = _styles()
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
    _write(acting, made)


def post_settled(acting: Acting, settled: Sequence[tuple[OrderRow, UUID, date]]) -> None:
    """Cash has left: clearing against bank, for (order, bank transaction, booking day)."""
    accounts = {account.id: account for account in parties.accounts()}
    entities = {entity.id: entity for entity in parties.entities()}
    styles, made = _styles(), []
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
                    f"{order.number}/settled",
                    f"{order.source_reference} to {order.instruction.creditor_name}",
                    (account.clearing_account, account.ledger_account, ""),
                    amount,
                ),
                entity_id=order.entity_id,
                order_id=order.id,
                transaction_id=transaction_id,
            )
        )
    _write(acting, made)


def clear_receipt(
    acting: Acting,
    account: Account,
    entity: LegalEntity,
    document: str,
    amount: Money,
    transaction_id: UUID,
    booked: date,
) -> None:
    """Cash has come for an open item: bank against receivables, naming the document to clear."""
    journal = _balanced(
        acting,
        BusinessEvent.RECEIPT_MATCHED,
        posting_rule(BusinessEvent.RECEIPT_MATCHED, "", _styles()),
        entity,
        booked,
        f"{transaction_id}/{document}",
        f"Receipt for {document}",
        (account.ledger_account, entity.receivables_account, document),
        amount,
    )
    _write(
        acting,
        [NewJournal(journal=journal, entity_id=UUID(entity.id), transaction_id=transaction_id)],
    )


def _balanced(
    acting: Acting,
    event: BusinessEvent,
    rule: PostingRule,
    entity: LegalEntity,
    booked: date,
    reference: str,
    text: str,
    ledger: tuple[str, str, str],
    amount: Money,
) -> JournalEvent:
    """A two-line journal: debit `ledger[0]`, credit `ledger[1]`, clearing item `ledger[2]`."""
    debit, credit, item = ledger
    rate = parties.rate(amount.currency, entity.functional_currency, booked)
    functional = convert(amount, rate, entity.functional_currency)
    journal = JournalEvent(
        id=str(acting.world.ids.new()),
        event=event,
        owner=rule.owner,
        action=rule.action,
        entity_code=entity.code,
        posting_date=booked,
        reference=reference,
        text=text,
        lines=(
            JournalLine(ledger_account=debit, document=amount, functional=functional, text=text),
            JournalLine(
                ledger_account=credit,
                document=-amount,
                functional=-functional,
                open_item=item,
                text=text,
            ),
        ),
    )
    check_balance(journal)
    return journal


def _write(acting: Acting, made: Sequence[NewJournal]) -> None:
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


def _styles() -> dict[str, PostingStyle]:
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
