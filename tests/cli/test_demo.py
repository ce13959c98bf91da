"""`nostro demo`, the main job: run twice, killed anywhere and run again, it ends the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nostro import verifier
from nostro.storage.server import Server

PATIENCE = 300  # Seconds; on a busy machine it takes ten times as long as on a free one.
# What is true in the end, whatever happened on the way; run inside the demo's home.
LOOK = """
import json, sys
from collections import Counter
from nostro import app
app.start()
from nostro.cli import demo_company, demo_data
from nostro.ops import sealing
from nostro.storage import models
from nostro.storage.tenancy import tenant
found = demo_company.find()
bank = demo_company.open_bank(demo_data.master_data())
try:
    ledger = sorted([l.end_to_end_id, str(l.amount), l.status, l.booked] for l in bank.ledger())
    balances = [str(bank.balance(a.bank_id)) for a in demo_data.master_data().accounts]
finally:
    bank.stop()
def counts(model, *names):
    return sorted([*map(str, key), n] for key, n in
                  Counter(model.objects.values_list(*names)).items())
with tenant(found):
    state = {
        "orders": counts(models.Order, "source_reference", "end_to_end_id", "state"),
        "attempts": counts(models.Attempt, "state", "reason"),
        "submissions": counts(models.Submission, "purpose", "line_count", "state"),
        "approvals": counts(models.Approval, "person_name"),
        "statements": counts(models.Statement, "account__name", "verdict", "entry_count"),
        "lines": counts(models.BankTransaction, "match_state", "amount_minor"),
        "journals": counts(models.JournalEvent, "event", "owner", "action"),
        "unposted": models.JournalEvent.objects.filter(posting=None).count(),
        "items": counts(models.OpenItem, "document", "open_minor"),
        "cases": counts(models.Case, "kind"),
    }
sealing.seal_all(app.world().clock.now())
state |= {"whole": sealing.verify(found).whole, "ledger": ledger, "balances": balances}
json.dump(state, sys.stdout)
"""


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NOSTRO_", "DJANGO_"))}
    return {**kept, "NOSTRO_HOME": str(home), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nostro", "demo"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(home: Path) -> str:
    """A whole demo; returns what it told."""
    process = start(home)
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    return told


def run_until(home: Path, chapter: int) -> None:
    """A demo whose whole process group is killed when it has told the title of a chapter."""
    process = start(home)
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith(f"{chapter}  "):
            break
    else:
        pytest.fail("".join(told))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def look(home: Path) -> dict[str, Any]:
    shown = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**environment(home), "NOSTRO_DEMO": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    home = tmp_path_factory.mktemp("demo")
    try:
        yield home, run(home)
    finally:
        Server(home / "postgresql").stop()


@pytest.fixture(scope="module")
def ended(undisturbed: tuple[Path, str]) -> dict[str, Any]:
    return look(undisturbed[0])


def test_it_tells_the_whole_main_job(undisturbed: tuple[Path, str]) -> None:
    told = undisturbed[1]
    for words in (
        "45 lines, 42 pass all checks, 2 held, 1 refused",
        "cannot approve it",
        "43 complete",
        "42 accepted, 1 rejected",
        "AC04",
        "closes",
        "the bank's own ledger agrees: 42 payments booked, each once",
        "one booking of",
        "nostro: post",
        "erp: reset_and_reverse",
        "whole",
        "Done",
    ):
        assert words in told
    assert "does_not_close" not in told


def test_what_is_true_in_the_end(ended: dict[str, Any]) -> None:
    states = [state for _, _, state, _ in ended["orders"]]
    assert states.count("rejected") == 1
    assert states.count("denied") == 1
    assert {"in_flight", "executed", "scheduled"}.isdisjoint(states)
    booked = [key for key, _, _, is_booked in ended["ledger"] if is_booked]
    assert len(booked) == len(set(booked)) == 42
    assert ended["whole"]
    assert ended["unposted"] == 0
    assert ended["cases"] == [["rejection", 1]]


def nostro(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nostro", *words],
        env={**environment(home), "NOSTRO_DEMO": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_auditor_checks_a_payment_of_it_without_nostro(
    undisturbed: tuple[Path, str], ended: dict[str, Any], tmp_path: Path
) -> None:
    home, _ = undisturbed
    booked = next(key for key, _, _, is_booked in ended["ledger"] if is_booked)
    year = ("--since", "2020-01-01", "--until", "2100-01-01")
    nostro(home, "audit", "pack", "--payment", booked, "--out", str(tmp_path / "one.zip"))
    nostro(home, "audit", "pack", *year, "--out", str(tmp_path / "all.zip"))
    key = nostro(home, "audit", "key").strip()
    count = len(ended["orders"])
    for name, words in (("one.zip", ", 1 order,"), ("all.zip", f", {count} order,")):
        done = subprocess.run(
            [sys.executable, "-I", "-S", verifier.__file__, "pack", name, "--key", key],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WHOLE" in done.stdout
        assert words in done.stdout


def test_run_twice_it_ends_the_same(undisturbed: tuple[Path, str], ended: dict[str, Any]) -> None:
    home, _ = undisturbed
    told = run(home)
    assert "the same file again: recorded, nothing changed" in told
    assert look(home) == ended


def test_killed_again_and_again_it_ends_the_same(tmp_path: Path, ended: dict[str, Any]) -> None:
    """Killed with all its processes as a run has come, as people approve, and as files leave."""
    try:
        for chapter in (2, 5, 6):
            run_until(tmp_path, chapter)
        run(tmp_path)
        assert look(tmp_path) == ended
    finally:
        Server(tmp_path / "postgresql").stop()
