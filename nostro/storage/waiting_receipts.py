"""Money in that nothing surely explains yet: what is looked at anew when more is known."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from nostro.domain.match import OPEN_LINES
from nostro.domain.statement import EntryStatus
from nostro.storage import bulk, models
from nostro.storage.statements import TransactionRow, transaction_of


def newest(account_id: UUID, most: int) -> list[UUID]:
    """So many of the open booked receipts of an account that came last, in booking order. Files
    that are still being taken in are explained when all of them is there, and not before."""
    being_taken_in = models.StatementFile.objects.filter(finished_at__isnull=True)
    rows = (
        _open()
        .filter(account_id=account_id)
        .exclude(statement__evidence_id__in=being_taken_in.values("evidence_id"))
    )
    found = rows.order_by("-id").values_list("booked", "id")[:most]
    return [
        line_id for _, line_id in sorted(found, key=lambda one: (str(one[0] or ""), one[1].int))
    ]


def still_open(line_ids: Collection[UUID]) -> dict[str, TransactionRow]:
    """Those of these lines that are still open, by id, in booking order."""
    rows = _open().filter(bulk.one_of("id", line_ids)).order_by("booked", "id")
    return {str(row.id): transaction_of(row) for row in rows}


def _open() -> QuerySet[models.BankTransaction]:
    return models.BankTransaction.objects.filter(
        match_state__in=[state.value for state in OPEN_LINES],
        status=EntryStatus.BOOK.value,
        amount_minor__gt=0,
    )
