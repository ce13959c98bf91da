"""Proposed changes of payees' bank details, as stored; an open one stops payments to its payee."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.payee_change import ChangeState
from nostro.storage import models
from nostro.storage.tenancy import current


class NewChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change to propose. `before` and `after` are AccountDetails as plain data; `after` may say
    more. `natural_key` makes one correction one proposal."""

    id: UUID
    payee_id: UUID
    origin: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    code: str
    text: str
    case_id: UUID | None
    proposed_by: str
    natural_key: str


def propose(change: NewChange, now: datetime) -> bool:
    """Store a proposal; False when the same one was made before, whatever became of it."""
    told = {name: getattr(change, name) for name in change.__struct_fields__}
    key = told.pop("natural_key")
    _, created = models.PayeeChange.objects.get_or_create(
        tenant_id=current(),
        natural_key=key,
        defaults={
            **told,
            "before": dict(change.before),
            "after": dict(change.after),
            "state": ChangeState.PROPOSED.value,
            "proposed_at": now,
        },
    )
    return created
