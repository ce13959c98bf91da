"""Point-in-time recovery of an external server, as far as it is ours: is it prepared, and after."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.domain.errors import Refused


def archiving() -> bool:
    """Print how the server archives its log; False when a recovery could not rely on it."""
    app.start()
    from nostro.storage import archiving

    found = archiving.state()
    table = Table("what", "now", "needed")
    table.add_row("wal_level", found.wal_level, "replica or logical")
    table.add_row("archive_mode", found.archive_mode, "on or always")
    table.add_row("archived by", found.by or "nothing", "archive_command or archive_library")
    table.add_row("last archived", _told(found.archived_at), "minutes ago")
    table.add_row("last failed", _told(found.failed_at), "before the last archived")
    Console().print(table)
    missing = archiving.what_is_missing(found)
    for sentence in missing:
        print(sentence)
    if not missing:
        print("The log is archived. Take base backups too, and try a recovery (docs/backup.md).")
    return not missing


def returned(until: str) -> None:
    """Quarantine every customer of a database that went back in time.

    Raises Refused while the server still recovers: nothing can be written to it yet.
    """
    app.start()
    from nostro.cli import quarantine
    from nostro.storage import archiving

    if archiving.is_recovering():
        raise Refused(
            "database_recovers_still",
            "The server is still in recovery and takes no changes.",
            can_do="Let the recovery end (recovery_target_action = 'promote', or pg_promote()),"
            " then repeat this before anything else is started.",
        )
    quarantine.quarantine("", f"recovered to {until}", everybody=True)


def _told(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"
