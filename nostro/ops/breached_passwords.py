"""Passwords that stand on a list of known ones are refused: such lists are tried first.

Two lists besides Django's own of common ones, each used when it is configured: a file, and a
service that is told no more than the first five digits of a digest. Both are in the form of Have I
Been Pwned: SHA-1 of a password in upper-case hexadecimal, a colon, and how often it was seen.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from django.core.exceptions import ValidationError

log = structlog.get_logger()

_PREFIX: Final = 5
_SECONDS: Final = 3


class NotBreached:
    """Django's password validator. `file` is sorted by digest; `address` is asked for
    <address>/<five digits>. A service that does not answer refuses nothing: it is logged."""

    def __init__(
        self,
        file: Path | None = None,
        address: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._file = file
        self._address = address.rstrip("/")
        self._transport = transport

    def validate(self, password: str, user: Any = None) -> None:
        # What the lists are made of; nothing is protected by this digest.
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        if (self._file and _in_file(self._file, digest)) or self._at_service(digest):
            raise ValidationError(
                "This password is known from a breach of another service.",
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return "Your password must not be known from a breach of another service."

    def _at_service(self, digest: str) -> bool:
        if not self._address:
            return False
        try:
            with httpx.Client(timeout=_SECONDS, transport=self._transport) as client:
                answer = client.get(
                    f"{self._address}/{digest[:_PREFIX]}", headers={"Add-Padding": "true"}
                )
                answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("breach_list_unreachable", why=type(error).__name__)
            return False
        return _counted(answer.text.splitlines(), digest[_PREFIX:])


def _counted(lines: Sequence[str], rest: str) -> bool:
    """Whether the rest of the digest was seen; padding has the count 0."""
    return any(
        line.upper().startswith(f"{rest}:") and line.partition(":")[2].strip() != "0"
        for line in lines
    )


def _in_file(path: Path, digest: str) -> bool:
    """Whether a line of the sorted file begins with the digest: by halves, the file may be huge."""
    wanted = digest.encode()
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
            low, high = 0, len(lines)
            while low < high:
                start = lines.rfind(b"\n", 0, (low + high) // 2) + 1
                found = lines[start : start + len(wanted)].upper()
                if found == wanted:
                    return True
                if found < wanted:
                    end = lines.find(b"\n", start)
                    low = len(lines) if end < 0 else end + 1
                else:
                    high = start
    return False
