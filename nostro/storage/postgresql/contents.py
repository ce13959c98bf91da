"""What a database holds at one moment: a snapshot that a dump can share, counted table by table.

Asked with psycopg alone, as the owner of the schema: a restored database is looked at before any
of our own code works on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from nostro.storage.postgresql.address import Address

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY 1
"""
_HEADS = """
    SELECT c.tenant_id, c.code, COALESCE(s.position, 0), COALESCE(s.hash, '')
    FROM customer c LEFT JOIN LATERAL (
        SELECT position, hash FROM event_seal
        WHERE tenant_id = c.tenant_id ORDER BY position DESC LIMIT 1
    ) s ON true
    ORDER BY c.code, c.tenant_id
"""
_MIGRATIONS = "SELECT app || '.' || name FROM django_migrations ORDER BY app, name"

Connection = psycopg.Connection[tuple[object, ...]]


class SealedHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where one customer's sealed log ends; position 0 and no hash when nothing was sealed."""

    tenant_id: UUID
    code: str
    position: int
    hash: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a database. `snapshot` names it to pg_dump while the connection lasts."""

    snapshot: str
    server: str
    size_bytes: int
    migrations: tuple[str, ...]
    rows: dict[str, int]
    heads: tuple[SealedHead, ...]


@contextmanager
def held(address: Address) -> Iterator[Contents]:
    """Hold one moment still, for everything that is asked meanwhile. Reads only."""
    with psycopg.connect(address.conninfo()) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Contents(
            snapshot=str(_one(connection, "SELECT pg_export_snapshot()")),
            server=str(_one(connection, "SHOW server_version")),
            size_bytes=int(str(_one(connection, "SELECT pg_database_size(current_database())"))),
            migrations=tuple(str(name) for (name,) in connection.execute(_MIGRATIONS)),
            rows=counted(connection),
            heads=sealed_heads(connection),
        )


def counted(connection: Connection) -> dict[str, int]:
    """How many rows each table has, all customers' together."""
    tables = [str(name) for (name,) in connection.execute(_TABLES).fetchall()]
    count = sql.SQL("SELECT count(*) FROM {}")
    return {
        table: int(str(_one(connection, count.format(sql.Identifier(table))))) for table in tables
    }


def sealed_heads(connection: Connection) -> tuple[SealedHead, ...]:
    """Where each customer's sealed log ends, by code."""
    return tuple(
        SealedHead(
            tenant_id=UUID(str(tenant_id)), code=str(code), position=int(str(at)), hash=str(tail)
        )
        for tenant_id, code, at, tail in connection.execute(_HEADS)
    )


def has_tables(address: Address) -> bool:
    """Whether anything was ever made in this database."""
    with psycopg.connect(address.conninfo()) as connection:
        return connection.execute(_TABLES).fetchone() is not None


def _one(connection: Connection, question: str | sql.Composed) -> object:
    found = connection.execute(question).fetchone()
    return found[0] if found else None
