"""The customer's policies as stored: every version with the day it counts from and who agreed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.policy import P, Policy, Version
from nostro.storage import models
from nostro.storage.tenancy import current

LISTED_MAX = 100


def in_force(policy: type[P], now: datetime) -> P:
    """What a policy of the customer of this unit of work says now; its defaults without any."""
    return version_in_force(policy, now).content


def version_in_force(policy: type[P], now: datetime) -> Version[P]:
    """The version that counts now; number 0, the defaults, where there is none."""
    rows = models.PolicyVersion.objects.filter(kind=policy.KIND, valid_from__lte=now)
    row = rows.order_by("-valid_from", "-version").first()
    return _version(policy, row) if row else _unsaid(policy)


class InForce:
    """Several policies as they count at one moment, read with one question."""

    def __init__(self, found: dict[str, models.PolicyVersion]) -> None:
        self._found = found

    def version(self, policy: type[P]) -> Version[P]:
        row = self._found.get(policy.KIND)
        return _version(policy, row) if row else _unsaid(policy)

    def of(self, policy: type[P]) -> P:
        return self.version(policy).content


def all_in_force(now: datetime) -> InForce:
    """Every policy of the customer as it counts now."""
    rows = models.PolicyVersion.objects.filter(valid_from__lte=now)
    last = rows.order_by("kind", "-valid_from", "-version").distinct("kind")
    return InForce({row.kind: row for row in last})


def versions(policy: type[P], limit: int = LISTED_MAX) -> list[Version[P]]:
    """Every version, the one that counts last first; the future ones before them."""
    rows = models.PolicyVersion.objects.filter(kind=policy.KIND)
    return [_version(policy, row) for row in rows.order_by("-valid_from", "-version")[:limit]]


def versions_before(policy: type[P], before: int | None, limit: int) -> list[Version[P]]:
    """Versions by number, the newest first, of those below a number; the last is number 0, what
    counts where nobody has said anything."""
    rows = models.PolicyVersion.objects.filter(kind=policy.KIND).order_by("-version")
    below = rows if before is None else rows.filter(version__lt=before)
    found = [_version(policy, row) for row in below[:limit]]
    if before != 0 and len(found) < limit:
        found.append(_unsaid(policy))
    return found


def from_now_on(policy: type[P], now: datetime) -> list[P]:
    """What a policy says now, and what it will say from the days on that are agreed already."""
    later = models.PolicyVersion.objects.filter(kind=policy.KIND, valid_from__gt=now)
    rows = later.order_by("valid_from", "version")[:LISTED_MAX]
    return [in_force(policy, now), *(_version(policy, row).content for row in rows)]


def numbered(policy: type[P], numbers: Collection[int]) -> dict[int, P]:
    """What these versions say, by their number; 0 are the defaults. Raises KeyError for one that
    never was: versions are never deleted."""
    rows = models.PolicyVersion.objects.filter(kind=policy.KIND, version__in=set(numbers) - {0})
    found = {row.version: msgspec.convert(row.content, policy) for row in rows}
    return {number: found[number] if number else policy() for number in numbers}


def add(
    policy_id: UUID,
    content: Policy,
    *,
    valid_from: datetime,
    changed_by: str,
    reason: str,
    request_id: UUID | None = None,
) -> int:
    """Keep a new version that counts from `valid_from` on; returns its number. Who is behind it is
    known by the request that it was made for."""
    rows = models.PolicyVersion.objects.filter(kind=content.KIND)
    number = (rows.order_by("-version").values_list("version", flat=True).first() or 0) + 1
    models.PolicyVersion.objects.create(
        id=policy_id,
        tenant_id=current(),
        kind=content.KIND,
        version=number,
        content=msgspec.to_builtins(content),
        valid_from=valid_from,
        changed_by=changed_by,
        request_id=request_id,
        reason=reason,
        next_action_at=valid_from,
    )
    return number


def kind_of(policy_id: UUID) -> str:
    return models.PolicyVersion.objects.values_list("kind", flat=True).get(id=policy_id)


def is_in_force(policy_id: UUID, now: datetime) -> bool:
    """Whether no other version of its kind counts instead of it."""
    rows = models.PolicyVersion.objects.filter(kind=kind_of(policy_id), valid_from__lte=now)
    last = rows.order_by("-valid_from", "-version").values_list("id", flat=True).first()
    return bool(last == policy_id)


def look_again(policy_id: UUID, when: datetime) -> None:
    """Something is due about this version then."""
    models.PolicyVersion.objects.filter(id=policy_id).update(next_action_at=when)


def came_into_force(policy_id: UUID) -> None:
    """Nothing more is due about this version."""
    models.PolicyVersion.objects.filter(id=policy_id).update(next_action_at=None)


def _unsaid(policy: type[P]) -> Version[P]:
    return Version(number=0, content=policy(), valid_from=None, changed_by="", reason="")


def _version(policy: type[P], row: models.PolicyVersion) -> Version[P]:
    return Version(
        number=row.version,
        content=msgspec.convert(row.content, policy),
        valid_from=row.valid_from,
        changed_by=row.changed_by,
        reason=row.reason,
    )
