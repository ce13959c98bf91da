"""Locking bytes with AES-256-GCM, each bound to the place where it belongs.

NIST SP 800-38D: a fresh 96-bit nonce for each text, a 128-bit tag, the place as associated data. A
ciphertext moved to another row, purpose or customer does not open there.
"""

from __future__ import annotations

import hashlib
import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nostro.domain.errors import Refused

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def new_key() -> bytes:
    """256 random bits."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def key_id(key: bytes) -> str:
    """What a key is called where it must not be shown: 16 hexadecimal digits that follow from it,
    so that two places that hold the same key call it the same."""
    return hashlib.sha256(b"nostro key id\0" + key).hexdigest()[:16]


def place(*parts: str) -> bytes:
    """The associated data of a place: its parts, none of which can run into the next."""
    return msgspec.json.encode(parts)


def lock(key: bytes, clear: bytes, bound_to: bytes) -> bytes:
    """Nonce, ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, bound_to)


def unlock(key: bytes, locked: bytes, bound_to: bytes) -> bytes:
    """The clear bytes. Raises Refused (`sealed_for_elsewhere`) when key or place are not those that
    they were locked with, or a bit has changed."""
    if len(locked) < NONCE_BYTES + TAG_BYTES:
        raise sealed_for_elsewhere()
    try:
        return AESGCM(key).decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], bound_to)
    except InvalidTag:
        raise sealed_for_elsewhere() from None


def sealed_for_elsewhere() -> Refused:
    return Refused(
        "sealed_for_elsewhere",
        "What is stored here encrypted does not open: it was changed, or moved here.",
        "Nothing of it was used.",
        "Restore the row from a backup, and find out who changed it.",
    )
