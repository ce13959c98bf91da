"""After a restore no position of the log that programs were told means another event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from nostro.connectors.webhook_call import Called, Message, WebhookCaller
from nostro.ops import sealing
from nostro.storage import audit_trail, models
from nostro.storage.audit_trail import TrailFilter
from nostro.storage.tenancy import tenant
from nostro.workflows import context, restoring, webhook_endpoints
from nostro.workflows import webhooks as telling
from tests.database import Cluster
from tests.workflows.company import scripted_connector
from tests.workflows.restore_story import Story
from tests.workflows.test_restoring import dump, gone_back


class Program(WebhookCaller):
    """A customer's program: it outlives the database and remembers what each position meant."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, str]] = []

    def call(self, url: str, message: Message, secrets: Any, now: datetime) -> Called:
        self.told.append((message.sequence, message.id))
        return Called(status=204)

    def meanings(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for sequence, event_id in self.told:
            found.setdefault(sequence, set()).add(event_id)
        return found


@pytest.fixture
def story(database: str) -> Iterator[Story]:
    with scripted_connector():
        made = Story(5)
        company = made.company
        company.world = msgspec.structs.replace(company.world, webhook_caller=Program())
        context.install(company.world)
        yield made


def program(story: Story) -> Program:
    caller = story.company.world.webhook_caller
    assert isinstance(caller, Program)
    return caller


def tell(story: Story) -> None:
    """Seal what has happened, and tell it."""
    company = story.company
    sealing.seal_all(company.clock.now())
    for endpoint_id in telling.attend(company.job):
        telling.deliver(company.job, endpoint_id)


def test_what_was_told_before_a_restore_and_after_it(cluster: Cluster, story: Story) -> None:
    webhook_endpoints.register(story.company.acting(), "https://erp.example/nostro")
    story.ask(2)
    tell(story)
    story.ask(1)  # Not yet sealed in the backup: it is told under a position that it loses.
    text = dump(cluster)
    story.ask(3)
    story.approve()
    tell(story)
    before = program(story).meanings()
    end = max(before)
    with gone_back(cluster, text):
        restoring.quarantine(story.company.job, "restored from the backup of tonight")
        story.ask_again()
        tell(story)
        after = program(story).meanings()
        found = sealing.verify(story.company.tenant_id)
        assert (found.whole, found.why) == (True, "")
        with tenant(story.company.tenant_id):
            (jump,) = (row["log_floor"] for row in story.company.events("customer.quarantined"))
            assert audit_trail.sealed(TrailFilter(), after_position=end).rows, (
                "who asks goes on where he was"
            )
        new = sorted(set(after) - set(before))
        assert new == list(range(jump + 1, jump + 1 + len(new))), "without a gap from there on"
        assert found.sealed < end + len(new) < jump
    assert jump >= end
    assert {len(ids) for ids in after.values()} == {1}


def test_a_second_quarantine_goes_above_the_first(story: Story) -> None:
    company = story.company
    for _ in range(2):
        restoring.quarantine(company.job, "restored")
        sealing.seal_all(company.clock.now())
    first, second = (row["log_floor"] for row in company.events("customer.quarantined"))
    assert second > first + restoring.POSITIONS_SKIPPED
    assert sealing.verify(company.tenant_id).whole


def test_a_gap_that_no_restore_explains_is_a_broken_log(story: Story) -> None:
    company = story.company
    story.ask(1)
    sealing.seal_all(company.clock.now())
    with tenant(company.tenant_id):
        models.Customer.objects.filter(id=company.tenant_id).update(log_floor=5000)
    story.ask(1)
    sealing.seal_all(company.clock.now())
    found = sealing.verify(company.tenant_id)
    assert not found.whole
    assert found.why == f"position {found.broken_at} is missing"
