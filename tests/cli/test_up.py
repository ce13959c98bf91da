"""`nostro up` as an operator meets it: real processes, real signals, a real database."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from nostro.storage import placement
from nostro.storage.server import Server
from tests.needs import absent

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 150.0  # Other tests run on the same two cores.


def data_of(home: Path) -> Path:
    cluster = home / "postgresql"
    pointer = cluster / placement.POINTER
    return (
        Path(pointer.read_text().strip()) if pointer.exists() else cluster / "database"
    ) / "data"


def clean_up(home: Path) -> None:
    place = data_of(home).parent
    with contextlib.suppress(Exception):
        Server(home / "postgresql").stop()
    for folder in (place, home):
        shutil.rmtree(folder, ignore_errors=True)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return {**kept, "NOSTRO_HOME": str(home), "NOSTRO_LOG": "json", **more}


def nostro(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nostro", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home, **more), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def stat_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def runs(pid: int) -> bool:
    return bool(found := stat_of(pid)) and found[0] != "Z"


def children(pid: int) -> set[int]:
    """Every process below `pid`."""
    parents = {
        int(path.name): int(found[1])
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and (found := stat_of(int(path.name)))
    }
    below = {child for child, parent in parents.items() if parent == pid}
    return below | {found for child in below for found in children(child)}


class Up:
    """One `nostro up`."""

    def __init__(self, home: Path) -> None:
        self.log = home / "up.log"
        command = [sys.executable, "-m", "nostro", "up", "--port", "0"]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(home), stdout=file, stderr=subprocess.STDOUT
            )

    def events(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def said(self, beginning: str) -> dict[str, Any] | None:
        return next((e for e in self.events() if str(e["event"]).startswith(beginning)), None)

    def wait_for(self, beginning: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (found := self.said(beginning)) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return found

    def address(self) -> str:
        return str(self.wait_for("Ready: ")["event"]).removeprefix("Ready: ")

    def answers(self) -> bool:
        return status(self.address()) in (200, 302, 404)

    def workers(self) -> int:
        """The pid of the job worker: the child without children of its own."""
        (found,) = (pid for pid in self.direct() if not children(pid))
        return found

    def direct(self) -> set[int]:
        return {pid for pid in children(self.process.pid) if stat_of(pid)[1:2] == [str(self.pid)]}

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def status(address: str) -> int:
    try:
        with urlopen(address, timeout=30) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A migrated home, its database stopped; made once."""
    if sys.platform != "linux":
        absent("Linux, to look at processes in /proc")
    # pytest's own folders are private to root, where PostgreSQL's user cannot go.
    folder = Path(tempfile.mkdtemp(prefix="nostro-up-", dir="/tmp"))
    folder.chmod(0o755)
    told = nostro(folder, "migrate")
    assert told.returncode == 0, told.stderr
    Server(folder / "postgresql").stop()
    yield folder
    clean_up(folder)


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    started = Up(home)
    yield started
    started.end()


def test_starts_answers_and_stops_without_a_trace(home: Path, up: Up) -> None:
    ready = up.wait_for("Ready: ")
    assert {"postgres", "web", "worker", "ready"} <= ready.keys()
    assert up.answers()
    assert up.said(f"The home folder {home} is open to other users")
    below = children(up.pid)
    assert len(below) >= 3, "the web, what answers for it, and the worker"
    assert Server(home / "postgresql").running()
    up.process.terminate()
    assert up.process.wait(PATIENCE_SECONDS) == 0, up.log.read_text()
    assert not [pid for pid in below if runs(pid)]
    assert not Server(home / "postgresql").running()


def test_a_second_one_is_refused_and_told_where_the_first_is(home: Path, up: Up) -> None:
    address = up.address()
    told = nostro(home, "up", "--port", "0")
    assert told.returncode == 2
    assert "already_running" in told.stderr
    assert f"process {up.pid}, {address}" in told.stderr
    assert up.answers()


def test_a_database_that_ran_before_is_left_running(home: Path) -> None:
    server = Server(home / "postgresql")
    server.ensure()
    up = Up(home)
    up.address()
    up.end()
    assert server.running()
    server.stop()


def test_no_child_outlives_a_killed_supervisor_and_the_next_stops_its_database(home: Path) -> None:
    up = Up(home)
    try:
        up.address()
        below = children(up.pid)
        up.process.kill()
        up.process.wait()
        wait_for(lambda: not [pid for pid in below if runs(pid)])
        assert Server(home / "postgresql").running()
    finally:
        up.end()
    again = Up(home)
    again.address()
    again.end()
    assert not Server(home / "postgresql").running()


def test_recovers_when_the_database_is_killed(home: Path, up: Up) -> None:
    up.address()
    postmaster = int((data_of(home) / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    up.wait_for("database is back")
    assert up.answers()
    worker = up.workers()
    with contextlib.suppress(AssertionError):
        wait_for(lambda: up.workers() != worker, 1)
    assert up.workers() == worker, "it need not be started again"


@pytest.mark.parametrize("which", ["web", "worker"])
def test_a_killed_child_is_started_again(home: Path, up: Up, which: str) -> None:
    up.address()
    before = up.direct()
    worker = up.workers()
    victim = worker if which == "worker" else (before - {worker}).pop()
    left = children(victim)
    os.kill(victim, signal.SIGKILL)
    up.wait_for(f"{which} ended")
    wait_for(lambda: len(up.direct()) == 2 and victim not in up.direct())
    wait_for(up.answers)
    assert not [pid for pid in left if runs(pid)]


def test_stops_while_it_starts(home: Path) -> None:
    up = Up(home)
    wait_for(Server(home / "postgresql").running)
    up.process.terminate()
    assert up.process.wait(PATIENCE_SECONDS) == 0
    assert up.said("Ready: ") is None
    assert not Server(home / "postgresql").running()


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = nostro(home, "up", "--port", str(port))
    assert told.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in told.stderr
    assert "--port" in told.stderr
    assert "[port_taken]" in told.stderr
    assert not Server(home / "postgresql").running()


def test_data_of_another_postgresql_is_left_alone(home: Path) -> None:
    version = data_of(home) / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("13\n")
    try:
        told = nostro(home, "up", "--port", "0")
    finally:
        version.write_text(made_by)
    assert told.returncode == 2
    assert "was made by PostgreSQL 13" in told.stderr
    assert "[database_version_mismatch]" in told.stderr


def test_no_disk_space_is_said(tmp_path: Path) -> None:
    full = Path(tempfile.mkdtemp(prefix="nostro-full-", dir="/tmp"))
    options = ["-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", str(full)]
    try:
        if os.geteuid() != 0 or subprocess.run(["mount", *options], check=False).returncode:
            absent("the right to mount a small file system")
        told = nostro(full, "up", "--port", "0")
        assert told.returncode == 3, told.stderr
        assert "No disk space" in told.stderr
        assert "[no_disk_space]" in told.stderr
    finally:
        subprocess.run(["umount", str(full)], check=False, capture_output=True)
        clean_up(full)
