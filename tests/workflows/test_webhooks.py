"""Programs are told of every sealed event at least once, whatever they and we meet on the way."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import standardwebhooks.webhooks
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.connectors.webhook_call import Called, Message, WebhookCaller
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.domain.webhook import LASTS, OTHERS_WAIT_AT_MOST
from nostro.ops import origin, sealing
from nostro.storage import audit_trail, events, models, webhooks
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.tenancy import tenant
from nostro.workflows import webhook_endpoints
from nostro.workflows import webhooks as telling
from nostro.workflows.tick import tick
from nostro.workflows.webhook_watch import FORGET_AFTER, Watch, wake_webhooks
from tests.workflows.company import Company
from tests.workflows.webhook_receiver import Receiver, is_gap_free, listening

URL = "https://erp.example/nostro"


class ScriptedCaller(WebhookCaller):
    """Calls nobody: gives the answers of a test, then 204, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Called] = []
        self.made: list[tuple[str, Message, tuple[str, ...]]] = []
        self.dies_after_the_call = False

    def call(self, url: str, message: Message, secrets: Any, now: datetime) -> Called:
        self.made.append((url, message, tuple(secrets)))
        if self.dies_after_the_call:
            raise KeyboardInterrupt
        return self.answers.pop(0) if self.answers else Called(status=204)


NOBODY = Called(said="nobody is there")
BROKEN = Called(status=500, said="broken")


@pytest.fixture
def caller(company: Company) -> ScriptedCaller:
    made = ScriptedCaller()
    company.world = msgspec.structs.replace(company.world, webhook_caller=made)
    return made


def register(company: Company, url: str = URL, **more: Any) -> tuple[UUID, str]:
    row, secret = webhook_endpoints.register(company.acting(), url, **more)
    return row.id, secret


def happen(company: Company, count: int = 1, prefix: str = "P") -> None:
    """Payments are asked for, and what happened is sealed."""
    company.ask(*(company.request(f"{prefix}{n}", 100_00 + n) for n in range(count)))
    sealing.seal_all(company.clock.now())


def run(company: Company) -> int:
    """What the jobs do once they are woken; returns how many deliveries were taken."""
    return sum(telling.deliver(company.job, one) for one in telling.attend(company.job))


def next_time(company: Company) -> datetime | None:
    with tenant(company.tenant_id):
        rows = models.WebhookDelivery.objects.filter(next_action_at__isnull=False)
        return rows.order_by("next_action_at").values_list("next_action_at", flat=True).first()


def run_on(company: Company, until: timedelta = 2 * LASTS) -> int:
    """Run each time that something is due, until nothing is; returns how many were taken."""
    taken, ends_at = run(company), company.clock.now() + until
    while (due := next_time(company)) is not None and due <= ends_at:
        company.clock.advance(seconds=max((due - company.clock.now()).total_seconds(), 0))
        taken += run(company)
    return taken


def states(company: Company) -> list[tuple[int, str, int]]:
    with tenant(company.tenant_id):
        rows = models.WebhookDelivery.objects.order_by("sequence")
        return [(row.sequence, row.state, row.tries) for row in rows]


def endpoint(company: Company, endpoint_id: UUID) -> webhooks.EndpointRow:
    with tenant(company.tenant_id):
        found = webhooks.endpoint(endpoint_id)
    assert found is not None
    return found


def sealed(company: Company) -> int:
    with tenant(company.tenant_id):
        return webhooks.sealed()


# What is told.


def test_what_was_not_sealed_is_not_told(company: Company, caller: ScriptedCaller) -> None:
    register(company)
    company.ask(company.request("P1"))
    assert (run(company), caller.made) == (0, [])
    happen(company, 2, "Q")
    assert run(company) == len(caller.made) == sealed(company) > 3


def test_a_new_address_is_told_from_now_on_or_from_a_position(
    company: Company, caller: ScriptedCaller
) -> None:
    happen(company)
    before = sealed(company)
    register(company)
    register(company, f"{URL}/all", after_position=0)
    sealing.seal_all(company.clock.now())
    run(company)
    told: dict[str, list[int]] = {}
    for url, message, _ in caller.made:
        told.setdefault(url, []).append(message.sequence)
    assert told[URL] == list(range(before + 1, sealed(company) + 1))
    assert told[f"{URL}/all"] == list(range(1, sealed(company) + 1))


def test_the_body_is_the_cloud_event_of_the_log_the_same_bytes_at_every_try(
    company: Company, caller: ScriptedCaller
) -> None:
    register(company)
    caller.answers = [BROKEN] * 40
    happen(company)
    run_on(company, timedelta(hours=1))
    bodies: dict[int, set[bytes]] = {}
    ids: dict[int, set[str]] = {}
    for _, message, _ in caller.made:
        bodies.setdefault(message.sequence, set()).add(message.body)
        ids.setdefault(message.sequence, set()).add(message.id)
    assert len(caller.made) > len(bodies)
    assert {len(one) for one in bodies.values()} == {len(one) for one in ids.values()} == {1}
    with tenant(company.tenant_id):
        log = audit_trail.sealed(TrailFilter(), limit=200).rows
    for row in log:
        told = msgspec.json.decode(next(iter(bodies[row.position])))
        assert ids[row.position] == {row.event.id} == {told["id"]}
        assert (told["specversion"], told["position"], told["sealhash"]) == (
            "1.0",
            row.position,
            row.hash,
        )
        assert told["type"] == f"nostro.{row.event.type}"
        assert told["source"] == f"urn:nostro:customer:{company.tenant_id}"
        assert datetime.fromisoformat(told["time"]) == row.event.occurred_at
        assert told["data"]["detail"] == row.event.data
        assert told["authid"] == row.event.actor.id


def test_a_receiver_learns_the_trace_and_for_whom_but_no_address_and_no_words(
    company: Company, caller: ScriptedCaller
) -> None:
    register(company, event_types=["nostro.customer.*"])
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    lender = Actor(kind="person", id=company.ann.id, name=company.ann.name)
    acting = msgspec.structs.replace(company.job, on_behalf_of=lender, reason="a secret reason")
    with (
        origin.coming_from("203.0.113.9", f"00-{trace}-00f067aa0ba902b7-01"),
        tenant(company.tenant_id),
    ):
        events.record([acting.event("customer.created", "customer", company.tenant_id)])
    sealing.seal_all(company.clock.now())
    run(company)
    (body,) = {message.body for _, message, _ in caller.made}
    told = msgspec.json.decode(body)
    assert re.fullmatch(f"00-{trace}-(?!0{{16}})[0-9a-f]{{16}}-00", told["traceparent"])
    assert (told["authtype"], told["authid"]) == ("system", "nostro")
    assert told["onbehalfof"] == company.ann.id
    assert b"203.0.113.9" not in body
    assert b"a secret reason" not in body


def test_only_the_types_that_were_asked_for(company: Company, caller: ScriptedCaller) -> None:
    endpoint_id, _ = register(company, event_types=["nostro.order.*"])
    happen(company, 2)
    run(company)
    types = {msgspec.json.decode(message.body)["type"] for _, message, _ in caller.made}
    assert types
    assert all(one.startswith("nostro.order.") for one in types)
    assert endpoint(company, endpoint_id).position == sealed(company), "the rest counts as read"


def test_a_page_at_a_time_and_no_event_twice(
    company: Company, caller: ScriptedCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "PAGE", 3)
    monkeypatch.setattr(telling, "BATCH", 4)
    register(company, after_position=0)
    happen(company, 8)
    assert run(company) == sealed(company)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: alone(telling.attend, company.job), range(3)))
    assert [sequence for sequence, *_ in states(company)] == list(range(1, sealed(company) + 1))


def alone(work: Any, *given: Any) -> Any:
    """Run in a thread, on connections of its own."""
    try:
        return work(*given)
    finally:
        connections.close_all()


# When it goes wrong.


def test_one_event_that_is_refused_holds_up_no_other(
    company: Company, caller: ScriptedCaller
) -> None:
    register(company)
    happen(company, 3)
    caller.answers = [BROKEN]
    assert run(company) == sealed(company) - 1
    (first, *rest) = states(company)
    assert first[1:] == ("waiting", 1)
    assert {state for _, state, _ in rest} == {"delivered"}
    assert run_on(company) == 1


def test_an_address_without_anybody_is_tried_with_one_event_at_a_time(
    company: Company, caller: ScriptedCaller
) -> None:
    register(company)
    happen(company, 5)
    caller.answers = [NOBODY] * 4
    assert run(company) == 0
    assert len(caller.made) == 1, "the others would fail too"
    due = next_time(company)
    assert due is not None
    assert timedelta() < due - company.clock.now() <= OTHERS_WAIT_AT_MOST
    company.clock.advance(seconds=1)
    assert (run(company), len(caller.made)) == (0, 1)
    assert run_on(company) == sealed(company)
    assert len(caller.made) == sealed(company) + 4
    assert max(tries for *_, tries in states(company)) == 5, "one event was tried for all"


def test_after_three_days_the_address_is_switched_off_and_somebody_is_told(
    company: Company, caller: ScriptedCaller
) -> None:
    endpoint_id, _ = register(company)
    happen(company, 2)
    caller.answers = [NOBODY] * 10_000
    began = company.clock.now()
    run_on(company, timedelta(days=30))
    off = endpoint(company, endpoint_id)
    assert off.disabled_at is not None
    assert LASTS <= off.disabled_at - began < LASTS + timedelta(hours=1)
    assert "nobody is there" in off.disabled_because
    assert len(caller.made) < 3000, "a dead address costs a call every two minutes at most"
    ((kind, sentence),) = company.cases()
    assert (kind, URL in sentence) == ("connection", True)
    assert {state for _, state, _ in states(company)} == {"set_aside"}
    assert next_time(company) is None
    ((told),) = company.events("webhook.switched_off")
    assert told["set_aside"] == len(states(company))

    happen(company, 1, "LATER")
    caller.answers, caller.made = [], []
    assert run(company) == 0, "off is off"
    webhook_endpoints.replay(company.acting(), endpoint_id, 1)
    sealing.seal_all(company.clock.now())
    run_on(company)
    told_now = sorted(message.sequence for _, message, _ in caller.made)
    assert told_now == list(range(1, sealed(company) + 1)), "nothing was lost"


def test_who_says_gone_is_told_nothing_more(company: Company, caller: ScriptedCaller) -> None:
    endpoint_id, _ = register(company)
    happen(company, 3)
    caller.answers = [Called(status=204), Called(status=410)]
    assert run(company) == 1
    assert len(caller.made) == 2
    assert endpoint(company, endpoint_id).disabled_at is not None
    assert [kind for kind, _ in company.cases()] == ["connection"]
    assert run_on(company) == 0


def test_a_worker_that_dies_after_the_call_tells_it_again_later(
    company: Company, caller: ScriptedCaller
) -> None:
    register(company)
    happen(company, 1)
    caller.dies_after_the_call = True
    with pytest.raises(KeyboardInterrupt):
        run(company)
    caller.dies_after_the_call = False
    assert run(company) == 0, "it is taken"
    company.clock.advance(seconds=telling.TAKEN_FOR.total_seconds() + 1)
    assert run(company) == sealed(company)
    sequences = [message.sequence for _, message, _ in caller.made]
    assert sequences == [1, *range(1, sealed(company) + 1)]


def test_two_workers_at_once_seldom_make_the_same_call(
    company: Company, caller: ScriptedCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH", 3)
    endpoint_id, _ = register(company)
    happen(company, 12)
    telling.attend(company.job)
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(alone, telling.deliver, company.job, endpoint_id) for _ in range(4)]
        assert sum(one.result() for one in work) == sealed(company)
    assert len(caller.made) == sealed(company)


# Secrets, and who is told.


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    company: Company, caller: ScriptedCaller
) -> None:
    endpoint_id, first = register(company)
    assert first.startswith("whsec_")
    happen(company, 1, "A")
    run(company)
    second = webhook_endpoints.rotate(company.acting(), endpoint_id)
    company.clock.advance(hours=23, minutes=59)
    happen(company, 1, "B")
    run(company)
    company.clock.advance(minutes=2)
    happen(company, 1, "C")
    run(company)
    used = list(dict.fromkeys(secrets for *_, secrets in caller.made))
    assert used == [(first,), (second, first), (second,)]
    everything = str([company.events(kind) for kind in ("webhook.registered",)])
    assert "whsec_" not in everything


def test_an_address_is_told_once_until_it_is_switched_off(
    company: Company, caller: ScriptedCaller
) -> None:
    endpoint_id, _ = register(company)
    with pytest.raises(Refused) as twice:
        register(company)
    assert twice.value.code == "webhook_address_taken"
    webhook_endpoints.disable(company.acting(), endpoint_id, "not needed")
    register(company)
    with pytest.raises(Refused):
        webhook_endpoints.replay(company.acting(), endpoint_id, 1)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"url": "https://10.0.0.1/"}, "webhook_address_not_usable"),
        ({"url": "http://erp.example/"}, "webhook_address_not_usable"),
        ({"event_types": ["order.moved"]}, "webhook_event_type_unknown"),
        ({"event_types": ["nostro.*.moved"]}, "webhook_event_type_unknown"),
        ({"event_types": ["nostro.nonsense.*"]}, "webhook_event_type_unknown"),
        ({"event_types": ["nostro.order.*", "nostro.orders.moved"]}, "webhook_event_type_unknown"),
        ({"after_position": 10**9}, "position_unknown"),
        ({"after_position": -1}, "position_unknown"),
    ],
)
def test_what_cannot_be_told_is_refused(
    company: Company, caller: ScriptedCaller, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        register(company, **more)
    assert refused.value.code == code
    with tenant(company.tenant_id):
        assert webhooks.endpoints() == []


def test_a_replay_begins_where_it_is_told_to(company: Company, caller: ScriptedCaller) -> None:
    endpoint_id, _ = register(company)
    happen(company, 4)
    run(company)
    caller.made = []
    webhook_endpoints.replay(company.acting(), endpoint_id, 3)
    end = sealed(company)
    run(company)
    assert [message.sequence for _, message, _ in caller.made] == list(range(3, end + 1))
    for wrong in (0, sealed(company) + 2):
        with pytest.raises(Invalid):
            webhook_endpoints.replay(company.acting(), endpoint_id, wrong)


def test_another_customers_address_is_nothing(company: Company, caller: ScriptedCaller) -> None:
    other = Company()
    endpoint_id, _ = register(company)
    for act in (
        lambda: webhook_endpoints.disable(other.acting(), endpoint_id, "x"),
        lambda: webhook_endpoints.rotate(other.acting(), endpoint_id),
        lambda: webhook_endpoints.replay(other.acting(), endpoint_id, 1),
    ):
        with pytest.raises(Refused) as unknown:
            act()
        assert unknown.value.code == "webhook_unknown"
    happen(other, 2)
    run(other)
    assert caller.made == []


# Waking.


def woken(company: Company) -> int:
    jobs = ProcrastinateJob.objects.filter(
        task_name="attend_webhooks", args__tenant_id=str(company.tenant_id)
    )
    count = jobs.count()
    jobs.delete()
    return count


def test_the_tick_wakes_who_has_something_to_tell_and_nobody_else(
    company: Company, caller: ScriptedCaller
) -> None:
    watch = Watch()
    happen(company)
    wake_webhooks(company.clock.now(), watch)
    assert woken(company) == 0, "nobody wants to be told"
    register(company)
    assert woken(company) == 1, "at once"
    sealing.seal_all(company.clock.now())
    wake_webhooks(company.clock.now(), watch)
    assert woken(company) == 1
    wake_webhooks(company.clock.now(), watch)
    assert woken(company) == 0, "nothing new: the job is under way"
    company.clock.advance(seconds=FORGET_AFTER.total_seconds())
    wake_webhooks(company.clock.now(), watch)
    assert woken(company) == 1, "and a job that failed is made up for"
    caller.answers = [BROKEN]
    run(company)
    wake_webhooks(company.clock.now(), watch)
    assert woken(company) == 0
    company.clock.advance(seconds=6)
    assert tick(company.clock.now())
    assert woken(company) == 1, "a delivery is due"


# End to end, with a program that is not ours.


@pytest.fixture
def now(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver's clock is the company's: its library believes a call for five minutes."""
    company.world = msgspec.structs.replace(
        company.world, webhook_caller=WebhookCaller(this_machine=True)
    )
    company.clock.advance(seconds=(datetime.now(UTC) - company.clock.now()).total_seconds())

    class CompanyTime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return company.clock.now()

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", CompanyTime)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize("seed", range(6))
def test_a_program_that_fails_and_drops_answers_hears_of_everything(
    company: Company, seed: int
) -> None:
    receiver = Receiver(seed=seed, faulty=40)
    with listening(receiver) as url:
        endpoint_id, secret = register(company, url, after_position=0)
        receiver.secrets = [secret]
        for portion in range(3):
            happen(company, 3, f"{portion}-")
            run(company)
            company.clock.advance(seconds=portion * 20)
        run_on(company)
    assert receiver.not_ours == []
    assert endpoint(company, endpoint_id).disabled_at is None
    assert len(receiver.taken) > sealed(company), "some answers were dropped after the commit"
    assert receiver.sequences == list(range(1, sealed(company) + 1))
    assert is_gap_free(receiver.sequences)
    for sequence in receiver.sequences:
        assert len({call[1:] for call in receiver.taken if call.sequence == sequence}) == 1
        assert len({call.id for call in receiver.taken if call.sequence == sequence}) == 1
    assert {state for _, state, _ in states(company)} == {"delivered"}


@pytest.mark.usefixtures("now")
def test_each_answer_dropped_after_its_commit_one_at_a_time(company: Company) -> None:
    receiver = Receiver()
    with listening(receiver) as url:
        _, secret = register(company, url, after_position=0)
        receiver.secrets = [secret]
        happen(company, 2)
        count = sealed(company)
        run(company)
        first = {(call.sequence, call.body) for call in receiver.taken}
        for dropped in range(count):
            receiver.taken = []
            receiver.answers = ["yes"] * dropped + ["keep and hang up"]
            webhook_endpoints.replay(company.acting(), endpoint_of(company), 1)
            run_on(company)
            assert len(receiver.taken) == count + 1
            assert {(call.sequence, call.body) for call in receiver.taken} == first
    assert receiver.not_ours == []


def endpoint_of(company: Company) -> UUID:
    with tenant(company.tenant_id):
        (row,) = webhooks.endpoints()
    return row.id
