"""A restored database takes the place of the one that is there: made beside it, then renamed.

Until the last moment the database that was there is untouched, and afterwards it is kept under
another name. A restore that is interrupted leaves only a database that the next one removes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

from nostro.domain.errors import Refused
from nostro.storage.database import DATABASE, django_databases, prepare

BESIDE = "nostro_being_restored"
_LOCK = 0x6E6F7272  # "norr": one restore on a server at a time.
_TABLES = "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1"
_THERE = "SELECT 1 FROM pg_database WHERE datname = %s"
_RENAME = sql.SQL("ALTER DATABASE {} RENAME TO {}")
_DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")  # Also under a pg_restore left over.
_LEAVING_SECONDS = 5  # As long as PostgreSQL waits itself before it gives a database another name.
_WORKING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
)


@contextmanager
def beside(admin_url: str, passwords: dict[str, str], database: str = BESIDE) -> Iterator[str]:
    """An empty database with our roles, by name, for as long as this lasts; what is left of it
    then is dropped. Raises Refused when another restore runs."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        ((alone,),) = admin.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchall()
        if not alone:
            raise Refused(
                "restore_runs_already",
                "Another restore into this database server is under way.",
                can_do="Wait until it has ended.",
            )
        _drop(admin, database)
        try:
            prepare(admin_url, passwords, database)
            yield database
        finally:
            connections.close_all()
            _drop(admin, database)


def check_place(admin_url: str, database: str = DATABASE, *, replace: bool) -> None:
    """Raises Refused when the database holds something that was not to be replaced, or when
    somebody works on it."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        if not _exists(admin, database):
            return
        if _worked_on(admin, database):
            raise _in_use(database)
    with psycopg.connect(admin_url, dbname=database) as connection:
        full = connection.execute(_TABLES).fetchone() is not None
    if full and not replace:
        raise Refused(
            "database_not_empty",
            f"The database {database} is not empty.",
            can_do="Give --replace: what it holds is then kept under another name.",
        )


def _worked_on(admin: psycopg.Connection[Any], database: str) -> bool:
    """Whether somebody stays connected. Who has just left is counted for a moment longer."""
    until = time.monotonic() + _LEAVING_SECONDS
    while True:
        ((working,),) = admin.execute(_WORKING, [database]).fetchall()
        if not working or time.monotonic() > until:
            return bool(working)
        time.sleep(0.1)


def replace(admin_url: str, by: str, now: datetime, database: str = DATABASE) -> str:
    """Give `by` the name of the database, in one step; returns under which name the one that was
    there is kept, "" when it was empty or there was none. Raises Refused when it is in use."""
    kept = f"{database}_{now:%Y%m%d_%H%M%S}"
    with psycopg.connect(admin_url) as admin:
        try:
            was_there = _exists(admin, database)
            if was_there:
                admin.execute(_RENAME.format(sql.Identifier(database), sql.Identifier(kept)))
            admin.execute(_RENAME.format(sql.Identifier(by), sql.Identifier(database)))
        except psycopg.errors.ObjectInUse as error:
            admin.rollback()
            raise _in_use(database) from error
    return kept if was_there and not _dropped_as_empty(admin_url, kept) else ""


def work_on(url: str, passwords: dict[str, str]) -> None:
    """Let this process speak to another database from now on, each role by its own password."""
    connections.close_all()
    for alias, wanted in django_databases(url, lambda role: [passwords[role]], 0).items():
        for settings in (connections.databases[alias], connections[alias].settings_dict):
            settings.update(wanted)


def _dropped_as_empty(admin_url: str, database: str) -> bool:
    with psycopg.connect(admin_url, dbname=database) as connection:
        if connection.execute(_TABLES).fetchone() is not None:
            return False
    with psycopg.connect(admin_url, autocommit=True) as admin:
        _drop(admin, database)
    return True


def _drop(admin: psycopg.Connection[Any], database: str) -> None:
    admin.execute(_DROP.format(sql.Identifier(database)))


def _exists(admin: psycopg.Connection[Any], database: str) -> bool:
    return admin.execute(_THERE, [database]).fetchone() is not None


def _in_use(database: str) -> Refused:
    return Refused(
        "database_in_use",
        f"Somebody works on the database {database}.",
        "Nothing was changed.",
        "Stop every nostro up, web and worker, and what else is connected; try again.",
    )
