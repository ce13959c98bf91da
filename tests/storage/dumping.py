"""Dumps and restores a database with PostgreSQL's own programs, as the owner of the schema."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.secrets import FileSecrets
from nostro.storage.database import OWNER, prepare
from nostro.storage.placement import find_binaries, version_of
from tests.database import _HOME, Cluster
from tests.needs import absent


def passwords() -> dict[str, str]:
    return DatabasePasswords(FileSecrets(_HOME / "secrets")).now()


def program(name: str, cluster: Cluster) -> Path:
    """`pg_dump` or `psql` of the server's release or a newer one; skips when there is none."""
    with cluster.admin() as admin:
        server = admin.info.server_version // 10000
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [folder for folder in (find_binaries(None), *debian) if (folder / name).exists()]
    fitting = [f for f in folders if int(re.split(r"\D", version_of(f))[0]) >= server]
    if not fitting:
        absent(f"{name} of PostgreSQL {server} or newer (Debian: postgresql-client-{server})")
    return fitting[0] / name


def environment() -> Mapping[str, str]:
    return {**os.environ, "PGUSER": OWNER, "PGPASSWORD": passwords()[OWNER]}


def dump(cluster: Cluster, database: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The whole database as SQL text on stdout."""
    return subprocess.run(
        [program("pg_dump", cluster), *options, cluster.url(database)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def empty_database(cluster: Cluster, database: str) -> None:
    """A new database, prepared for migrations."""
    prepare(cluster.admin_url, passwords(), database)


def restore(cluster: Cluster, database: str, text: str) -> None:
    """Run a dump in one transaction; an error ends it."""
    told = subprocess.run(
        [program("psql", cluster), "-q", "-X", "-1", "-v", "ON_ERROR_STOP=1",
         cluster.url(database)],
        env=environment(), input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if told.returncode != 0:
        raise RuntimeError(told.stderr)


def counts(cluster: Cluster, database: str) -> dict[str, int]:
    """Rows of every table, seen by the superuser: behind no wall."""
    with cluster.admin(database) as admin:
        tables = admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') ORDER BY 1"
        ).fetchall()
        return {str(name): _count(admin, str(name)) for (name,) in tables}


def _count(admin: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    found = admin.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    ((number,),) = found.fetchall()
    return int(str(number))


def schema(cluster: Cluster, database: str) -> list[tuple[object, ...]]:
    """Columns, constraints, indexes, policies, triggers and grants: all that migrations make."""
    with cluster.admin(database) as admin:
        return [row for text in _SCHEMA for row in admin.execute(text).fetchall()]


_SCHEMA = (
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    # PostgreSQL writes the same condition with other casts and parentheses once it was dumped.
    "SELECT tablename, indexname, regexp_replace(indexdef, '::[a-z ]+(\\[\\])?|[()]', '', 'g')"
    " FROM pg_indexes WHERE schemaname = 'public'"
    " ORDER BY 1, 2",
    "SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies ORDER BY 1, 2",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
    "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
    " WHERE table_schema = 'public' ORDER BY 1, 2, 3",
    "SELECT table_name, column_name, grantee, privilege_type"
    " FROM information_schema.column_privileges WHERE table_schema = 'public' ORDER BY 1, 2, 3, 4",
)
