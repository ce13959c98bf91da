"""A restored customer is flagged quarantined until the last of its stops is lifted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nostro.cli import point_in_time
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import freezes, parties, restoring
from nostro.storage.tenancy import tenant
from nostro.workflows import restoring as work
from tests.workflows.company import scripted_connector
from tests.workflows.restore_story import Story


@pytest.fixture
def story(database: str) -> Iterator[Story]:
    with scripted_connector():
        yield Story(21)


def flagged(story: Story) -> bool:
    with tenant(story.company.tenant_id):
        return parties.customer().quarantined


def test_the_flag_stands_until_the_last_stop_is_lifted_and_shuts_new_connections(
    story: Story,
) -> None:
    story.ask(2)
    new = TimeOrderedIds().new()
    assert not flagged(story)
    work.quarantine(story.company.job, "restored from the backup of tonight")
    with tenant(story.company.tenant_id):
        parties.create_connection(new, "New bank", "scripted", {"name": "x"})
        assert restoring.is_shut(new)
        assert restoring.is_shut(story.company.bank_id)
    assert flagged(story)
    story.wait_and_lift()
    assert not flagged(story)
    with tenant(story.company.tenant_id):
        assert not restoring.is_shut(new)


def test_a_server_that_went_back_in_time_quarantines_everybody(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    point_in_time.returned("2026-11-23 01:55 UTC")
    assert story.company.code in capsys.readouterr().out
    assert flagged(story)
    with tenant(story.company.tenant_id):
        reasons = {row.freeze.reason for row in freezes.in_force()}
    assert reasons == {"recovered to 2026-11-23 01:55 UTC"}
