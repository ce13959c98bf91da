"""The key-encryption keys as storage reaches them: what Django's settings were given at start."""

from __future__ import annotations

from django.conf import settings

from nostro.ports import KeyEncryption


def key_encryption() -> KeyEncryption:
    """The key-encryption keys of this installation."""
    return settings.KEY_ENCRYPTION
