"""The customer's rules of approving, version by version; the newest one counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.policies.approval import ApprovalRules
from nostro.storage import models
from nostro.storage.tenancy import current


def rules() -> ApprovalRules:
    """How many people approve a payment of the customer of this unit of work."""
    found = models.ApprovalPolicy.objects.order_by("-version").values_list("rules", flat=True)
    stored = found.first()
    return msgspec.convert(stored, ApprovalRules) if stored else ApprovalRules()


def most_needed() -> int:
    return rules().most


def add(policy_id: UUID, new: ApprovalRules, changed_by: str, now: datetime) -> int:
    """Put a new version in force; returns its number."""
    last = models.ApprovalPolicy.objects.order_by("-version").values_list("version", flat=True)
    version = (last.first() or 0) + 1
    models.ApprovalPolicy.objects.create(
        id=policy_id,
        tenant_id=current(),
        version=version,
        rules=msgspec.to_builtins(new),
        valid_from=now,
        changed_by=changed_by,
    )
    return version
