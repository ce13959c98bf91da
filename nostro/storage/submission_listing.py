"""What people and programs read about files: the list of them, and everything known about one."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.attempt import AttemptState
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.submission import SubmissionState
from nostro.storage import confidential, evidence_keys, models, operator_evidence
from nostro.storage.dossier import FactRow
from nostro.storage.listing import plain
from nostro.storage.operator_evidence import StatedRow
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import build, columns, money
from nostro.storage.submissions import attempts_by_state

FACTS_SHOWN = 200


class FileFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are wanted; what is empty does not narrow. `q`: a whole message id or reference
    of the bank, or part of a file's name."""

    states: tuple[SubmissionState, ...] = ()
    purpose: str = ""
    connection: UUID | None = None
    account: UUID | None = None
    message_id: str = ""
    updated_since: datetime | None = None
    q: str = ""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file or call to a bank or ERP. `totals` are minor units by currency."""

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
    created_at: datetime
    dispatched_at: datetime | None
    answer_due_at: datetime | None
    next_action_at: datetime | None
    bank_reference: str
    last_error: str

    @property
    def sums(self) -> tuple[Money, ...]:
        return tuple(Money(minor, code) for code, minor in sorted(self.totals.items()))


class KeptRow(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are kept. `role`: the file itself, as it was sealed, or an answer to it."""

    id: UUID
    role: str
    name: str
    media_type: str
    size_bytes: int
    digest: str
    recorded_at: datetime


class InsideRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in a file."""

    id: UUID
    order_id: UUID
    number: str
    state: AttemptState
    state_since: datetime
    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    rail_reference: str
    bank_reference: str
    execution_date: date
    amount: Money
    payee_name: str
    reason: str
    reason_text: str


class FileDossier(msgspec.Struct, frozen=True, kw_only=True):
    """One file with everything known about it; its payments are in `payments_in`."""

    file: FileRow
    attempts_by_state: dict[AttemptState, int]
    facts: tuple[FactRow, ...]
    evidence: tuple[KeptRow, ...]
    stated: tuple[StatedRow, ...]


def submissions(
    wanted: FileFilter, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[FileRow]:
    """Files, newest first."""
    size = checked_limit(limit)
    found = _found(wanted).order_by("-id")
    if cursor:
        (last,) = key_of("submissions", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    rows = _rows(found[: size + 1])
    return page_of("submissions", rows, size, lambda row: (str(row.id),))


def submission(submission_id: UUID) -> FileRow | None:
    return next(iter(_rows(models.Submission.objects.filter(id=submission_id))), None)


def dossier(submission_id: UUID) -> FileDossier | None:
    """Everything known about one file; None when this customer has no such file."""
    row = submission(submission_id)
    if row is None:
        return None
    return FileDossier(
        file=row,
        attempts_by_state=attempts_by_state(submission_id),
        facts=_facts(submission_id),
        evidence=kept(submission_id),
        stated=tuple(operator_evidence.of_submission(submission_id)),
    )


def payments_in(
    submission_id: UUID, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[InsideRow]:
    """The payments of a file, in the order they were put in."""
    size = checked_limit(limit)
    found = models.Attempt.objects.filter(submission_id=submission_id).order_by("id")
    if cursor:
        (last,) = key_of("attempts", cursor, lambda key: (UUID(key),))
        found = found.filter(id__gt=last)
    joined = {"number": "order__number", "payee_name": "order__creditor_name"}
    joined |= {"amount_minor": "order__amount_minor", "currency": "order__currency"}
    rows = []
    names = columns(InsideRow, "amount", *joined)
    for row in found.values(*names, *joined.values())[: size + 1]:
        told = {name: row[path] for name, path in joined.items()}
        rows.append(build(InsideRow, row, amount=money(told), **told))
    confidential.note("order", (row.order_id for row in rows))
    return page_of("attempts", rows, size, lambda row: (str(row.id),))


def sent_bytes(submission_id: UUID) -> UUID | None:
    """Under which id the bytes are kept that left, or would: the sealed ones where there are."""
    return _sent("sealed_evidence_id", submission_id) or _sent("evidence_id", submission_id)


def plain_bytes(submission_id: UUID) -> UUID | None:
    """Under which id the file is kept as it was before it was signed and encrypted."""
    return _sent("evidence_id", submission_id)


def kept(submission_id: UUID) -> tuple[KeptRow, ...]:
    """The file, what it was sealed into, and the messages in which the bank spoke of it."""
    about = models.Submission.objects.filter(id=submission_id)
    own, sealed = about.values_list("evidence_id", "sealed_evidence_id").get()
    said = models.Fact.objects.filter(submission_id=submission_id).values("evidence_id")
    mine = Q(id__in=about.values("evidence_id")) | Q(id__in=about.values("sealed_evidence_id"))
    roles = {own: "file", sealed: "sealed"}
    found = models.Evidence.objects.filter(mine | Q(id__in=said)).order_by("recorded_at", "id")
    rows = list(found.values(*columns(KeptRow, "role", "digest")))
    digests = evidence_keys.digests([row["id"] for row in rows])
    return tuple(
        build(KeptRow, row, role=roles.get(row["id"], "answer"), digest=digests[row["id"]])
        for row in rows
    )


def _sent(column: str, submission_id: UUID) -> UUID | None:
    found: UUID | None = (
        models.Submission.objects.filter(id=submission_id).values_list(column, flat=True).first()
    )
    return found


def _facts(submission_id: UUID) -> tuple[FactRow, ...]:
    """What the bank said, newest first, at most FACTS_SHOWN; each payment has its own besides."""
    facts = models.Fact.objects.filter(submission_id=submission_id)
    found = facts.order_by("-received_at", "-id")
    return tuple(build(FactRow, row) for row in found.values(*columns(FactRow))[:FACTS_SHOWN])


def _found(wanted: FileFilter) -> QuerySet[models.Submission]:
    asked = {
        "state__in": [state.value for state in wanted.states],
        "purpose": plain(wanted.purpose, "purpose"),
        "connection_id": wanted.connection,
        "account_id": wanted.account,
        "message_id": plain(wanted.message_id, "message_id"),
        "state_since__gte": wanted.updated_since,
    }
    found = models.Submission.objects.filter(**{name: told for name, told in asked.items() if told})
    if not wanted.q:
        return found
    text = plain(wanted.q, "q")
    return found.filter(
        Q(message_id__iexact=text) | Q(file_name__icontains=text) | Q(bank_reference=text)
    )


def _rows(found: QuerySet[models.Submission]) -> list[FileRow]:
    joined = {"connection_name": "connection__name", "account_name": "account__name"}
    rows = [
        build(FileRow, row, **{name: row[path] or "" for name, path in joined.items()})
        for row in found.values(*columns(FileRow, *joined), *joined.values())
    ]
    # What is not hidden in a file can be taken from its total: what is left is the hidden amount.
    hidden = confidential.hidden("submission", [row.id for row in rows])
    return [msgspec.structs.replace(row, totals={}) if row.id in hidden else row for row in rows]


def states(text: str) -> tuple[SubmissionState, ...]:
    """States of files as people write them, commas between; raises Invalid."""
    wanted = [part.strip() for part in text.split(",")] if text else []
    unknown = [part for part in wanted if part not in set(SubmissionState)]
    if unknown:
        raise Invalid(
            "state_unknown",
            f"{unknown[0][:40]!r} is not a state of a file.",
            can_do=f"Use one of: {', '.join(SubmissionState)}.",
            field="state",
        )
    return tuple(SubmissionState(part) for part in wanted)
