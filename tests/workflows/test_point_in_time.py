"""An external server is recovered to a minute, with PostgreSQL's own tools as docs/backup.md says:
what was sent since is forgotten, and nothing is sent again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from nostro.cli import point_in_time
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.ops import sealing
from nostro.storage import archiving
from nostro.storage.server import Server
from nostro.workflows import dispatch
from nostro.workflows.tick import tick
from tests.database import TEMPLATE, Cluster, point_at
from tests.storage import dumping
from tests.workflows.company import Company, scripted_connector

NAME = "nostro"
ARCHIVES = """
wal_level = replica
archive_mode = on
archive_command = 'test ! -f "{archive}/%f" && cp "%p" "{archive}/%f"'
"""
RECOVERS = """
archive_mode = off
restore_command = 'cp "{archive}/%f" "%p"'
recovery_target_time = '{until}'
recovery_target_action = '{action}'
"""


class External:
    """A server that archives its log, and others that come back from it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.live = self._server()
        self.live.ensure()
        self.archive = self._folder(self.live.folder / "archive")
        self._set(self.live, ARCHIVES.format(archive=self.archive))
        self.live.stop()
        self.live.ensure()

    def _server(self) -> Server:
        made = Server(Path(tempfile.mkdtemp(prefix="nostro-external-")))
        self._stack.callback(self._remove, made)
        return made

    def _remove(self, server: Server) -> None:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(server.home, ignore_errors=True)

    def _folder(self, path: Path) -> Path:
        path.mkdir(mode=0o700)
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        """A server that does not run as root reads its own files only."""
        owner = self.live.folder.stat()
        for one in (path, *path.rglob("*")):
            os.chown(one, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _set(self, server: Server, settings: str) -> None:
        with (server.folder / "data" / "custom.conf").open("a") as file:
            file.write(settings)

    def holds_what(self, cluster: Cluster) -> None:
        """The tables of nostro, empty."""
        mine = Cluster(self.live.admin_url())
        told = dumping.dump(cluster, TEMPLATE, "--enable-row-security")
        assert told.returncode == 0, told.stderr
        dumping.empty_database(mine, NAME)
        dumping.restore(mine, NAME, told.stdout)
        point_at(mine.url(NAME))

    def is_backed_up(self) -> Path:
        """A base backup by pg_basebackup, while everything runs; where its files are."""
        target = self.live.folder / "base"
        command = (
            *("pg_basebackup", "--pgdata", str(target), "--checkpoint=fast"),
            *("--wal-method=none", "--dbname", self.live.admin_url()),
        )
        done = subprocess.run(
            [self.live.programs / command[0], *command[1:]],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return target

    def now(self) -> datetime:
        with psycopg.connect(self.live.admin_url(), autocommit=True) as admin:
            row = admin.execute("SELECT clock_timestamp()").fetchone()
        assert row
        return datetime.fromisoformat(str(row[0]))

    def switches(self) -> None:
        with psycopg.connect(self.live.admin_url(), autocommit=True) as admin:
            admin.execute("SELECT pg_switch_wal()")

    def comes_back(self, base: Path, until: datetime, action: str) -> Server:
        """Another server with the files of the backup, up to a point in time."""
        other = self._server()
        data = other.folder / "data"
        shutil.copytree(base, data)
        shutil.copy(self.live.folder / "password", other.folder / "password")
        told = RECOVERS.format(archive=self.archive, until=until.isoformat(), action=action)
        self._set(other, told)
        (data / "recovery.signal").touch()
        self._give(other.folder)
        data.chmod(0o700)
        other.ensure()
        point_at(Cluster(other.admin_url()).url(NAME))
        return other


@pytest.fixture
def external(cluster: Cluster, database: str) -> Iterator[External]:
    with ExitStack() as stack:
        made = External(stack)
        made.holds_what(cluster)
        yield made
        connections.close_all()
    point_at(database)


def sends(company: Company, prefix: str) -> OrderState:
    _, ids = company.send(1, prefix=prefix)
    sealing.seal_all(company.clock.now())
    (state,) = company.states(ids)
    return state


def goes_on(company: Company) -> None:
    """All that workers would do, for days."""
    for _ in range(3):
        for submission_id in company.release():
            dispatch.attend(company.job, submission_id)
        tick(company.clock.now())
        company.clock.advance(days=1)


def test_recovered_to_a_minute_nothing_is_sent_again(
    external: External, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_connector():
        company = Company()
        assert sends(company, "A") is OrderState.IN_FLIGHT
        base = external.is_backed_up()
        assert archiving.what_is_missing(archiving.state()) == []
        sends(company, "B")
        until = external.now()
        sends(company, "C")
        external.switches()
        sent = len(company.bank.received)
        connections.close_all()
        external.live.stop()  # With its last word the server archives what there is.

        looked_at = external.comes_back(base, until, "pause")
        assert archiving.is_recovering()
        with pytest.raises(Refused) as refused:
            point_in_time.returned(until.isoformat())
        assert refused.value.code == "database_recovers_still"
        with psycopg.connect(looked_at.admin_url(), autocommit=True) as admin:
            admin.execute("SELECT pg_promote(true, 300)")
        assert not archiving.is_recovering()

        assert company.cases() == []
        assert len(company.events("submission.built")) == 2, "the third is forgotten"
        assert sealing.verify(company.tenant_id).whole
        point_in_time.returned(until.isoformat())
        assert company.code in capsys.readouterr().out
        company.ask(company.request("C0", 100_00))  # The ERP asks for what nostro says it lacks.
        company.pay(1, prefix="D")
        goes_on(company)
        assert (sent, len(company.bank.received)) == (3, 3), "0 sent again"
        (told,) = company.events("customer.quarantined")
        assert until.isoformat() in told["reason"]
