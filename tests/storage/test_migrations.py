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


# What the recording lacks and its customers may have had: an open item, proposed for a line.
PROPOSED = (
    "INSERT INTO open_item (id, tenant_id, document, customer_number, customer_name, open_minor,"
    " currency, due_date, payer_iban, entity_id) SELECT gen_random_uuid(), tenant_id, 'RE-2026-1',"
    " 'K1', 'Kunde', 5000, 'EUR', '2026-11-30', '', id FROM legal_entity",
    "INSERT INTO match (id, tenant_id, state, probability_percent, evidence, decided_by,"
    " decided_at, transaction_id) SELECT gen_random_uuid(), tenant_id, 'tentative', 80, '[]',"
    " 'matcher', now(), id FROM bank_transaction WHERE line = 1",
    "INSERT INTO allocation (id, tenant_id, amount_minor, currency, match_id, open_item_id,"
    " order_id) SELECT gen_random_uuid(), m.tenant_id, 5000, 'EUR', m.id, (SELECT min(i.id::text)"
    "::uuid FROM open_item i WHERE i.tenant_id = m.tenant_id), NULL FROM match m",
)


def test_what_was_proposed_before_an_upgrade_is_proposed_after_it(
    cluster: Cluster, bare: str
) -> None:
    first = next(iter(releases.recorded()), None)
    if first is None:
        pytest.skip("no release is recorded yet; see tests/storage/releases.py")
    dumping.restore(cluster, bare, releases.text_of(first))
    with cluster.admin(bare) as admin:
        for statement in PROPOSED:
            admin.execute(statement)
    point_at(cluster.url(bare))
    before = dumping.counts(cluster, bare)
    assert before["match"] == 2
    migrate()
    after = dumping.counts(cluster, bare)
    assert (after["match"], after["match_proposal"]) == (0, before["match"])
    assert after["open_item_key"] >= before["open_item"] > 0
