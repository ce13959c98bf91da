"""Open items that a few lines may pay, fetched by their keys and not by reading all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from nostro.domain.open_item import OpenItem
from nostro.matching import item_keys
from nostro.matching.item_keys import KeyKind
from nostro.matching.receipts import Candidate
from nostro.storage import bulk, models, queries
from nostro.storage.tenancy import current

SAME_KEY_MOST: Final = 50  # Of one key, so many items are looked at.
OLDEST_MOST: Final = 60  # Of one customer, so many of what has been due the longest,
EQUAL_MOST: Final = 10  # and so many that are exactly an amount that he paid.
SAME_PAYER_MOST: Final = 9  # An account or a name of more customers than eight tells nothing.


class Named(msgspec.Struct, frozen=True):
    """An open item that a key names, and what is open of it."""

    id: UUID
    open_minor: int


def keep_keys(told: Sequence[tuple[OpenItem, UUID, UUID]], new_id: Callable[[], UUID]) -> None:
    """The keys of these items, each with its id and that of its entity, besides those that are
    kept already: an older one finds an item that the stages then look at, and decides nothing."""
    tenant_id = current()
    bulk.insert(
        models.OpenItemKey,
        (
            {
                "id": new_id(), "tenant_id": tenant_id, "entity_id": told[one.place][2],
                "kind": one.kind.value, "key": one.key, "open_item_id": told[one.place][1],
            }
            for one in item_keys.of_items([item for item, _, _ in told])
        ),
    )  # fmt: skip
    by_entity: dict[UUID, list[OpenItem]] = {}
    for item, _, entity_id in told:
        by_entity.setdefault(entity_id, []).append(item)
    bulk.insert(
        models.PayerKey,
        (
            {
                "id": new_id(), "tenant_id": tenant_id, "entity_id": entity_id,
                "kind": one.kind.value, "key": one.key, "customer_number": one.customer_number,
            }
            for entity_id, items in by_entity.items()
            for one in item_keys.of_payers(items)
        ),
    )  # fmt: skip


def named(
    entity_id: UUID, keys: Collection[tuple[KeyKind, int]]
) -> dict[tuple[KeyKind, int], list[Named]]:
    """Open items that a number or a reference names."""
    found: dict[tuple[KeyKind, int], list[Named]] = {}
    for row in _by_keys("named_items", entity_id, keys, SAME_KEY_MOST):
        one = Named(row["id"], row["open_minor"])
        found.setdefault((KeyKind(row["kind"]), row["key"]), []).append(one)
    return found


def payers(
    entity_id: UUID, keys: Collection[tuple[KeyKind, int]]
) -> dict[tuple[KeyKind, int], list[str]]:
    """Customers by their account, name or parent; none where too many share it."""
    found: dict[tuple[KeyKind, int], list[str]] = {}
    for row in _by_keys("payers_by_key", entity_id, keys, SAME_PAYER_MOST):
        found.setdefault((KeyKind(row["kind"]), row["key"]), []).append(row["customer_number"])
    return {key: told for key, told in found.items() if len(told) < SAME_PAYER_MOST}


def children(entity_id: UUID, customers: Iterable[str]) -> dict[str, list[str]]:
    """The customers who belong to each of these."""
    keys = {(KeyKind.PARENT, item_keys.of_text(one)): one for one in customers}
    rows = _by_keys("payers_by_key", entity_id, keys, SAME_KEY_MOST)
    found: dict[str, list[str]] = {}
    for row in rows:
        parent = keys[KeyKind(row["kind"]), row["key"]]
        found.setdefault(parent, []).append(row["customer_number"])
    return found


def of_customers(entity_id: UUID, paid: Mapping[str, Collection[int]]) -> list[UUID]:
    """Open items of customers, who paid these amounts."""
    if not paid:
        return []
    pairs = sorted({(customer, minor) for customer, told in paid.items() for minor in told})
    rows = queries.rows(
        "items_of_customers",
        tenant_id=current(),
        entity_id=entity_id,
        customers=sorted(paid),
        payers=[customer for customer, _ in pairs],
        amounts=[minor for _, minor in pairs],
        oldest=OLDEST_MOST,
        equal=EQUAL_MOST,
    )
    return [row["id"] for row in rows]


def load(item_ids: Collection[UUID]) -> list[Candidate]:
    """These items as far as they are open, in the order of their ids."""
    rows = queries.rows("candidate_items", tenant_id=current(), ids=bulk.ids_literal(set(item_ids)))
    return [
        Candidate(references=tuple(row.pop("further_references")), **row)
        for row in sorted(rows, key=lambda row: row["id"].int)
    ]


def _by_keys(
    query: str, entity_id: UUID, keys: Collection[tuple[KeyKind, int]], most: int
) -> list[dict[str, Any]]:
    if not keys:
        return []
    ordered = sorted(set(keys))
    return queries.rows(
        query,
        tenant_id=current(),
        entity_id=entity_id,
        kinds=[kind.value for kind, _ in ordered],
        keys=[key for _, key in ordered],
        most=most,
    )
