"""Many rows at once: COPY into a temporary table, then one INSERT through the wall.

PostgreSQL refuses COPY into a table with row-level security; the INSERT ... SELECT obeys it.
A few rows are not worth a temporary table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models
from django.db.models import F, Func, Value
from psycopg import sql
from psycopg.types.json import Jsonb

FEW = 20
_TEXT = models.TextField()


def one_of(column: str, values: Collection[Any]) -> Func:
    """A condition: the column holds one of these ids or texts, all of them one parameter.

    Unlike a parameter each, or a join, its plan is good also while a new customer's rows are in no
    statistics yet.
    """
    listed = list(values)
    if not listed:
        return Func(F(column), template="FALSE", output_field=models.BooleanField())
    if isinstance(listed[0], UUID):
        told, kind = Value(ids_literal(listed), output_field=_TEXT), "uuid"
    else:
        told, kind = Value(listed, output_field=ArrayField(_TEXT)), "text"
    return Func(
        F(column),
        told,
        arg_joiner=" = ANY((",
        template=f"%(expressions)s)::{kind}[])",
        output_field=models.BooleanField(),
    )


def ids_literal(ids: Iterable[UUID]) -> str:
    """Ids as PostgreSQL writes an array of them: one text, which costs far less than a list."""
    # Hexadecimal digits alone are an id to PostgreSQL too, and are written five times as fast.
    return f"{{{','.join([f'{one.int:032x}' for one in ids])}}}"


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
    if len(listed) <= FEW:
        return _insert_few(table, names, columns, _json_columns(model), listed)
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


def _insert_few(
    table: sql.Identifier,
    names: sql.Composed,
    columns: Sequence[str],
    json_columns: frozenset[str],
    rows: list[Mapping[str, Any]],
) -> int:
    place = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {} ON CONFLICT DO NOTHING").format(
        table, names, sql.SQL(", ").join([place] * len(rows))
    )
    with connections["default"].cursor() as cursor:
        cursor.execute(
            statement, [value for row in rows for value in _values(row, columns, json_columns)]
        )
        count: int = cursor.rowcount
    return count


def _values(
    row: Mapping[str, Any], columns: Sequence[str], json_columns: frozenset[str]
) -> list[Any]:
    return [
        Jsonb(row[column], dumps=msgspec.json.encode)
        if column in json_columns and row[column] is not None
        else row[column]
        for column in columns
    ]


def _copy(
    cursor: Any,
    statement: sql.Composed,
    columns: Sequence[str],
    json_columns: frozenset[str],
    rows: list[Mapping[str, Any]],
) -> None:
    with cursor.cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(_values(row, columns, json_columns))


def _json_columns(model: type[models.Model]) -> frozenset[str]:
    return frozenset(
        field.column
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and field.column
    )
