"""A file to a bank as a page: its bytes, its way, its payments, and what was said about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseState
from nostro.domain.submission import SubmissionState
from nostro.storage import events, models, operator_evidence, submission_listing
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.pages.trace import StoredFile, stored_file
from nostro.storage.rows import CaseRow, build, columns
from nostro.storage.submissions import attempts_by_state
from nostro.storage.tracing import TraceLine, line_of

FACTS_SHOWN = 50


class SaidRow(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the bank, about the whole file or a payment in it, and what it did."""

    kind: str
    message_id: str
    status: str
    reason: str
    reason_text: str
    verdict: str
    received_at: datetime
    evidence_id: UUID
    order_id: UUID | None
    order_number: str


class FilePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page of one file. `story` is oldest first."""

    row: submission_listing.FileRow
    clear: StoredFile
    sealed: StoredFile | None
    counts: dict[AttemptState, int]
    said: tuple[SaidRow, ...]
    said_count: int
    stated: tuple[StatedRow, ...]
    cases: tuple[CaseRow, ...]
    story: tuple[TraceLine, ...]
    bank_phone: str


def counts_by_state(purpose: str) -> dict[SubmissionState, int]:
    """How many files of one purpose ("" for all) stand in each state."""
    found = models.Submission.objects.filter(**({"purpose": purpose} if purpose else {}))
    counts = found.values_list("state").annotate(count=Count("id"))
    return {SubmissionState(state): count for state, count in counts.order_by("state")}


def file_page(submission_id: UUID) -> FilePage | None:
    """The page of one file; None when this customer has no such file."""
    row = submission_listing.submission(submission_id)
    if row is None:
        return None
    config = "connection__config"
    found = models.Submission.objects.filter(id=submission_id)
    told = found.values("evidence_id", "sealed_evidence_id", config).get()
    facts = models.Fact.objects.filter(submission_id=submission_id)  # Also those of payments in it.
    newest = facts.order_by("-received_at", "-id")
    sealed_id = told["sealed_evidence_id"]
    return FilePage(
        row=row,
        clear=stored_file(told["evidence_id"]),
        sealed=stored_file(sealed_id) if sealed_id else None,
        counts=attempts_by_state(submission_id),
        said=tuple(_said(row) for row in newest.values(*_SAID)[:FACTS_SHOWN]),
        said_count=facts.count(),
        stated=tuple(operator_evidence.of_submission(submission_id)),
        cases=tuple(_cases(submission_id)),
        story=tuple(line_of(event) for event in events.about([submission_id])),
        bank_phone=phone_of(told[config]),
    )


def phone_of(config: Mapping[str, Any]) -> str:
    """The bank's telephone, where the connection's settings name one."""
    return str(config.get("bank_phone", ""))


_SAID = (
    *columns(SaidRow, "order_id", "order_number"), "attempt__order_id", "attempt__order__number",
)  # fmt: skip


def _said(row: Mapping[str, Any]) -> SaidRow:
    return build(
        SaidRow,
        row,
        order_id=row["attempt__order_id"],
        order_number=row["attempt__order__number"] or "",
    )


def _cases(submission_id: UUID) -> list[CaseRow]:
    about = Q(submission_id=submission_id, order__isnull=True) | Q(request_id=submission_id)
    found = models.Case.objects.filter(about | Q(submission_id=submission_id, kind="enquiry"))
    unresolved = found.exclude(state=CaseState.RESOLVED.value).order_by("due_at", "id")
    return [build(CaseRow, row) for row in unresolved.values(*columns(CaseRow))[:FACTS_SHOWN]]
