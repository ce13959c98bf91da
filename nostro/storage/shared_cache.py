"""What every process must know for a while: failed sign-ins, codes that were used. In PostgreSQL.

Django's own database cache keeps pickles, which run code when they are read; these are JSON.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from nostro.storage import queries

_FOR_EVER: Final = 100 * 365 * 24 * 3600


class SharedCache(BaseCache):
    """Django's cache over the table shared_note; values are whatever JSON can hold."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        found = queries.rows("shared_note_read", key=self.make_and_validate_key(key, version))
        return msgspec.json.decode(found[0]["value"]) if found else default

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return queries.run("shared_note_add", **self._row(key, value, timeout, version)) > 0

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        queries.run("shared_note_write", **self._row(key, value, timeout, version))

    def touch(
        self,
        key: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        wanted = self.make_and_validate_key(key, version)
        return queries.run("shared_note_touch", key=wanted, seconds=self._seconds(timeout)) > 0

    def delete(self, key: Any, version: int | None = None) -> bool:
        return queries.run("shared_note_forget", key=self.make_and_validate_key(key, version)) > 0

    def clear(self) -> None:
        queries.run("shared_note_forget_all")

    def _row(
        self, key: Any, value: Any, timeout: float | None, version: int | None
    ) -> dict[str, Any]:
        return {
            "key": self.make_and_validate_key(key, version),
            "value": msgspec.json.encode(value).decode(),
            "seconds": self._seconds(timeout),
        }

    def _seconds(self, timeout: Any) -> float:
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return _FOR_EVER if timeout is None else max(timeout, 0)
