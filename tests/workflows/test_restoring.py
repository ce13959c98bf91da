"""After a restore nothing leaves until the banks were asked: the drill, on real dumps (P23)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connections

from nostro.workflows import restoring
from nostro.workflows.restoring import Quarantined
from tests.database import Cluster, point_at
from tests.storage import dumping
from tests.workflows.company import scripted_connector
from tests.workflows.restore_story import Story

SOAK = os.environ.get("SOAK") == "1"
SEED = int(os.environ.get("SEED", "0"))
ROUNDS, STORIES = (50, 8) if SOAK else (1, 8)


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
    assert story.executed() == story.expected(), f"seed {seed}: {story.states()}"
    assert story.unknown_to_us() == [], f"seed {seed}"
    assert story.stranded() == [], f"seed {seed}"


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
