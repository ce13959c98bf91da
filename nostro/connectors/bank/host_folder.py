"""A bank reached by two folders on this machine: we drop payment files, we pick its messages up.

The usual host-to-host link, with somebody else's program carrying the folders to the bank.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nostro.connectors import Connector
from nostro.connectors.write_once import not_usable, write_once
from nostro.domain.errors import Refused
from nostro.domain.payment import Rail
from nostro.ports import Incoming, Outgoing, Receipt

FILE_BYTES_MAX = 1024**3  # The largest statement of a bank is far smaller.
# Names under which others write what is not finished.
_UNFINISHED = (".tmp", ".part", ".filepart", ".writing", ".processing", ".swp")


class HostFolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`drop_folder` is where we put files, `pickup_folder` where the bank puts its own.

    `taken_folders`: where the bank's program moves files that it has taken; a file found there
    counts as delivered. `archive_folder`: where picked-up files go once they are safely kept (on
    the same file system as `pickup_folder`); empty leaves them. `profile`: the bank's dialect.
    """

    drop_folder: str
    pickup_folder: str
    archive_folder: str = ""
    taken_folders: tuple[str, ...] = ()
    payment_format: str = "pain_001"
    profile: str = ""


class HostFolder:
    def __init__(self, config: HostFolderConfig) -> None:
        self._config = config

    def rails(self) -> frozenset[Rail]:
        return frozenset(Rail)

    def payment_format(self) -> str:
        return self._config.payment_format

    def send(self, outgoing: Outgoing) -> Receipt:
        """Delivered means: in the bank's folder, whole. The bank's word comes as a message."""
        config = self._config
        write_once(config.drop_folder, outgoing.file_name, outgoing.content, config.taken_folders)
        return Receipt(reference="")

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """Files in the order of their names. The cursor names every file kept so far that is
        still in the folder, so nothing depends on the order in which files appear there.

        What is no plain file, or too large, is Refused after all others were given.
        """
        before = frozenset(cursor.split())
        files = self._files()
        kept = before & set(files)
        refused: Refused | None = None
        if self._config.archive_folder:
            self._archive([files[key] for key in kept])
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

    def _files(self) -> dict[str, Path]:
        folder = Path(self._config.pickup_folder)
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

    def _archive(self, paths: list[Path]) -> None:
        archive = Path(self._config.archive_folder)
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


def _open(config: HostFolderConfig, secrets: dict[str, str]) -> HostFolder:
    return HostFolder(config)


CONNECTOR = Connector(
    name="host_folder",
    title="Bank by folders (host to host)",
    document="POSIX.1-2017 files: link, rename and fsync; tried with mock-bank 0.9.0's folders",
    config=HostFolderConfig,
    open=_open,
    example=HostFolderConfig(
        drop_folder="/var/lib/bank/out", pickup_folder="/var/lib/bank/in", profile="mock_bank"
    ),
)
