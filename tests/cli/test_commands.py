"""Every command says what it does; every failure says what happened, what we did, what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nostro.cli import HELP, failures
from nostro.cli.commands import app
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable

ROOT = Path(__file__).parents[2]


def nostro(*words: str, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    code = f"{before}\nfrom nostro.cli import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, **variables}, check=False, timeout=60,
    )  # fmt: skip


def names() -> list[str]:
    """Every command as it is typed."""
    found = []
    for name in app:
        if not name.startswith("-"):
            below = [word for word in app[name] if not word.startswith("-")]
            found += [f"{name} {word}" for word in below] or [name]
    return found


def test_the_first_help_names_every_command() -> None:
    assert "up" in names()
    assert "audit verify" in names()
    for name in names():
        assert f"\n  {name} " in HELP


@pytest.mark.parametrize("name", names())
def test_every_command_has_help_with_an_example(name: str) -> None:
    told = nostro(*name.split(), "--help", COLUMNS="200")
    assert told.returncode == 0
    assert "Example" in told.stdout
    assert f"nostro {name}" in told.stdout.partition("Example")[2]


@pytest.mark.parametrize("word", ["--help", "version"])
def test_help_and_version_load_no_more_than_they_need(word: str) -> None:
    loaded = "import atexit, sys; atexit.register(lambda: print(*sys.modules))"
    told = nostro(word, before=loaded)
    assert told.returncode == 0
    heavy = {"cyclopts", "django", "rich", "pydantic", "structlog", "psycopg", "nostro.app"}
    assert not heavy & set(told.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("kind", "code"), [(Invalid, 2), (Refused, 2), (Unavailable, 3), (InDoubt, 4)]
)
def test_failures_are_three_lines_a_code_and_a_number(
    kind: type[NostroError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = kind("some_code", "It rained.", "We waited.", "Take an umbrella.", location="line 3")
    assert failures.exit_code(error) == code
    failures.show(error)
    assert capsys.readouterr().err.splitlines() == [
        "What happened:   It rained. (line 3)",
        "What we did:     We waited.",
        "What you can do: Take an umbrella. [some_code]",
    ]


def test_a_command_ends_with_the_number_of_its_failure(tmp_path: Path) -> None:
    told = nostro("up", NOSTRO_HOME="/proc/nothing")
    assert told.returncode == 2
    assert "[home_unusable]" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    told = nostro("up", NOSTRO_HOME=str(tmp_path), NOSTRO_PORT="many")
    assert told.returncode == 2
    assert "port" in told.stderr
    assert "[configuration_invalid]" in told.stderr


def test_an_unknown_database_is_said(tmp_path: Path) -> None:
    nowhere = f"postgresql:///x?host={tmp_path}&port=1"
    told = nostro("audit", "verify", NOSTRO_HOME=str(tmp_path), NOSTRO_DATABASE_URL=nowhere)
    assert told.returncode == 3, told.stderr
    assert "[database_unreachable]" in told.stderr


def test_our_own_mistake_is_one_line_and_a_file(tmp_path: Path) -> None:
    broken = (
        "import nostro.formats\n"
        "def wrong(): raise ZeroDivisionError('secret detail')\n"
        "nostro.formats.find = wrong"
    )
    told = nostro("formats", before=broken, NOSTRO_HOME=str(tmp_path))
    assert told.returncode == 1
    (line,) = told.stderr.splitlines()
    path = Path(line.rpartition(" ")[2])
    assert path.parent == tmp_path / "logs"
    assert "secret detail" in path.read_text()


@pytest.mark.parametrize("lines", [3, 100_000])  # Fewer lines wait in the buffer until the end.
@pytest.mark.parametrize("words", ["payments import a --source b --customer C", "version"])
def test_a_reader_that_has_seen_enough_ends_any_command_silently(
    tmp_path: Path, lines: int, words: str
) -> None:
    talks = (
        "import sys, nostro.cli.import_payments as taking\n"
        f"def talk(*_, **__): [print(number) for number in range({lines})]\n"
        "taking.import_file = talk"
    )
    reads, writes = os.pipe()
    os.close(reads)
    told = subprocess.run(
        [sys.executable, "-c", f"{talks}\nfrom nostro.cli import main\nmain()", *words.split()],
        cwd=ROOT, stdout=writes, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        env={**os.environ, "NOSTRO_HOME": str(tmp_path)},
    )  # fmt: skip
    os.close(writes)
    assert (told.stderr, told.returncode) == ("", 141)
    assert not (tmp_path / "logs").exists()


def test_another_broken_pipe_is_a_mistake_like_any_other(tmp_path: Path) -> None:
    broken = "import nostro.formats\ndef wrong(): raise BrokenPipeError(32, 'a socket')\n"
    told = nostro(
        "formats", before=f"{broken}nostro.formats.find = wrong", NOSTRO_HOME=str(tmp_path)
    )
    assert told.returncode == 1
    assert "BrokenPipeError" in told.stderr


def test_no_space_is_understood_wherever_it_strikes() -> None:
    found = failures.understood(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(found, Unavailable)
    assert found.code == "no_disk_space"
    assert failures.understood(OSError(errno.EPERM, "Not permitted")) is None


def test_formats_are_listed() -> None:
    told = nostro("formats", COLUMNS="200")
    assert told.returncode == 0
    assert "pain_001" in told.stdout
