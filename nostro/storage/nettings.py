"""Netting proposals as stored, and what there is to propose; they move in workflows only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.money import Money
from nostro.domain.netting import LIVE, NettingState, Payable, Proposal, Reduced, Used
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.storage import bulk, models
from nostro.storage.paging import LIMIT_DEFAULT, Page, checked_limit, key_of, page_of
from nostro.storage.tenancy import current

# What may still be sent anew with another amount: it has not left.
_HERE: Final = [state.value for state in OrderState if ORDER.allows(state, OrderMove.CANCEL)]


class NettingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal that somebody decided on."""

    id: UUID
    proposal: Proposal
    entity_code: str
    digest: str
    state: NettingState
    state_since: datetime
    proposed_at: datetime
    proposed_by_name: str
    decided_by_name: str
    told_to: str
    reason: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment of a proposal stands now."""

    state: OrderState
    amount: Money
    is_here: bool


_JOINED = ("entity__code",)
_PLAIN = [
    name
    for name in NettingRow.__struct_fields__
    if name not in ("proposal", "entity_code", "state")
]
_READ = [
    *(*_PLAIN, "entity_id", "payee_number", "currency", "payments", "notes", "state"),
    *_JOINED,
]


def _row(found: dict[str, Any]) -> NettingRow:
    return NettingRow(
        **{name: found[name] for name in _PLAIN},
        proposal=Proposal(
            entity_id=str(found["entity_id"]),
            payee_number=found["payee_number"],
            currency=found["currency"],
            payments=msgspec.convert(found["payments"], tuple[Reduced, ...]),
            notes=msgspec.convert(found["notes"], tuple[Used, ...]),
        ),
        entity_code=found["entity__code"],
        state=NettingState(found["state"]),
    )


def _rows(found: Any) -> list[NettingRow]:
    return [_row(one) for one in found.values(*_READ)]


def payables(payee_number: str, limit: int) -> list[Payable]:
    """Payments to a payee that have not left, the earliest first. Confidential ones are never
    netted: the proposal is told to whoever owns a source."""
    found = models.Order.objects.filter(
        payee_number=payee_number, state__in=_HERE, confidential=False
    )
    names = ("id", "number", "source", "source_reference", "entity_id", "requested_date")
    rows = found.order_by("requested_date", "id").values(*names, "amount_minor", "currency")
    return [
        Payable(
            order_id=str(row["id"]),
            number=row["number"],
            source=row["source"],
            reference=row["source_reference"],
            entity_id=str(row["entity_id"]),
            payee_number=payee_number,
            amount=Money(row["amount_minor"], row["currency"]),
            day=row["requested_date"],
        )
        for row in rows[:limit]
    ]


def standing(order_ids: Collection[UUID]) -> Mapping[UUID, Standing]:
    """How these payments stand; one that has become confidential is left out."""
    found = models.Order.objects.filter(bulk.one_of("id", order_ids), confidential=False)
    return {
        row["id"]: Standing(
            state=OrderState(row["state"]),
            amount=Money(row["amount_minor"], row["currency"]),
            is_here=row["state"] in _HERE,
        )
        for row in found.values("id", "state", "amount_minor", "currency")
    }


def insert(row_id: UUID, proposal: Proposal, now: datetime, *, by: str, by_name: str) -> None:
    models.Netting.objects.create(
        id=row_id,
        tenant_id=current(),
        entity_id=UUID(proposal.entity_id),
        payee_number=proposal.payee_number,
        currency=proposal.currency,
        payments=msgspec.to_builtins(proposal.payments),
        notes=msgspec.to_builtins(proposal.notes),
        digest=proposal.digest,
        state=NettingState.PROPOSED.value,
        state_since=now,
        proposed_at=now,
        proposed_by=by,
        proposed_by_name=by_name,
    )


def netting(netting_id: UUID) -> NettingRow | None:
    return next(iter(_rows(models.Netting.objects.filter(id=netting_id))), None)


def lock(netting_id: UUID) -> NettingRow | None:
    rows = models.Netting.objects.select_for_update(no_key=True, of=("self",))
    return next(iter(_rows(rows.filter(id=netting_id))), None)


def nettings(
    *,
    state: NettingState | None = None,
    payee: str = "",
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Page[NettingRow]:
    """Proposals that somebody decided on, the newest first."""
    size = checked_limit(limit)
    found = models.Netting.objects.all()
    if state:
        found = found.filter(state=state.value)
    if payee:
        found = found.filter(payee_number=payee)
    if cursor:
        (last,) = key_of("nettings", cursor, lambda text: (UUID(text),))
        found = found.filter(id__lt=last)
    rows = _rows(found.order_by("-id")[: size + 1])
    return page_of("nettings", rows, size, lambda row: (str(row.id),))


def live_of(payee_number: str) -> list[NettingRow]:
    """Proposals to the sources of a payee's payments that nobody has ended."""
    states = [state.value for state in LIVE]
    found = models.Netting.objects.filter(payee_number=payee_number, state__in=states)
    return _rows(found.order_by("id"))


def dismissed(digests: Collection[str]) -> set[str]:
    """Those of these proposals that somebody dismissed: nobody is asked twice."""
    found = models.Netting.objects.filter(bulk.one_of("digest", digests))
    ended = found.filter(state=NettingState.DISMISSED.value)
    return set(ended.values_list("digest", flat=True))


def set_state(netting_id: UUID, state: NettingState, now: datetime, **more: Any) -> None:
    """Write a new state; only workflows.netting may call this."""
    models.Netting.objects.filter(id=netting_id).update(state=state.value, state_since=now, **more)
