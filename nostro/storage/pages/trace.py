"""One payment's whole story as a page: dossier, events in words, files, cash evidence, journals."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from nostro.domain.case import CaseState
from nostro.domain.journal import JournalEvent
from nostro.domain.money import Money
from nostro.storage import journals, models, tracing
from nostro.storage.dossier import Dossier, dossier
from nostro.storage.pages.holds import HoldView, holds_of
from nostro.storage.rows import CaseRow, build, columns
from nostro.storage.tracing import TraceLine


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that we keep as evidence; can be taken out again exactly as they were."""

    id: UUID
    name: str
    digest: str
    size_bytes: int
    recorded_at: datetime


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The run that brought the payment, the line in it, and its file."""

    reference: str
    line: int
    line_count: int
    file: StoredFile


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A file that carried this payment to the bank."""

    message_id: str
    state: str
    line_count: int
    next_action_at: datetime | None
    enquiries: int
    file: StoredFile


class MatchedLine(msgspec.Struct, frozen=True, kw_only=True):
    """The statement line that shows this payment in cash, and why we believe it."""

    statement_id: UUID
    statement_name: str
    line: int
    amount: Money
    line_amount: Money
    booked: date | None
    bank_reference: str
    remittance: str
    match_state: str
    probability_percent: int
    because: tuple[str, ...]
    decided_by: str
    decided_at: datetime

    @property
    def partly(self) -> bool:
        """The line pays more than this payment."""
        return abs(self.amount.minor) != abs(self.line_amount.minor)


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page of one payment. `story` is oldest first."""

    dossier: Dossier
    debtor_iban: str
    bank: str
    source: Source | None
    sent: tuple[Sent, ...]
    heard: tuple[StoredFile, ...]
    holds: tuple[HoldView, ...]
    lines: tuple[MatchedLine, ...]
    journals: tuple[JournalEvent, ...]
    cases: tuple[CaseRow, ...]
    story: tuple[TraceLine, ...]
    sealed: int
    seal_first: int
    seal_last: int


def trace(order_id: UUID) -> Trace | None:
    """The trace of one payment; None when this customer has no such payment."""
    found = dossier(order_id)
    if found is None:
        return None
    story = tracing.trace(order_id)
    iban, bank = _account(found.payment.account_id)
    sealed = _positions([UUID(line.event.id) for line in story])
    return Trace(
        dossier=found,
        debtor_iban=iban,
        bank=bank,
        source=_source(order_id),
        sent=tuple(_sent(order_id)),
        heard=tuple(_heard(order_id)),
        holds=tuple(holds_of([found.payment])[order_id]),
        lines=tuple(_lines(order_id)),
        journals=tuple(journals.of_order(order_id)),
        cases=tuple(_cases(order_id)),
        story=tuple(story),
        sealed=len(sealed),
        seal_first=sealed[0] if sealed else 0,
        seal_last=sealed[-1] if sealed else 0,
    )


def stored_file(evidence_id: UUID) -> StoredFile:
    row = models.Evidence.objects.get(id=evidence_id)
    return StoredFile(
        id=row.id,
        name=row.name,
        digest=row.digest,
        size_bytes=row.size_bytes,
        recorded_at=row.recorded_at,
    )


def _account(account_id: UUID | None) -> tuple[str, str]:
    if account_id is None:
        return "", ""
    found = models.Account.objects.filter(id=account_id).values_list("iban", "connection__name")
    return found.first() or ("", "")


def _source(order_id: UUID) -> Source | None:
    line = models.RunLine.objects.filter(order_id=order_id).select_related("run").first()
    if line is None:
        return None
    return Source(
        reference=line.run.reference,
        line=line.line,
        line_count=line.run.line_count,
        file=stored_file(line.run.evidence_id),
    )


def _sent(order_id: UUID) -> list[Sent]:
    ids = models.Attempt.objects.filter(order_id=order_id).values_list("submission_id", flat=True)
    return [
        Sent(
            message_id=row.message_id,
            state=row.state,
            line_count=row.line_count,
            next_action_at=row.next_action_at,
            enquiries=row.enquiries,
            file=msgspec.structs.replace(stored_file(row.evidence_id), name=row.file_name),
        )
        for row in models.Submission.objects.filter(id__in=list(ids)).order_by("created_at", "id")
    ]


def _heard(order_id: UUID) -> list[StoredFile]:
    """The bank's own files about this payment: status reports, then statements."""
    reports = models.Fact.objects.filter(attempt__order_id=order_id).order_by("received_at", "id")
    booked = models.Allocation.objects.filter(order_id=order_id).order_by("id")
    path = "match__transaction__statement__evidence_id"
    ids = [
        *reports.values_list("evidence_id", flat=True),
        *booked.values_list(path, flat=True),
    ]
    return [stored_file(evidence_id) for evidence_id in dict.fromkeys(ids)]


def _lines(order_id: UUID) -> list[MatchedLine]:
    found = models.Allocation.objects.filter(order_id=order_id).select_related(
        "match__transaction__statement"
    )
    return [
        MatchedLine(
            statement_id=row.match.transaction.statement_id,
            statement_name=row.match.transaction.statement.statement_id,
            line=row.match.transaction.line,
            amount=Money(row.amount_minor, row.currency),
            line_amount=Money(row.match.transaction.amount_minor, row.match.transaction.currency),
            booked=row.match.transaction.booked,
            bank_reference=row.match.transaction.bank_reference,
            remittance=row.match.transaction.remittance,
            match_state=row.match.state,
            probability_percent=row.match.probability_percent,
            because=tuple(row.match.evidence),
            decided_by=row.match.decided_by,
            decided_at=row.match.decided_at,
        )
        for row in found.order_by("id")
    ]


def _cases(order_id: UUID) -> list[CaseRow]:
    found = models.Case.objects.filter(order_id=order_id).exclude(state=CaseState.RESOLVED.value)
    return [build(CaseRow, row) for row in found.order_by("due_at").values(*columns(CaseRow))]


def _positions(event_ids: list[UUID]) -> list[int]:
    found = models.EventSeal.objects.filter(event_id__in=event_ids)
    return list(found.order_by("position").values_list("position", flat=True))
