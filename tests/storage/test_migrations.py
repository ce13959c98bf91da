"""Migrations from nothing, and from what the last release left behind."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections

from nostro.ops import sealing
from nostro.storage import events
from tests import seed
from tests.database import TEMPLATE, Cluster, point_at
from tests.storage import dumping, releases


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """A database with roles and no tables, in use."""
    name = f"migrated_{uuid4().hex[:8]}"
    dumping.empty_database(cluster, name)
    point_at(cluster.url(name))
    yield name
    cluster.drop(name)


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[str]:
    """A database to load a dump into."""
    name = f"upgraded_{uuid4().hex[:8]}"
    dumping.empty_database(cluster, name)
    yield name
    cluster.drop(name)


def migrate() -> None:
    call_command("migrate", database="owner", verbosity=0)
    connections.close_all()


def upgraded(cluster: Cluster, name: str, text: str) -> None:
    """Load a release's dump, migrate it to head: no row lost, every chain whole, work goes on."""
    dumping.restore(cluster, name, text)
    point_at(cluster.url(name))
    before = dumping.counts(cluster, name)
    migrate()
    after = dumping.counts(cluster, name)
    lost = {table: rows for table, rows in before.items() if after.get(table, 0) < rows}
    assert not lost
    assert dumping.schema(cluster, name) == dumping.schema(cluster, TEMPLATE)
    with cluster.admin(name) as admin:
        customers = [tenant_id for (tenant_id,) in admin.execute("SELECT id FROM customer")]
    assert len(customers) == 2
    for tenant_id in customers:
        found = sealing.verify(tenant_id)  # type: ignore[arg-type]
        assert found.whole
        assert found.sealed > 0
    made = seed.customer("AFTER")
    assert events.seal(made.tenant_id, seed.NOW) > 0


def test_from_empty_and_again(cluster: Cluster, empty: str) -> None:
    migrate()
    first = dumping.schema(cluster, empty)
    assert first == dumping.schema(cluster, TEMPLATE)
    migrate()
    assert dumping.schema(cluster, empty) == first


def test_no_migration_is_missing(empty: str) -> None:
    call_command("makemigrations", "storage", check=True, dry_run=True, verbosity=1)


def test_the_hook_itself(cluster: Cluster, bare: str) -> None:
    """What a recording would hold today can be loaded and migrated."""
    upgraded(cluster, bare, releases.seeded_dump(cluster))


def test_from_the_last_release(cluster: Cluster, bare: str) -> None:
    recordings = releases.recorded()
    if not recordings:
        pytest.skip("no release is recorded yet; see tests/storage/releases.py")
    upgraded(cluster, bare, releases.text_of(recordings[-1]))
