"""Journals as stored: written once by reference, exported once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.journal import (
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingAction,
    PostingOwner,
)
from nostro.domain.money import Money
from nostro.storage import models
from nostro.storage.tenancy import current


class NewJournal(msgspec.Struct, frozen=True, kw_only=True):
    """A journal with what caused it."""

    journal: JournalEvent
    entity_id: UUID
    order_id: UUID | None = None
    transaction_id: UUID | None = None


def insert(
    journals: Sequence[NewJournal], new_id: Callable[[], UUID], now: datetime
) -> list[NewJournal]:
    """Write journals whose reference is new; returns those."""
    tenant_id = current()
    known = set(
        models.JournalEvent.objects.filter(
            reference__in=[new.journal.reference for new in journals]
        ).values_list("reference", flat=True)
    )
    fresh = [new for new in journals if new.journal.reference not in known]
    models.JournalEvent.objects.bulk_create(_event_of(new, tenant_id, now) for new in fresh)
    models.JournalLine.objects.bulk_create(
        _line_of(new_id(), tenant_id, new.journal.id, number, line)
        for new in fresh
        for number, line in enumerate(new.journal.lines, start=1)
    )
    return fresh


def _event_of(new: NewJournal, tenant_id: UUID, now: datetime) -> models.JournalEvent:
    return models.JournalEvent(
        id=UUID(new.journal.id),
        tenant_id=tenant_id,
        event=new.journal.event.value,
        owner=new.journal.owner.value,
        action=new.journal.action.value,
        entity_id=new.entity_id,
        posting_date=new.journal.posting_date,
        reference=new.journal.reference,
        text=new.journal.text,
        order_id=new.order_id,
        transaction_id=new.transaction_id,
        created_at=now,
    )


def _line_of(
    line_id: UUID, tenant_id: UUID, journal_id: str, number: int, line: JournalLine
) -> models.JournalLine:
    return models.JournalLine(
        id=line_id,
        tenant_id=tenant_id,
        journal_id=UUID(journal_id),
        line=number,
        ledger_account=line.ledger_account,
        document_minor=line.document.minor,
        document_currency=line.document.currency,
        functional_minor=line.functional.minor,
        functional_currency=line.functional.currency,
        open_item=line.open_item,
        text=line.text,
    )


def lock_unposted(limit: int = 10_000) -> list[JournalEvent]:
    """Journals that the ERP has to act on and no file carries yet, oldest first, locked.

    What the ERP books by itself (action none) stays here as our expectation of it.
    """
    rows = (
        models.JournalEvent.objects.select_for_update(of=("self",), no_key=True)
        .filter(posting_id__isnull=True)
        .exclude(action=PostingAction.NONE.value)
        .select_related("entity")
        .order_by("created_at", "id")[:limit]
    )
    return _with_lines(list(rows))


def of_order(order_id: UUID) -> list[JournalEvent]:
    rows = models.JournalEvent.objects.filter(order_id=order_id).select_related("entity")
    return _with_lines(list(rows.order_by("created_at", "id")))


def count_of_order(order_id: UUID) -> Counter[BusinessEvent]:
    """How many journals of each kind there are of a payment."""
    rows = models.JournalEvent.objects.filter(order_id=order_id)
    return Counter(BusinessEvent(event) for event in rows.values_list("event", flat=True))


def of_transaction(transaction_id: UUID, event: BusinessEvent) -> list[JournalEvent]:
    """What was told of a line of a statement by one kind of event."""
    rows = models.JournalEvent.objects.filter(transaction_id=transaction_id, event=event.value)
    return _with_lines(list(rows.select_related("entity").order_by("created_at", "id")))


def mark_posted(journal_ids: Collection[str], submission_id: UUID) -> int:
    return models.JournalEvent.objects.filter(
        id__in=[UUID(journal_id) for journal_id in journal_ids]
    ).update(posting_id=submission_id)


def _with_lines(rows: list[models.JournalEvent]) -> list[JournalEvent]:
    lines: dict[UUID, list[JournalLine]] = {row.id: [] for row in rows}
    found = models.JournalLine.objects.filter(journal_id__in=lines).order_by("journal_id", "line")
    for line in found:
        lines[line.journal_id].append(
            JournalLine(
                ledger_account=line.ledger_account,
                document=Money(line.document_minor, line.document_currency),
                functional=Money(line.functional_minor, line.functional_currency),
                open_item=line.open_item,
                text=line.text,
            )
        )
    return [
        JournalEvent(
            id=str(row.id),
            event=BusinessEvent(row.event),
            owner=PostingOwner(row.owner),
            action=PostingAction(row.action),
            entity_code=row.entity.code,
            posting_date=row.posting_date,
            reference=row.reference,
            text=row.text,
            lines=tuple(lines[row.id]),
        )
        for row in rows
    ]
