"""An external PostgreSQL instead of the embedded one: migrated and used by its address alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nostro.storage.server import Server
from tests.needs import absent

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def external() -> Iterator[Server]:
    """A server that nostro did not start: Debian's PostgreSQL 15."""
    if not (DEBIAN / "initdb").exists():
        absent("postgresql-15")
    with tempfile.TemporaryDirectory(prefix="nostro-external-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder) / "server", DEBIAN)
        server.ensure()
        try:
            yield server
        finally:
            server.stop()


def nostro(home: Path, admin_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NOSTRO_")
    }
    environment |= {"NOSTRO_HOME": str(home), "NOSTRO_DATABASE_ADMIN_URL": admin_url}
    return subprocess.run(
        [sys.executable, "-m", "nostro", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_external_server_is_migrated_and_used(external: Server, tmp_path: Path) -> None:
    for _ in range(2):  # the second time changes nothing
        done = nostro(tmp_path, external.admin_url(), "migrate")
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "postgresql").exists()  # no embedded server was made
    with psycopg.connect(external.admin_url("nostro")) as admin:
        forced = admin.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'payment_order'"
        ).fetchone()
    assert forced == (True,)
    done = nostro(tmp_path, external.admin_url(), "audit", "verify")
    assert done.returncode == 0, done.stderr


def test_a_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    done = nostro(tmp_path, "postgresql://postgres@127.0.0.1:1/postgres", "migrate")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "database_unreachable" in done.stderr
