"""One unit of work, one customer: no WHERE is needed, and none can reach further."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, transaction

from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import models
from nostro.storage.tenancy import current, tenant
from tests import seed

new = TimeOrderedIds().new
Both = tuple[seed.Seeded, seed.Seeded]


@pytest.fixture(scope="module")
def both(database: str) -> Both:
    return seed.customer("OURS", payments=3), seed.customer("THEM", payments=4, iban=seed.IBANS[2])


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    yield
    for alias in ("default", "owner"):
        connections[alias].close()


def run(text: str, alias: str = "default") -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall()) if cursor.description else [(cursor.rowcount,)]


def walled() -> list[str]:
    """Tables with rows of more than one customer."""
    found = run(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'tenant_id'"
        " AND c.relrowsecurity ORDER BY 1",
        "owner",
    )
    return [
        name
        for (name,) in found
        if run(f"SELECT count(DISTINCT tenant_id) FROM {name}", "owner") == [(2,)]
    ]


def test_other_customers_rows_are_invisible_without_where(both: Both) -> None:
    tables = walled()
    assert {"payment_order", "account", "event", "evidence_chunk", "statement"} <= set(tables)
    for ours, theirs in (both, both[::-1]):
        with tenant(ours.tenant_id):
            for table in tables:
                assert run(f"SELECT DISTINCT tenant_id FROM {table}") == [(ours.tenant_id,)]
                where = f"WHERE tenant_id = '{theirs.tenant_id}'"
                assert run(f"SELECT count(*) FROM {table} {where}") == [(0,)]


def test_changes_without_where_reach_ours_only(both: Both) -> None:
    ours, theirs = both
    with tenant(ours.tenant_id):
        assert run("UPDATE payment_order SET maker_name = 'X'") == [(3,)]
        assert run("DELETE FROM hold") == [(1,)]
        assert models.Order.objects.filter(id=theirs.order_ids[0]).update(maker_name="X") == 0
    with tenant(theirs.tenant_id):
        assert models.Order.objects.filter(maker_name="X").count() == 0
        assert models.Hold.objects.count() == 1


def write_connection(of: UUID, within: UUID) -> None:
    with tenant(within):
        models.Connection.objects.create(
            id=new(), tenant_id=of, name=str(new()), connector="mock_bank", config={}
        )


def test_a_row_for_another_customer_is_refused(both: Both) -> None:
    ours, theirs = both
    with pytest.raises(DatabaseError, match="row-level security"):
        write_connection(theirs.tenant_id, ours.tenant_id)
    write_connection(ours.tenant_id, ours.tenant_id)


def test_a_row_cannot_be_given_away(both: Both) -> None:
    ours, theirs = both
    with pytest.raises(DatabaseError, match="row-level security"), tenant(ours.tenant_id):
        run(f"UPDATE connection SET tenant_id = '{theirs.tenant_id}'")


def test_another_customers_row_cannot_be_pointed_at(both: Both) -> None:
    ours, theirs = both
    with pytest.raises(DatabaseError, match="foreign key"), tenant(ours.tenant_id):
        models.Account.objects.filter(id=ours.account_id).update(connection_id=theirs.connection_id)
    with tenant(ours.tenant_id):
        assert models.Account.objects.get().connection_id == ours.connection_id


def test_nested_work_joins_its_customer(both: Both) -> None:
    ours, _ = both
    with tenant(ours.tenant_id):
        with tenant(ours.tenant_id):
            assert current() == ours.tenant_id
        assert models.Order.objects.count() == 3
        assert current() == ours.tenant_id


def test_nested_work_of_another_customer_raises(both: Both) -> None:
    ours, theirs = both
    with tenant(ours.tenant_id):
        with pytest.raises(RuntimeError, match="one customer"), tenant(theirs.tenant_id):
            pass
        assert current() == ours.tenant_id
        assert {row.tenant_id for row in models.Order.objects.all()} == {ours.tenant_id}


@pytest.mark.parametrize("table", ["payment_order", "event", "evidence", "customer"])
def test_after_the_unit_of_work_nothing_can_be_read(both: Both, table: str) -> None:
    """The very same connection has no customer any more, and says so instead of an empty page."""
    with tenant(both[0].tenant_id):
        (pid,) = run("SELECT pg_backend_pid()")
    assert run("SELECT pg_backend_pid()") == [pid]
    with pytest.raises(DatabaseError, match="uuid"):
        run(f"SELECT * FROM {table}")


def test_without_a_customer_reading_raises(both: Both) -> None:
    connections["default"].close()
    with pytest.raises(DatabaseError, match=r"app\.tenant"):
        run("SELECT * FROM payment_order")
    with pytest.raises(RuntimeError, match="no customer is chosen"):
        current()


def test_a_failed_unit_of_work_leaves_no_customer(both: Both) -> None:
    with pytest.raises(LookupError), tenant(both[0].tenant_id):
        raise LookupError
    with pytest.raises(RuntimeError):
        current()
    with tenant(both[1].tenant_id):
        assert models.Order.objects.count() == 4


def test_a_thread_begins_without_a_customer(both: Both) -> None:
    found: list[str] = []

    def ask() -> None:
        try:
            current()
        except RuntimeError as refusal:
            found.append(str(refusal))

    with tenant(both[0].tenant_id):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert "no customer is chosen" in found[0]


def test_a_unit_of_work_is_a_transaction_of_its_own(both: Both) -> None:
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
        tenant(both[0].tenant_id),
    ):
        pass
