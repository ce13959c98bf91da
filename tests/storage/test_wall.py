"""The wall between customers, walked through the database's own catalogue."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections

pytestmark = pytest.mark.usefixtures("database")

# Tables that belong to no customer, and why.
ABOVE_CUSTOMERS = {
    "person": "a human may work for several customers; see membership",
    "partner": "stands above customers; the app may only read it",
    "partner_membership": "who works for a partner; the app may only read it",
    "django_migrations": "the schema's own history",
    "django_content_type": "Django's list of models",
    "django_session": "sign-in sessions belong to a person",
    "auth_permission": "Django's own; unused",
    "auth_group": "Django's own; unused",
    "auth_group_permissions": "Django's own; unused",
    "account_emailaddress": "sign-in addresses belong to a person",
    "account_emailconfirmation": "sign-in addresses belong to a person",
    "mfa_authenticator": "passkeys and codes belong to a person",
    "usersessions_usersession": "sign-in sessions belong to a person",
    "watch_list": "public lists are the same for every customer; the app may only read them",
    "watch_list_part": "a piece of a public list; the app may only read it",
    "shared_note": "failed sign-ins are counted before anybody is known",
}
ENGINE = "procrastinate_"  # The job engine's: its arguments are ids only.


def query(text: str) -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def tenant_tables() -> list[str]:
    found = query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    return sorted(
        str(name)
        for (name,) in found
        if name not in ABOVE_CUSTOMERS and not str(name).startswith(ENGINE)
    )


def test_every_table_has_tenant_force_policy_and_keys() -> None:
    wrong = []
    for table in tenant_tables():
        (enabled, forced), *_ = query(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
            f" WHERE oid = 'public.{table}'::regclass"
        )
        policies: dict[object, object] = {
            str(name): condition
            for name, condition in query(
                f"SELECT policyname, qual FROM pg_policies WHERE tablename = '{table}'"
            )
        }
        own = str(policies.get("own_customer"))
        if not (enabled and forced and "app.tenant" in own and "owner_sees_all" in policies):
            wrong.append(f"{table}: row level security is not forced with both policies")
        for name, kind, definition in query(
            "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint"
            f" WHERE conrelid = 'public.{table}'::regclass AND contype IN ('p', 'u')"
        ):
            if "(tenant_id" not in str(definition):
                wrong.append(f"{table}: {name} ({kind}) does not lead with tenant_id")
        for name, definition in query(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            f" WHERE conrelid = 'public.{table}'::regclass AND contype = 'f'"
        ):
            target = str(definition).split("REFERENCES ")[1].split("(")[0]
            if target not in ABOVE_CUSTOMERS and "(tenant_id," not in str(definition):
                wrong.append(f"{table}: {name} can point at another customer's row")
    assert not wrong, "\n".join(wrong)


def test_every_unique_index_leads_with_the_tenant() -> None:
    wrong = [
        (table, index)
        for table in tenant_tables()
        for index, definition in query(
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'"
        )
        if "UNIQUE" in str(definition) and "(tenant_id" not in str(definition)
    ]
    assert not wrong


def test_partitions_are_not_reachable() -> None:
    granted = query(
        "SELECT c.relname, a.grantee::regrole::text FROM pg_class c,"
        " aclexplode(c.relacl) a WHERE c.relispartition"
        " AND a.grantee IN ('nostro_app'::regrole, 'nostro_ops'::regrole)"
    )
    assert granted == []


@pytest.mark.parametrize("alias", ["default", "ops"])
def test_roles_cannot_step_over_the_wall(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
            " WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False)


def test_without_a_customer_every_table_raises() -> None:
    quiet = []
    for table in tenant_tables():
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute(f"SELECT * FROM {table} LIMIT 1")
            quiet.append(table)
        except DatabaseError:
            connections["default"].rollback() if connections["default"].in_atomic_block else None
    # An empty table may never evaluate its policy: what counts is that no row can come back.
    assert [table for table in quiet if table in _non_empty()] == []


def _non_empty() -> list[str]:
    return [table for table in tenant_tables() if query(f"SELECT 1 FROM {table} LIMIT 1")]
