"""How the terminal tells that something went wrong: three lines, a code, and a number to exit with.

2: the input or a rule said no. 3: nothing happened, try again. 4: it may have happened, ask first.
1: our own mistake; its details are kept in a file.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from nostro.domain.errors import InDoubt, Invalid, NostroError, Unavailable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def exit_code(error: NostroError) -> int:
    if isinstance(error, InDoubt):
        return 4
    return 3 if isinstance(error, Unavailable) else 2


def show(error: NostroError) -> None:
    """What happened, what we did, what you can do; on stderr, each on a line of its own."""
    where = f" ({error.location})" if error.location else ""
    can_do = error.can_do or "Ask whoever looks after this installation."
    print(f"What happened:   {error.happened}{where}", file=sys.stderr)
    print(f"What we did:     {error.did}", file=sys.stderr)
    print(f"What you can do: {can_do} [{error.code}]", file=sys.stderr)


def understood(error: Exception) -> NostroError | None:
    """The plain sentences for failures that any step can meet, or None when it is a mistake."""
    if isinstance(error, NostroError):
        return error
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Unavailable(
            "no_disk_space",
            f"There is no disk space left: {error}.",
            "The step was given up; what was stored before is unchanged.",
            "Free some space, or choose a home folder on another disk, and try again.",
        )
    if type(error).__module__ == "django.db.utils" and type(error).__name__ == "OperationalError":
        from nostro.storage.postgresql.address import not_encrypted

        return not_encrypted(str(error)) or Unavailable(
            "database_unreachable",
            f"The database does not answer: {str(error).strip()}.",
            "The step was given up; what was stored before is unchanged.",
            "Check NOSTRO_DATABASE_URL and that the server runs; a new database needs"
            " `nostro migrate` first.",
        )
    if type(error).__name__ == "ValidationError" and "Configuration" in str(error):
        said = " ".join(line.strip() for line in str(error).splitlines()[1:3]).partition(" [")[0]
        return Invalid(
            "configuration_invalid",
            f"A NOSTRO_ variable has a value that cannot be used: {said}.",
            "Nothing was started.",
            "Correct the variable and try again.",
        )
    return None


def keep_traceback(error: BaseException) -> Path:
    """Write the details of an unexpected failure to a file; returns where."""
    text = "".join(traceback.format_exception(error))
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (_home() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)


def _home() -> Path:
    return Path(os.environ.get("NOSTRO_HOME") or Path.home() / ".nostro")
