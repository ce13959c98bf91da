"""How we reach PostgreSQL: three roles on one database, made ready once by `nostro migrate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from nostro.domain.errors import Refused, Unavailable
from nostro.storage.postgresql.address import not_encrypted

OWNER, APP, OPS = "nostro_owner", "nostro_app", "nostro_ops"
ROLES = (OWNER, APP, OPS)
DATABASE = "nostro"
OLDEST_SERVER = 150000
CHANGING_PASSWORDS = 7_301_448_215  # Our advisory lock: one change of a password at a time.
_TLS = frozenset({"sslmode", "sslrootcert"})
ALIAS_OF = {APP: "default", OPS: "ops", OWNER: "owner"}


Passwords = Callable[[str], Sequence[str]]
"""Those of a role that may be right now: while its password is changed there are two."""


def django_databases(url: str, passwords: Passwords, threads: int) -> dict[str, Any]:
    """Django's DATABASES for the three roles: `default` works, `ops` watches, `owner` migrates.

    A role's passwords are asked for at each connection: a change needs no restart.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = query.get("host", [unquote(parts.hostname or "")])[0]
    port = query.get("port", [str(parts.port or "")])[0]
    shared = {
        "ENGINE": "nostro.storage.postgresql",
        "NAME": parts.path.lstrip("/") or DATABASE,
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # A pool must not hand out what a restart has cut.
        "ATOMIC_REQUESTS": False,
    }

    def for_role(role: str, pool: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            "application_name": f"nostro {role}",
            "prepare_threshold": 0,  # For nostro.storage.queries.together; Django never prepares.
            "passwords": partial(passwords, role),
        }
        if not host.startswith("/"):
            # So that also what a network dropped in silence is found before it is used.
            options |= {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
            options["tcp_user_timeout"] = 15000
            options |= {"sslmode": "prefer", **{one: query[one][0] for one in _TLS & query.keys()}}
        if pool:
            options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
        return {**shared, "USER": role, "OPTIONS": options}

    return {
        "default": for_role(APP, threads),
        "ops": for_role(OPS, threads),
        "owner": for_role(OWNER, 0),
    }


def prepare(admin_url: str, passwords: dict[str, str], database: str = DATABASE) -> None:
    """Create the roles and the database if they are missing. Safe to repeat.

    Raises Unavailable when the server cannot be reached, Refused when it is older than 15 or, where
    the address wants that, does not encrypt.
    """
    try:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            _require_version(admin)
            for role in ROLES:
                _role(admin, role, passwords[role])
            _database(admin, database)
    except psycopg.OperationalError as error:
        if refused := not_encrypted(str(error)):
            raise refused from error
        raise Unavailable(
            "database_unreachable",
            f"The database server does not answer: {str(error).strip()}.",
            "Nothing was changed.",
            "Check NOSTRO_DATABASE_ADMIN_URL and that the server is running.",
        ) from error
    with psycopg.connect(_on_database(admin_url, database), autocommit=True) as admin:
        for statement in _SCHEMA:
            admin.execute(statement)


def set_aside(admin_url: str, now: datetime, database: str = DATABASE) -> str:
    """Give a database another name, so that an empty one can take its place; returns that name.

    Raises Refused when it is not there or somebody works on it.
    """
    name = f"{database}_{now:%Y%m%d_%H%M%S}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        try:
            admin.execute(rename.format(sql.Identifier(database), sql.Identifier(name)))
        except psycopg.errors.ObjectInUse as error:
            raise Refused(
                "database_in_use",
                f"Somebody works on the database {database}.",
                "Nothing was changed.",
                "Stop every nostro up, web and worker, and what else is connected; try again.",
            ) from error
        except psycopg.errors.InvalidCatalogName as error:
            raise Refused("database_missing", f"There is no database {database}.") from error
    return name


# No default privileges: what the app may touch is granted table by table (nostro.storage.grants
# and nostro.storage.isolation), so that a restored dump opens nothing.
_SCHEMA = (
    "ALTER SCHEMA public OWNER TO nostro_owner",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO nostro_app, nostro_ops",
)


def _require_version(admin: psycopg.Connection[Any]) -> None:
    if admin.info.server_version < OLDEST_SERVER:
        raise Refused(
            "database_too_old",
            f"The database server is PostgreSQL {admin.info.server_version // 10000}.",
            can_do="Use PostgreSQL 15 or newer.",
        )


def _role(admin: psycopg.Connection[Any], role: str, password: str) -> None:
    found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER" if found else "CREATE")
    admin.execute(
        sql.SQL(
            "{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}"
        ).format(verb, sql.Identifier(role), sql.Literal(_verifier(admin, role, password)))
    )


def _verifier(connection: psycopg.Connection[Any], role: str, password: str) -> str:
    """What the server keeps of a password (SCRAM, RFC 5802): its logs never see the password."""
    made = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return made.decode()


@contextmanager
def changing_password(alias: str) -> Iterator[Callable[[str], None]]:
    """Alone among all who change passwords; gives what changes that of this connection's role,
    which every role may do for itself. Sessions that are open stay open."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [CHANGING_PASSWORDS])
        try:
            connection = cursor.connection
            role = connection.info.user

            def change(password: str) -> None:
                word = sql.Literal(_verifier(connection, role, password))
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), word)
                cursor.execute(statement.as_string(connection))

            yield change
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [CHANGING_PASSWORDS])


def hang_up() -> None:
    """End the connections of this thread, if there can be any."""
    if settings.configured:
        connections.close_all()


def _database(admin: psycopg.Connection[Any], database: str) -> None:
    found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if not found:
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(OWNER)
            )
        )


def _on_database(url: str, database: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"/{database}").geturl()
