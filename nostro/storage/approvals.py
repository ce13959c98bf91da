"""Agreements to payments as stored: given, and taken back when what was agreed to changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Min

from nostro.domain.errors import Refused
from nostro.domain.payment import Route
from nostro.domain.policies.approval_steps import Given
from nostro.storage import bulk, models
from nostro.storage.tenancy import current


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What one person agreed to, and in which stage of the rules."""

    digest: str
    stage: int


def given(order_ids: Collection[UUID]) -> dict[UUID, dict[str, Agreed]]:
    """The approvals of each order that nobody has taken back, by person id; the first first."""
    found: dict[UUID, dict[str, Agreed]] = {order_id: {} for order_id in order_ids}
    valid = models.Approval.objects.filter(voided_at__isnull=True)
    rows = valid.filter(bulk.one_of("order_id", order_ids)).order_by("id")
    for order_id, person, agreed, stage in rows.values_list(
        "order_id", "person_id", "digest", "stage"
    ):
        found[order_id][person] = Agreed(digest=agreed, stage=stage)
    return found


def first_given(order_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When the first of the approvals of each order was given that nobody has taken back."""
    valid = models.Approval.objects.filter(bulk.one_of("order_id", order_ids), voided_at=None)
    found = valid.values("order_id").annotate(first=Min("approved_at"))
    return dict(found.values_list("order_id", "first"))


def to_digest(agreed: Mapping[str, Agreed], digest: str) -> tuple[Given, ...]:
    """Those of these agreements that are to just this."""
    return tuple(
        Given(person_id=who, stage=what.stage)
        for who, what in agreed.items()
        if what.digest == digest
    )


def add(
    agreements: Iterable[tuple[UUID, UUID, Agreed]],
    person_id: str,
    person_name: str,
    now: datetime,
) -> None:
    """Record agreements of one person, each as (approval id, order id, to what)."""
    tenant_id = current()
    rows = [
        {
            "id": approval_id,
            "tenant_id": tenant_id,
            "order_id": order_id,
            "person_id": person_id,
            "person_name": person_name,
            "digest": agreed.digest,
            "approved_at": now,
            "stage": agreed.stage,
        }
        for approval_id, order_id, agreed in agreements
    ]
    if bulk.insert(models.Approval, rows) != len(rows):
        raise Refused(
            "already_approved",
            f"{person_name} has already approved one of these payments.",
            "Nothing was approved.",
            "Reload the page and choose again.",
        )


def void(order_ids: Collection[UUID], now: datetime) -> None:
    """What was agreed to these orders counts no more; it stays in their trace."""
    valid = models.Approval.objects.filter(voided_at__isnull=True)
    valid.filter(bulk.one_of("order_id", order_ids)).update(voided_at=now)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order is held against, and whose approval it waits for."""

    payee_account_id: UUID | None
    policy_version: str
    digest: str
    waits_for: str
    route: Route


def put_to(order_id: UUID, terms: Terms) -> None:
    """From now on these are the terms on which an order is approved."""
    models.Order.objects.filter(id=order_id).update(
        payee_account_id=terms.payee_account_id,
        policy_version=terms.policy_version,
        approval_digest=terms.digest,
        waits_for=terms.waits_for,
        route=msgspec.to_builtins(terms.route),
        account_id=UUID(terms.route.account_id),
    )


def wait_for(waits: Mapping[str, Collection[UUID]]) -> None:
    """Whose approval these orders wait for now: order ids by what is said of them."""
    for waits_for, order_ids in waits.items():
        found = models.Order.objects.filter(bulk.one_of("id", order_ids))
        found.update(waits_for=waits_for)
