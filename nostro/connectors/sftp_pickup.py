"""Picks up what a bank puts into an SFTP folder: listed, read one by one, put away once kept.

A file is told from another by name, size and time, as servers of version 3 tell them (whole
seconds): a bank may use a name again for other content.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import PurePosixPath

import asyncssh
import msgspec

from nostro.connectors.sftp_upload import joined
from nostro.domain.errors import Refused

FILE_BYTES_MAX = 1024**3  # The largest statement of a bank is far smaller.
ARCHIVE_NAMES_MAX = 1000
# Names under which others write what is not finished.
_UNFINISHED = (".tmp", ".part", ".filepart", ".writing", ".processing", ".swp")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the pick-up folder as it was listed; `changed_at` in seconds since 1970."""

    name: str
    path: str
    size_bytes: int
    changed_at: int
    is_plain: bool

    def key(self) -> str:
        """One file, not one name."""
        text = f"{self.name}\n{self.size_bytes}\n{self.changed_at}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]


async def listed(
    sftp: asyncssh.SFTPClient, folder: str, unfinished: Iterable[str] = ()
) -> dict[str, Found]:
    """The finished files by their keys, in the order of their names."""
    endings = (*_UNFINISHED, *(ending for ending in unfinished if ending))
    found = []
    for entry in await sftp.readdir(folder or "."):
        name, mode = str(entry.filename), entry.attrs.permissions or 0
        if name.startswith(".") or "/" in name or stat.S_ISDIR(mode) or name.endswith(endings):
            continue
        found.append(
            Found(
                name=name,
                path=joined(folder, name),
                size_bytes=entry.attrs.size or 0,
                changed_at=entry.attrs.mtime or 0,
                is_plain=stat.S_ISREG(mode),
            )
        )
    return {one.key(): one for one in sorted(found, key=lambda one: one.name)}


async def read(sftp: asyncssh.SFTPClient, found: Found) -> bytes | None:
    """Its content; None when it is gone or still being written. Raises Refused for what is no
    plain file (a link could make us read what is not the bank's word) or too large."""
    if not found.is_plain:
        raise _not_taken(found, "is a link or no plain file")
    if found.size_bytes > FILE_BYTES_MAX:
        raise _not_taken(found, f"is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        file = await sftp.open(found.path, "rb")
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        return None
    content: bytes = await file.read(found.size_bytes + 1)
    await file.close()
    return content if len(content) == found.size_bytes else None


async def put_away(sftp: asyncssh.SFTPClient, found: Found, archive_folder: str) -> None:
    """Move it to the archive, beside what is there; "" removes it. What is gone is gone."""
    try:
        if archive_folder:
            await sftp.rename(
                found.path, await _free(sftp, PurePosixPath(archive_folder, found.name))
            )
        else:
            await sftp.remove(found.path)
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        if await sftp.exists(found.path):  # It is the archive that is missing.
            raise


async def _free(sftp: asyncssh.SFTPClient, wanted: PurePosixPath) -> str:
    for number in range(1, ARCHIVE_NAMES_MAX):
        path = wanted if number == 1 else wanted.with_stem(f"{wanted.stem}.{number}")
        if not await sftp.exists(str(path)):
            return str(path)
    raise asyncssh.SFTPFailure(f"{wanted} was used {ARCHIVE_NAMES_MAX} times")


def _not_taken(found: Found, why: str) -> Refused:
    return Refused(
        "file_not_taken",
        f"{found.path} on the bank's server {why}.",
        "It was not read; the other files were.",
        "Ask the bank what it is and have it moved away.",
    )
