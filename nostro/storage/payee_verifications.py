"""What banks said to payees' names, as stored: written once, each with the answer as it came."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.party import PayeeAccount
from nostro.domain.policies.payee_verification import NameAnswer, Verified
from nostro.storage import bulk, models, parties
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


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to keep; `asked_by` is a person, or the file that the bank answered to."""

    id: UUID
    told: Verified
    connection_id: UUID
    evidence_id: UUID
    asked_by: str


def add_all(new: Iterable[NewAnswer]) -> None:
    tenant_id = current()
    bulk.insert(
        models.PayeeVerification,
        (
            {
                "id": one.id,
                "tenant_id": tenant_id,
                "account_id": UUID(one.told.account_id),
                "name_asked": one.told.name_asked,
                "answer": one.told.answer.value,
                "name_told": one.told.name_told,
                "asked_at": one.told.asked_at,
                "asked_by_name": one.asked_by,
                "connection_id": one.connection_id,
                "evidence_id": one.evidence_id,
                "confidential": one.told.confidential,
            }
            for one in new
        ),
    )


def of_evidence(evidence_id: UUID) -> list[tuple[PayeeAccount, Verified]]:
    """What one message of a bank said, with the accounts that it is about."""
    found = models.PayeeVerification.objects.filter(evidence_id=evidence_id)
    said = _verified(found.order_by("asked_at", "id"))
    accounts = parties.payee_accounts_by_id({UUID(one.account_id) for one in said})
    return [(accounts[UUID(one.account_id)], one) for one in said]


def since(account_ids: Collection[UUID], moment: datetime) -> list[Verified]:
    """What was said about these accounts since a moment, the oldest first."""
    found = models.PayeeVerification.objects.filter(bulk.one_of("account_id", account_ids))
    return _verified(found.filter(asked_at__gte=moment).order_by("asked_at", "id"))


def _verified(rows: QuerySet[models.PayeeVerification]) -> list[Verified]:
    columns = ("account_id", "name_asked", "answer", "name_told", "asked_at", "confidential")
    return [
        Verified(
            account_id=str(account_id),
            name_asked=asked,
            answer=NameAnswer(answer),
            name_told=name,
            asked_at=asked_at,
            confidential=confidential,
        )
        for account_id, asked, answer, name, asked_at, confidential in rows.values_list(*columns)
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
