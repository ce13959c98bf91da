"""What the app may do with tables that are not ours: the job engine's, sessions, sign-in."""

from __future__ import annotations

from typing import Any

from django.db import connections
from psycopg import sql

# Tables above customers that the app works with; each stands in the wall's test with its reason.
_SHARED = (
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_session",
    "mfa_authenticator",
    "person",
    "shared_note",
    "usersessions_usersession",
)
_ENGINE = "procrastinate_"


def grant_shared_tables(using: str, **_: Any) -> None:
    """After migrations: grant the app exactly the shared tables and the engine's."""
    if using != "owner":
        return
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT relname, relkind::text FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
            " AND (relname = ANY(%s) OR starts_with(relname, %s))",
            [list(_SHARED), _ENGINE],
        )
        for name, kind in cursor.fetchall():
            rights = "USAGE" if kind == "S" else "SELECT, INSERT, UPDATE, DELETE"
            cursor.execute(
                sql.SQL("GRANT {} ON {} TO nostro_app").format(
                    sql.SQL(rights), sql.Identifier(name)
                )
            )
        cursor.execute("GRANT SELECT ON partner, partner_membership TO nostro_app, nostro_ops")
        cursor.execute("GRANT SELECT ON watch_list, watch_list_part TO nostro_app, nostro_ops")
