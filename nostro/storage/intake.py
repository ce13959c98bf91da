"""Payments taken in with two questions to the database: what is known, and all that is stored.

The first takes their numbers, which locks the customer's row: intakes come one after another, and
what is read after it has the references and the invoices of the intake before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.canonical import canonical
from nostro.domain.case import CaseKind
from nostro.domain.event import Event
from nostro.domain.party import Account, PayeeAccount
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.duplicates import DuplicateRules, EarlierPayment
from nostro.storage import earlier_payments, orders, queries
from nostro.storage.orders import OrderRow
from nostro.storage.restoring import ASKED
from nostro.storage.tenancy import current

_IDS = msgspec.json.Decoder(dict[str, str])
_ACCOUNTS = msgspec.json.Decoder(list[Account])
_CONNECTIONS = msgspec.json.Decoder(dict[str, tuple[str, dict[str, Any]]])
_PAYEE_ACCOUNTS = msgspec.json.Decoder(list[PayeeAccount])


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of payments leads to. `count` is how many they are; `asked` are they with their
    payees' numbers, compared with earlier payments by these rules; restores since a time matter."""

    count: int
    source: str
    references: Collection[str]
    end_to_end_ids: Collection[str]
    payee_numbers: Collection[str]
    asked: Sequence[tuple[str, PaymentRequest]]
    duplicates: DuplicateRules
    today: date
    restored_since: datetime


class KnownBefore(msgspec.Struct, frozen=True, kw_only=True):
    """What we know before a set of payments is checked."""

    first_number: int
    customer_code: str
    entity_ids: dict[str, str]  # By the entity's code.
    accounts: Sequence[Account]  # By name.
    connections: dict[str, tuple[str, dict[str, Any]]]  # Their connector and settings, by id.
    payee_accounts: dict[str, PayeeAccount]  # The newest of each payee, by the payee's number.
    paid: list[EarlierPayment]
    known_sources: dict[str, OrderRow]
    taken_end_to_end_ids: set[str]  # Of those asked for, and of those that we would give.
    restored: bool


def take_numbers(question: Question) -> KnownBefore:
    """Take the numbers of some payments and read what they are checked against.

    Whoever comes next waits from here until this unit of work ends.
    """
    asked: dict[str, object] = {
        "tenant_id": current(),
        "count": question.count,
        "source": question.source,
        "references": list(question.references),
        "end_to_end_ids": list(question.end_to_end_ids),
        "payees": list(question.payee_numbers),
        "restored_kind": CaseKind.ENQUIRY.value,
        "restored_key": ASKED,
        "restored_since": question.restored_since,
    }
    (taken,), (known,), paid = queries.together(
        ("take_payment_numbers", {"tenant_id": current(), "count": question.count}),
        ("known_before_payments", asked),
        (
            "earlier_payments",
            earlier_payments.question(question.asked, question.duplicates, question.today),
        ),
    )
    references = known["known_references"]
    payees = _PAYEE_ACCOUNTS.decode(known["payee_accounts"])
    return KnownBefore(
        first_number=taken["first"],
        customer_code=known["customer_code"],
        entity_ids=_IDS.decode(known["entity_ids"]),
        accounts=_ACCOUNTS.decode(known["accounts"]),
        connections=_CONNECTIONS.decode(known["connections"]),
        payee_accounts={account.payee_number: account for account in payees},
        paid=earlier_payments.earlier_in(paid),
        known_sources=orders.known_sources(question.source, references) if references else {},
        taken_end_to_end_ids=set(known["taken_end_to_end_ids"]),
        restored=known["restored"],
    )


def store(
    taken: Sequence[OrderRow],
    holds: Iterable[tuple[UUID, UUID, Finding]],
    happened: Sequence[Event],
    now: datetime,
) -> int:
    """Insert new orders, their holds as (hold id, order id, finding), and the events that tell of
    them; returns how many orders were new. When that is not all, this unit of work must fail."""
    columns = [orders.columns_of(order, current(), now) for order in taken]
    opened = [
        {
            "id": hold_id,
            "order_id": order_id,
            "code": finding.code,
            "sentence": finding.sentence,
            "refers_to": finding.refers_to,
            "evidence": finding.evidence,
        }
        for hold_id, order_id, finding in holds
    ]
    asked: list[tuple[str, dict[str, object]]] = [
        ("store_orders", {"orders": msgspec.json.encode(columns).decode()}),
        ("record_events", {"tenant_id": current(), "events": canonical(list(happened)).decode()}),
    ]
    if opened:
        told = msgspec.json.encode(opened).decode()
        asked.append(("store_holds", {"tenant_id": current(), "now": now, "holds": told}))
    return len(queries.together(*asked)[0])
