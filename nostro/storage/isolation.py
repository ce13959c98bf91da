"""The wall between customers, put up by migrations: keys, policies and grants on every table.

For each tenant table: the primary key becomes (tenant_id, id); each foreign key to another tenant
table becomes (tenant_id, x_id), so that a row of another customer cannot even be pointed at; row
level security is forced; the policy reads `app.tenant`, which raises when no tenant is set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.migrations.operations.base import Operation
from psycopg import sql

# As a sub-query its value is unknown while PostgreSQL plans. Were it known, a customer too new for
# the statistics would be taken for one without rows, and any index as good as the right one.
TENANT = "tenant_id = (SELECT current_setting('app.tenant')::uuid)"
APP, OPS, OWNER = "nostro_app", "nostro_ops", "nostro_owner"


def tenant_foreign_keys(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """The foreign keys of a model that point at another tenant table."""
    return [
        field
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and not getattr(field, "db_constraint", True)
    ]


class IsolateTenants(Operation):
    """Migration operation: put up the wall around the named models of this app."""

    reversible = False

    def __init__(
        self, names: Iterable[str], writes: str = "SELECT, INSERT, UPDATE, DELETE"
    ) -> None:
        self.names = list(names)
        self.writes = writes

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "IsolateTenants", [self.names], {"writes": self.writes}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The wall is the database's affair; Django's state does not change."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        found = [to_state.apps.get_model(app_label, name) for name in self.names]
        for model in found:
            for statement in primary_key(model):
                schema_editor.execute(statement)
        for model in found:
            for statement in (*foreign_keys(model), *policies(model._meta.db_table, self.writes)):
                schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Isolate customers in {', '.join(self.names)}"


class PointInsideCustomer(Operation):
    """Migration operation: fields added to a walled table may point at its own customer only."""

    reversible = False

    def __init__(self, name: str, fields: Iterable[str]) -> None:
        self.name = name
        self.fields = list(fields)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "PointInsideCustomer", [self.name, self.fields], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The wall is the database's affair; Django's state does not change."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        for key in tenant_foreign_keys(model):
            if key.name in self.fields:
                schema_editor.execute(_foreign_key(model, key))

    def describe(self) -> str:
        return f"Keep {', '.join(self.fields)} of {self.name} inside one customer"


def primary_key(model: type[models.Model]) -> list[str]:
    """Replace Django's key on `id` by one that leads with the tenant."""
    table = model._meta.db_table
    if model._meta.pk.name != "id":
        return []
    return [
        _say("ALTER TABLE {0} DROP CONSTRAINT {1}", table, f"{table}_pkey"),
        _say(
            "ALTER TABLE {0} ADD CONSTRAINT {1} PRIMARY KEY (tenant_id, id)", table, f"{table}_pkey"
        ),
    ]


def foreign_keys(model: type[models.Model]) -> list[str]:
    return [_foreign_key(model, key) for key in tenant_foreign_keys(model)]


def _foreign_key(model: type[models.Model], key: models.ForeignKey[Any, Any]) -> str:
    table = model._meta.db_table
    return _say(
        "ALTER TABLE {0} ADD CONSTRAINT {1} FOREIGN KEY (tenant_id, {2})"
        " REFERENCES {3} (tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
        table,
        f"{table}_{key.column}_fk",
        key.column,
        key.related_model._meta.db_table,
    )


def policies(table: str, writes: str) -> list[str]:
    """Force row level security. The owner sees all: migrations and dumps must not go blind."""
    return [
        _say("ALTER TABLE {0} ENABLE ROW LEVEL SECURITY", table),
        _say("ALTER TABLE {0} FORCE ROW LEVEL SECURITY", table),
        _say("CREATE POLICY own_customer ON {0} TO {1}", table, APP)
        + f" USING ({TENANT}) WITH CHECK ({TENANT})",
        _say("CREATE POLICY owner_sees_all ON {0} TO {1}", table, OWNER)
        + " USING (true) WITH CHECK (true)",
        _say("REVOKE ALL ON {0} FROM {1}", table, APP),
        f"GRANT {writes} " + _say("ON {0} TO {1}", table, APP),
    ]


def door(table: str, columns: Iterable[str], commands: str = "SELECT") -> list[str]:
    """Let nostro_ops through a narrow door before a tenant is known: these columns only."""
    listed = ", ".join(columns)
    grants = [
        f"GRANT {command.strip()} ({listed}) " + _say("ON {0} TO {1}", table, OPS)
        if listed and command.strip() != "DELETE"
        else f"GRANT {command.strip()} " + _say("ON {0} TO {1}", table, OPS)
        for command in commands.split(",")
    ]
    return [
        _say("CREATE POLICY ops_door ON {0} TO {1}", table, OPS)
        + " USING (true) WITH CHECK (true)",
        *grants,
    ]


def _say(text: str, *names: str) -> str:
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names)).as_string(None)
