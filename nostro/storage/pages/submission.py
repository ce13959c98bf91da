"""A file to a bank as a page: its bytes, its way, its payments, and what was said about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q

from nostro.domain.attempt import AttemptState
from nostro.domain.case import CaseState
from nostro.domain.money import Money
from nostro.domain.submission import SubmissionState
from nostro.storage import events, models, operator_evidence
from nostro.storage.listing import SEARCH_LENGTH_MAX
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.pages.trace import StoredFile, stored_file
from nostro.storage.paging import Page, checked_limit, key_of, page_of
from nostro.storage.rows import CaseRow, build, columns
from nostro.storage.submissions import attempts_by_state
from nostro.storage.tracing import TraceLine, line_of

FACTS_SHOWN = 50


class FileFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are asked for; what is empty does not narrow."""

    states: tuple[SubmissionState, ...] = ()
    purpose: str = ""
    bank: UUID | None = None
    account: UUID | None = None
    q: str = ""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file or call to a bank or an ERP. `totals` are minor units by currency."""

    id: UUID
    purpose: str
    state: SubmissionState
    state_since: datetime
    connection_id: UUID
    connection_name: str
    account_id: UUID | None
    account_name: str
    message_id: str
    file_name: str
    media_type: str
    line_count: int
    totals: dict[str, int]
    tries: int
    enquiries: int
    status_asked: int
    dispatched_at: datetime | None
    next_action_at: datetime | None
    answer_due_at: datetime | None
    bank_reference: str
    last_error: str
    created_at: datetime

    @property
    def sums(self) -> tuple[Money, ...]:
        return tuple(Money(minor, code) for code, minor in sorted(self.totals.items()))


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


class CarriedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in a file."""

    id: UUID
    order_id: UUID
    number: str
    creditor_name: str
    amount: Money
    state: AttemptState
    state_since: datetime
    end_to_end_id: str
    uetr: UUID
    reason: str
    reason_text: str
    execution_date: date


class FilePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page of one file. `story` is oldest first."""

    row: FileRow
    clear: StoredFile
    sealed: StoredFile | None
    counts: dict[AttemptState, int]
    said: tuple[SaidRow, ...]
    said_count: int
    stated: tuple[StatedRow, ...]
    cases: tuple[CaseRow, ...]
    story: tuple[TraceLine, ...]
    bank_phone: str


def files(asked: FileFilter, *, limit: int, cursor: str = "") -> Page[FileRow]:
    """Files, the newest first."""
    size = checked_limit(limit)
    plain = {
        "state__in": [state.value for state in asked.states],
        "purpose": asked.purpose,
        "connection_id": asked.bank,
        "account_id": asked.account,
    }
    found = models.Submission.objects.filter(**{n: told for n, told in plain.items() if told})
    if asked.q:
        text = asked.q[:SEARCH_LENGTH_MAX]
        found = found.filter(
            Q(message_id__iexact=text) | Q(file_name__icontains=text) | Q(bank_reference=text)
        )
    if cursor:
        (last,) = key_of("files", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    values = found.order_by("-id").values(*_columns(), *_JOINED.values())[: size + 1]
    return page_of("files", [_row(row) for row in values], size, lambda row: (str(row.id),))


def counts_by_state(purpose: str) -> dict[SubmissionState, int]:
    """How many files of one purpose ("" for all) stand in each state."""
    found = models.Submission.objects.filter(**({"purpose": purpose} if purpose else {}))
    counts = found.values_list("state").annotate(count=Count("id"))
    return {SubmissionState(state): count for state, count in counts.order_by("state")}


def file_page(submission_id: UUID) -> FilePage | None:
    """The page of one file; None when this customer has no such file."""
    wanted = (*_columns(), *_JOINED.values(), "evidence_id", "sealed_evidence_id")
    config = "connection__config"
    told = models.Submission.objects.filter(id=submission_id).values(*wanted, config).first()
    if told is None:
        return None
    facts = models.Fact.objects.filter(
        Q(submission_id=submission_id) | Q(attempt__submission_id=submission_id)
    )
    newest = facts.order_by("-received_at", "-id")
    sealed_id = told["sealed_evidence_id"]
    return FilePage(
        row=_row(told),
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


def carried(submission_id: UUID, *, limit: int, cursor: str = "") -> Page[CarriedRow]:
    """The payments in a file, in the file's order."""
    size = checked_limit(limit)
    found = models.Attempt.objects.filter(submission_id=submission_id)
    if cursor:
        (last,) = key_of("carried", cursor, lambda key: (UUID(key),))
        found = found.filter(id__gt=last)
    joined = {"number": "order__number", "creditor_name": "order__creditor_name"}
    names = columns(CarriedRow, "amount", *joined)
    amount = ("order__amount_minor", "order__currency")
    rows = [
        build(
            CarriedRow,
            row,
            amount=Money(row[amount[0]], row[amount[1]]),
            **{name: row[path] for name, path in joined.items()},
        )
        for row in found.order_by("id").values(*names, *joined.values(), *amount)[: size + 1]
    ]
    return page_of("carried", rows, size, lambda row: (str(row.id),))


def phone_of(config: Mapping[str, Any]) -> str:
    """The bank's telephone, where the connection's settings name one."""
    return str(config.get("bank_phone", ""))


_JOINED = {"connection_name": "connection__name", "account_name": "account__name"}
_SAID = (
    *columns(SaidRow, "order_id", "order_number"), "attempt__order_id", "attempt__order__number",
)  # fmt: skip


def _columns() -> list[str]:
    return columns(FileRow, *_JOINED)


def _row(told: Mapping[str, Any]) -> FileRow:
    joined = {name: told[path] or "" for name, path in _JOINED.items()}
    return build(FileRow, told, **joined)


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
