"""What a letter to a bank says about a file: ids, times, digests and the payments in it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from nostro.domain.case import CaseKind
from nostro.domain.money import Money
from nostro.domain.party import Account, LegalEntity
from nostro.domain.submission import SubmissionState
from nostro.storage import evidence_keys, models
from nostro.storage.parties import account_of, entity_of


class LetterPaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as the bank knows it."""

    end_to_end_id: str
    payment_information_id: str
    uetr: UUID
    amount: Money
    payee_name: str


class LetterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a letter tells of it. `digests` are pairs of the bytes' name and their SHA-256."""

    partner_name: str
    connection_name: str
    account: Account
    entity: LegalEntity
    message_id: str
    file_name: str
    size_bytes: int
    digests: tuple[tuple[str, str], ...]
    state: SubmissionState
    state_since: datetime
    created_at: datetime
    dispatched_at: datetime | None
    payments: tuple[LetterPaymentRow, ...]


def letter_facts(submission_id: UUID, attempt_ids: Collection[UUID] = ()) -> LetterFacts | None:
    """One file with all its payments, or those named; None for what goes to no bank account."""
    found = models.Submission.objects.select_related(
        "connection", "account__entity", "evidence", "sealed_evidence"
    )
    row = found.filter(id=submission_id, account__isnull=False).first()
    if row is None:
        return None
    customer = models.Customer.objects.select_related("partner").get()
    sent = row.sealed_evidence or row.evidence
    told = evidence_keys.digests({sent.id, row.evidence_id})
    digests = [("file as sent", told[sent.id])]
    if row.sealed_evidence:
        digests.append(("before encryption", told[row.evidence_id]))
    return LetterFacts(
        partner_name=customer.partner.name,
        connection_name=row.connection.name,
        account=account_of(row.account),
        entity=entity_of(row.account.entity),
        message_id=row.message_id,
        file_name=row.file_name,
        size_bytes=sent.size_bytes,
        digests=tuple(digests),
        state=SubmissionState(row.state),
        state_since=row.state_since,
        created_at=row.created_at,
        dispatched_at=row.dispatched_at,
        payments=tuple(_payments(submission_id, attempt_ids)),
    )


def asked_back_with(case_id: UUID, request_id: UUID | None) -> list[UUID]:
    """The attempts that one request asks back; of the case alone where the bank took no request."""
    same = Q(request_id=request_id) if request_id else Q(id=case_id)
    found = models.Case.objects.filter(same, kind=CaseKind.RECALL.value, attempt__isnull=False)
    return list(found.values_list("attempt_id", flat=True))


def _payments(submission_id: UUID, attempt_ids: Collection[UUID]) -> list[LetterPaymentRow]:
    chosen: dict[str, Any] = {"id__in": attempt_ids} if attempt_ids else {}
    rows = models.Attempt.objects.filter(submission_id=submission_id, **chosen).order_by("id")
    return [
        LetterPaymentRow(
            end_to_end_id=end_to_end_id,
            payment_information_id=batch,
            uetr=uetr,
            amount=Money(minor, currency),
            payee_name=name,
        )
        for end_to_end_id, batch, uetr, minor, currency, name in rows.values_list(
            "end_to_end_id",
            "payment_information_id",
            "uetr",
            "order__amount_minor",
            "order__currency",
            "order__creditor_name",
        )
    ]
