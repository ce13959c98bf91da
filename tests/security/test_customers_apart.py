"""Customers stay apart without any WHERE, on shared connections, and by what each role may."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from nostro.storage import listing, models, queries, tenancy
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door
from tests.security import two_customers
from tests.security.test_other_customers_ids import (
    WITH_IDS,
    Visitor,
    questions,
    visitor,
)
from tests.security.two_customers import fingerprint, ids_inside, named, rows_of, told_apart

UNITS = 1_000_000 if os.environ.get("SOAK") == "1" else 10_000
THREADS = 4
ONE_IN = 20  # Of the units of work, so many are whole requests over HTTP's handler.
_FILTER = re.compile(r"\bWHERE\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def two(database: str) -> tuple[Visitor, Visitor]:
    oak = two_customers.customer("OAKTREE", seed.IBANS[0])
    elm = two_customers.customer("ELMWOOD", seed.IBANS[2])
    return visitor(oak), visitor(elm)


@pytest.fixture
def pool(database: str) -> Iterator[None]:
    """Connections that threads hand to each other, as in the web process."""
    connections["default"].close()
    options = connections.databases["default"]["OPTIONS"]
    options["pool"] = {"min_size": 1, "max_size": THREADS - 1, "timeout": 60}
    yield
    connections["default"].close()
    connections["default"].close_pool()  # type: ignore[attr-defined]
    del options["pool"]


class Mixing(threading.Thread):
    """Units of work of customers in no order; remembers what it saw that was not theirs."""

    def __init__(self, number: int, customers: list[tuple[seed.Seeded, str]]) -> None:
        super().__init__()
        self._dice = random.Random(number)
        self._customers = customers
        self.leaks: list[object] = []
        self.done = 0

    def run(self) -> None:
        for number in range(UNITS // THREADS):
            made, token = self._dice.choice(self._customers)
            try:
                self._request(made, token) if number % ONE_IN == 0 else self._unit(made)
            except Exception as error:  # A thread that dies in silence would look like no leak.
                self.leaks.append((made.code, repr(error)))
                raise
            finally:
                connections["default"].close()  # As when a request ends: back to the pool.
            self.done += 1

    def _request(self, made: seed.Seeded, token: str) -> None:
        (account,) = door.get(token, "/v1/accounts").json()["items"]
        if account["id"] != str(made.account_id):
            self.leaks.append((made.code, account))

    def _unit(self, made: seed.Seeded) -> None:
        kind = self._dice.randrange(4)
        try:
            with tenant(made.tenant_id):
                if kind == 0:
                    found = set(models.Order.objects.values_list("tenant_id", flat=True))
                elif kind == 1:
                    found = {one.tenant_id for one in models.Account.objects.all()}
                elif kind == 2:
                    ids = {row.id for row in listing.accounts(limit=10, cursor="").rows}
                    found = {made.tenant_id} if ids == {made.account_id} else ids
                else:
                    found = set(models.Hold.objects.values_list("tenant_id", flat=True))
                    raise LookupError  # A unit that fails leaves nothing chosen behind either.
        except LookupError:
            pass
        if found != {made.tenant_id}:
            self.leaks.append((made.code, found))


def test_pooled_units_of_many_customers_never_mix(two: Any, pool: None) -> None:
    made = [seed.customer(f"MIX{number}", payments=1) for number in range(12)]
    customers = [(one, door.key(one)) for one in made]
    threads = [Mixing(number, customers) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [leak for thread in threads for leak in thread.leaks] == []
    assert sum(thread.done for thread in threads) == UNITS


class _Unfiltered:
    """Takes the filter out of every question that is asked inside a unit of work."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, execute: Any, sql: str, *more: Any) -> Any:
        inside = tenancy._current.get() is not None
        if inside and sql.lstrip().startswith("SELECT") and _FILTER.search(sql):
            self.asked += 1
            sql = _FILTER.sub("WHERE true OR", sql)
        return execute(sql, *more)


def test_pages_and_answers_whose_questions_have_no_filter(two: Any) -> None:
    """Every question of every page and every read without its WHERE: still nothing of another."""
    asker, other = two[0].made, two[1].made
    marks, wrong, unfiltered = told_apart(other, asker), [], _Unfiltered()
    paths = [path for path, _ in questions()]
    for address in WITH_IDS:
        own = {name: named(name, asker)[0] for name in address.ids if name in two_customers.NAMED}
        paths += address.put({**dict.fromkeys(address.ids, asker.code), **own})
    two[0].pages.raise_request_exception = two[0].programs.raise_request_exception = False
    with connections["default"].execute_wrapper(unfiltered):
        for path in dict.fromkeys(paths):
            text = two[0].ask("GET", path).content.decode(errors="replace")
            wrong += [(path, one) for one in ids_inside(text) if one in marks]
            wrong += [(path, other.code)] if other.code in text else []
    assert not wrong, wrong[:20]
    assert unfiltered.asked > 200


class _AnyParameter(dict[str, Any]):
    """The other customer's id for whoever asks by customer, nothing for every other name."""

    def __missing__(self, name: str) -> None:
        return None


def test_our_own_queries_without_their_filters(two: Any) -> None:
    asker, other = two[0].made, two[1].made
    before, marks = fingerprint(other), told_apart(other, asker)
    names = sorted(one.name[:-4] for one in files(queries).iterdir() if one.name.endswith(".sql"))
    names.remove("choose_tenant")  # It asks for nothing: it is how the customer is told.
    answered, wrong = 0, []
    for name in names:
        text = _FILTER.sub("WHERE true OR", queries.text(name))
        try:
            with tenant(asker.tenant_id), connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.execute(text, _AnyParameter(tenant_id=other.tenant_id))
                found = str(cursor.fetchall()) if cursor.description else ""
        except DatabaseError:  # Not for the app, or not without its values: it tells nothing then.
            continue
        answered += 1
        wrong += [(name, one) for one in ids_inside(found) if one in marks]
        wrong += [(name, other.code)] if other.code in found else []
    assert not wrong
    assert answered >= len(names) // 2
    assert fingerprint(other) == before


@pytest.mark.parametrize(
    "text",
    [
        "COPY payment_order TO STDOUT",
        "COPY (SELECT * FROM payment_order) TO STDOUT",
        "COPY payment_order (id) FROM STDIN",
    ],
)
def test_a_copy_before_anything_else_of_a_unit_sees_nothing(two: Any, text: str) -> None:
    """The customer is told with the first question; what goes past Django's cursor has none."""
    with tenant(two[0].made.tenant_id):
        assert models.Order.objects.count() == 2
    with pytest.raises(DatabaseError), tenant(two[0].made.tenant_id):  # noqa: PT012
        raw = connections["default"].connection
        with connections["default"].wrap_database_errors, raw.cursor().copy(text) as copy:
            list(copy)


def test_a_raw_question_before_anything_else_of_a_unit_sees_nothing(two: Any) -> None:
    with tenant(two[0].made.tenant_id):
        assert models.Order.objects.count() == 2
    here = connections["default"]
    with (
        pytest.raises(DatabaseError),
        tenant(two[0].made.tenant_id),
        here.wrap_database_errors,
    ):
        here.connection.execute("SELECT * FROM payment_order").fetchall()


def test_outside_of_a_unit_nothing_is_seen(two: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        list(models.Order.objects.all())


def test_what_each_role_of_the_database_may(two: Any) -> None:
    """Nobody of ours is superuser, steps over the wall, makes roles or databases, or replicates."""
    found = rows_of(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
        " rolcanlogin FROM pg_roles WHERE rolname LIKE 'nostro%%' ORDER BY 1"
    )
    assert found == [
        (name, False, False, False, False, False, True)
        for name in ("nostro_app", "nostro_ops", "nostro_owner")
    ]
    members = rows_of(
        "SELECT m.roleid::regrole::text, m.member::regrole::text FROM pg_auth_members m"
        " WHERE m.member IN ('nostro_app'::regrole, 'nostro_ops'::regrole)"
    )
    assert members == []
    owned = rows_of(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relowner <> 'nostro_owner'::regrole"
    )
    assert owned == []
