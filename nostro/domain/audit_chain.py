"""The audit chain: how an event is bound to all before it, and what of it can still be erased.

An entry of version 2 is the canonical JSON of position, previous hash, the plain part of the event
and a keyed commitment to the rest (HMAC-SHA256, RFC 2104, under a random key of its own). Its hash
is SHA-256 over these bytes. Version 1, written before, covers the whole event in plain.
See docs/decisions/0006-the-audit-chain.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from nostro.domain.canonical import canonical, digest_of_bytes
from nostro.domain.event import Actor, Event

GENESIS = "0" * 64
KEY_BYTES = 16
ERASED = "audit.erased"  # The event that says which events' content was erased.


class _ActorPart(msgspec.Struct, frozen=True):
    id: str
    kind: str


class _EventPart(msgspec.Struct, frozen=True):
    actor: _ActorPart
    id: str
    occurred_at: datetime
    subject: _ActorPart
    type: str


class _Entry(msgspec.Struct, frozen=True):
    commitment: str
    event: _EventPart
    position: int
    previous_hash: str
    version: int = 2


class _Content(msgspec.Struct, frozen=True):
    actor_name: str
    data: dict[str, Any]
    on_behalf_of: Actor | None
    reason: str
    source_address: str
    trace_id: str


def chain_hash(position: int, previous_hash: str, event: Event) -> str:
    """Version 1: SHA-256 over position, previous hash and the event's canonical bytes."""
    head, body = first_version(position, previous_hash, event)
    return digest_of_bytes(head + b"\n" + body)


def first_version(position: int, previous_hash: str, event: Event) -> tuple[bytes, bytes]:
    """Version 1 of an entry: its head and its event. Origins came later and are not in it."""
    told = {name: getattr(event, name) for name in Event.__struct_fields__ if name != "origin"}
    return canonical({"position": position, "previous_hash": previous_hash}), canonical(told)


def content(event: Event) -> bytes:
    """What of an event can be erased, canonical: who acted by name, how, why and from where."""
    origin = event.origin
    return canonical(
        _Content(
            event.actor.name,
            event.data,
            origin.on_behalf_of,
            origin.reason,
            origin.source_address,
            origin.trace_id,
        )
    )


def commitment(key: bytes, told: bytes) -> str:
    """HMAC-SHA256 of the content under the event's own key of KEY_BYTES random bytes.

    Without the key nobody can try guesses against it. Raises ValueError for a key of other length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a commitment's key has {KEY_BYTES} bytes")
    return hmac.digest(key, told, "sha256").hex()


def entry(position: int, previous_hash: str, event: Event, committed: str) -> bytes:
    """Version 2 of an entry: what its hash covers. None of it is ever erased."""
    return canonical(
        _Entry(
            committed,
            _EventPart(
                _ActorPart(event.actor.id, event.actor.kind),
                event.id,
                event.occurred_at,
                _ActorPart(event.subject_id, event.subject_kind),
                event.type,
            ),
            position,
            previous_hash,
        )
    )


def entry_hash(written: bytes) -> str:
    """SHA-256 of an entry of version 2, as 64 hexadecimal digits."""
    return sha256(written).hexdigest()


class Tree(msgspec.Struct):
    """A Merkle tree over a whole chain as RFC 9162, section 2.1.1 builds it, known by its peaks.

    Leaves are the entries' hashes themselves: an entry begins with "{", an inner node with 0x01.
    `peaks` are the roots of its full subtrees, the largest first: about log2 of `entries`.
    """

    entries: int = 0
    peaks: list[bytes] = []

    def add(self, leaves: Iterable[bytes]) -> None:
        """Append entries' hashes, 32 bytes each."""
        for leaf in leaves:
            node, left = leaf, self.entries
            while left & 1:
                node = sha256(b"\1" + self.peaks.pop() + node).digest()
                left >>= 1
            self.peaks.append(node)
            self.entries += 1

    def root(self) -> bytes:
        """The root over all entries; GENESIS's bytes when there is none."""
        if not self.peaks:
            return bytes.fromhex(GENESIS)
        *before, node = self.peaks
        for peak in reversed(before):
            node = sha256(b"\1" + peak + node).digest()
        return node


def tree_of(entries: int, peaks: Iterable[str]) -> Tree:
    """A tree as it was written down: peaks in hexadecimal."""
    return Tree(entries, [bytes.fromhex(peak) for peak in peaks])
