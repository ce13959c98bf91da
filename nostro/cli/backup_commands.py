"""What the commands about backups take."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter


def backup(file: str, *, key_file: str = "") -> None:
    """Save database and secrets, encrypted, into one file that is read back before it is kept.

    Everything may go on running. Examples: `nostro backup /backups/2026-11-23.nostro`,
    `NOSTRO_BACKUP_KEY_FILE=/run/secrets/backup_key nostro backup /backups/tonight.nostro`.

    Parameters
    ----------
    file
        The file to write; it must not be there yet.
    key_file
        The file that holds the key. Without: NOSTRO_BACKUP_KEY_FILE or NOSTRO_BACKUP_KEY.
    """
    from nostro.cli import backup

    backup.backup(file, key_file)


def restore(
    file: str,
    *,
    key_file: str = "",
    replace: bool = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    check: bool = False,
) -> None:
    """Bring a backup back; afterwards nothing leaves until the banks were asked.

    The backup is proven before anything is touched. Stop every nostro up, web and worker first.
    Examples: `nostro restore /backups/2026-11-23.nostro`,
    `nostro restore /backups/tonight.nostro --check`.

    Parameters
    ----------
    file
        The file that `nostro backup` wrote.
    key_file
        The file that holds the key. Without: NOSTRO_BACKUP_KEY_FILE or NOSTRO_BACKUP_KEY.
    replace
        Also when the database is not empty: what it holds is kept under another name.
    yes
        With --replace, do not ask.
    check
        Only prove the backup and say what is in it.
    """
    from nostro.cli import backup

    backup.restore(file, key_file, replace=replace, yes=yes, check=check)


def make_key(file: str) -> None:
    """Make the key that backups are encrypted with, into a file of its own.

    Keep a copy where the backups and this machine are not: without it no backup can be opened.
    Example: `nostro keys backup /media/stick/nostro-backup.key`.

    Parameters
    ----------
    file
        The file to write; it must not be there yet, and not in NOSTRO_HOME.
    """
    from nostro.cli import backup

    backup.make_key(file)
