"""Set-wise SQL by name: one file a query, run with named parameters inside the unit of work."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connections
from psycopg import Cursor

_PART = re.compile(r"^-- part: (\w+)\n", re.MULTILINE)


@cache
def text(name: str) -> str:
    """The SQL of queries/<name>.sql; a line "-- part: x" stands for what x.part.sql says."""
    return _PART.sub(lambda part: _read(f"{part[1]}.part"), _read(name))


def _read(name: str) -> str:
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
    *asked: tuple[str, dict[str, Any]], using: str = "default", commit: bool = False
) -> list[list[dict[str, Any]]]:
    """Run several by name, one after another, in one round trip; returns the rows of each.

    Every statement sees what those before it did and what others committed meanwhile. When one
    fails, those after it are not run. `commit` ends the transaction in the same round trip.
    """
    connection: Any = connections[using]
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        sent = [send(name, parameters, using) for name, parameters in asked]
        if commit:
            connection.connection.commit()
    return [_named(cursor) for cursor in sent]


def send(name: str, parameters: dict[str, Any], using: str = "default") -> Any:
    """Run a query by name; inside `together` nobody waits for it."""
    connection: Any = connections[using]
    # psycopg's own cursor: PostgreSQL neither parses nor plans again what it has prepared. Django's
    # tells its log what it ran.
    logged = connection.queries_logged
    cursor = (
        connection.cursor() if logged else connection.make_cursor(Cursor(connection.connection))
    )
    cursor.execute(text(name), parameters)
    return cursor


def _named(cursor: Any) -> list[dict[str, Any]]:
    result = cursor.pgresult  # Its names cost a tenth of the description of its columns.
    if result is None or result.nfields == 0:
        return []
    names = [result.fname(place).decode() for place in range(result.nfields)]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
