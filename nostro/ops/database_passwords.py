"""The passwords of the three database roles: changed while everything runs, without a refusal.

PostgreSQL knows one password a role. So a new one is first written beside the old one, then given
to the server, then the old one is taken away: whoever connects meanwhile finds the right one among
the two, and a change that was cut off at any point locks nobody out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from nostro.ops.secrets import FileSecrets
from nostro.storage.database import ROLES


class DatabasePasswords:
    """A file of secrets for each role, `database_<role>`: a password a line, at most a few."""

    def __init__(self, files: FileSecrets) -> None:
        self._files = files

    def of(self, role: str) -> tuple[str, ...]:
        """Those that may be right; one, unless a change is under way. The first is made here."""
        return tuple(self._files.read_or_make(name_of(role)).split())

    def now(self) -> dict[str, str]:
        """One of each role, for whoever sets them: `nostro migrate` gives it to the server."""
        return {role: self.of(role)[0] for role in ROLES}

    def change(self, role: str, tell_server: Callable[[str], None]) -> None:
        """A new password for a role. Only one process may do so at a time."""
        made = secrets.token_urlsafe(32)
        self._files.write(name_of(role), "\n".join((*self.of(role), made)))
        tell_server(made)
        self._files.write(name_of(role), made)


def name_of(role: str) -> str:
    return f"database_{role}"
