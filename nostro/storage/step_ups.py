"""Fresh proofs for one digest, as stored: opened, proved, used once. Inside a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F, Sum

from nostro.domain.money import Money
from nostro.domain.policies.step_up import (
    COUNTED_TOGETHER,
    LASTS,
    Method,
    PersonalSignature,
    Wanted,
)
from nostro.storage import models
from nostro.storage.tenancy import current


class StepUpRow(msgspec.Struct, frozen=True, kw_only=True):
    """One proof that was asked for."""

    id: UUID
    person_id: UUID
    digest: str
    order_ids: tuple[UUID, ...]
    nonce: str
    expires_at: datetime
    tries: int
    proved_at: datetime | None
    used_at: datetime | None

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            tenant_id=str(current()),
            person_id=str(self.person_id),
            digest=self.digest,
            nonce=self.nonce,
        )


def open_one(
    row_id: UUID, person_id: UUID, digest: str, order_ids: Sequence[UUID], nonce: str, now: datetime
) -> None:
    """Ask one person for a proof for one digest, from now for five minutes."""
    models.StepUp.objects.create(
        id=row_id,
        tenant_id=current(),
        person_id=person_id,
        digest=digest,
        orders=[str(order_id) for order_id in order_ids],
        nonce=nonce,
        opened_at=now,
        expires_at=now + LASTS,
    )


def lock(row_id: UUID, person_id: UUID) -> StepUpRow | None:
    """What this person was asked for, held until the unit of work ends."""
    found = models.StepUp.objects.select_for_update().filter(id=row_id, person_id=person_id)
    row = found.first()
    return None if row is None else _row(row)


def load(row_id: UUID, person_id: UUID) -> StepUpRow | None:
    row = models.StepUp.objects.filter(id=row_id, person_id=person_id).first()
    return None if row is None else _row(row)


def tried(row_id: UUID, person_id: UUID, now: datetime) -> int:
    """Count one try; returns how many there were of this person within five minutes."""
    models.StepUp.objects.filter(id=row_id, person_id=person_id).update(tries=F("tries") + 1)
    lately = models.StepUp.objects.filter(person_id=person_id, opened_at__gt=now - LASTS)
    return int(lately.aggregate(tries=Sum("tries"))["tries"] or 0)


def prove(row_id: UUID, method: Method, signature: PersonalSignature | None, now: datetime) -> None:
    """The person has proved himself by this method."""
    kept = None if signature is None else msgspec.to_builtins(signature)
    models.StepUp.objects.filter(id=row_id).update(
        method=method.value, signature=kept, proved_at=now
    )


def spend(row_id: UUID, person_id: UUID, digest: str, now: datetime) -> bool:
    """Use a proof up; True only the first time, for the same person and digest, in time."""
    found = models.StepUp.objects.filter(
        id=row_id,
        person_id=person_id,
        digest=digest,
        proved_at__isnull=False,
        used_at__isnull=True,
        expires_at__gt=now,
    )
    return found.update(used_at=now) == 1


def approved_lately(person_id: UUID, now: datetime) -> dict[str, Money]:
    """Sums that the person approved within a day, or since his last step-up, by currency.

    Two approvals of one person come one after the other from here on: side by side neither would
    count the other's sum.
    """
    mine = models.Membership.objects.select_for_update(no_key=True).filter(person_id=person_id)
    list(mine.values_list("id"))
    used = models.StepUp.objects.filter(person_id=person_id, used_at__isnull=False)
    last = used.order_by("-used_at").values_list("used_at", flat=True).first()
    since = now - COUNTED_TOGETHER
    found = (
        models.Approval.objects.filter(
            person_id=str(person_id), approved_at__gt=max(since, last or since)
        )
        .values("order__currency")
        .annotate(minor=Sum("order__amount_minor"))
        .order_by()
    )
    return {
        row["order__currency"]: Money(int(row["minor"]), row["order__currency"]) for row in found
    }


def _row(row: models.StepUp) -> StepUpRow:
    return StepUpRow(
        id=row.id,
        person_id=row.person_id,
        digest=row.digest,
        order_ids=tuple(UUID(text) for text in row.orders),
        nonce=row.nonce,
        expires_at=row.expires_at,
        tries=row.tries,
        proved_at=row.proved_at,
        used_at=row.used_at,
    )
