"""A dump by the schema's owner holds every customer and makes the same database again."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import DatabaseError, connections

from nostro.ops import sealing
from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests import seed
from tests.database import Cluster, point_at
from tests.storage import dumping

Both = tuple[seed.Seeded, seed.Seeded]


@pytest.fixture(scope="module")
def both(database: str) -> Both:
    made = seed.customer("DUMP", payments=6), seed.customer("ALSO", iban=seed.IBANS[2])
    sealing.seal_all(seed.NOW)
    return made


@pytest.fixture
def name(both: Both) -> str:
    return str(connections["default"].settings_dict["NAME"])


@pytest.fixture
def other(cluster: Cluster, name: str) -> Iterator[str]:
    """A database to restore into; afterwards the module's own is in use again."""
    made = f"restored_{uuid4().hex[:8]}"
    dumping.empty_database(cluster, made)
    yield made
    cluster.drop(made)
    point_at(cluster.url(name))


def test_a_dump_holds_every_customer_and_can_be_restored(
    cluster: Cluster, both: Both, name: str, other: str
) -> None:
    told = dumping.dump(cluster, name, "--enable-row-security")
    assert told.returncode == 0, told.stderr
    for customer in both:
        assert str(customer.tenant_id) in told.stdout
    dumping.restore(cluster, other, told.stdout)
    assert dumping.counts(cluster, other) == dumping.counts(cluster, name)
    assert dumping.schema(cluster, other) == dumping.schema(cluster, name)
    point_at(cluster.url(other))
    for customer, payments in zip(both, (6, 5), strict=True):
        assert sealing.verify(customer.tenant_id).whole
        with tenant(customer.tenant_id):
            assert models.Order.objects.count() == payments
    with pytest.raises(DatabaseError), connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM payment_order")


def test_without_the_option_the_dump_fails_aloud(cluster: Cluster, name: str) -> None:
    """PostgreSQL refuses rather than leaving rows out: FORCE binds the owner too."""
    told = dumping.dump(cluster, name)
    assert told.returncode != 0
    assert "row-level security" in told.stderr
