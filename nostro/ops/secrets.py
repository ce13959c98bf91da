"""Secrets of the installation itself: files that only the service's own user can read.

A customer's credentials are stored in the database, locked: see nostro.ops.stored_secrets.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from nostro.domain.errors import Invalid, Refused

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}\Z")


class FileSecrets:
    """One file a secret, mode 0600, in a directory of mode 0700."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def knows(self, name: str) -> bool:
        return self._path(name).exists()

    def known(self, names: Collection[str]) -> dict[str, str]:
        """Those of these secrets that there are, by name."""
        return {name: self.read(name) for name in names if self.knows(name)}

    def names(self) -> list[str]:
        """Every secret that lies here, by name."""
        if not self.directory.is_dir():
            return []
        return sorted(path.name for path in self.directory.iterdir() if _NAME.match(path.name))

    def forget(self, name: str) -> None:
        """Take a secret away, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def read(self, name: str) -> str:
        try:
            return self._path(name).read_text()
        except FileNotFoundError:
            raise Refused(
                "secret_unknown",
                f"There is no secret named {name}.",
                can_do=f"Write it into {self._path(name)}, readable by nostro's user only.",
            ) from None

    def written_at(self, name: str) -> datetime:
        """When a secret that is there was made or last renewed."""
        return datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)

    def write(self, name: str, value: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        pending = self._path(f"{name}.new")
        pending.unlink(missing_ok=True)
        handle = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(value)
            file.flush()
            os.fsync(handle)
        pending.replace(self._path(name))

    def read_or_make(self, name: str) -> str:
        """The secret, made of 32 random bytes the first time."""
        if not self._path(name).exists():
            self.write(name, secrets.token_urlsafe(32))
        return self.read(name)

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise Invalid("secret_name", f"{name!r} cannot name a secret.")
        return self.directory / name
