"""The bank simulator's memory: what it has answered for survives kill -9 and a torn last line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.simulator.desk import Desk
from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.journal import Began
from nostro.simulator.personalities import PERSONALITIES
from nostro.simulator.script import Script
from nostro.simulator.state import Level
from tests.simulator.files import MONDAY, OURS, Line, pain_001_file, recall_file

ROOT = Path(__file__).parents[2]
LONG = 30.0
EVERYTHING = ",".join(f"{one.name}=200" for one in PERSONALITIES)


class Times:
    def __init__(self) -> None:
        self.at = MONDAY

    def __call__(self) -> datetime:
        return self.at


def began(seed: int = 1, personality: str = "") -> Began:
    return Began(
        at=MONDAY,
        seed=seed,
        personality=personality,
        script=Script(),
        accounts=(),
        deduplicates=False,
        level=Level.TRANSACTION,
    )


def seen(desk: Desk) -> tuple[Any, ...]:
    return (
        [(m.id, m.name, m.released_at, m.content) for m in desk.messages(0)],
        desk.payments(),
        list(desk.balances()),
        desk.bank.sessions,
        desk.bank.character,
        desk.bank.script,
        desk.now(),
    )


def live(desk: Desk, real: Times) -> None:
    for number in range(12):
        desk.submit(pain_001_file(f"M{number}", [Line(f"E{number}"), Line(f"F{number}")]))
        real.at += timedelta(minutes=7)
        desk.submit(recall_file(f"R{number}", f"M{number}", [f"E{number}"]), written=True)
        desk.submit(b"no file", key="X")
    desk.open("NL02ABNA0123456789", Money(5, "EUR"))
    desk.follow(Script(payments={"E99": "RJCT AC04"}))
    desk.become("silent=500")
    desk.advance(timedelta(days=3))
    desk.report(OURS)
    desk.note_delivered("folder", 4)
    desk.submit(pain_001_file("M99", [Line("E99")]))


def test_a_bank_that_starts_again_is_the_same_bank(tmp_path: Path) -> None:
    real = Times()
    state = tmp_path / "bank.journal"
    with Desk(began(personality=EVERYTHING), real, state=state) as desk:
        assert not desk.remembers
        live(desk, real)
        before = seen(desk)
    with Desk(began(), real, state=state) as again:
        assert again.remembers
        assert seen(again) == before
        assert again.delivered("folder") == 4
        real.at += timedelta(days=2)
        assert again.now() == MONDAY + timedelta(days=5, minutes=84)


@pytest.mark.parametrize("kept", [1, 40, 200])
def test_a_torn_last_line_is_dropped_and_the_next_one_is_whole(tmp_path: Path, kept: int) -> None:
    real = Times()
    state = tmp_path / "bank.journal"
    with Desk(began(), real, state=state) as desk:
        desk.submit(pain_001_file("M1"))
        whole = state.stat().st_size
        desk.submit(pain_001_file("M2"))
    os.truncate(state, whole + kept)
    for _ in range(2):
        with Desk(began(), real, state=state) as again:
            assert again.known("M1") is not None
            assert again.known("M2") is None
            again.submit(pain_001_file("M3"))
    with Desk(began(), real, state=state) as last:
        assert [row.message_id for row in last.payments()] == ["M1", "M3", "M3"]


def test_a_damaged_line_or_another_seed_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "bank.journal"
    with Desk(began(), Times(), state=state) as desk:
        desk.submit(pain_001_file("M1"))
    with pytest.raises(Refused) as other:
        Desk(began(seed=2), Times(), state=state)
    assert other.value.code == "other_seed"
    data = state.read_bytes()
    state.write_bytes(data.replace(b'"seed":1', b'"seed":3'))
    with pytest.raises(Refused) as damaged:
        Desk(began(), Times(), state=state)
    assert damaged.value.code == "state_damaged"


def test_a_file_that_was_claimed_when_the_bank_died_is_taken_once(tmp_path: Path) -> None:
    real, state, home = Times(), tmp_path / "bank.journal", tmp_path / "home"
    with Desk(began(), real, state=state) as desk:
        FolderDoor(desk, home)
        for name, message_id, told in (("1-a.xml", "M1", True), ("2-b.xml", "M2", False)):
            content = pain_001_file(message_id)
            (home / ".claimed" / name).write_bytes(content)
            if told:  # Killed after the bank knew of it, or before.
                desk.submit(content, written=True, source=name)
    for _ in range(2):
        with Desk(began(), real, state=state) as again:
            door = FolderDoor(again, home)
            door.start()
            door.stop()
            real.at += timedelta(minutes=1)
            assert sorted(again.bank.executions()) == [("M1", "E2E-1"), ("M2", "E2E-1")]
            assert [row.executions for row in again.payments()] == [1, 1]
    assert sorted(path.name for path in (home / "taken").iterdir()) == ["a.xml", "b.xml"]


# ---- The real program


@contextmanager
def program(*words: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """`nostro bank` as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nostro", "bank", "--port", "0", *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=_address(process), trust_env=False, timeout=LONG) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(LONG, process.kill)
    watchdog.start()
    told = ""
    for line in process.stdout:
        told += line
        if found := re.search(r"REST +(http://\S+)", line):
            watchdog.cancel()
            return found[1]
    raise AssertionError(f"the bank did not start: {told}")


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    words = ("--state", str(tmp_path / "bank.journal"), "--clock", "2026-11-23T09:00")
    answered: list[int] = []
    for turn in range(3):
        with program(*words) as (process, client):
            paid = {row["message_id"] for row in client.get("/_bank/payments").json()["payments"]}
            assert paid == {f"M{number}" for number in answered}
            for number in range(turn * 3, turn * 3 + 3):
                headers = {"Idempotency-Key": f"M{number}"}
                content = pain_001_file(f"M{number}")
                client.post("/files", content=content, headers=headers).raise_for_status()
                answered.append(number)
            process.send_signal(signal.SIGKILL)
            assert process.wait(LONG) == -signal.SIGKILL
    with program(*words) as (process, client):
        client.post("/_bank/advance?days=1").raise_for_status()
        rows = client.get("/_bank/payments").json()["payments"]
        state = client.get("/_bank/state").json()
    assert [row["executions"] for row in rows] == [1] * 9
    assert state["accounts"] == {OURS: "9999100.00 EUR"}
    assert state["now"] > "2026-11-24T09:00"
