"""Corrected accounts as people and programs read them: what was, what is proposed, and by whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.party import PayeeAccount
from nostro.domain.payee_change import ChangeState
from nostro.storage import models, parties, payee_changes
from nostro.storage.listing import payment
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.payee_changes import ChangeRow
from nostro.storage.rows import PaymentRow, build, columns


class ToldIn(msgspec.Struct, frozen=True, kw_only=True):
    """The bank's file that says it; its exact bytes are kept under this id."""

    id: UUID
    name: str


class ChangeStory(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed change: the account that is paid today, the payment that the bank told it
    about, and the bank's file. None where there is no such thing."""

    change: ChangeRow
    account: PayeeAccount | None
    payment: PaymentRow | None
    told_in: ToldIn | None
    case_outcome: str


def changes(
    states: Collection[ChangeState] = (), *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[ChangeRow]:
    """Proposed changes, the newest first; of any state unless some are named."""
    size = checked_limit(limit)
    found = models.PayeeChange.objects.order_by("-id")
    if states:
        found = found.filter(state__in=[state.value for state in states])
    if cursor:
        (last,) = key_of("payee_changes", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    return page_of("payee_changes", _rows(found[: size + 1]), size, lambda row: (str(row.id),))


def change(change_id: UUID) -> ChangeRow | None:
    """One change; None when this customer has none of that id."""
    return next(iter(_rows(models.PayeeChange.objects.filter(id=change_id))), None)


def waiting_count() -> int:
    """How many changes wait for a decision."""
    return models.PayeeChange.objects.filter(state=ChangeState.PROPOSED.value).count()


def story(change_id: UUID) -> ChangeStory | None:
    """One change with what it is about; None when this customer has none of that id."""
    row = change(change_id)
    if row is None:
        return None
    cases = models.Case.objects.filter(id__in=[row.case_id] if row.case_id else [])
    about: Any = cases.values("order_id", "attempt_id", "outcome").first() or {}
    order_id = about.get("order_id")
    return ChangeStory(
        change=row,
        account=parties.current_payee_accounts([row.payee_number]).get(row.payee_number),
        payment=payment(order_id) if order_id else None,
        told_in=_told_in(row),
        case_outcome=about.get("outcome", ""),
    )


def _told_in(row: ChangeRow) -> ToldIn | None:
    """The file that brought it."""
    kept = payee_changes.file_of(row)
    found = models.Evidence.objects.filter(id__in=[kept] if kept else [])
    told = found.values("id", "name").first()
    return ToldIn(**told) if told else None


_JOINED: Final = {"payee_number": "payee__number", "payee_name": "payee__name"}


def _rows(found: QuerySet[models.PayeeChange]) -> list[ChangeRow]:
    return [
        build(ChangeRow, row, **{name: row[path] for name, path in _JOINED.items()})
        for row in found.values(*columns(ChangeRow, *_JOINED), *_JOINED.values())
    ]
