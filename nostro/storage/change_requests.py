"""Changes that were asked for, as stored: who asked, who agreed, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from nostro.domain.change_request import RequestState, Standing
from nostro.storage import models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's agreement; `acted_for` are those in whose place he gave it, or himself."""

    person_id: UUID
    person_name: str
    acted_for: tuple[str, ...]
    reason: str
    agreed_at: datetime


class RequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change that somebody asked for. `needed` people other than he have to agree."""

    id: UUID
    kind: str
    subject_id: UUID
    subject: str
    wanted: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    state: RequestState
    needed: int
    asked_by: str
    asked_by_kind: str
    asked_by_name: str
    asked_for: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime
    ended_by_name: str = ""
    ended_reason: str = ""
    ended_at: datetime | None = None
    agreements: tuple[Agreement, ...] = ()

    def standing(self) -> Standing:
        """Who is behind it so far; a change may be about a person, whose id is its subject's."""
        return Standing(
            asked_by=self.asked_by,
            asked_for=frozenset(self.asked_for),
            about=str(self.subject_id),
            agreed_by=frozenset(str(one.person_id) for one in self.agreements),
            agreed_for=frozenset(who for one in self.agreements for who in one.acted_for),
        )


_STORED = tuple(name for name in RequestRow.__struct_fields__ if name != "agreements")


def insert(row: RequestRow) -> None:
    told = {name: getattr(row, name) for name in _STORED}
    told |= {"state": row.state.value, "asked_for": list(row.asked_for)}
    models.ChangeRequest.objects.create(tenant_id=current(), **told)


def lock(request_id: UUID) -> RequestRow | None:
    """The request, locked with its agreements; None when this customer has none of that id."""
    found = models.ChangeRequest.objects.select_for_update(no_key=True).filter(id=request_id)
    return next(iter(_rows(found)), None)


def request(request_id: UUID) -> RequestRow | None:
    return next(iter(_rows(models.ChangeRequest.objects.filter(id=request_id))), None)


def add_agreement(agreement_id: UUID, request_id: UUID, agreed: Agreement) -> None:
    told = msgspec.structs.asdict(agreed) | {"acted_for": list(agreed.acted_for)}
    models.ChangeAgreement.objects.create(
        id=agreement_id, tenant_id=current(), request_id=request_id, **told
    )


def end(request_id: UUID, state: RequestState, by_name: str, reason: str, now: datetime) -> None:
    models.ChangeRequest.objects.filter(id=request_id).update(
        state=state.value, ended_by_name=by_name, ended_reason=reason, ended_at=now
    )


def same_open(kind: str, subject_id: UUID) -> RequestRow | None:
    """A request about the same thing that nobody has decided on."""
    found = models.ChangeRequest.objects.filter(kind=kind, subject_id=subject_id)
    return next(iter(_rows(found.filter(state=RequestState.ASKED.value))), None)


def overdue(now: datetime) -> list[RequestRow]:
    """Requests that waited too long, locked."""
    found = models.ChangeRequest.objects.select_for_update(no_key=True, skip_locked=True)
    return _rows(found.filter(state=RequestState.ASKED.value, expires_at__lte=now))


def waiting(kinds: Collection[str]) -> list[RequestRow]:
    """Requests of these kinds that nobody has decided on, the oldest first."""
    found = models.ChangeRequest.objects.filter(state=RequestState.ASKED.value, kind__in=kinds)
    return _rows(found.order_by("id"))


def waiting_count() -> int:
    """How many changes wait for somebody's agreement."""
    return models.ChangeRequest.objects.filter(state=RequestState.ASKED.value).count()


def listed(
    states: Collection[RequestState] = (), *, limit: int = LIMIT_DEFAULT, cursor: str = ""
) -> Page[RequestRow]:
    """Requests, the newest first; of any state unless some are named."""
    size = checked_limit(limit)
    found = models.ChangeRequest.objects.order_by("-id")
    if states:
        found = found.filter(state__in=[state.value for state in states])
    if cursor:
        (last,) = key_of("change_requests", cursor, lambda key: (UUID(key),))
        found = found.filter(id__lt=last)
    return page_of("change_requests", _rows(found[: size + 1]), size, lambda row: (str(row.id),))


def agreed_to(request_ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    """Who agreed to each of these requests (person ids)."""
    found: dict[UUID, set[str]] = {}
    rows = models.ChangeAgreement.objects.filter(request_id__in=set(request_ids))
    for request_id, person_id in rows.values_list("request_id", "person_id"):
        found.setdefault(request_id, set()).add(str(person_id))
    return found


def _rows(found: QuerySet[models.ChangeRequest]) -> list[RequestRow]:
    rows = list(found.values(*_STORED))
    agreed: dict[UUID, list[Agreement]] = {row["id"]: [] for row in rows}
    given = models.ChangeAgreement.objects.filter(request_id__in=agreed).order_by("agreed_at", "id")
    columns = Agreement.__struct_fields__
    for row in given.values("request_id", *columns):
        told = {name: row[name] for name in columns} | {"acted_for": tuple(row["acted_for"])}
        agreed[row["request_id"]].append(Agreement(**told))
    return [
        RequestRow(
            **{
                **row,
                "state": RequestState(row["state"]),
                "asked_for": tuple(row["asked_for"]),
                "agreements": tuple(agreed[row["id"]]),
            }
        )
        for row in rows
    ]
