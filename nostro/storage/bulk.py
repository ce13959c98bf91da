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

from nostro.storage import copy_text

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
    return insert_columns(model, {}, {name: [row[name] for row in listed] for name in listed[0]})


def insert_columns(
    model: type[models.Model], same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]
) -> int:
    """The same for rows given column by column, which costs far less than row by row; `same` are
    columns that have one value in all rows: it is sent once. Neither may be JSON there."""
    json_columns = _json_columns(model)
    count = len(next(iter(columns.values())))
    if any(len(values) != count for values in columns.values()):
        raise KeyError("a row lacks a column")
    told = {
        name: [None if value is None else _json(value) for value in values]
        if name in json_columns
        else values
        for name, values in columns.items()
    }
    if count <= FEW:
        told = {**{name: [value] * count for name, value in same.items()}, **told}
        return _insert_few(model, told, json_columns)
    return _insert_many(model, same, told)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _insert_many(
    model: type[models.Model], same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]
) -> int:
    table = sql.Identifier(model._meta.db_table)
    staging = sql.Identifier(f"staging_{model._meta.db_table}")
    staged = _names(columns)
    values = sql.SQL(", ").join([*map(sql.Identifier, columns), *map(sql.Literal, same.values())])
    with connections["default"].cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
                staging, staged, table
            )
        )
        with cursor.cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(staging, staged)) as copy:
            content = copy_text.block(list(columns.values()))
            if content is not None:
                copy.write(content)
            else:
                for row in zip(*columns.values(), strict=True):
                    copy.write_row(row)
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
                table, _names([*columns, *same]), values, staging
            )
        )
        count: int = cursor.rowcount
        cursor.execute(sql.SQL("DROP TABLE {}").format(staging))
    return count


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _insert_few(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any]],
    json_columns: frozenset[str],
) -> int:
    cast = [sql.SQL("%s::jsonb") if name in json_columns else sql.Placeholder() for name in columns]
    rows = list(zip(*columns.values(), strict=True))
    place = sql.SQL("({})").format(sql.SQL(", ").join(cast))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {} ON CONFLICT DO NOTHING").format(
        sql.Identifier(model._meta.db_table),
        _names(columns),
        sql.SQL(", ").join([place] * len(rows)),
    )
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, [value for row in rows for value in row])
        count: int = cursor.rowcount
    return count


def _json_columns(model: type[models.Model]) -> frozenset[str]:
    return frozenset(
        field.column
        for field in model._meta.concrete_fields
        if isinstance(field, models.JSONField) and field.column
    )
