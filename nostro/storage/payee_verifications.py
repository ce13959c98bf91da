"""What banks said to payees' names, as stored: written once, each with the answer as it came."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.policies.payee_verification import NameAnswer, Verified
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class VerificationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as people see it."""

    id: UUID
    account_id: UUID
    version: int
    name_asked: str
    answer: NameAnswer
    name_told: str
    asked_at: datetime
    asked_by_name: str
    connection: str
    evidence_id: UUID


def add(
    row_id: UUID, told: Verified, *, connection_id: UUID, evidence_id: UUID, asked_by: str
) -> None:
    models.PayeeVerification.objects.create(
        id=row_id,
        tenant_id=current(),
        account_id=UUID(told.account_id),
        name_asked=told.name_asked,
        answer=told.answer.value,
        name_told=told.name_told,
        asked_at=told.asked_at,
        asked_by_name=asked_by,
        connection_id=connection_id,
        evidence_id=evidence_id,
    )


def since(account_ids: Collection[UUID], moment: datetime) -> list[Verified]:
    """What was said about these accounts since a moment, the oldest first."""
    found = models.PayeeVerification.objects.filter(bulk.one_of("account_id", account_ids))
    rows = found.filter(asked_at__gte=moment).order_by("asked_at", "id")
    columns = ("account_id", "name_asked", "answer", "name_told", "asked_at")
    return [
        Verified(
            account_id=str(account_id),
            name_asked=asked,
            answer=NameAnswer(answer),
            name_told=name,
            asked_at=asked_at,
        )
        for account_id, asked, answer, name, asked_at in rows.values_list(*columns)
    ]


def of_payee(payee_id: UUID, limit: int) -> list[VerificationRow]:
    """The newest answers about the accounts of a payee."""
    found = models.PayeeVerification.objects.filter(account__payee_id=payee_id)
    joined = {"version": "account__version", "connection": "connection__name"}
    plain = [name for name in VerificationRow.__struct_fields__ if name not in joined]
    rows = found.order_by("-asked_at", "-id").values(*plain, *joined.values())[:limit]
    return [
        VerificationRow(
            **{name: row[name] for name in plain if name != "answer"},
            answer=NameAnswer(row["answer"]),
            **{name: row[path] for name, path in joined.items()},
        )
        for row in rows
    ]
