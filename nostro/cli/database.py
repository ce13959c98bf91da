"""The embedded database by itself, while nothing works on it: to dump it, to restore it."""

from __future__ import annotations

import os
import shlex
from urllib.parse import parse_qs, urlsplit

from nostro import app
from nostro.domain.errors import Refused
from nostro.ops import home_folder
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.secrets import FileSecrets
from nostro.storage.database import DATABASE, OWNER, prepare, set_aside
from nostro.storage.server import Server


def start() -> None:
    """Have the embedded server run until `stop`, with its roles and an empty or full database."""
    embedded = _embedded()
    home_folder.make(app.configuration().home)
    embedded.ensure()
    _prepare(embedded)
    embedded.started_here = False  # So that the end of this command does not stop it.
    print("The database runs until `nostro database stop`.")


def stop() -> None:
    """Stop it; sessions that are open end."""
    _embedded().stop()
    print("The database is stopped.")


def environment() -> None:
    """What PostgreSQL's own programs need to be its owner, as lines for a shell."""
    embedded = _embedded()
    if not embedded.running():
        raise Refused(
            "database_not_running",
            "The database does not run.",
            can_do="Start it: nostro database start",
        )
    query = parse_qs(urlsplit(embedded.admin_url()).query)
    words = {
        "PATH": f"{embedded.programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PGHOST": query["host"][0],
        "PGPORT": query["port"][0],
        "PGDATABASE": DATABASE,
        "PGUSER": OWNER,
        "PGPASSWORD": _passwords()[OWNER],
    }
    for name, value in words.items():
        print(f"export {name}={shlex.quote(value)}")


def empty() -> None:
    """Put the database aside under another name and have an empty one, to restore into."""
    embedded = _embedded()
    embedded.ensure()
    embedded.started_here = False
    name = set_aside(embedded.admin_url(), app.start().clock.now())
    _prepare(embedded)
    print(f"The database is empty. What it held is kept as {name}.")


def _prepare(embedded: Server) -> None:
    prepare(embedded.admin_url(), _passwords())


def _passwords() -> dict[str, str]:
    return DatabasePasswords(FileSecrets(app.configuration().secrets_home)).now()


def _embedded() -> Server:
    embedded = app.server()
    if embedded is None:
        raise Refused(
            "database_external",
            "The database is not the embedded one: NOSTRO_DATABASE_URL names another.",
            "Nothing was done.",
            "Use that server's own tools, as docs/operating.md says.",
        )
    return embedded
