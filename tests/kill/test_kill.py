"""No payment leaves twice and none is lost, wherever the worker is killed (promises P1 and P2).

The bank is a process of its own, does not deduplicate and loses requests and acknowledgements. In
CI: every line of sending and of recovering, 500 random kills, 20 kills of the database. SOAK=1
goes on with random kills for SOAK_SECONDS. The seed is printed; SEED=n repeats a run.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.submission import SubmissionState
from nostro.storage import models
from nostro.storage.server import Server
from nostro.storage.tenancy import tenant
from tests.database import Cluster, point_at
from tests.kill import harness
from tests.kill.bank import LOSES, Bank, running
from tests.kill.harness import Payer

SEED = int(os.environ.get("SEED", "20261122"))
SOAK = os.environ.get("SOAK") == "1"
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
RANDOM_KILLS, DATABASE_KILLS = 500, 20
FILES_AT_ONCE = 3
LINES_MIN = 150
AROUND_THE_SEND = (380, 520)  # Lines near the intent and the call itself.
ABANDONED_TRIES = 4
LINES_MAX = 9_000  # More lines than any piece of work has: then the trace does not work.


def say(text: str) -> None:
    """What a run shows with -s, and with its failure without."""
    sys.stdout.write(f"{text}\n")


@pytest.fixture
def bank() -> Iterator[Bank]:
    say(f"SEED={SEED}")
    with running(LOSES, SEED) as found:
        yield found


@pytest.fixture
def payer(database: str, bank: Bank) -> Payer:
    return Payer(bank)


def all_is_well(payer: Payer) -> None:
    payer.bank.becomes("")
    payer.settle_down()
    assert payer.ended() == {"paid twice": [], "never paid": []}


def test_killed_at_every_line_of_sending(payer: Payer) -> None:
    kills, file = 0, payer.file()
    for number in range(1, LINES_MAX):
        if payer.state(file) != SubmissionState.BUILT:
            file = payer.file()
        ended = harness.at_line(partial(payer.attend, file), number)
        assert not ended.failed
        if not ended.by_us:
            break
        kills += 1
    say(f"killed at {kills} lines of sending")
    assert LINES_MIN < kills < LINES_MAX - 1
    all_is_well(payer)
    payer.hear()
    assert payer.open_orders() == {}


def test_killed_at_every_line_of_recovering(payer: Payer) -> None:
    """Senders died right after the intent; whoever looks after their files dies too."""
    dice = random.Random(SEED)
    kills, file = 0, abandoned(payer, dice)
    for number in range(1, LINES_MAX):
        if payer.state(file) != SubmissionState.DISPATCHING:
            file = abandoned(payer, dice)
        payer.sleep(timedelta(minutes=3))
        ended = harness.at_line(partial(payer.attend, file), number)
        assert not ended.failed
        if not ended.by_us:
            break
        kills += 1
    say(f"killed at {kills} lines of recovering")
    assert LINES_MIN < kills < LINES_MAX - 1
    all_is_well(payer)


def abandoned(payer: Payer, dice: random.Random) -> UUID:
    """A file that says "dispatching" and whose sender is dead; it may have arrived or not."""
    while True:
        file = payer.file()
        for _ in range(ABANDONED_TRIES):
            harness.at_line(partial(payer.attend, file), dice.randrange(*AROUND_THE_SEND))
            if payer.state(file) == SubmissionState.DISPATCHING:
                return file
            if payer.state(file) != SubmissionState.BUILT:
                break


def attend_all(payer: Payer) -> None:
    for submission_id in payer.due():
        payer.attend(submission_id)


def usual_seconds(payer: Payer) -> float:
    """How long a worker is busy with what the next tests give it."""
    for _ in range(FILES_AT_ONCE):
        payer.file()
    return harness.whole_seconds(partial(attend_all, payer))


def test_killed_at_random(payer: Payer) -> None:
    dice = random.Random(SEED)
    until = time.monotonic() + SOAK_SECONDS if SOAK else 0.0
    kills = tried = 0
    seconds = usual_seconds(payer)
    while tried < RANDOM_KILLS or time.monotonic() < until:
        for _ in range(FILES_AT_ONCE - len(payer.due())):
            payer.file()
        tried += 1
        kills += harness.at_random(partial(attend_all, payer), dice, seconds).by_us
        payer.sleep(timedelta(minutes=dice.randrange(15)))
    say(f"killed {kills} of {tried} at random")
    assert kills > tried // 3
    all_is_well(payer)


def naive(payer: Payer) -> None:
    """What everybody writes first: what was not confirmed is sent again."""
    with tenant(payer.company.tenant_id):
        rows = models.Submission.objects.filter(state__in=["dispatching", "unknown"])
        rows.update(state="built", next_action_at=payer.company.clock.now())
        models.Attempt.objects.filter(state__in=["dispatching", "unknown"]).update(state="prepared")
    attend_all(payer)


def test_the_naive_way_pays_twice(payer: Payer) -> None:
    """If this stops failing to be safe, the harness is broken."""
    dice, seconds = random.Random(SEED), usual_seconds(payer)
    for _ in range(40):
        for _ in range(FILES_AT_ONCE - len(payer.on_its_way())):
            payer.file()
        harness.at_random(partial(naive, payer), dice, seconds)
    payer.bank.becomes("")
    for _ in range(5):
        naive(payer)
    assert payer.ended()["paid twice"]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A database server for this test alone, since it will be killed."""
    server = Server(tmp_path / "postgresql")
    server.ensure()
    made = Cluster(server.admin_url())
    made.make_template()
    name = made.copy()
    point_at(made.url(name))
    yield server
    connections.close_all()
    server.stop()


def kill_postmaster(server: Server) -> None:
    with Cluster(server.admin_url()).admin() as admin:
        (folder,) = admin.execute("SHOW data_directory").fetchone() or ("",)
    pid = int(Path(str(folder), "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGKILL)


def test_the_database_is_killed(own_server: Server, bank: Bank) -> None:
    dice = random.Random(SEED)
    payer = Payer(bank)
    kills, seconds = 0, usual_seconds(payer)
    while kills < DATABASE_KILLS:
        for _ in range(FILES_AT_ONCE - len(payer.due())):
            payer.file()
        connections.close_all()
        worker = os.fork()
        if worker == 0:
            harness.die_working(lambda: attend_all(payer))
        time.sleep(dice.uniform(0.005, seconds))
        kill_postmaster(own_server)
        kills += 1
        os.waitpid(worker, 0)
        own_server.ensure()
        payer.sleep(timedelta(minutes=dice.randrange(15)))
        connections.close_all()
    all_is_well(payer)
