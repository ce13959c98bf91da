"""Timers on rows: what is due is leased once, fairly, by one tick at a time."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, transaction

from nostro.storage import due, orders
from nostro.storage.tenancy import tenant
from tests import seed

NOW, MINUTE = seed.NOW, timedelta(minutes=1)
Three = tuple[seed.Seeded, seed.Seeded, seed.Seeded]


@pytest.fixture(scope="module")
def three(database: str) -> Three:
    """Two small customers and one with very much to do."""
    return (
        seed.customer("MUCH", payments=40),
        seed.customer("SOME", payments=2, iban=seed.IBANS[2]),
        seed.customer("LESS", payments=1, iban=seed.IBANS[3]),
    )


@pytest.fixture(autouse=True)
def all_due(three: Three) -> None:
    for customer in three:
        with tenant(customer.tenant_id):
            orders.act_at(customer.order_ids, NOW - MINUTE)


def lease(now: datetime = NOW, limit: int = 100) -> list[tuple[UUID, UUID]]:
    with transaction.atomic(using="ops"):
        return due.lease("payment_order", now, MINUTE, limit)


def by_customer(leased: list[tuple[UUID, UUID]]) -> Counter[UUID]:
    return Counter(tenant_id for tenant_id, _ in leased)


def test_a_lease_is_fair(three: Three) -> None:
    much, some, less = (customer.tenant_id for customer in three)
    assert by_customer(lease(limit=3)) == {much: 1, some: 1, less: 1}
    assert by_customer(lease(limit=4)) == {much: 3, some: 1}
    assert by_customer(lease()) == {much: 36}


def test_a_leased_row_is_due_again_when_the_lease_ends(three: Three) -> None:
    assert len(lease()) == 43
    assert lease() == []
    assert lease(NOW + MINUTE - timedelta(microseconds=1)) == []
    assert len(lease(NOW + MINUTE)) == 43


def test_the_future_and_the_quiet_are_left_alone(three: Three) -> None:
    _, some, less = three
    with tenant(some.tenant_id):
        orders.act_at(some.order_ids, NOW + MINUTE)
    with tenant(less.tenant_id):
        orders.act_at(less.order_ids, None)
    assert set(by_customer(lease())) == {three[0].tenant_id}


def test_the_oldest_comes_first(three: Three) -> None:
    much = three[0]
    with tenant(much.tenant_id):
        orders.act_at(much.order_ids[7:8], NOW - 2 * MINUTE)
    assert (much.tenant_id, much.order_ids[7]) in lease(limit=3)


def test_two_leases_at_once_share_nothing(three: Three) -> None:
    taken: list[tuple[UUID, UUID]] = []
    held, go = threading.Event(), threading.Event()

    def other() -> None:
        try:
            with transaction.atomic(using="ops"):
                taken.extend(due.lease("payment_order", NOW, MINUTE, 20))
                held.set()
                go.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(10)
    mine = lease()
    go.set()
    thread.join()
    assert (len(taken), len(mine)) == (20, 23)
    assert not set(taken) & set(mine)


def test_one_ticks_at_a_time(database: str) -> None:
    seen: list[bool] = []

    def other() -> None:
        try:
            with due.only_one_ticks() as mine:
                seen.append(mine)
        finally:
            connections.close_all()

    def try_it() -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with due.only_one_ticks() as mine:
        assert mine
        try_it()
    try_it()
    assert seen == [False, True]


@pytest.mark.parametrize("table", due.TABLES)
def test_the_door_is_narrow(table: str, three: Three) -> None:
    """The tick may move a timer and nothing else of a row."""
    with transaction.atomic(using="ops"):
        due.lease(table, NOW, MINUTE, 10)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        connections["ops"].cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET tenant_id = tenant_id")


def test_other_tables_have_no_timers(database: str) -> None:
    with pytest.raises(ValueError, match="no timers"):
        due.lease("account; DROP TABLE account", NOW, MINUTE, 1)
