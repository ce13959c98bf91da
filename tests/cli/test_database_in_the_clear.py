"""A database server elsewhere is not spoken to in the clear, unless its address says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nostro.ops.configuration import Configuration
from nostro.storage.database import django_databases
from nostro.storage.postgresql.address import Address, never_in_the_clear
from tests.cli.test_external_database import nostro

ELSEWHERE = "postgresql://db.example:5432/nostro"
ASKS_FOR_TLS = (8).to_bytes(4) + (80877103).to_bytes(4)  # PostgreSQL 15, section 55.7: SSLRequest.


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        (ELSEWHERE, "require"),
        (f"{ELSEWHERE}?sslrootcert=/ca.pem", "verify-full"),
        (f"{ELSEWHERE}?sslmode=disable", "disable"),
        (f"{ELSEWHERE}?sslmode=verify-ca&sslrootcert=/ca.pem", "verify-ca"),
        ("postgresql:///nostro?host=db.example", "require"),
        ("postgresql://127.0.0.1,10.1.2.3/nostro", "require"),
        ("postgresql://db.example/nostro?hostaddr=127.0.0.1", "require"),
        ("postgresql://localhost/nostro?hostaddr=10.1.2.3", "require"),
        ("postgresql://10.1.2.3/nostro", "require"),
        ("postgresql://localhost:5432/nostro", "prefer"),
        ("postgresql://127.0.0.1/nostro", "prefer"),
        ("postgresql://[::1]/nostro", "prefer"),
    ],
)
def test_how_a_server_is_spoken_to(url: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOSTRO_DATABASE_URL", url)
    monkeypatch.setenv("NOSTRO_DATABASE_ADMIN_URL", url)
    chosen = Configuration()
    assert chosen.database_admin_url == chosen.database_url == never_in_the_clear(url)
    for found in django_databases(chosen.database_url, lambda role: ["x"], threads=1).values():
        assert found["OPTIONS"]["sslmode"] == mode
        assert ("sslrootcert" in found["OPTIONS"]) is ("/ca.pem" in url)
    told = Address.of(chosen.database_url, "nostro_owner", "x").environment()
    assert told.get("PGSSLMODE", "prefer") == mode
    assert ("PGSSLROOTCERT" in told) is ("/ca.pem" in url)


def test_a_socket_of_this_machine_is_left_as_it_is() -> None:
    for url in ("postgresql:///nostro?host=/run/postgresql&port=5432", "postgresql:///nostro", ""):
        assert never_in_the_clear(url) == url


@contextmanager
def without_tls() -> Iterator[tuple[int, list[bytes]]]:
    """A server, or who stands between, that says it has no TLS: its port, and all it is told."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    heard.append(caller.recv(4096))
                    if heard[-1] == ASKS_FOR_TLS:
                        caller.sendall(b"N")
                        heard.append(caller.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=30)


@pytest.mark.parametrize(
    ("more", "code", "spoken"),
    [("", "database_not_encrypted", False), ("&sslmode=disable", "database_unreachable", True)],
)
def test_a_server_without_tls_is_refused_before_anything_is_said(
    tmp_path: Path, more: str, code: str, spoken: bool
) -> None:
    with without_tls() as (port, heard):
        url = f"postgresql://ada:pw@db.example:{port}/postgres?hostaddr=127.0.0.1{more}"
        done = nostro(tmp_path, url, "migrate")
    assert code in done.stderr
    assert ("?sslmode=disable" in done.stderr) is not spoken
    said = b"".join(heard).replace(ASKS_FOR_TLS, b"")
    assert (b"ada" in said) is spoken
    assert spoken or said == b"", "nothing but the question for TLS"
    assert urlsplit(url).password not in done.stderr.split()
