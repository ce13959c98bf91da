"""Set-wise SQL by name: one file a query, run with named parameters inside the unit of work."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connections


@cache
def text(name: str) -> str:
    """The SQL of queries/<name>.sql."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")


def rows(name: str, using: str = "default", **parameters: Any) -> list[dict[str, Any]]:
    """Run a query by name and return its rows, columns by name."""
    with connections[using].cursor() as cursor:
        cursor.execute(text(name), parameters)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run(name: str, using: str = "default", **parameters: Any) -> int:
    """Run a statement by name and return how many rows it touched."""
    with connections[using].cursor() as cursor:
        cursor.execute(text(name), parameters)
        touched: int = cursor.rowcount
        return touched
