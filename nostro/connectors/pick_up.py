"""Picks up what another program puts into a folder: each file once, whole, and repeatably."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nostro.connectors.write_once import not_usable
from nostro.domain.errors import Refused
from nostro.ports import Incoming

FILE_BYTES_MAX = 1024**3  # The largest statement of a bank is far smaller.
# Names under which others write what is not finished.
_UNFINISHED = (".tmp", ".part", ".filepart", ".writing", ".processing", ".swp")


def pick_up(folder: str, archive_folder: str, cursor: str) -> Iterator[tuple[Incoming, str]]:
    """Files in the order of their names. The cursor names every file kept so far that is still in
    the folder, so nothing depends on the order in which files appear there.

    With `archive_folder` what was kept is moved there at the next call. What is no plain file, or
    too large, is Refused after all others were given.
    """
    before = frozenset(cursor.split())
    files = _files(Path(folder))
    kept = before & set(files)
    refused: Refused | None = None
    if archive_folder:
        _archive(Path(archive_folder), [files[key] for key in kept])
        kept = frozenset()
    for key, path in files.items():
        if key in before:
            continue
        try:
            content, changed = _read(path)
        except Refused as error:
            refused = refused or error
            continue
        except FileNotFoundError:  # another reader of the folder took it
            continue
        except OSError as error:
            raise not_usable(path.parent, error) from error
        kept |= {key}
        incoming = Incoming(
            name=path.name,
            media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            content=content,
            received_at=datetime.fromtimestamp(changed, UTC),
        )
        yield incoming, " ".join(sorted(kept))
    if refused:
        raise refused


def _files(folder: Path) -> dict[str, Path]:
    try:
        paths = sorted(
            path
            for path in folder.iterdir()
            if not path.name.startswith(".")
            and not path.name.endswith(_UNFINISHED)
            and not stat.S_ISDIR(path.lstat().st_mode)
        )
        return {_key(path): path for path in paths}
    except OSError as error:
        raise not_usable(folder, error) from error


def _archive(archive: Path, paths: list[Path]) -> None:
    for path in paths:
        try:
            archive.mkdir(parents=True, exist_ok=True)
            path.rename(_free(archive / path.name))
        except OSError as error:
            raise not_usable(archive, error) from error


def _read(path: Path) -> tuple[bytes, float]:
    """Content and time of a plain file; a link could make us read what is not the bank's."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _not_taken(path, "is a link or no plain file")
    # Without following a link that was put there just now, and without waiting for a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise _not_taken(path, "is no plain file")
        content = file.read(FILE_BYTES_MAX + 1) if seen.st_size <= FILE_BYTES_MAX else b""
        if max(seen.st_size, len(content)) > FILE_BYTES_MAX:
            raise _not_taken(path, f"is larger than {FILE_BYTES_MAX:,} bytes")
        return content, seen.st_mtime


def _not_taken(path: Path, why: str) -> Refused:
    return Refused(
        "file_not_taken",
        f"{path} {why}.",
        "It was not read; the other files were.",
        "Find out who put it there and move it away.",
    )


def _key(path: Path) -> str:
    """One file, not one name: a bank may use a name again for other content."""
    seen = path.lstat()
    text = f"{path.name}\n{seen.st_size}\n{seen.st_mtime_ns}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _free(wanted: Path) -> Path:
    path, number = wanted, 1
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.stem}.{number}{wanted.suffix}")
    return path
