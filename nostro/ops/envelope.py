"""Small texts sealed for the installation itself: what belongs to a person, not to a customer.

A sealed text carries its own key, wrapped under a key-encryption key: `v1.<key id>.<wrapped
key>.<ciphertext>`, so a new key-encryption key needs the wrapping renewed only.
"""

from __future__ import annotations

import base64
import binascii

from nostro.ports import WrappedKey
from nostro.storage import ciphertext
from nostro.storage.key_ring import key_encryption

_VERSION = "v1"
_INSTALLATION = "installation"


def seal_text(purpose: str, text: str) -> str:
    """The text encrypted, as printable ASCII. It opens under the same purpose only."""
    bound_to = ciphertext.place(_INSTALLATION, purpose)
    key = ciphertext.new_key()
    locked = ciphertext.lock(key, text.encode(), bound_to)
    return _written(key_encryption().wrap(key, bound_to), locked)


def open_text(purpose: str, sealed: str) -> str:
    """The clear text. Raises Refused: `sealed_for_elsewhere` when it was changed or sealed for
    another purpose, `key_encryption_unknown` when its key-encryption key is not here."""
    bound_to = ciphertext.place(_INSTALLATION, purpose)
    wrapped, locked = _taken_apart(sealed)
    key = key_encryption().unwrap(wrapped, bound_to)
    return ciphertext.unlock(key, locked, bound_to).decode()


def rewrap_text(purpose: str, sealed: str) -> str:
    """The same text under the newest key-encryption key; unchanged when it is already."""
    wrapped, locked = _taken_apart(sealed)
    keys = key_encryption()
    if wrapped.key_id == keys.newest():
        return sealed
    bound_to = ciphertext.place(_INSTALLATION, purpose)
    return _written(keys.wrap(keys.unwrap(wrapped, bound_to), bound_to), locked)


def is_sealed(text: str) -> bool:
    """Is this such a sealed text, rather than a clear one from before there were any?"""
    return text.startswith(f"{_VERSION}.") and text.count(".") == 3


def wrapped_under(sealed: str) -> str:
    """The id of the key-encryption key that a sealed text needs."""
    return _taken_apart(sealed)[0].key_id


def _written(wrapped: WrappedKey, locked: bytes) -> str:
    pieces = [base64.urlsafe_b64encode(part).decode() for part in (wrapped.wrapped, locked)]
    return ".".join((_VERSION, wrapped.key_id, *pieces))


def _taken_apart(sealed: str) -> tuple[WrappedKey, bytes]:
    if not is_sealed(sealed):
        raise ciphertext.sealed_for_elsewhere()
    _, key_id, wrapped, locked = sealed.split(".")
    try:
        parts = [
            base64.b64decode(part, altchars=b"-_", validate=True) for part in (wrapped, locked)
        ]
    except binascii.Error:
        raise ciphertext.sealed_for_elsewhere() from None
    return WrappedKey(key_id=key_id, wrapped=parts[0]), parts[1]
