"""The home folder: data, secrets and logs of an installation, for its own user alone."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from nostro.domain.errors import Invalid

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PASSING = stat.S_IXGRP | stat.S_IXOTH


def make(home: Path) -> None:
    """Make the home folder, closed to others, if it is not there; one that is there stays as it is.

    Raises Invalid when it cannot be made.
    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise Invalid(
            "home_unusable",
            f"The home folder {home} cannot be used: {error.strerror}.",
            "Nothing was started.",
            "Set NOSTRO_HOME to a folder that you may write to.",
        ) from error


def open_to_others(home: Path) -> str:
    """A sentence that says how to close a home folder that others may look into, or ""."""
    mode = stat.S_IMODE(home.stat().st_mode)
    # As root the database runs as another user, who has to pass through to data that lie inside.
    allowed = _PASSING if _has_data_of_another_user(home) else 0
    if not mode & _OTHERS & ~allowed:
        return ""
    return (
        f"The home folder {home} is open to other users of this machine ({mode:04o}):"
        f" chmod {0o700 | allowed:04o} {home}"
    )


def _has_data_of_another_user(home: Path) -> bool:
    inside = home / "postgresql" / "database"
    try:
        return inside.stat().st_uid != os.geteuid()
    except OSError:
        return False
