"""A PostgreSQL of our own for the tests: one migrated template, a fresh copy for each module.

Tests work as nostro_app, never as owner or superuser: such tests would prove nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

_HOME = Path(tempfile.mkdtemp(prefix="nostro-tests-"))
os.environ["NOSTRO_HOME"] = str(_HOME)
os.environ["NOSTRO_WEB_THREADS"] = "0"
os.environ["NOSTRO_REACHABLE_NETWORKS"] = "127.0.0.0/8, ::1/128"  # The banks of the tests.
os.environ["NOSTRO_DATABASE_URL"] = "postgresql:///not_yet?host=/nonexistent&port=1"
os.environ["DJANGO_SETTINGS_MODULE"] = "nostro.settings"

import django  # noqa: E402

django.setup()

from django.contrib.auth.hashers import Argon2PasswordHasher as Hasher  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from nostro.ops import checkpoints  # noqa: E402
from nostro.ops.database_passwords import DatabasePasswords  # noqa: E402
from nostro.ops.secrets import FileSecrets  # noqa: E402
from nostro.storage import placement  # noqa: E402
from nostro.storage.database import django_databases, prepare  # noqa: E402
from nostro.storage.server import Server  # noqa: E402
from tests import secret_canaries  # noqa: E402

TEMPLATE = "nostro_template"
ADDRESS = "NOSTRO_DATABASE_ADDRESS"  # Which a start of the product writes into the environment.


# What a password costs whoever guesses: 0.3 s of a core. Tests sign in by the hundred.
GUESS_COST = (Hasher.time_cost, Hasher.memory_cost, Hasher.parallelism)
Hasher.time_cost, Hasher.memory_cost, Hasher.parallelism = 1, 8, 1


def installation_secrets() -> dict[str, str]:
    """By name what the tests' own installation keeps secret: its roles' passwords, its keys."""
    files = FileSecrets(_HOME / "secrets")
    names = [one for one in files.names() if one != checkpoints.KEY and not one.endswith(".new")]
    told = {name: files.read(name).split() for name in names}
    return {name: words[0] for name, words in told.items() if words}


secret_canaries.register_all_of(installation_secrets)


def point_at(url: str) -> None:
    """Let Django's three connections speak to another database."""
    secrets = FileSecrets(_HOME / "secrets")
    connections.close_all()
    for alias, wanted in django_databases(url, DatabasePasswords(secrets).of, threads=0).items():
        for settings in (connections.databases[alias], connections[alias].settings_dict):
            settings.update(wanted)


class Cluster:
    """The test server: makes and drops databases as its administrator."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url

    def url(self, database: str) -> str:
        """Address of a database without user, as NOSTRO_DATABASE_URL takes it."""
        before, _, query = self.admin_url.partition("?")
        host = before.rpartition("@")[2].partition("/")[0]
        return f"postgresql://{host}/{database}" + (f"?{query}" if query else "")

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        before, _, query = self.admin_url.partition("?")
        address = f"{before.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")
        return psycopg.connect(address, autocommit=True)

    def make_template(self) -> None:
        secrets = FileSecrets(_HOME / "secrets")
        prepare(self.admin_url, DatabasePasswords(secrets).now(), TEMPLATE)
        point_at(self.url(TEMPLATE))
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()

    def hurry(self) -> None:
        """Nothing here need outlive a power cut; a killed process loses nothing all the same."""
        with self.admin() as admin:
            for name in ("fsync", "full_page_writes", "wal_compression"):
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
            admin.execute("SELECT pg_reload_conf()")

    def copy(self) -> str:
        name = f"test_{uuid4().hex[:12]}"
        with self.admin() as admin:
            admin.execute(
                sql.SQL(
                    "CREATE DATABASE {} TEMPLATE {} OWNER nostro_owner STRATEGY file_copy"
                ).format(sql.Identifier(name), sql.Identifier(TEMPLATE))
            )
        return name

    def drop(self, name: str) -> None:
        connections.close_all()
        with self.admin() as admin:
            admin.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The embedded server, or the one that NOSTRO_TEST_DATABASE_ADMIN_URL names."""
    external = os.environ.get("NOSTRO_TEST_DATABASE_ADMIN_URL", "")
    if external:
        found = Cluster(external)
        found.make_template()
        yield found
        return
    server = Server(_HOME / "postgresql")
    server.ensure()
    found = Cluster(server.admin_url())
    found.hurry()
    found.make_template()
    yield found
    connections.close_all()
    server.stop()
    _remove(server)


def _remove(server: Server) -> None:
    """Leave nothing behind: as root the cluster may lie outside the home."""
    pointer = server.home / placement.POINTER
    if pointer.exists():
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[str]:
    """A fresh database for the module; yields its address."""
    name = cluster.copy()
    point_at(cluster.url(name))
    yield cluster.url(name)
    os.environ.pop(ADDRESS, None)
    cluster.drop(name)


@pytest.fixture(autouse=True)
def address_as_before() -> Iterator[None]:
    """A start of the product in this process tells its children where the database is; children of
    the next test must not look there."""
    before = os.environ.get(ADDRESS)
    yield
    os.environ.pop(ADDRESS, None)
    if before is not None:
        os.environ[ADDRESS] = before
