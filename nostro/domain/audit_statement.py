"""What is signed about a customer's chain and leaves the database: checkpoints, changes of key."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import msgspec

from nostro.domain.canonical import canonical

# Signed before every statement, so that no other text signed with the key can pass for one.
PREFIX = b"nostro audit statement\n"
PACK_PREFIX = b"nostro evidence pack\n"  # The same before the manifest of an evidence pack.
FIRST = "0" * 64  # What the first statement of a customer names as the one before it.


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="checkpoint"):
    """How a customer's chain was at a time: its last position, its head, the tree over all of it.

    Digests are hexadecimal; `previous` is that of the statement before, `key` the signing key's id.
    """

    customer: str
    number: int
    previous: str
    key: str
    made_at: datetime
    position: int
    entries: int
    head: str
    root: str
    peaks: tuple[str, ...]
    version: int = 1


class KeyChange(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="key_change"):
    """From here on another key signs; this statement is signed by the one before."""

    customer: str
    number: int
    previous: str
    key: str
    made_at: datetime
    new_key: str
    new_public_key: str
    version: int = 1


Statement = Checkpoint | KeyChange
_READER: msgspec.json.Decoder[Statement] = msgspec.json.Decoder(Statement)


class _Line(msgspec.Struct, frozen=True):
    signature: str
    statement: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as its canonical text, and the Ed25519 signature over PREFIX and that text."""

    number: int
    statement: str
    signature: str

    def line(self) -> str:
        """As it leaves the database: one line of JSON, without its end."""
        return f'{{"signature":"{self.signature}","statement":{self.statement}}}'

    def digest(self) -> str:
        """What the next statement names as the one before it."""
        return sha256(self.statement.encode()).hexdigest()


def signed_of(line: bytes) -> Signed:
    """A statement from its line. Raises msgspec.ValidationError or DecodeError when it is none."""
    found = _LINE.decode(line)
    text = bytes(found.statement).decode()
    return Signed(number=read(text).number, statement=text, signature=found.signature)


def read(text: str) -> Statement:
    """What a statement says. Raises msgspec.ValidationError when it says nothing of ours."""
    return _READER.decode(text)


def text_of(statement: Statement) -> str:
    """The canonical text, which is what is signed."""
    return canonical(statement).decode()


def key_id(public_key: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public_key).hexdigest()[:16]
