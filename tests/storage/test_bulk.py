"""Many rows at once go through the same wall as one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, models
from hypothesis import given, settings
from hypothesis import strategies as st

from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import bulk
from nostro.storage.models import Idempotency, Order, Seen
from nostro.storage.tenancy import tenant
from tests import seed

pytestmark = pytest.mark.usefixtures("database")

new = TimeOrderedIds().new


def seen(tenant_id: UUID, digest: str, **changes: Any) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id, "kind": "test", "digest": digest, "refers_to": new(),
        "first_seen_at": seed.NOW, **changes,
    }  # fmt: skip


def answer(tenant_id: UUID, key: str, body: Any) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id, "key": key, "body_digest": "d", "body": body, "status": 200,
        "answer": {"ok": True}, "answered_at": seed.NOW,
    }  # fmt: skip


def refused(tenant_id: UUID, rows: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(DatabaseError, match=why), tenant(tenant_id):
        bulk.insert(Seen, rows)


def count(model: type[models.Model], tenant_id: UUID) -> int:
    with tenant(tenant_id):
        return int(model._default_manager.count())


def test_many_rows_and_none() -> None:
    ours = new()
    with tenant(ours):
        assert bulk.insert(Seen, []) == 0
        assert bulk.insert(Seen, (seen(ours, f"d{number}") for number in range(5000))) == 5000
        assert bulk.insert(Seen, [seen(ours, "second time in one transaction")]) == 1
    assert count(Seen, ours) == 5001


def test_another_customers_row_is_refused_with_all_others() -> None:
    ours, theirs = new(), new()
    refused(ours, [seen(ours, "a"), seen(theirs, "b")], "row-level security")
    assert count(Seen, ours) == count(Seen, theirs) == 0


def test_without_a_customer_nothing_is_written() -> None:
    with pytest.raises(DatabaseError, match=r"app\.tenant|uuid|unrecognized"):
        bulk.insert(Seen, [seen(new(), "a")])
    connections["default"].close()


def test_what_a_key_already_holds_is_passed_over() -> None:
    ours, theirs = new(), new()
    with tenant(ours):
        assert bulk.insert(Seen, [seen(ours, "a"), seen(ours, "b"), seen(ours, "a")]) == 2
    with tenant(ours):
        assert bulk.insert(Seen, [seen(ours, "b"), seen(ours, "c")]) == 1
    with tenant(theirs):
        assert bulk.insert(Seen, [seen(theirs, "a")]) == 1
    assert (count(Seen, ours), count(Seen, theirs)) == (3, 1)


def test_the_existing_row_stays_as_it_is() -> None:
    ours, first = new(), new()
    with tenant(ours):
        bulk.insert(Seen, [seen(ours, "a", refers_to=first)])
        bulk.insert(Seen, [seen(ours, "a")])
        assert Seen.objects.get(digest="a").refers_to == first


def test_a_row_that_breaks_a_rule_is_an_error_not_a_conflict() -> None:
    ours = new()
    refused(ours, [seen(ours, "a", refers_to=None)], "null value")
    assert count(Seen, ours) == 0


@pytest.mark.parametrize(
    "text",
    ["", "tab\there", "line\nbreak", "back\\slash \\N \\.", "quote'\"", "M\u00fc \U0001f4b6"],
)
def test_texts_survive_copying(text: str) -> None:
    ours = new()
    with tenant(ours):
        bulk.insert(Seen, [seen(ours, text)])
        assert Seen.objects.get().digest == text


ODD = st.text(st.one_of(st.sampled_from("\\\t\n\r\b\v\f\x1fN."), st.characters(codec="utf-8")))


@given(st.lists(ODD.filter(lambda text: "\0" not in text), min_size=bulk.FEW + 1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_many_rows_are_what_few_rows_would_be(texts: list[str]) -> None:
    """Many are written by us and read by COPY, few are parameters: the same comes out."""
    ours = new()
    with tenant(ours):
        rows = [seen(ours, f"{number}/{text}") for number, text in enumerate(texts)]
        assert bulk.insert(Seen, rows) == len(texts)
        assert set(Seen.objects.values_list("digest", flat=True)) == {row["digest"] for row in rows}


@pytest.mark.parametrize("count", [3, bulk.FEW + 3])
def test_columns_that_all_rows_share_are_sent_once(count: int) -> None:
    ours = new()
    rows = [seen(ours, f"d{number}") for number in range(count)]
    apart = ("digest", "refers_to")
    same = {name: value for name, value in rows[0].items() if name not in apart}
    with tenant(ours):
        columns = {name: [row[name] for row in rows] for name in apart}
        assert bulk.insert_columns(Seen, same, columns) == count
        assert bulk.insert_columns(Seen, same, columns) == 0
        found = list(Seen.objects.order_by("digest").values(*rows[0]))
    assert found == sorted(rows, key=lambda row: str(row["digest"]))


JSON: list[Any] = [
    {},
    {"a": [1, {"b": None}], "text": "\u20ac \t \\ \""},
    [{"a": 1}, {"b": [2]}],
    [],
    ["a"],
]  # fmt: skip


@pytest.mark.parametrize("body", JSON, ids=str)
def test_json_columns(body: Any) -> None:
    ours = new()
    with tenant(ours):
        bulk.insert(Idempotency, [answer(ours, "k", body)])
        row = Idempotency.objects.get()
        assert (row.body, row.answer) == (body, {"ok": True})


def test_array_columns() -> None:
    made = seed.customer("BULK", payments=2)
    with tenant(made.tenant_id):
        found = Order.objects.order_by("number").values_list("invoices", "creditor_address")
        assert [invoices for invoices, _ in found] == [["INV-BULK-1"], ["INV-BULK-2"]]
        assert {address["town"] for _, address in found} == {"Utrecht"}


def test_rows_of_different_shape_are_refused() -> None:
    ours = new()
    short = {key: value for key, value in seen(ours, "b").items() if key != "kind"}
    with pytest.raises(KeyError), tenant(ours):
        bulk.insert(Seen, [seen(ours, "a"), short])
    assert count(Seen, ours) == 0
