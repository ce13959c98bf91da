"""Cases as stored: one per cause, with an owner and a due time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind, CaseState
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case to open. `natural_key` makes one cause one case."""

    id: UUID
    kind: CaseKind
    natural_key: str
    sentence: str
    can_do: str
    due_at: datetime
    order_id: UUID | None = None
    submission_id: UUID | None = None
    statement_id: UUID | None = None


def open_all(cases: Iterable[NewCase], now: datetime) -> int:
    """Open cases; one that is already open for the same cause is not opened again."""
    tenant_id = current()
    return bulk.insert(
        models.Case,
        (
            {
                **{name: getattr(case, name) for name in case.__struct_fields__},
                "kind": case.kind.value,
                "tenant_id": tenant_id,
                "state": CaseState.OPEN.value,
                "owner": "",
                "opened_at": now,
                "resolved_at": None,
            }
            for case in cases
        ),
    )
