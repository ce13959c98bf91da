"""The suite fails where a made-up secret is put out: proven by tests that do so, run apart."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests import secret_canaries

LEAKY = """
import base64
import logging
import sys
import pytest
from tests import secret_canaries

SECRET = secret_canaries.register("password of the bank", "canary-of-the-suite")
changing = {"key of the audit": "canary-before"}
secret_canaries.register_all_of(lambda: changing)

@pytest.fixture
def set_up():
    print(SECRET)

def test_leaks_output():
    print("password:", SECRET)

def test_leaks_errors():
    sys.stderr.write(f"{SECRET}!")

def test_leaks_log():
    logging.getLogger("nostro").warning("signed in with %s", SECRET)

def test_leaks_base64():
    print(base64.b64encode(SECRET.encode()).decode())

def test_leaks_what_it_reads_itself(capsys):
    print(SECRET)
    assert capsys.readouterr().out

def test_leaks_bytes(capfdbinary):
    sys.stdout.write(SECRET)
    sys.stdout.flush()
    assert capfdbinary.readouterr().out

def test_leaks_what_was_made_later():
    changing["key of the audit"] = "canary-after"
    print("canary-after")

def test_leaks_before_it_begins(set_up):
    pass

def test_holds_its_tongue():
    print("signed in")

def test_shows_on_purpose(shown_on_purpose):
    shown_on_purpose(SECRET)
    print(SECRET)
"""


def test_a_test_that_puts_a_secret_out_fails(tmp_path: Path) -> None:
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    options = ["-p", "tests.secret_canaries", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", "-rA", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    ).stdout
    ended = {name: word for word, name in re.findall(r"^(\w+) \S*test_leaky.py::(\w+)", told, re.M)}
    leaky = re.findall(r"def (test_leaks_\w+)", LEAKY)
    assert ended == {
        **{name: "FAILED" for name in leaky if name != "test_leaks_before_it_begins"},
        "test_leaks_before_it_begins": "ERROR",
        "test_holds_its_tongue": "PASSED",
        "test_shows_on_purpose": "PASSED",
    }, told
    assert told.count("put out what is secret: password of the bank.") >= len(leaky) - 1
    assert "put out what is secret: key of the audit." in told


def test_the_roles_passwords_of_this_run_are_among_them(database: str) -> None:
    from tests.database import installation_secrets

    secrets = installation_secrets()
    assert {"database_nostro_app", "database_nostro_owner", "database_nostro_ops"} <= set(secrets)
    for name, secret in secrets.items():
        assert secret_canaries.seen_in(f"FATAL: {secret} was wrong", set()) == [name]
