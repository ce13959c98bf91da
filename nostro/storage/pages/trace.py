"""One payment's whole story as a page: dossier, events in words, files, cash evidence, journals."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec

from nostro.domain.journal import JournalEvent
from nostro.domain.money import Money
from nostro.storage import evidence_keys, journals, models, tracing
from nostro.storage.dossier import Dossier, dossier
from nostro.storage.operator_evidence import StatedRow, of_submission
from nostro.storage.pages.holds import HoldView, holds_of
from nostro.storage.pages.stops import payee_id
from nostro.storage.payment_links import Links, links
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
    """A file that carried this payment to the bank; `sealed` is what left, when that differs."""

    id: UUID
    message_id: str
    state: str
    line_count: int
    tries: int
    dispatched_at: datetime | None
    next_action_at: datetime | None
    answer_due_at: datetime | None
    enquiries: int
    file: StoredFile
    sealed: StoredFile | None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the bank about this payment, what it did, and the file that says it."""

    kind: str
    message_id: str
    status: str
    reason: str
    reason_text: str
    verdict: str
    received_at: datetime
    evidence_id: UUID


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
    probability_millionths: int
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
    debtor_number: str
    bank: str
    source: Source | None
    sent: tuple[Sent, ...]
    said: tuple[Said, ...]
    stated: tuple[StatedRow, ...]
    heard: tuple[StoredFile, ...]
    holds: tuple[HoldView, ...]
    lines: tuple[MatchedLine, ...]
    journals: tuple[JournalEvent, ...]
    links: Links
    cases: tuple[CaseRow, ...]
    payee_id: UUID | None
    finality_until: date | None
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
    linked = links(order_id)
    sealed = _positions([UUID(line.event.id) for line in story])
    return Trace(
        dossier=found,
        debtor_number=iban,
        bank=bank,
        source=_source(order_id),
        sent=tuple(_sent(order_id)),
        said=tuple(_said(order_id)),
        stated=tuple(_stated(found)),
        heard=tuple(_heard(order_id)),
        holds=tuple(holds_of([found.payment])[order_id]),
        lines=tuple(_lines(order_id)),
        journals=tuple(journals.of_order(order_id)),
        links=linked,
        cases=(*(row for row in linked.cases if row.resolved_at is None), *_file_cases(found)),
        payee_id=payee_id(found.payment.payee_number),
        finality_until=_finality(order_id),
        story=tuple(story),
        sealed=len(sealed),
        seal_first=sealed[0] if sealed else 0,
        seal_last=sealed[-1] if sealed else 0,
    )


def stored_file(evidence_id: UUID) -> StoredFile:
    return stored_files([evidence_id])[evidence_id]


def stored_files(evidence_ids: Collection[UUID]) -> dict[UUID, StoredFile]:
    """These files by their ids, asked for once."""
    rows = models.Evidence.objects.filter(id__in=evidence_ids)
    found = rows.values(*StoredFile.__struct_fields__)
    digests = evidence_keys.digests(evidence_ids)
    return {row["id"]: StoredFile(**{**row, "digest": digests[row["id"]]}) for row in found}


def _account(account_id: UUID | None) -> tuple[str, str]:
    if account_id is None:
        return "", ""
    rows = models.Account.objects.filter(id=account_id)
    found = rows.values_list("iban", "local_account", "connection__name").first()
    return (found[0] or found[1], found[2]) if found else ("", "")


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
    rows = list(models.Submission.objects.filter(id__in=list(ids)).order_by("created_at", "id"))
    sealed = [row.sealed_evidence_id for row in rows if row.sealed_evidence_id]
    kept = stored_files([*sealed, *(row.evidence_id for row in rows)])
    return [
        Sent(
            id=row.id,
            message_id=row.message_id,
            state=row.state,
            line_count=row.line_count,
            tries=row.tries,
            dispatched_at=row.dispatched_at,
            next_action_at=row.next_action_at,
            answer_due_at=row.answer_due_at,
            enquiries=row.enquiries,
            file=msgspec.structs.replace(kept[row.evidence_id], name=row.file_name),
            sealed=kept[row.sealed_evidence_id] if row.sealed_evidence_id else None,
        )
        for row in rows
    ]


def _said(order_id: UUID) -> list[Said]:
    """Everything the bank said about this payment, the newest first."""
    rows = models.Fact.objects.filter(attempt__order_id=order_id).order_by("-received_at", "-id")
    return [Said(**row) for row in rows.values(*Said.__struct_fields__)]


def _stated(found: Dossier) -> list[StatedRow]:
    """What people stated about this payment, or about a whole file that carried it."""
    own = {str(attempt.id) for attempt in found.attempts} | {""}
    files = dict.fromkeys(attempt.submission_id for attempt in found.attempts)
    told = [row for submission_id in files for row in of_submission(submission_id)]
    return [row for row in told if row.stated.attempt_id in own]


def _file_cases(found: Dossier) -> list[CaseRow]:
    """Open cases about a whole file that carries this payment."""
    files = {attempt.submission_id for attempt in found.attempts}
    about = models.Case.objects.filter(submission_id__in=files, order__isnull=True)
    rows = about.filter(resolved_at__isnull=True).order_by("due_at", "id")
    return [build(CaseRow, row) for row in rows.values(*columns(CaseRow))]


def _finality(order_id: UUID) -> date | None:
    """Until when the money may still come back by the rail's rules, where we know it."""
    rows = models.Attempt.objects.filter(order_id=order_id).order_by("-id")
    return rows.values_list("finality_until", flat=True).first()


def _heard(order_id: UUID) -> list[StoredFile]:
    """The bank's own files about this payment: status reports, then statements."""
    reports = models.Fact.objects.filter(attempt__order_id=order_id).order_by("received_at", "id")
    booked = models.Allocation.objects.filter(order_id=order_id).order_by("id")
    path = "match__transaction__statement__evidence_id"
    ids = [
        *reports.values_list("evidence_id", flat=True),
        *booked.values_list(path, flat=True),
    ]
    kept = stored_files(ids)
    return [kept[evidence_id] for evidence_id in dict.fromkeys(ids)]


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
            probability_millionths=row.match.probability_millionths,
            because=tuple(row.match.evidence),
            decided_by=row.match.decided_by,
            decided_at=row.match.decided_at,
        )
        for row in found.order_by("id")
    ]


def _positions(event_ids: list[UUID]) -> list[int]:
    found = models.EventSeal.objects.filter(event_id__in=event_ids)
    return list(found.order_by("position").values_list("position", flat=True))
