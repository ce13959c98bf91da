"""Notices to payees as stored: planned as sets out of the log, taken one by one to be told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.advice_notice import NOTICE, NoticeKind, NoticeMove, NoticeState
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.domain.policies.advising import AdviceRules
from nostro.storage import bulk, confidential, models, queries, webhooks
from nostro.storage import paging as listing
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.storage.tenancy import current

MOVED: Final = "order.moved"
_LIST: Final = "advice_notices"
_LIVE: Final = (NoticeState.WAITING.value, NoticeState.SENDING.value)


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One notice. `message_id` and `evidence_id` are there once its bytes are frozen."""

    id: UUID
    kind: NoticeKind
    state: NoticeState
    round: int
    entity_id: UUID
    payee_number: str
    confidential: bool
    connection_id: UUID
    formats: tuple[str, ...]
    gathers: bool
    executed_on: date
    rule: str
    first_due_at: datetime
    next_action_at: datetime | None
    created_at: datetime
    address: str = ""
    message_id: str = ""
    evidence_id: UUID | None = None
    corrects_id: UUID | None = None
    tries: int = 0
    doubts: int = 0
    told_at: datetime | None = None
    said: str = ""
    asked_by_name: str = ""
    reason: str = ""


class MovedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that came into a state, as the sealed log says it."""

    order_id: UUID
    occurred_at: datetime
    state: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the log: the last position of it, and the payments that moved meanwhile."""

    last: int
    moved: tuple[MovedOrder, ...]


# How far the log was read.


def behind() -> bool:
    """Is there anything in the log that may have to be told? Only where somebody made rules."""
    reader = models.AdviceReader.objects.values_list("position", flat=True).first()
    if reader is None:
        return models.PolicyVersion.objects.filter(kind=AdviceRules.KIND).exists()
    return reader < webhooks.sealed()


def lock_reader(reader_id: UUID) -> int | None:
    """The position up to which the log was read, locked; None where nobody ever made rules.

    It begins where the first rules began to count: what was paid before is nobody's news.
    """
    found = models.AdviceReader.objects.select_for_update().values_list("position", flat=True)
    position = found.first()
    if position is not None:
        return position
    versions = models.PolicyVersion.objects.filter(kind=AdviceRules.KIND).order_by("valid_from")
    since = versions.values_list("valid_from", flat=True).first()
    if since is None:
        return None
    (row,) = queries.rows("sealed_before", tenant_id=current(), moment=since)
    told = {"id": reader_id, "tenant_id": current(), "position": row["position"]}
    bulk.insert(models.AdviceReader, [told])
    return found.first()


def advance(position: int) -> None:
    models.AdviceReader.objects.update(position=position)


def read_log(after: int, limit: int) -> Page | None:
    """The next sealed events; None when there are none."""
    sealed = webhooks.sealed_after(after, limit)
    if not sealed:
        return None
    positions = [one.position for one in sealed if one.type == MOVED]
    rows = (
        queries.rows("sealed_moves", tenant_id=current(), positions=positions) if positions else []
    )
    moved = tuple(MovedOrder(**row) for row in rows)
    return Page(last=sealed[-1].position, moved=moved)


# What is planned.


def add(rows: Iterable[NoticeRow], orders: Mapping[UUID, Collection[UUID]], new: Any) -> None:
    """Keep notices with the payments of each; `new` makes ids. Raises Refused,
    `advice_on_its_way`, where somebody else has just planned to tell of one of them."""
    listed, tenant_id = list(rows), current()
    bulk.insert(models.AdviceNotice, (_columns(row, tenant_id) for row in listed))
    for row in listed:
        if join(row, orders[row.id], new) < len(orders[row.id]):
            raise Refused(
                "advice_on_its_way",
                "An advice of this payment was planned by somebody else just now.",
                "Nobody was told anything.",
                "Wait until it was sent or given up.",
            )


def join(row: NoticeRow, orders: Collection[UUID], new: Any) -> int:
    """Payments that this notice tells of as well; returns how many it did not tell of yet."""
    told = {"notice_id": row.id, "kind": row.kind.value, "round": row.round, "dropped": False}
    return bulk.insert(
        models.AdvisedPayment,
        ({**told, "id": new(), "tenant_id": current(), "order_id": one} for one in orders),
    )


def _columns(row: NoticeRow, tenant_id: UUID) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(row),
        "tenant_id": tenant_id,
        "kind": row.kind.value,
        "state": row.state.value,
        "formats": list(row.formats),
    }


def gathering(numbers: Collection[str], now: datetime) -> list[NoticeRow]:
    """Notices to these payees that payments may still join, locked."""
    rows = models.AdviceNotice.objects.select_for_update().filter(
        bulk.one_of("payee_number", numbers),
        gathers=True,
        state=NoticeState.WAITING.value,
        tries=0,
        next_action_at__gt=now,
    )
    return [_row(row) for row in rows.order_by("id")]


def already(order_ids: Collection[UUID], kind: NoticeKind) -> set[UUID]:
    """Those of these payments that a notice of this kind tells of, or told of, already."""
    found = models.AdvisedPayment.objects.filter(
        bulk.one_of("order_id", order_ids), kind=kind.value
    )
    return set(found.values_list("order_id", flat=True))


def rounds(order_id: UUID, kind: NoticeKind) -> int:
    """How many notices of this kind there have been about a payment."""
    return models.AdvisedPayment.objects.filter(order_id=order_id, kind=kind.value).count()


def lock_about(order_id: UUID, kind: NoticeKind) -> list[NoticeRow]:
    """The notices about a payment that still stand, locked, the oldest first."""
    links = models.AdvisedPayment.objects.filter(order_id=order_id, kind=kind.value, dropped=False)
    ids = list(links.values_list("notice_id", flat=True))
    rows = models.AdviceNotice.objects.select_for_update().filter(bulk.one_of("id", ids))
    return [_row(row) for row in rows.order_by("id")]


def take_out(notice_id: UUID, order_ids: Collection[UUID]) -> int:
    """These payments are told of no more; how many are left."""
    links = models.AdvisedPayment.objects.filter(notice_id=notice_id)
    links.filter(bulk.one_of("order_id", order_ids)).update(dropped=True)
    return links.filter(dropped=False).count()


# What is told.


def lock_due(now: datetime) -> NoticeRow | None:
    """One notice whose time has come and that nobody else has just now."""
    rows = models.AdviceNotice.objects.select_for_update(skip_locked=True)
    row = (
        rows.filter(next_action_at__lte=now, state__in=_LIVE)
        .order_by("next_action_at", "id")
        .first()
    )
    return _row(row) if row else None


def lock(notice_id: UUID) -> NoticeRow | None:
    row = models.AdviceNotice.objects.select_for_update().filter(id=notice_id).first()
    return _row(row) if row else None


def look(notice_id: UUID) -> NoticeRow | None:
    row = models.AdviceNotice.objects.filter(id=notice_id).first()
    return _row(row) if row else None


def orders_of(notice_id: UUID) -> list[UUID]:
    """The payments that a notice tells of, by number."""
    links = models.AdvisedPayment.objects.filter(notice_id=notice_id, dropped=False)
    return list(links.order_by("order__number").values_list("order_id", flat=True))


def became(order_id: UUID) -> tuple[OrderState, int]:
    """What became of a payment, and how much of it came back, in minor units."""
    row = models.Order.objects.filter(id=order_id).values_list("state", "returned_minor").get()
    return OrderState(row[0]), row[1]


def move(row: NoticeRow, step: NoticeMove, **changes: Any) -> NoticeState:
    """Move a locked notice; raises NotAllowed where its table has no such move."""
    after = NOTICE.after(row.state, step)
    models.AdviceNotice.objects.filter(id=row.id).update(state=after.value, **changes)
    return after


def freeze(notice_id: UUID, *, message_id: str, evidence_id: UUID, address: str) -> None:
    """These bytes go from now on, and there."""
    models.AdviceNotice.objects.filter(id=notice_id).update(
        message_id=message_id, evidence_id=evidence_id, address=address
    )


def put_off(notice_id: UUID, until: datetime) -> None:
    models.AdviceNotice.objects.filter(id=notice_id).update(next_action_at=until)


def put_off_others(connection_id: UUID, until: datetime, now: datetime) -> None:
    """What ails a connection would stop its other notices too: they wait as long."""
    waiting = models.AdviceNotice.objects.filter(
        connection_id=connection_id, state=NoticeState.WAITING.value, next_action_at__lte=now
    )
    waiting.update(next_action_at=until)


def put_off_all(until: datetime, now: datetime) -> None:
    due = models.AdviceNotice.objects.filter(next_action_at__lte=now)
    due.update(next_action_at=until)


def _row(row: models.AdviceNotice) -> NoticeRow:
    told = {name: getattr(row, name) for name in NoticeRow.__struct_fields__}
    return NoticeRow(
        **{
            **told,
            "kind": NoticeKind(row.kind),
            "state": NoticeState(row.state),
            "formats": tuple(row.formats),
        }
    )


# For people and programs.


class ToldNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice with the way it takes and the payments that it tells of, by id and number."""

    notice: NoticeRow
    connection: str
    payments: tuple[tuple[UUID, str], ...]


def about_payment(
    order_id: UUID, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> listing.Page[ToldNotice]:
    """What its payee was told of a payment, or is to be told, the newest first."""
    links = models.AdvisedPayment.objects.filter(order_id=order_id)
    rows = models.AdviceNotice.objects.filter(id__in=links.values("notice_id"))
    return _listed(rows, limit, cursor)


def about_payee(
    number: str, *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> listing.Page[ToldNotice]:
    """What a payee was told of all his payments, or is to be told, the newest first."""
    rows = models.AdviceNotice.objects.filter(payee_number=number)
    return _listed(rows, limit, cursor)


def _listed(
    rows: QuerySet[models.AdviceNotice], limit: int, cursor: str
) -> listing.Page[ToldNotice]:
    limit = listing.checked_limit(limit)
    if cursor:
        (last,) = listing.key_of(_LIST, cursor, lambda last: (UUID(last),))
        rows = rows.filter(id__lt=last)
    found = list(rows.select_related("connection").order_by("-id")[: limit + 1])
    payments = _payments([row.id for row in found])
    told = [
        ToldNotice(
            notice=_row(row),
            connection=row.connection.name,
            payments=tuple(payments.get(row.id, ())),
        )
        for row in found
    ]
    return listing.page_of(_LIST, told, limit, lambda one: (str(one.notice.id),))


def _payments(notice_ids: Collection[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The payments of each notice, by id and number, as far as whoever looks may see them."""
    links = models.AdvisedPayment.objects.filter(
        bulk.one_of("notice_id", notice_ids), dropped=False
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    rows = links.order_by("order__number").values_list("notice_id", "order_id", "order__number")
    for notice_id, order_id, number in rows:
        confidential.note("order", [order_id])
        found.setdefault(notice_id, []).append((order_id, number))
    return found
