"""Lists: complete, in order, stable while rows arrive, and of one customer only."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.errors import Invalid
from nostro.domain.order import OrderState
from nostro.storage import audit_trail, listing, orders, parties
from nostro.storage import events as log
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.case_listing import CaseFilter, cases
from nostro.storage.paging import LIMIT_MAX, cursor_of, every
from nostro.storage.payment_search import Wanted, funnel, payments
from nostro.storage.tenancy import tenant
from tests import seed


@pytest.fixture(scope="module")
def two(database: str) -> tuple[seed.Seeded, seed.Seeded]:
    first = seed.customer("ALFA", payments=7)
    return first, seed.customer("BETA", payments=3, iban=seed.IBANS[2])


def test_pages_give_every_payment_once_newest_first(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        seen, cursor, pages = [], "", 0
        while True:
            page = payments(limit=3, cursor=cursor)
            seen += [row.id for row in page.rows]
            pages, cursor = pages + 1, page.next
            if not cursor:
                break
    assert seen == sorted(two[0].order_ids, reverse=True)
    assert pages == 3


def test_an_exact_last_page_promises_nothing_more(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        assert payments(limit=7).next == ""


def test_pages_stay_right_while_payments_arrive(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    third = seed.customer("GAMMA", payments=6, iban=seed.IBANS[3])
    with tenant(third.tenant_id):
        first = payments(limit=3)
        account = parties.accounts()[0]
        orders.insert([seed.order("GAMMA", 99, third.entity_id, account)], seed.NOW)
        second = payments(limit=3, cursor=first.next)
    ids = [row.id for row in (*first.rows, *second.rows)]
    assert ids == sorted(third.order_ids, reverse=True)


def test_filters(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    def numbers(**wanted: str | UUID) -> set[str]:
        return {row.number[-1] for row in payments(Wanted(**wanted)).rows}  # type: ignore[arg-type]

    with tenant(two[0].tenant_id):
        assert numbers(state="held") == {"1"}
        assert numbers(state="held, awaiting_approval") == set("1234567")
        assert numbers(q="supplier 3") == {"3"}
        assert numbers(q="INV-ALFA-4") == {"4"}
        assert numbers(q="ALFA-E2E-5") == {"5"}
        assert numbers(q="nl20 ingb 0001 2345 67") == set("1234567")
        assert numbers(q="%") == set()
        assert numbers(entity="E-ALFA") == set("1234567")
        assert numbers(entity="E-BETA") == set()
        assert numbers(account=two[0].account_id) == set("1234567")
        assert numbers(account=two[1].account_id) == set()


def test_a_payment_says_why_it_is_held(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        row = listing.payment(two[0].order_ids[0])
    assert row is not None
    assert row.state is OrderState.HELD
    assert row.held_for == ("Payee is new.",)
    assert str(row.amount) == "100.01 EUR"


def test_totals_are_by_state_and_currency(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[1].tenant_id):
        found = [(row.state, row.count, str(row.total)) for row in funnel()]
    assert found == [("awaiting_approval", 2, "200.05 EUR"), ("held", 1, "100.01 EUR")]


def test_cash(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        (statement,) = listing.statements().rows
        lines = listing.transactions(statement.id, limit=2)
        rest = listing.transactions(statement.id, limit=2, cursor=lines.next)
        (account,) = every(listing.accounts)
        balances = list(every(listing.balances))
        one_by_one = listing.balances(limit=1)
        (case,) = cases(CaseFilter()).rows
    assert (statement.unmatched, str(statement.closing)) == (3, "1033.33 EUR")
    assert [row.id for row in (*lines.rows, *rest.rows)] == list(two[0].transaction_ids)
    assert (account.id, account.entity_code) == (two[0].account_id, "E-ALFA")
    assert [(row.code, str(row.amount)) for row in balances] == [
        ("CLBD", "1033.33 EUR"),
        ("OPBD", "1000.00 EUR"),
    ]
    assert one_by_one.rows == (balances[0],)
    assert case.statement_id == two[0].statement_id


def test_only_sealed_events_are_listed(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[1].tenant_id):
        before = audit_trail.sealed(TrailFilter())
    assert (before.rows, before.lag.unsealed, before.lag.oldest_at) == ((), 3, seed.NOW)
    log.seal(two[1].tenant_id, seed.NOW)
    with tenant(two[1].tenant_id):
        page = audit_trail.sealed(TrailFilter(), limit=2)
        rest = audit_trail.sealed(TrailFilter(), after_position=page.last, limit=2)
    assert [row.position for row in (*page.rows, *rest.rows)] == [1, 2, 3]
    assert (page.more, rest.more, rest.lag.unsealed) == (True, False, 0)
    assert {row.event.subject_id for row in (*page.rows, *rest.rows)} == {
        str(order_id) for order_id in two[1].order_ids
    }


def test_one_customer_never_sees_another(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        assert listing.payment(two[1].order_ids[0]) is None
        assert listing.statement(two[1].statement_id) is None
        assert listing.transactions(two[1].statement_id).rows == ()
        assert {row.entity_code for row in payments().rows} == {"E-ALFA"}


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_page_has_a_limit(two: tuple[seed.Seeded, seed.Seeded], limit: int) -> None:
    with tenant(two[0].tenant_id), pytest.raises(Invalid, match="1 to 200"):
        payments(limit=limit)


@pytest.mark.parametrize("cursor", ["x", "!!", "WzFd", "e30", "WyJwYXltZW50cyJd", "é"])
def test_a_made_up_cursor_is_refused(two: tuple[seed.Seeded, seed.Seeded], cursor: str) -> None:
    with tenant(two[0].tenant_id), pytest.raises(Invalid, match="cursor"):
        payments(cursor=cursor)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\0"])
def test_a_cursor_of_a_time_beyond_time_is_refused(
    two: tuple[seed.Seeded, seed.Seeded], time: str
) -> None:
    cursor = cursor_of("cases", time, str(UUID(int=1)))
    with tenant(two[0].tenant_id), pytest.raises(Invalid, match="cursor"):
        cases(CaseFilter(), cursor=cursor)


def test_a_cursor_belongs_to_its_list(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id):
        cursor = payments(limit=1).next
        with pytest.raises(Invalid, match="not one that this list gave out"):
            listing.statements(cursor=cursor)


def test_pages_are_read_through_an_index(two: tuple[seed.Seeded, seed.Seeded]) -> None:
    with tenant(two[0].tenant_id), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM payment_order WHERE id < %s ORDER BY id DESC LIMIT 4",
            [two[0].order_ids[-1]],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "payment_order_pkey" in plan
    assert "Sort" not in plan
