"""Booked lines that nothing surely explains yet: for people, and to be decided anew."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from nostro.domain.match import OPEN_LINES
from nostro.domain.statement import EntryStatus
from nostro.storage import bulk, models
from nostro.storage.models.cash import BOOKED_DAY
from nostro.storage.statements import TransactionRow, transaction_of

_OPEN: Final = tuple(state.value for state in OPEN_LINES)


def open_lines() -> QuerySet[models.BankTransaction]:
    """What is only announced waits for the bank, not for a person."""
    return models.BankTransaction.objects.filter(
        match_state__in=_OPEN, status=EntryStatus.BOOK.value
    )


def newest_receipts(account_id: UUID, most: int) -> list[UUID]:
    """So many of the open receipts of an account that were stored last, in booking order. Files
    that are still being taken in are explained when all of them is there, and not before."""
    being_taken_in = models.StatementFile.objects.filter(finished_at__isnull=True)
    rows = (
        open_lines()
        .filter(account_id=account_id, amount_minor__gt=0)
        .exclude(statement__evidence_id__in=being_taken_in.values("evidence_id"))
    )
    found = rows.order_by("-id").values_list(BOOKED_DAY, "id")[:most]
    return [line_id for _, line_id in sorted(found)]


def still_open(line_ids: Collection[UUID]) -> dict[str, TransactionRow]:
    """Those of these lines that are still open, by id, in booking order."""
    rows = open_lines().filter(bulk.one_of("id", line_ids)).order_by(BOOKED_DAY.asc(), "id")
    return {str(row.id): transaction_of(row) for row in rows}
