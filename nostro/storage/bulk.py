"""Many rows at once: COPY into a temporary table, then one INSERT through the wall.

PostgreSQL refuses COPY into a table with row-level security; the INSERT ... SELECT obeys it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connections, models
from psycopg import sql
from psycopg.types.json import Jsonb


def insert(model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert rows given as {column: value}; returns how many were new.

    All rows have the same columns. A row that any unique key already holds is passed over.
    """
    listed = list(rows)
    if not listed:
        return 0
    table = sql.Identifier(model._meta.db_table)
    staging = sql.Identifier(f"staging_{model._meta.db_table}")
    columns = list(listed[0])
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connections["default"].cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
                staging, names, table
            )
        )
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(staging, names)
        _copy(cursor, statement, columns, _json_columns(model), listed)
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
                table, names, names, staging
            )
        )
        count: int = cursor.rowcount
        cursor.execute(sql.SQL("DROP TABLE {}").format(staging))
    return count


def _copy(
    cursor: Any,
    statement: sql.Composed,
    columns: Sequence[str],
    json_columns: frozenset[str],
    rows: list[Mapping[str, Any]],
) -> None:
    with cursor.cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    Jsonb(row[column])
                    if column in json_columns and row[column] is not None
                    else row[column]
                    for column in columns
                ]
            )


def _json_columns(model: type[models.Model]) -> frozenset[str]:
    return frozenset(
        field.column
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and field.column
    )
