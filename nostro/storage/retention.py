"""How long a customer keeps its evidence, and what must not be erased meanwhile, as stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import ExtractYear

from nostro.storage import models
from nostro.storage.tenancy import current

EVIDENCE: Final = "evidence"


class HoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A legal hold. Without an evidence it is over everything; without an end, until lifted."""

    id: UUID
    name: str
    reason: str
    evidence_id: UUID | None
    ends_on: date | None
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None


class KeptRow(msgspec.Struct, frozen=True, kw_only=True):
    """An evidence as far as keeping it goes."""

    id: UUID
    name: str
    recorded_at: datetime
    size_bytes: int = 0


class YearRow(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one calendar year that are not erased, and how many of them a hold is over."""

    year: int
    files: int
    size_bytes: int
    held: int


def months() -> int | None:
    """For how many months evidence is kept after its year; None when the customer never said."""
    rule = models.RetentionRule.objects.filter(kind=EVIDENCE)
    return rule.values_list("months", flat=True).first()


def set_months(wanted: int, now: datetime) -> None:
    told = {"months": wanted, "changed_at": now}
    models.RetentionRule.objects.update_or_create(
        tenant_id=current(), kind=EVIDENCE, defaults=told, create_defaults={"id": uuid4(), **told}
    )


def place(hold: HoldRow) -> bool:
    """Store a hold; False when there was one of this name."""
    try:
        with transaction.atomic():
            models.LegalHold.objects.create(tenant_id=current(), **msgspec.structs.asdict(hold))
    except IntegrityError:
        return False
    return True


def lift(name: str, now: datetime) -> UUID | None:
    """Lift a hold; its id, or None when there is none of this name that is not lifted."""
    found = models.LegalHold.objects.filter(name=name, lifted_at=None)
    hold_id = found.values_list("id", flat=True).first()
    found.update(lifted_at=now)
    return hold_id


def holds() -> list[HoldRow]:
    """Every hold, the newest first, lifted ones too."""
    names = HoldRow.__struct_fields__
    rows = models.LegalHold.objects.order_by("-placed_at", "-id").values(*names)
    return [msgspec.convert(row, HoldRow) for row in rows]


def hold_over(evidence_ids: Collection[UUID], today: date) -> HoldRow | None:
    """The hold over one of these evidences, or over all, that lasts longest; None when none is."""
    names = HoldRow.__struct_fields__
    found = models.LegalHold.objects.filter(
        Q(evidence_id__in=evidence_ids) | Q(evidence_id=None),
        Q(ends_on=None) | Q(ends_on__gte=today),
        lifted_at=None,
    )
    rows = [msgspec.convert(row, HoldRow) for row in found.values(*names)]
    return max(rows, key=lambda row: row.ends_on or date.max, default=None)


def next_after(evidence_id: UUID) -> KeptRow | None:
    """The next evidence of this customer by id; None after the last."""
    found = models.Evidence.objects.filter(id__gt=evidence_id).order_by("id")
    row = found.values("id", "name", "recorded_at", "size_bytes").first()
    return msgspec.convert(row, KeptRow) if row else None


def years(today: date) -> list[YearRow]:
    """What is kept, by the year in which it came or left, the oldest first."""
    erased = models.EvidenceKey.objects.exclude(erased_at=None).values("evidence_id")
    over = models.LegalHold.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), lifted_at=None)
    held = Q() if over.filter(evidence=None).exists() else Q(id__in=over.values("evidence_id"))
    kept = models.Evidence.objects.exclude(id__in=erased)
    found = kept.annotate(year=ExtractYear("recorded_at")).values("year").order_by("year")
    counted = found.annotate(
        files=Count("id"), bytes=Sum("size_bytes"), held=Count("id", filter=held)
    )
    return [
        YearRow(year=row["year"], files=row["files"], size_bytes=row["bytes"], held=row["held"])
        for row in counted
    ]


def lock(evidence_id: UUID) -> KeptRow | None:
    """An evidence of this customer, locked: it is erased once."""
    row = models.Evidence.objects.select_for_update().filter(id=evidence_id).first()
    return KeptRow(id=row.id, name=row.name, recorded_at=row.recorded_at) if row else None


def paid_in(evidence_ids: Collection[UUID]) -> Q:
    """Which payments came or left in one of these files; narrows a question about orders."""
    sent = models.Attempt.objects.filter(
        Q(submission__evidence_id__in=evidence_ids)
        | Q(submission__sealed_evidence_id__in=evidence_ids)
    )
    return Q(run__evidence_id__in=evidence_ids) | Q(id__in=sent.values("order_id"))


def numbers_open(found: QuerySet[models.Order], ended: Collection[str]) -> list[str]:
    """The numbers of those payments that are not in one of the states in which they end."""
    return sorted(found.exclude(state__in=ended).values_list("number", flat=True))


def open_in(evidence_id: UUID, ended: Collection[str]) -> list[str]:
    """The numbers of payments in this file that have not ended."""
    return numbers_open(models.Order.objects.filter(paid_in([evidence_id])), ended)
