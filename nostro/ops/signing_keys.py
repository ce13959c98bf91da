"""The keys that sign sessions and forms: a new one is accepted everywhere before it signs anywhere.

Web processes look into the file at each request. A new key signs a minute after it was written:
until then every process has seen it, so none meets a signature that it does not know.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from nostro.ops.secrets import FileSecrets
from nostro.ports import Clock
from nostro.storage import ciphertext

NAME: Final = "django_secret_key"
KNOWN_FIRST: Final = timedelta(minutes=1)
# What was signed may be shown for so long: a link in a mail lives three days, a session less.
ACCEPTED_FOR: Final = timedelta(days=7)
_ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and from when on it signs; the first one of an installation always did."""

    key: str
    signs_from: datetime = _ALWAYS

    def __repr__(self) -> str:
        return f"SigningKey({self.signs_from:%Y-%m-%d})"

    @property
    def name(self) -> str:
        """What it is called where it must not be shown."""
        return ciphertext.key_id(self.key.encode())


class SigningKeys:
    """One file of secrets: a key a line and since when it signs, the newest first."""

    def __init__(self, files: FileSecrets, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    def all(self) -> tuple[SigningKey, ...]:
        lines = self._files.read_or_make(NAME).splitlines()
        return tuple(_parsed(line.split()) for line in lines if line.strip())

    def now(self) -> tuple[str, list[str]]:
        """The key that signs, and all that are accepted."""
        known, now = self.all(), self._clock.now()
        signs = next((one for one in known if one.signs_from <= now), known[-1])
        return signs.key, [one.key for one in known]

    def rotate(self) -> SigningKey:
        """A new key; those that nothing valid can be signed with any more are forgotten."""
        now, known = self._clock.now(), self.all()
        made = SigningKey(key=secrets.token_urlsafe(32), signs_from=now + KNOWN_FIRST)
        kept = [made]
        for one in known:
            if kept[-1].signs_from < now - ACCEPTED_FOR:
                break  # Its successor signs for longer than anything signed before is valid.
            kept.append(one)
        text = "".join(f"{one.key} {one.signs_from.isoformat()}\n" for one in kept)
        self._files.write(NAME, text)
        return made


def _parsed(words: list[str]) -> SigningKey:
    if len(words) == 1:
        return SigningKey(key=words[0])
    return SigningKey(key=words[0], signs_from=datetime.fromisoformat(words[1]))
