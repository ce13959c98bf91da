"""Who has no say in a payment: its makers, and those who changed where its payee is paid."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from nostro.domain.policies.approval import Authorship
from nostro.storage import queries
from nostro.storage.tenancy import current


def authors(order_ids: Collection[UUID]) -> dict[UUID, Authorship]:
    """The authors of each of these payments. Who answers for a key made what the key made."""
    rows = queries.rows("authors_of_payments", tenant_id=current(), ids=list(order_ids))
    return {
        row["id"]: Authorship(
            makers=frozenset(row["makers"]),
            payee_account_changed_by=frozenset(row["editors"]),
        )
        for row in rows
    }
