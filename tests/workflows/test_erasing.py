"""What an event says can be erased for good; the chain stays whole, and who erased is in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections

from nostro.app import world
from nostro.domain.audit_chain import ERASED
from nostro.domain.event import Actor
from nostro.ops import sealing
from nostro.ops.identifiers import TimeOrderedIds
from nostro.ops.origin import coming_from
from nostro.storage import events
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.erasing import erase_events
from tests import seed
from tests.database import Cluster

pytestmark = pytest.mark.usefixtures("database")

new = TimeOrderedIds().new
OFFICER = Actor(kind="person", id=str(new()), name="Petra Officer")
DEPUTY = Actor(kind="person", id=str(new()), name="Dirk Deputy")
IBAN = seed.IBANS[1]


@pytest.fixture
def acting() -> Acting:
    """A customer with three sealed events that name a person's account."""
    made = Acting(tenant_id=new(), actor=OFFICER, world=world())
    with coming_from("192.0.2.7"), tenant(made.tenant_id):
        events.record([made.event("payee.changed", "payee", new(), iban=IBAN) for _ in range(3)])
    assert events.seal(made.tenant_id, seed.NOW) == 3
    return made


def ids(acting: Acting) -> list[UUID]:
    with tenant(acting.tenant_id):
        return [UUID(seal.event_id) for seal, _ in events.chain()]


def kept(acting: Acting) -> str:
    """Everything that the database holds of this customer's events, as text."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT e::text FROM event e WHERE tenant_id = %s", [acting.tenant_id])
        return "\n".join(row for (row,) in cursor.fetchall())


def erase(acting: Acting, *event_ids: UUID) -> frozenset[UUID]:
    with tenant(acting.tenant_id):
        return erase_events(acting, event_ids, "she asked for it")


def test_the_content_goes_and_the_chain_stays(acting: Acting) -> None:
    first, second, third = ids(acting)
    before = sealing.verify(acting.tenant_id)
    assert erase(acting, first, third) == {first, third}
    assert kept(acting).count(IBAN) == 1
    assert kept(acting).count("192.0.2.7") == 1
    assert not sealing.verify(acting.tenant_id).whole, "until the erasure itself is sealed"
    sealing.seal_all(seed.NOW)
    after = sealing.verify(acting.tenant_id)
    assert (after.whole, after.sealed, after.erased, after.why) == (True, 4, 2, "")
    with tenant(acting.tenant_id):
        links = list(events.links())
    assert [link.seal.hash for link in links][2] == before.head
    assert [bool(link.key) for link in links] == [False, True, False, True]
    (_, emptied), *_, (_, told) = [(link.seal, link.event) for link in links]
    assert emptied is not None
    assert (emptied.type, emptied.actor.id, emptied.actor.name) == ("payee.changed", OFFICER.id, "")
    assert (emptied.data, emptied.origin.source_address) == ({}, "")
    assert told is not None
    assert told.origin.reason == "she asked for it"
    assert told.data["events"] == sorted([str(first), str(third)])
    assert str(second) not in told.data["events"]


def test_what_waits_for_its_seal_is_sealed_and_then_erased(acting: Acting) -> None:
    waiting = acting.event("payee.changed", "payee", new(), iban=IBAN)
    with tenant(acting.tenant_id):
        events.record([waiting])
    assert erase(acting, UUID(waiting.id)) == {UUID(waiting.id)}
    assert kept(acting).count(IBAN) == 3, "the three others"
    events.seal(acting.tenant_id, seed.NOW)
    found = sealing.verify(acting.tenant_id)
    assert (found.whole, found.sealed, found.erased) == (True, 5, 1)


def test_what_is_of_the_same_work_or_explains_the_log_stays(acting: Acting) -> None:
    first, *_ = ids(acting)
    own = acting.event("payee.changed", "payee", new(), iban=IBAN)
    with tenant(acting.tenant_id):
        events.record([own])
        assert erase_events(acting, [UUID(own.id)], "at once") == frozenset()
    erase(acting, first)
    assert erase(acting, first) == frozenset(), "twice is once"
    events.seal(acting.tenant_id, seed.NOW)
    with tenant(acting.tenant_id):
        said = [event for _, event in events.chain() if event and event.type == ERASED]
    assert said
    explains = [UUID(event.id) for event in said]
    assert erase(acting, *explains) == frozenset(), "nobody erases that something was erased"
    assert sealing.verify(acting.tenant_id).whole


def test_nobody_erases_another_customers_events(acting: Acting) -> None:
    with tenant(new()):
        assert events.erase([new()], seed.NOW) == frozenset()
    stranger = Acting(tenant_id=new(), actor=OFFICER, world=world())
    found = ids(acting)
    assert erase(stranger, *found) == frozenset()
    assert kept(acting).count(IBAN) == 3


NAMELESS = 'actor = actor || \'{"name": ""}\''
EMPTY = "data = '{}', on_behalf_of = NULL, reason = '', trace_id = '', source_address = ''"
GONE = "commitment_key = NULL, erased_at = now()"
WRITES = {
    "other data": 'data = \'{"iban": ""}\'',
    "the key alone": "commitment_key = NULL",
    "without a time": f"{NAMELESS}, {EMPTY}, commitment_key = NULL",
    "with its content": f"{NAMELESS}, {GONE}",
    "another name": f'actor = actor || \'{{"name": "Eve"}}\', {EMPTY}, {GONE}',
    "another actor": f"actor = '{{}}', {EMPTY}, {GONE}",
    "a new key": f"{NAMELESS}, {EMPTY}, commitment_key = gen_random_uuid(), erased_at = now()",
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("alias", ["default", "owner"])
def test_the_database_lets_nothing_but_an_erasure_through(
    acting: Acting, name: str, alias: str
) -> None:
    with (
        pytest.raises(DatabaseError, match=r"written once|permission denied"),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(f"SET app.tenant = '{acting.tenant_id}'; UPDATE event SET {WRITES[name]}")
    connections[alias].close()
    assert sealing.verify(acting.tenant_id).whole


def test_content_that_vanished_without_a_word_is_found(acting: Acting, cluster: Cluster) -> None:
    _, second, _ = ids(acting)
    with tenant(acting.tenant_id):
        assert events.erase([second], seed.NOW)
    found = sealing.verify(acting.tenant_id)
    assert (found.whole, found.broken_at) == (False, 2)
    assert "no event says that it was erased" in found.why


def changed(acting: Acting, cluster: Cluster, statement: str) -> None:
    """The superuser with triggers off."""
    with cluster.admin(str(connections["default"].settings_dict["NAME"])) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(statement.encode(), [acting.tenant_id])


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'another'",
        "trace_id = repeat('0', 32)",
        "source_address = '192.0.2.8'",
        'on_behalf_of = \'{"kind": "person", "id": "x", "name": "Eve"}\'',
        "commitment_key = gen_random_uuid()",
        "commitment_key = NULL",
        "data = '{}'",
    ],
)
def test_what_is_said_besides_is_sealed_too(acting: Acting, cluster: Cluster, change: str) -> None:
    changed(
        acting,
        cluster,
        f"UPDATE event SET {change} WHERE tenant_id = %s AND id = '{ids(acting)[1]}'",
    )
    found = sealing.verify(acting.tenant_id)
    assert (found.whole, found.broken_at, found.why) == (
        False, 2, "the event is not what was sealed"
    )  # fmt: skip


def test_an_event_says_for_whom_why_and_whence(acting: Acting) -> None:
    deputy: dict[str, Any] = {"on_behalf_of": OFFICER, "reason": "she is on holiday"}
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    told = Acting(tenant_id=acting.tenant_id, actor=DEPUTY, world=world(), **deputy)
    with coming_from("2001:db8::1", trace), tenant(told.tenant_id):
        events.record([told.event("payee.changed", "payee", subject := new())])
        events.record_alike(told.alike("payee.changed", "payee", [subject], text="of this one"))
        both = events.about([subject])
    for event in both:
        assert event.origin.on_behalf_of == OFFICER
        assert event.origin.reason == "she is on holiday"
        assert event.origin.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert event.origin.source_address == "2001:db8::1"
    assert len(both) == 2
