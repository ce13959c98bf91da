"""What the commands about the embedded database take."""

from __future__ import annotations

from cyclopts import App

database = App(name="database", help="The embedded database by itself, to dump and restore it.")


@database.command
def start() -> None:
    """Start it and let it run, without web and worker. Example: `nostro database start`."""
    from nostro.cli import database

    database.start()


@database.command
def stop() -> None:
    """Stop it. Example: `nostro database stop`."""
    from nostro.cli import database

    database.stop()


@database.command
def environment() -> None:
    """What pg_dump, pg_restore and psql need: where they are, the socket, the owner's password.

    Example: `eval "$(nostro database environment)"`, in a shell of its own.
    """
    from nostro.cli import database

    database.environment()


@database.command
def empty() -> None:
    """Put what it holds aside under another name and have an empty one, to restore into.

    Refused while something works on it. Example: `nostro database empty`.
    """
    from nostro.cli import database

    database.empty()
