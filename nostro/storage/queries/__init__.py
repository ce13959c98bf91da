"""Set-wise SQL by name: one file a query, run with named parameters inside the unit of work."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connections
from psycopg import Cursor


@cache
def text(name: str) -> str:
    """The SQL of queries/<name>.sql."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")


def rows(name: str, using: str = "default", **parameters: Any) -> list[dict[str, Any]]:
    """Run a query by name and return its rows, columns by name."""
    with connections[using].cursor() as cursor:
        cursor.execute(text(name), parameters)
        return _named(cursor)


def run(name: str, using: str = "default", **parameters: Any) -> int:
    """Run a statement by name and return how many rows it touched."""
    with connections[using].cursor() as cursor:
        cursor.execute(text(name), parameters)
        touched: int = cursor.rowcount
        return touched


def together(
    *asked: tuple[str, dict[str, Any]], using: str = "default"
) -> list[list[dict[str, Any]]]:
    """Run several by name, one after another, in one round trip; returns the rows of each.

    Every statement sees what those before it did and what others committed meanwhile. When one
    fails, those after it are not run.
    """
    connection: Any = connections[using]
    connection.ensure_connection()
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    # psycopg's own cursor: PostgreSQL neither parses nor plans again what it has prepared.
    sent = [wrapped(Cursor(connection.connection)) for _ in asked]
    with connection.wrap_database_errors, connection.connection.pipeline():
        for cursor, (name, parameters) in zip(sent, asked, strict=True):
            cursor.execute(text(name), parameters)
    return [_named(cursor) for cursor in sent]


def _named(cursor: Any) -> list[dict[str, Any]]:
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
