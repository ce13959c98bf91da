"""What each command takes and which room does it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import App, Parameter

from nostro import __version__

app = App(
    name="nostro",
    help="Connects the systems that know why money moves to the banks that move it.",
    version=f"nostro {__version__}",
)
audit = App(name="audit", help="Prove the log.")
keys = App(name="keys", help="API keys.")
app.command(audit)
app.command(keys)


@app.command
def up(*, demo: bool = False, port: int | None = None) -> None:
    """Start database, web and worker in the foreground; Ctrl-C stops them.

    Examples: `nostro up`, `nostro up --demo`, `nostro up --port 9000`.

    Parameters
    ----------
    demo
        With the data of the demo, made first when it is not there.
    port
        The port of the console and the API; 0 takes a free one. Without: NOSTRO_PORT or 8480.
    """
    if port is not None:
        os.environ["NOSTRO_PORT"] = str(port)
    from nostro.cli.up import up

    up(demo=demo)


@app.command
def demo() -> None:
    """The main job on real files, told step by step. Safe to repeat.

    Examples: `nostro demo`, `NOSTRO_HOME=/tmp/another nostro demo`.
    """
    os.environ["NOSTRO_DEMO"] = "1"
    from rich.console import Console

    from nostro.cli.demo import run

    run(Console())


@app.command
def migrate() -> None:
    """Create roles and database if missing and bring the schema up to date. Safe to repeat.

    Example: `NOSTRO_DATABASE_ADMIN_URL=postgresql://postgres@db/postgres nostro migrate`.
    """
    from nostro.app import migrate

    migrate()
    print("The database is up to date.")


@app.command
def web(*, host: str | None = None, port: int | None = None) -> None:
    """The console and the API, in this process.

    Example: `nostro web --host 0.0.0.0 --port 8480`.

    Parameters
    ----------
    host
        The address to listen at. Without: NOSTRO_HOST or 127.0.0.1.
    port
        The port to listen at. Without: NOSTRO_PORT or 8480.
    """
    if host is not None:
        os.environ["NOSTRO_HOST"] = host
    if port is not None:
        os.environ["NOSTRO_PORT"] = str(port)
    from nostro.cli import web

    web.run()


@app.command
def worker() -> None:
    """The work behind the pages: payments released, banks asked, statements read.

    Start as many as needed, on any machine that reaches the database. Example: `nostro worker`.
    """
    os.environ["NOSTRO_WEB_THREADS"] = "0"  # the pool of connections is the web's
    from nostro.cli import work

    work.run()


@app.command
def formats() -> None:
    """The file formats that are read and written. Example: `nostro formats`."""
    from rich.console import Console
    from rich.table import Table

    from nostro import formats

    table = Table("name", "standard", "media type", "read", "written")
    for name, form in sorted(formats.find().items()):
        does = ("yes" if form.read else "-", "yes" if form.write else "-")
        table.add_row(name, form.standard, form.media_type, *does)
    Console().print(table)


@app.command
def version() -> None:
    """Which version this is. Example: `nostro version`."""
    print(f"nostro {__version__}")


@audit.command
def verify(*, customer: str = "") -> None:
    """Prove that no customer's log was changed; ends with 1 when one was.

    Examples: `nostro audit verify`, `nostro audit verify --customer VESTERHOLT`.

    Parameters
    ----------
    customer
        The code of one customer. Without: all of them.
    """
    from nostro.cli import audit

    if not audit.verify(customer):
        sys.exit(1)


@keys.command
def issue(
    *,
    customer: str,
    name: str,
    scope: Annotated[list[str], Parameter(negative=())],
    days: int = 90,
) -> None:
    """Make an API key for a program and show it once; a program never approves.

    Example: `nostro keys issue --customer VESTERHOLT --name erp --scope payments:read`.

    Parameters
    ----------
    customer
        The code of the customer.
    name
        What uses the key.
    scope
        What it may do, such as payments:write; may be given several times.
    days
        After how many days it expires.
    """
    from nostro.cli import issue_key

    issue_key.issue(customer, name, scope, days)
