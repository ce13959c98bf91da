"""Booked entries of all statements as people and programs look for them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from nostro.domain.match import MatchState
from nostro.storage import confidential, models
from nostro.storage.listing import plain
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.rows import TransactionRow, build, columns, money

_AMOUNT = ("amount_minor", "currency")
_TEXTS = (
    *("counterparty_name", "counterparty_iban", "remittance"),
    *("end_to_end_id", "bank_reference", "payment_information_id"),
)


class LinesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are looked for; empty: any. Amounts are minor units, money out is negative."""

    account: UUID | None = None
    booked_from: date | None = None
    booked_until: date | None = None
    currency: str = ""
    amount_from: int | None = None
    amount_to: int | None = None
    match_state: MatchState | None = None
    q: str = ""


def lines(
    wanted: LinesWanted, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[TransactionRow]:
    """Entries, those that came last before the others."""
    size = checked_limit(limit)
    found = _wanted(wanted).order_by("-id")
    if cursor:
        (last,) = key_of("lines", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    rows = _rows(found[: size + 1])
    return page_of("lines", rows, size, lambda row: (str(row.id),))


def line(transaction_id: UUID) -> TransactionRow | None:
    """One entry; None when this customer has no such entry, or may not see it."""
    return next(iter(_rows(models.BankTransaction.objects.filter(id=transaction_id))), None)


def _wanted(wanted: LinesWanted) -> QuerySet[models.BankTransaction]:
    asked = {
        "account_id": wanted.account,
        "booked__gte": wanted.booked_from,
        "booked__lte": wanted.booked_until,
        "currency": wanted.currency or None,
        "amount_minor__gte": wanted.amount_from,
        "amount_minor__lte": wanted.amount_to,
        "match_state": wanted.match_state.value if wanted.match_state else None,
    }
    told = {name: value for name, value in asked.items() if value is not None}
    found = models.BankTransaction.objects.filter(**told)
    if wanted.q:
        text, anywhere = plain(wanted.q, "q"), Q()
        for name in _TEXTS:
            anywhere |= Q(**{f"{name}__icontains": text})
        found = found.filter(anywhere)
    return found


def _rows(found: QuerySet[models.BankTransaction]) -> list[TransactionRow]:
    names = columns(TransactionRow, "amount")
    rows = [build(TransactionRow, row, amount=money(row)) for row in found.values(*names, *_AMOUNT)]
    confidential.note("transaction", (row.id for row in rows))
    return rows
