"""The one log: sealed in order, written once, and whoever tampers is found where he did it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from django.db import DatabaseError, connections

from nostro.domain import audit_chain
from nostro.domain.audit_chain import GENESIS
from nostro.domain.event import Alike, Event, Seal
from nostro.ops import sealing
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import events, months
from nostro.storage.tenancy import tenant
from tests import seed
from tests.database import Cluster

pytestmark = pytest.mark.usefixtures("database")

new = TimeOrderedIds().new
Admin = psycopg.Connection[Any]


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Admin]:
    """The superuser on the module's database, with triggers off: the worst adversary."""
    with cluster.admin(str(connections["default"].settings_dict["NAME"])) as found:
        found.execute("SET session_replication_role = replica")
        yield found


def made(count: int, start: datetime = seed.NOW) -> list[Event]:
    """Events one second apart."""
    return [
        msgspec.structs.replace(
            seed.event("payment.created", new()), occurred_at=start + timedelta(seconds=number)
        )
        for number in range(count)
    ]


def recorded(count: int = 5, customer: UUID | None = None) -> UUID:
    """A customer with so many events that nobody sealed yet."""
    tenant_id = customer or new()
    with tenant(tenant_id):
        events.record(made(count))
    return tenant_id


def sealed(count: int = 5) -> UUID:
    tenant_id = recorded(count)
    assert events.seal(tenant_id, seed.NOW) == count
    return tenant_id


def hash_of(seal: Seal, event: Event) -> str:
    """What the hash of an entry has to be, if it holds this event."""
    assert seal.commitment
    return audit_chain.entry_hash(
        audit_chain.entry(seal.position, seal.previous_hash, event, seal.commitment)
    )


@pytest.mark.parametrize("own", [[], [{"digest": 'a "\\ {,}', "n": 1}, {"digest": "é", "n": 2}]])
def test_the_same_of_many_is_recorded_as_an_event_about_each(own: list[dict[str, Any]]) -> None:
    tenant_id, one = new(), seed.event("order.moved", new())
    ids, subjects = [new(), new()], [new(), new()]
    happened = Alike(
        type=one.type, subject_kind="order", actor=one.actor, occurred_at=seed.NOW, ids=ids,
        subjects=subjects, said={"move": "approve"}, own=own,
    )  # fmt: skip
    with tenant(tenant_id):
        events.record_alike(happened)
        events.record_alike(msgspec.structs.replace(happened, ids=[], subjects=[], own=[]))
        told = events.about(subjects)
    assert [(event.id, event.subject_id) for event in told] == [
        (str(event_id), str(subject)) for event_id, subject in zip(ids, subjects, strict=True)
    ]
    assert [event.data for event in told] == [
        {"move": "approve"} | more for more in (own or [{}, {}])
    ]
    assert {(event.type, event.subject_kind, event.actor) for event in told} == {
        ("order.moved", "order", one.actor)
    }
    assert events.seal(tenant_id, seed.NOW) == 2
    assert sealing.verify(tenant_id).whole


def test_what_many_say_holds_no_float_either() -> None:
    one = seed.event("order.moved", new())
    happened = Alike(
        type=one.type, subject_kind="order", actor=one.actor, occurred_at=seed.NOW, ids=[new()],
        subjects=[new()], said={}, own=[{"rate": 1.5}],
    )  # fmt: skip
    with tenant(new()), pytest.raises(TypeError):
        events.record_alike(happened)


def test_events_are_sealed_in_the_order_of_their_time() -> None:
    tenant_id, listed = new(), made(20)
    shuffled = random.Random(7).sample(listed, k=20)
    with tenant(tenant_id):
        for each in shuffled:
            events.record([each])
    assert events.seal(tenant_id, seed.NOW, limit=8) == 8
    assert events.seal(tenant_id, seed.NOW, limit=100) == 12
    assert events.seal(tenant_id, seed.NOW) == 0
    with tenant(tenant_id):
        chain = list(events.chain())
    assert [event for _, event in chain] == listed
    assert [seal.position for seal, _ in chain] == list(range(1, 21))
    tail = GENESIS
    for seal, event in chain:
        assert event is not None
        assert seal.previous_hash == tail
        assert seal.hash == hash_of(seal, event)
        tail = seal.hash
    assert sealing.verify(tenant_id) == sealing.Verification(
        whole=True, sealed=20, unsealed=0, head=tail
    )


def test_a_late_event_is_sealed_at_the_end() -> None:
    """A position once given is never moved, whatever time a late event has."""
    tenant_id = sealed(3)
    late = made(1, seed.NOW - timedelta(days=1))
    with tenant(tenant_id):
        events.record(late)
    events.seal(tenant_id, seed.NOW)
    with tenant(tenant_id):
        *_, (last, event) = events.chain()
    assert (last.position, event) == (4, late[0])
    assert sealing.verify(tenant_id).whole


def test_the_lag_is_shown() -> None:
    tenant_id = recorded(3)
    assert dict(events.waiting())[tenant_id] == 3
    before = sealing.verify(tenant_id)
    assert (before.whole, before.sealed, before.unsealed, before.head) == (True, 0, 3, GENESIS)
    assert sealing.seal_all(seed.NOW) >= 3
    assert tenant_id not in dict(events.waiting())
    after = sealing.verify(tenant_id)
    assert (after.sealed, after.unsealed) == (3, 0)


def test_odd_data_survives_the_database() -> None:
    data = {
        "text": "M\u00fcller \u20ac \U0001f4b6 \"'\\\n",
        "big": 10**17,
        "deep": [{"b": 1, "a": None}],
    }
    tenant_id, told = new(), msgspec.structs.replace(made(1)[0], data=data)
    with tenant(tenant_id):
        events.record([told])
    events.seal(tenant_id, seed.NOW)
    with tenant(tenant_id):
        ((_, kept),) = events.chain()
        assert events.about([UUID(told.subject_id)]) == (told,)
    assert kept == told
    assert sealing.verify(tenant_id).whole


def record_and_roll_back(told: list[Event]) -> None:
    with tenant(new()):
        events.record(told)
        raise LookupError


def test_events_vanish_with_the_change_they_record() -> None:
    before = events.waiting()
    with pytest.raises(LookupError):
        record_and_roll_back(made(2))
    assert events.waiting() == before


def test_what_cannot_be_sealed_is_not_recorded() -> None:
    with pytest.raises(TypeError):
        record_and_roll_back([msgspec.structs.replace(made(1)[0], data={"rate": 1.5})])


# ---- Two sealers


def test_one_sealer_a_customer(cluster: Cluster) -> None:
    tenant_id = recorded(2)
    with cluster.admin(str(connections["ops"].settings_dict["NAME"])) as other, other.transaction():
        other.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [events.SEAL_LOCK, str(tenant_id)]
        )
        assert events.seal(tenant_id, seed.NOW) == 0
    assert events.seal(tenant_id, seed.NOW) == 2


def test_many_sealers_at_once_make_one_chain() -> None:
    tenant_id = recorded(120)

    def work(_: int) -> int:
        try:
            return sum(events.seal(tenant_id, seed.NOW, limit=7) for _ in range(15))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))
    counts.append(sealing.seal_all(seed.NOW))
    assert sum(counts) >= 120
    found = sealing.verify(tenant_id)
    assert (found.whole, found.sealed, found.unsealed) == (True, 120, 0)


# ---- Tampering: what was done | where it is found | what is said

TAMPERING = {
    "edited": ("UPDATE event SET data = '{}' WHERE id = $3", 3, "not what was sealed"),
    "edited actor": (
        "UPDATE event SET actor = jsonb_set(actor, '{name}', '\"Eve\"') WHERE id = $1",
        1,
        "not what was sealed",
    ),
    "moved in time": (
        "UPDATE event SET occurred_at = occurred_at + interval '1 us' WHERE id = $4", 4, "gone"
    ),
    "moved to another month": (
        "UPDATE event SET occurred_at = occurred_at - interval '1 year' WHERE id = $2", 2, "gone"
    ),
    "deleted": ("DELETE FROM event WHERE id = $3", 3, "gone"),
    "deleted the first": ("DELETE FROM event WHERE id = $1", 1, "gone"),
    "deleted all": ("DELETE FROM event WHERE tenant_id = $t", 1, "gone"),
    "deleted with its seal": (
        "DELETE FROM event WHERE id = $3; DELETE FROM event_seal WHERE event_id = $3",
        3,
        "position 3 is missing",
    ),
    "seal deleted": ("DELETE FROM event_seal WHERE event_id = $2", 2, "position 2 is missing"),
    "all seals deleted": ("DELETE FROM event_seal WHERE tenant_id = $t", 1, "the chain ends"),
    "last seal deleted": ("DELETE FROM event_seal WHERE event_id = $5", 5, "the chain ends"),
    "seals and trees deleted": (
        "DELETE FROM event_seal WHERE tenant_id = $t; DELETE FROM seal_batch WHERE tenant_id = $t",
        0,
        "5 events stand",
    ),
    "reordered": (
        "UPDATE event_seal SET position = -1 WHERE event_id = $2;"
        "UPDATE event_seal SET position = 2 WHERE event_id = $3;"
        "UPDATE event_seal SET position = 3 WHERE event_id = $2",
        2,
        "not what was sealed",
    ),
    "hash changed": (
        "UPDATE event_seal SET hash = repeat('0', 64) WHERE event_id = $2", 2, "not what was sealed"
    ),
    "inserted": (
        "INSERT INTO event SELECT tenant_id, gen_random_uuid(), occurred_at, type, subject_kind,"
        " subject_id, actor, data FROM event WHERE id = $2",
        5,
        "1 events stand outside",
    ),
}  # fmt: skip


def tamper(admin: Admin, tenant_id: UUID, statements: str) -> None:
    """Run statements; $1 to $5 are the ids of the customer's events, $t is the customer."""
    with tenant(tenant_id):
        ids = [seal.event_id for seal, _ in events.chain()]
    for number, event_id in enumerate(ids, 1):
        statements = statements.replace(f"${number}", f"'{event_id}'")
    admin.execute(statements.replace("$t", f"'{tenant_id}'").encode())


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found(name: str, admin: Admin) -> None:
    statements, position, why = TAMPERING[name]
    tenant_id, neighbour = sealed(), sealed()
    tamper(admin, tenant_id, statements)
    found = sealing.verify(tenant_id)
    assert (found.whole, found.broken_at) == (False, position)
    assert why in found.why
    assert sealing.verify(neighbour).whole


def test_a_forged_hash_breaks_the_next_position(admin: Admin) -> None:
    """Whoever rewrites one event and its own hash must rewrite all that follow."""
    tenant_id = sealed()
    with tenant(tenant_id):
        _, (second, event), *_ = events.chain()
    assert event is not None
    forged = hash_of(second, msgspec.structs.replace(event, type="payment.forgotten"))
    tamper(
        admin,
        tenant_id,
        f"UPDATE event SET type = 'payment.forgotten' WHERE id = $2;"
        f"UPDATE event_seal SET hash = '{forged}' WHERE event_id = $2",
    )
    found = sealing.verify(tenant_id)
    assert (found.whole, found.broken_at, second.position) == (False, 3, 2)


def test_a_shortened_chain_has_another_head(admin: Admin) -> None:
    """Events cut off the end together with their seals leave no gap: the head told before does."""
    tenant_id = sealed()
    remembered = sealing.verify(tenant_id)
    tamper(
        admin,
        tenant_id,
        "DELETE FROM event WHERE id = $5; DELETE FROM event_seal WHERE event_id = $5",
    )
    found = sealing.verify(tenant_id)
    assert (found.sealed, found.head) != (remembered.sealed, remembered.head)


def test_a_tampered_tail_does_not_stop_the_sealer(admin: Admin) -> None:
    tenant_id = sealed()
    tamper(admin, tenant_id, "DELETE FROM event WHERE id = $5")
    recorded(2, tenant_id)
    assert events.seal(tenant_id, seed.NOW) == 2
    assert sealing.verify(tenant_id).broken_at == 5


# ---- Written once

WRITES = (
    "UPDATE {} SET occurred_at = now()",
    "DELETE FROM {}",
    "TRUNCATE {}",
)


@pytest.mark.parametrize("alias", ["default", "ops", "owner"])
@pytest.mark.parametrize("table", ["event", "event_seal"])
@pytest.mark.parametrize("write", WRITES)
def test_nobody_changes_what_was_written(alias: str, table: str, write: str) -> None:
    tenant_id = sealed(1)
    with pytest.raises(DatabaseError) as told, connections[alias].cursor() as cursor:
        cursor.execute(f"SET app.tenant = '{tenant_id}'; {write.format(table)}")
    assert "permission denied" in str(told.value) or "written once" in str(told.value)
    connections[alias].close()
    assert sealing.verify(tenant_id).whole


@pytest.mark.parametrize("table", ["event_seal", "event_other"])
def test_the_app_writes_neither_seals_nor_partitions(table: str) -> None:
    tenant_id = sealed(1)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenant(tenant_id),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE false")


def test_the_owner_cannot_empty_a_partition() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT nostro_make_event_months('2060-01-01', 1)")
        with pytest.raises(DatabaseError, match="written once"):
            cursor.execute("TRUNCATE event_2060_01")


# ---- Months


def query(text: str) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def where(event: Event) -> str:
    ((found,),) = query(f"SELECT tableoid::regclass::text FROM event WHERE id = '{event.id}'")
    return str(found)


def test_months_are_made_ahead_and_once() -> None:
    now = datetime(2040, 3, 31, 23, 59, tzinfo=UTC)
    assert months.make_months(now) == months.MONTHS_AHEAD
    assert months.make_months(now) == 0
    assert months.make_months(now + timedelta(days=1)) == 1
    made_ = [name for (name,) in query(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
        " AND relname LIKE 'event\\_204%' ORDER BY 1"
    )]  # fmt: skip
    assert (made_[0], made_[-1]) == ("event_2040_02", "event_2041_08")
    assert len(made_) == months.MONTHS_AHEAD + 1


@pytest.mark.parametrize(
    ("when", "partition"),
    [
        ("2040-02-01T00:00:00+00:00", "event_2040_02"),
        ("2040-02-29T23:59:59.999999+00:00", "event_2040_02"),
        ("2040-03-01T00:00:00+00:00", "event_2040_03"),
        ("2040-03-01T00:30:00+01:00", "event_2040_02"),
        ("2039-12-31T23:59:59+00:00", "event_other"),
        ("2999-01-01T00:00:00+00:00", "event_other"),
    ],
)
def test_no_event_is_lost_between_months(when: str, partition: str) -> None:
    months.make_months(datetime(2040, 3, 31, tzinfo=UTC))
    tenant_id, (told,) = new(), made(1, datetime.fromisoformat(when))
    with tenant(tenant_id):
        events.record([told])
    assert where(told) == partition
    assert events.seal(tenant_id, seed.NOW) == 1
    assert sealing.verify(tenant_id).whole


def test_a_month_is_reached_through_the_log_only() -> None:
    months.make_months(datetime(2042, 1, 1, tzinfo=UTC))
    granted = query(
        "SELECT c.relname, a.grantee::regrole::text, a.privilege_type FROM pg_class c,"
        " aclexplode(c.relacl) a WHERE c.relispartition AND a.grantee <> c.relowner"
    )
    assert granted == []
    tenant_id = sealed(1)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenant(tenant_id),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM event_2042_01")


def test_the_app_makes_no_months() -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenant(new()),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute("SELECT nostro_make_event_months('2043-01-01', 1)")


def test_a_month_that_came_too_late_is_still_made() -> None:
    with tenant(new()):
        events.record(made(1, datetime(2050, 1, 5, tzinfo=UTC)))
    months.make_months(datetime(2050, 1, 6, tzinfo=UTC))
