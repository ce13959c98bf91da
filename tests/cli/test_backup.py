"""`nostro backup`, `nostro restore` and `nostro database` as an operator meets them.

One installation with the embedded database, from its first day to a new machine.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nostro.ops.sealed_stream import BackupKey
from tests.cli.test_up import clean_up, nostro


class Machine:
    """A home with its own embedded database, started once for all commands."""

    def __init__(self, folder: Path, name: str) -> None:
        self.home = folder / name
        self.key = folder / "backup.key"

    def run(self, *words: str, number: int = 0) -> str:
        variables = {"NOSTRO_BACKUP_KEY_FILE": str(self.key), "COLUMNS": "200"}
        told = nostro(self.home, *words, **variables)
        assert told.returncode == number, told.stdout + told.stderr
        return told.stdout + told.stderr

    def reach(self) -> dict[str, str]:
        """What `nostro database environment` says, as a shell would read it."""
        lines = self.run("database", "environment").splitlines()
        exported = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
        return dict(word.split("=", 1) for word in exported)


def ask(reached: dict[str, str], question: str) -> str:
    """Ask the database with its own program, as the documentation says."""
    told = subprocess.run(
        ["psql", "-XAt", "-c", question], env=reached, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="nostro-backup-"))
    yield made
    for name in ("first", "second"):
        clean_up(made / name)
    shutil.rmtree(made, ignore_errors=True)


def test_from_the_first_backup_to_a_new_machine(folder: Path) -> None:
    first, second = Machine(folder, "first"), Machine(folder, "second")
    saved = str(folder / "tonight.nostro")
    assert "backup_key_missing" in nostro(first.home, "backup", saved).stderr
    made = first.run("keys", "backup", str(first.key))
    assert BackupKey(first.key.read_text()).name in made
    assert "backup_key_place" in first.run("keys", "backup", str(first.home / "k"), number=2)

    assert "runs until" in first.run("database", "start")
    first.run("migrate")
    first.run("customers", "add", "ACME", "--name", "Acme Group")
    assert "read back and whole" in first.run("backup", saved)
    first.run("customers", "add", "LATER", "--name", "Later Group")
    assert "restore_not_confirmed" in first.run("restore", saved, "--replace", number=2)
    told = first.run("restore", saved, "--replace", "--yes")
    assert "is kept as nostro_2" in told
    reached = first.reach()
    assert ask(reached, "SELECT string_agg(code, ',') FROM customer") == "ACME"
    kept = told.partition("is kept as ")[2].partition(".")[0]
    assert "database is empty" in first.run("database", "empty")
    assert ask(reached, "SELECT count(*) FROM pg_class WHERE relname = 'customer'") == "0"
    assert ask(reached, f"SELECT count(*) FROM pg_database WHERE datname = '{kept}'") == "1"
    assert "stopped" in first.run("database", "stop")

    told = second.run("restore", saved)  # A new machine: nothing there but the file and the key.
    assert "Quarantined: ACME" in told
    assert "database_not_running" in second.run("database", "environment", number=2)
    assert "whole" in second.run("audit", "verify")


def test_commands_of_the_embedded_database_refuse_an_external_one(tmp_path: Path) -> None:
    external = {"NOSTRO_DATABASE_URL": "postgresql:///nostro?host=/nonexistent&port=1"}
    for word in ("start", "empty"):
        told = nostro(tmp_path, "database", word, **external)
        assert (told.returncode, "[database_external]" in told.stderr) == (2, True), told.stderr
