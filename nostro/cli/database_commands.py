"""What the commands about the embedded database take."""

from __future__ import annotations

from cyclopts import App

database = App(name="database", help="The database by itself: to dump, to restore, to archive.")


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
def archiving() -> None:
    """Whether an external server archives its log, so that it can be restored to any minute.

    Ends with 1 when it does not, or has failed since. Example: `nostro database archiving`.
    """
    import sys

    from nostro.cli import point_in_time

    sys.exit(0 if point_in_time.archiving() else 1)


@database.command
def returned(*, until: str) -> None:
    """After a server came back at a point in time: quarantine every customer, before any start.

    Example: `nostro database returned --until "2026-11-23 01:55 UTC"`.

    Parameters
    ----------
    until
        The point in time to which it was recovered, for those who lift the stops.
    """
    from nostro.cli import point_in_time

    point_in_time.returned(until)


@database.command
def empty() -> None:
    """Put what it holds aside under another name and have an empty one, to restore into.

    Refused while something works on it. Example: `nostro database empty`.
    """
    from nostro.cli import database

    database.empty()
