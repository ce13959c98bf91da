"""The port Secrets over the database: a customer's credentials are stored locked with its key.

Files of the installation from before are read on until `nostro secrets import` has moved them.
"""

from __future__ import annotations

from collections.abc import Collection

from nostro.domain.errors import Refused
from nostro.ops.secrets import FileSecrets
from nostro.ports import Clock
from nostro.storage import stored_secrets


class StoredSecrets:
    """Secrets of the customer whose unit of work is open."""

    def __init__(self, files: FileSecrets, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    def knows(self, name: str) -> bool:
        return bool(self.known([name]))

    def read(self, name: str) -> str:
        found = self.known([name])
        if name not in found:
            raise Refused(
                "secret_unknown",
                f"There is no secret named {name}.",
                can_do="Give the connection its secret: `nostro connection change --secret`.",
            )
        return found[name]

    def known(self, names: Collection[str]) -> dict[str, str]:
        """Those of these secrets that there are, by name."""
        found = stored_secrets.read(names)
        for name in names:
            if name not in found and self._files.knows(name):
                found[name] = self._files.read(name)
        return found

    def write(self, name: str, value: str) -> None:
        stored_secrets.write(name, value, self._clock.now())
