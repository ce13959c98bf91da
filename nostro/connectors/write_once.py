"""Hands a file to somebody else's folder exactly once, whole or not at all, and safe on disk.

The reader of the folder never sees half a file: the bytes are written under a hidden name, forced
to the disk and then given their name in one step. A name that is there already with the same
bytes is a delivery that we had forgotten; with other bytes it is somebody else's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nostro.domain.errors import ConnectionUnfit, InDoubt, Invalid, Refused, Unavailable

# Folders of file servers that know no hard links, and so no naming that can't overwrite.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EOPNOTSUPP})

# Answers of the file system to link or rename after which the file surely has no new name. Any
# other (EIO, ESTALE, ETIMEDOUT, and ENOENT to a request that was repeated) may come too late.
_NOT_NAMED = _NO_LINKS | {
    errno.EACCES,
    errno.EDQUOT,
    errno.EINVAL,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EROFS,
    errno.EXDEV,
}


def write_once(folder: str, name: str, content: bytes, taken_folders: Sequence[str] = ()) -> None:
    """Put `content` into `folder` as `name`, unless it is there, or in `taken_folders`, already.

    Raises Invalid for a name that is no plain file name, Refused when the name holds other bytes,
    Unavailable (ConnectionUnfit without the right) when nothing was handed over, InDoubt when it
    was but may not survive a crash.
    """
    _check_name(name)
    place = Path(folder)
    for known in (place, *map(Path, taken_folders)):
        if _is_there(known / name, content):
            return
    try:
        hidden = _write_hidden(place, name, content)
    except OSError as error:
        raise not_usable(place, error) from error
    try:
        _name(hidden, place / name)
    except FileExistsError:  # somebody was faster
        if not _is_there_now(place / name, content):
            raise Unavailable(
                "file_just_taken",
                f"{name} appeared in {place} and was taken while we were writing it.",
                "We handed nothing over.",
                "Nothing to do: we look again.",
            ) from None
    except OSError as error:
        if error.errno in _NOT_NAMED:
            raise not_usable(place, error) from error
        raise _may_be_there(place / name, error) from error
    finally:
        with contextlib.suppress(OSError):  # What is left over is hidden and does no harm.
            hidden.unlink(missing_ok=True)
    _force_to_disk(place)


def not_usable(folder: Path, error: OSError) -> Unavailable:
    """What an error of the file system means: nothing happened; who must act."""
    happened = f"The folder {folder} cannot be used: {error.strerror or error}."
    if isinstance(error, PermissionError | NotADirectoryError):
        return ConnectionUnfit(
            "folder_not_allowed",
            happened,
            "Nothing was read or written.",
            "Give the user that runs nostro the right to read and write there.",
        )
    return Unavailable(
        "folder_not_usable",
        happened,
        "Nothing was read or written.",
        "We try again. Check that it is there, mounted and has free space.",
    )


def _check_name(name: str) -> None:
    if not name or name.startswith(".") or Path(name).name != name or not name.isprintable():
        raise Invalid(
            "file_name_invalid",
            f"{name[:80]!r} is not a plain file name.",
            can_do="Correct the file name in the connection's profile.",
        )


def _is_there(path: Path, content: bytes) -> bool:
    try:
        same = path.read_bytes() == content
    except FileNotFoundError:
        return False
    except OSError as error:
        raise not_usable(path.parent, error) from error
    if same:
        return True
    raise Refused(
        "file_name_taken",
        f"{path} is there already, with other content.",
        "We left it as it is and handed nothing over.",
        "Find out who wrote it; move it away if it is not ours.",
    )


def _is_there_now(path: Path, content: bytes) -> bool:
    """Like `_is_there`, after we tried to give it its name: what cannot be read may be ours."""
    try:
        return _is_there(path, content)
    except Unavailable as error:
        raise _may_be_there(path, error) from error


def _may_be_there(path: Path, error: Exception) -> InDoubt:
    why = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return InDoubt(
        "file_may_be_there",
        f"{path} was being handed over when the folder failed: {why}.",
        "We do not write it again before we know.",
        "Look whether it is there, or was taken.",
    )


def _write_hidden(folder: Path, name: str, content: bytes) -> Path:
    descriptor, text = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    path = Path(text)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Whoever may read the folder may read the file: the bank's program is another user.
        path.chmod(0o600 | (0o660 & folder.stat().st_mode))
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _name(hidden: Path, final: Path) -> None:
    """Give the file its name without ever overwriting another. Raises FileExistsError."""
    try:
        os.link(hidden, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if final.exists():
            raise FileExistsError(errno.EEXIST, "exists", str(final)) from None
        hidden.rename(final)


def _force_to_disk(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InDoubt(
            "file_may_be_lost",
            f"The file was handed over to {folder}, but the disk did not confirm it: {error}.",
            "We do not write it again.",
            "Look whether it is there.",
        ) from error
