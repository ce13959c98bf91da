"""Payment orders as stored: taken in as sets, locked and moved as sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast

from nostro.domain.duties import Touched
from nostro.domain.money import Money
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Approvable, Instruction, RollRule, Route
from nostro.domain.policies.approval_steps import Matter
from nostro.domain.policies.checks import Finding
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

_STATES = {state.value: state for state in OrderState}
_ROLL_RULES = {rule.value: rule for rule in RollRule}
_ADDRESS = msgspec.json.Decoder(PostalAddress)
_CHANGES = msgspec.json.Decoder(tuple[dict[str, str], ...])


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment order with everything that its workflows need."""

    id: UUID
    number: str
    state: OrderState
    source: str
    source_reference: str
    run_id: UUID | None
    entity_id: UUID
    payee_account_id: UUID | None
    payee_account_version: int
    payee_number: str
    instruction: Instruction
    route: Route
    invoices: tuple[str, ...]
    policy_version: str
    approval_digest: str
    maker_id: str
    maker_name: str
    source_changes: tuple[dict[str, str], ...] = ()
    replaces: UUID | None = None  # The ended payment that this one is made instead of.
    confidential: bool = False
    changed_by: tuple[str, ...] = ()  # Who changed it after it was made: people and programs.
    waits_for: str = ""  # Whose approval comes next: nostro.domain.policies.approval_steps.Waits.

    def approvable(self) -> Approvable:
        """What an approver agrees to, computed anew from the row."""
        return Approvable(
            order_id=str(self.id),
            instruction=self.instruction,
            route=self.route.as_approved(),
            payee_account_id=str(self.payee_account_id or ""),
            payee_account_version=self.payee_account_version,
            policy_version=self.policy_version,
        )

    def touched(self) -> Touched:
        """What a grant has to reach for somebody to decide on it."""
        where = {"entity_id": str(self.entity_id), "account_id": self.route.account_id}
        return Touched(**where, amount=self.instruction.amount, confidential=self.confidential)

    def matter(self) -> Matter:
        """What decides which rule of approving it falls under."""
        return Matter(
            amount=self.instruction.amount,
            entity_id=str(self.entity_id),
            account_id=self.route.account_id,
            payee_number=self.payee_number,
            rail=self.route.rail,
            source=self.source,
        )


def insert(orders: Sequence[OrderRow], now: datetime) -> int:
    """Insert new orders as one set; returns how many were new (a repeated source line is not)."""
    tenant_id = current()
    return bulk.insert(models.Order, (columns_of(order, tenant_id, now) for order in orders))


def columns_of(order: OrderRow, tenant_id: UUID, now: datetime) -> dict[str, Any]:
    """What is stored of a new order, by column."""
    return {
        **_said(order),
        "id": order.id,
        "tenant_id": tenant_id,
        "number": order.number,
        "state": order.state.value,
        "state_since": now,
        "source": order.source,
        "source_reference": order.source_reference,
        "run_id": order.run_id,
        "entity_id": order.entity_id,
        "maker_id": order.maker_id,
        "maker_name": order.maker_name,
        "created_at": now,
        "replaces_id": order.replaces,
        "next_action_at": None,
        "confidential": order.confidential,
    }


def _said(order: OrderRow) -> dict[str, Any]:
    """What may be different once a payment was changed, by column."""
    return {
        **_told(order.instruction),
        "payee_account_id": order.payee_account_id,
        "payee_number": order.payee_number,
        "invoices": list(order.invoices),
        "account_id": UUID(order.route.account_id),
        "route": msgspec.to_builtins(order.route),
        "policy_version": order.policy_version,
        "approval_digest": order.approval_digest,
        "source_changes": list(order.source_changes),
        "waits_for": order.waits_for,
    }


def _told(told: Instruction) -> dict[str, Any]:
    return {
        "amount_minor": told.amount.minor,
        "currency": told.amount.currency,
        "creditor_name": told.creditor_name,
        "creditor_address": msgspec.to_builtins(told.creditor_address),
        "creditor_iban": told.creditor_iban,
        "creditor_account": told.creditor_account,
        "creditor_bic": told.creditor_bic,
        "requested_date": told.requested_date,
        "latest_date": told.latest_date,
        "roll_rule": told.roll_rule.value,
        "end_to_end_id": told.end_to_end_id,
        "remittance": told.remittance,
        "creditor_reference": told.creditor_reference,
    }


def insert_holds(holds: Iterable[tuple[UUID, UUID, Finding]], now: datetime) -> None:
    """Open holds given as (hold id, order id, finding)."""
    tenant_id = current()
    models.Hold.objects.bulk_create(
        models.Hold(
            id=hold_id,
            tenant_id=tenant_id,
            order_id=order_id,
            code=finding.code,
            sentence=finding.sentence,
            refers_to=finding.refers_to,
            evidence=msgspec.to_builtins(finding.evidence),
            opened_at=now,
        )
        for hold_id, order_id, finding in holds
    )


def close_holds(order_id: UUID, closed_by: str, reason: str, now: datetime) -> int:
    held = models.Hold.objects.filter(order_id=order_id, closed_at__isnull=True)
    return held.update(closed_at=now, closed_by=closed_by, reason=reason)


def close_all_holds(order_ids: Collection[UUID], closed_by: str, reason: str, now: datetime) -> int:
    """The same for many payments, all for one reason."""
    found = models.Hold.objects.filter(bulk.one_of("order_id", order_ids), closed_at__isnull=True)
    return found.update(closed_at=now, closed_by=closed_by, reason=reason)


def lock(order_ids: Collection[UUID]) -> list[OrderRow]:
    """Lock orders in the order of their ids (orders before attempts: lifecycle rule 13)."""
    found = models.Order.objects.select_for_update(no_key=True).filter(bulk.one_of("id", order_ids))
    return _load(found.order_by("id"))


def lock_only(order_ids: Collection[UUID]) -> None:
    """Lock orders in the order of their ids without reading them."""
    found = models.Order.objects.select_for_update(no_key=True).filter(bulk.one_of("id", order_ids))
    list(found.order_by("id").values_list("id"))


def accounts_due(now: datetime) -> list[str]:
    """The accounts that scheduled orders whose time has come leave from."""
    due = models.Order.objects.filter(state=OrderState.SCHEDULED, next_action_at__lte=now)
    return sorted(set(due.values_list("route__account_id", flat=True)))


def lock_due(account_id: str, now: datetime, limit: int = 5000) -> list[OrderRow]:
    """Lock scheduled orders of one account whose time has come."""
    return _load(
        models.Order.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(state=OrderState.SCHEDULED, next_action_at__lte=now, route__account_id=account_id)
        .order_by("id")[:limit]
    )


def load(order_ids: Collection[UUID]) -> list[OrderRow]:
    return _load(models.Order.objects.filter(bulk.one_of("id", order_ids)).order_by("id"))


def in_state(state: OrderState, run_id: UUID | None = None) -> list[OrderRow]:
    """Orders in a state, optionally of one run, by number."""
    found = models.Order.objects.filter(state=state, **({"run_id": run_id} if run_id else {}))
    return _load(found.order_by("number"))


def under_other_rules(
    policy_version: str, states: Collection[OrderState], limit: int
) -> list[UUID]:
    """Some orders in these states that were put to people under other rules than these."""
    found = models.Order.objects.filter(state__in=[state.value for state in states])
    other = found.exclude(policy_version=policy_version).order_by("id")
    return list(other.values_list("id", flat=True)[:limit])


# The columns that make an OrderRow; those of JSON are read as text, which decodes faster.
_LOADED = (
    *("id", "number", "state", "source", "source_reference", "run_id", "entity_id"),
    *("payee_account_id", "payee_number", "amount_minor", "currency", "creditor_name"),
    *("creditor_iban", "creditor_account", "creditor_bic", "requested_date", "latest_date"),
    *("roll_rule", "end_to_end_id", "remittance", "creditor_reference", "invoices", "waits_for"),
    *("policy_version", "approval_digest", "maker_id", "maker_name", "replaces_id", "confidential"),
    "changed_by",
)
_AS_TEXT = {
    f"{name}_text": Cast(name, TextField())
    for name in ("creditor_address", "route", "source_changes")
}


def _load(found: Any) -> list[OrderRow]:
    told = found.annotate(**_AS_TEXT).values_list(*_LOADED, *_AS_TEXT, named=True)
    rows = list(told)
    if not rows:
        return []
    accounts = {row.payee_account_id for row in rows if row.payee_account_id}
    versions = dict(
        models.PayeeAccount.objects.filter(bulk.one_of("id", accounts)).values_list("id", "version")
    )
    return [_order(row, versions.get(row.payee_account_id, 0)) for row in rows]


@lru_cache(maxsize=1000)
def _route(text: str) -> Route:
    """A stored route; payments share a few."""
    return msgspec.json.decode(text, type=Route)


def _order(row: Any, payee_account_version: int) -> OrderRow:
    return OrderRow(
        id=row.id,
        number=row.number,
        state=_STATES[row.state],
        source=row.source,
        source_reference=row.source_reference,
        run_id=row.run_id,
        entity_id=row.entity_id,
        payee_account_id=row.payee_account_id,
        payee_account_version=payee_account_version,
        payee_number=row.payee_number,
        instruction=Instruction(
            end_to_end_id=row.end_to_end_id,
            amount=Money(row.amount_minor, row.currency),
            creditor_name=row.creditor_name,
            creditor_address=_ADDRESS.decode(row.creditor_address_text),
            creditor_iban=row.creditor_iban,
            creditor_account=row.creditor_account,
            creditor_bic=row.creditor_bic,
            requested_date=row.requested_date,
            latest_date=row.latest_date,
            roll_rule=_ROLL_RULES[row.roll_rule],
            remittance=row.remittance,
            creditor_reference=row.creditor_reference,
        ),
        route=_route(row.route_text),
        invoices=tuple(row.invoices),
        policy_version=row.policy_version,
        approval_digest=row.approval_digest,
        maker_id=row.maker_id,
        maker_name=row.maker_name,
        source_changes=_CHANGES.decode(row.source_changes_text),
        replaces=row.replaces_id,
        confidential=row.confidential,
        changed_by=tuple(row.changed_by),
        waits_for=row.waits_for,
    )


def move(
    order_ids: Collection[UUID],
    steps: Sequence[OrderMove],
    now: datetime,
    due: datetime | None = None,
) -> dict[UUID, tuple[OrderState, ...]]:
    """Make one move, or several one after another, on a set of locked orders.

    Returns the states that each came to. An order whose state does not allow the first move stays
    where it is and is not returned; the others are due to be looked at again at `due`.
    """
    moved: dict[UUID, tuple[OrderState, ...]] = {}
    for before in ORDER.sources(steps[0]):
        states, after = [], before
        for step in steps:
            after = ORDER.after(after, step)
            states.append(after)
        left = [order_id for order_id in order_ids if order_id not in moved]
        found = queries.rows(
            "move_orders",
            tenant_id=current(),
            ids=bulk.ids_literal(left),
            before=before.value,
            after=after.value,
            now=now,
            due=due,
        )
        moved |= dict.fromkeys((row["id"] for row in found), tuple(states))
    return moved


def rewrite(order: OrderRow) -> None:
    """Write what a payment says anew, and on which terms it is put to people; its state stays."""
    models.Order.objects.filter(id=order.id).update(
        **_said(order), changed_by=list(order.changed_by)
    )


def act_at(order_ids: Collection[UUID], when: datetime | None) -> None:
    models.Order.objects.filter(bulk.one_of("id", order_ids)).update(next_action_at=when)


def known_sources(source: str, references: Collection[str]) -> dict[str, OrderRow]:
    """Which of a source's payments we already have."""
    rows = models.Order.objects.filter(bulk.one_of("source_reference", references), source=source)
    return {row.source_reference: row for row in _load(rows)}


def known_end_to_end_ids(ids: Collection[str]) -> frozenset[str]:
    rows = models.Order.objects.filter(bulk.one_of("end_to_end_id", ids))
    return frozenset(rows.values_list("end_to_end_id", flat=True))
