"""The database may be killed at any moment while a worker sends: nothing twice, nothing lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections

from nostro.storage.server import Server
from tests.database import Cluster, point_at
from tests.kill import harness
from tests.kill.bank import Bank
from tests.kill.harness import FILES_AT_ONCE, SEED, Payer, attend_all, usual_seconds

KILLS = 20


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
    while kills < KILLS:
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
    payer.all_is_well()
