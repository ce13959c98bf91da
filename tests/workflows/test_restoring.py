"""After a restore nothing leaves until the banks were asked: the drill, on real dumps (P23)."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError, connections

from nostro.ops import high_water
from nostro.workflows import restoring
from nostro.workflows.restoring import Quarantined
from nostro.workflows.worker import Worker
from tests.database import Cluster, point_at
from tests.storage import dumping
from tests.workflows.company import scripted_connector
from tests.workflows.restore_story import Story
from tests.workflows.test_engine_edges import QUICK, in_loop, until, working

SOAK = os.environ.get("SOAK") == "1"
SEED = int(os.environ.get("SEED", "0"))
ROUNDS, STORIES = (50, 8) if SOAK else (1, 6)


@pytest.fixture(autouse=True)
def _connector() -> Iterator[None]:
    with scripted_connector():
        yield


@contextmanager
def gone_back(cluster: Cluster, text: str) -> Iterator[None]:
    """The database as it was when it was dumped, on its own; afterwards the present one again."""
    now = str(connections["default"].settings_dict["NAME"])
    then = f"restored_{uuid4().hex[:8]}"
    dumping.empty_database(cluster, then)
    dumping.restore(cluster, then, text)
    point_at(cluster.url(then))
    try:
        yield
    finally:
        point_at(cluster.url(now))
        cluster.drop(then)
        point_at(cluster.url(now))


def dump(cluster: Cluster) -> str:
    told = dumping.dump(
        cluster, str(connections["default"].settings_dict["NAME"]), "--enable-row-security"
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def lived(cluster: Cluster, first_seed: int, count: int) -> tuple[list[Story], str]:
    """Companies, each in the middle of a day at the moment of the backup, and the day going on."""
    stories = [Story(first_seed + number) for number in range(count)]
    for story in stories:
        story.ask(3)
        story.go_on(story.dice.randrange(10))
    text = dump(cluster)
    for story in stories:
        story.go_on(story.dice.randrange(4, 14))
    return stories, text


def quarantined(story: Story) -> Quarantined:
    return restoring.quarantine(story.company.job, "restored from the backup of tonight")


@pytest.mark.parametrize("first_seed", range(SEED, SEED + ROUNDS * STORIES, STORIES))
def test_nothing_is_sent_again_after_a_restore(
    cluster: Cluster, database: str, first_seed: int
) -> None:
    stories, text = lived(cluster, first_seed, STORIES)
    with gone_back(cluster, text):
        for number, story in enumerate(stories, start=first_seed):
            tell_the_end(story, number)


def tell_the_end(story: Story, seed: int) -> None:
    quarantined(story)
    sent = len(story.channel.sent)
    if story.dice.randrange(2):
        story.ask_again()
    story.wait_and_lift()
    assert len(story.channel.sent) == sent, f"seed {seed}: sent while quarantined"
    story.ask_again()
    story.approve()
    story.decide_holds()
    story.approve()
    story.go_on(6)
    story.approve()
    story.until_quiet()
    while story.make_anew():
        story.decide_holds()
        story.approve()
        story.until_quiet()
    assert story.executed() == story.expected(), f"seed {seed}: {story.states()}"
    assert story.unknown_to_us() == [], f"seed {seed}"
    assert story.stranded() == [], f"seed {seed}"


def test_a_restored_database_is_quarantined_by_itself_before_work_is_taken(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    """The worker's first act; and while it runs, when the database goes back under it."""
    whole, story = Story(1), Story(2)
    whole.ask(1)
    story.ask(1)
    restoring.seal_and_note(tmp_path, story.company.clock.now())
    text = dump(cluster)
    story.ask(2)
    restoring.seal_and_note(tmp_path, story.company.clock.now())
    elsewhere = tmp_path / "a-new-machine"
    with gone_back(cluster, text):
        assert restoring.quarantine_restored(elsewhere) == []  # It has seen nothing before.
        assert restoring.quarantine_restored(tmp_path) == [story.company.code]
        assert len(story.stops()) == 2
        assert restoring.quarantine_restored(tmp_path) == []
        assert whole.stops() == []
    shutil.rmtree(tmp_path / high_water.FOLDER)
    restoring.seal_and_note(tmp_path, story.company.clock.now())
    high_water.note(tmp_path, story.company.tenant_id)
    with gone_back(cluster, text):
        story.ask(1)
        restoring.seal_and_note(tmp_path, story.company.clock.now())
        assert len(story.stops()) == 2


def test_no_worker_takes_work_before_it_has_looked(database: str) -> None:
    looked: list[int] = []

    def look() -> None:
        looked.append(1)
        if len(looked) == 1:
            raise OperationalError("away")  # Then it looks again when the database is back.

    async def work() -> None:
        async with working(Worker(lambda: 0, before_work=look, pace=QUICK)):
            await until(lambda: len(looked) > 1)

    in_loop(work)


def test_without_a_quarantine_payments_are_made_twice(cluster: Cluster, database: str) -> None:
    """The harness finds what the quarantine is for: the same drill without it."""
    stories, text = lived(cluster, random.Random(7).randrange(10**6), 4)
    with gone_back(cluster, text):
        for story in stories:
            story.ask_again()
            story.approve()
            story.until_quiet()
        doubled = [key for story in stories for key, count in story.executed().items() if count > 1]
    assert doubled
