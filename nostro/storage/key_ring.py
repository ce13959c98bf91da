"""The key-encryption keys as storage reaches them: what Django's settings were given at start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from nostro.ports import KeyEncryption


def key_encryption() -> KeyEncryption:
    """The key-encryption keys of this installation."""
    return settings.KEY_ENCRYPTION


@contextmanager
def using(keys: KeyEncryption) -> Iterator[None]:
    """Other keys for the whole process meanwhile: those of a backup that is brought back."""
    before = settings.KEY_ENCRYPTION
    settings.KEY_ENCRYPTION = keys
    try:
        yield
    finally:
        settings.KEY_ENCRYPTION = before
