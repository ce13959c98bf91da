"""An exported log made in memory by the product's own sealing, and whoever tampers with it."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nostro import verifier
from nostro.domain import audit_chain
from nostro.domain.audit_chain import GENESIS, Tree
from nostro.domain.audit_statement import (
    FIRST,
    PREFIX,
    Checkpoint,
    KeyChange,
    Signed,
    Statement,
    key_id,
    text_of,
)
from nostro.domain.event import Actor, Event, Origin, Seal
from nostro.ops.audit_archive import line_of
from nostro.storage.events import Link

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CUSTOMER = UUID(int=7 << 64)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event with what sealing it needs. Without a key it is sealed as version 1."""

    event: Event
    key: bytes
    erased: bool = False
    commitment: str = ""


def entry(number: int, dice: random.Random, **changes: Any) -> Entry:
    """The n-th made-up event; every twentieth is of version 1."""
    told: dict[str, Any] = {
        "id": str(UUID(int=dice.getrandbits(128))),
        "type": "order.moved",
        "subject_kind": "order",
        "subject_id": str(UUID(int=dice.getrandbits(128))),
        "actor": Actor(kind="person", id=str(UUID(int=number)), name=f"Person {number % 7}"),
        "occurred_at": START + timedelta(seconds=number),
        "data": {"move": "approve", "iban": f"NL{dice.getrandbits(40)}", "n": number},
        "origin": Origin(reason='é \\ "', source_address="192.0.2.1"),
    }
    key = b"" if number % 20 == 3 else dice.randbytes(audit_chain.KEY_BYTES)
    return Entry(event=Event(**(told | changes)), key=key)


class Signer:
    """Signs statements one after another, as ops/checkpoints does."""

    def __init__(self, seed: int) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(sha256(str(seed).encode()).digest())
        self.made: list[Signed] = []

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def sign(self, kind: type[Checkpoint] | type[KeyChange], **told: Any) -> None:
        before = self.made[-1] if self.made else None
        statement: Statement = kind(
            customer=str(CUSTOMER), number=before.number + 1 if before else 1,
            previous=before.digest() if before else FIRST, key=key_id(self.public),
            made_at=START, **told,
        )  # fmt: skip
        text = text_of(statement)
        signature = self.key.sign(PREFIX + text.encode()).hex()
        self.made.append(Signed(number=statement.number, statement=text, signature=signature))

    def change(self, to: Signer) -> None:
        """Name the next key, which signs from now on."""
        self.sign(KeyChange, new_key=key_id(to.public), new_public_key=to.public.hex())
        self.key = to.key


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """An exported log as lines: `entries` are those between the statements and the end."""

    statements: tuple[bytes, ...]
    entries: tuple[bytes, ...]
    after: int = 0

    def content(self) -> bytes:
        head = {"customer": str(CUSTOMER), "exported_at": START, "after": self.after, "version": 1}
        end = {"entries": len(self.entries), "unsealed": 2}
        lines = [
            msgspec.json.encode({"archive": head}) + b"\n",
            *self.statements,
            *self.entries,
            msgspec.json.encode({"end": end}) + b"\n",
        ]
        return b"".join(lines)

    def verify(self, key: bytes, held: Sequence[bytes]) -> verifier.Verdict:
        known = [verifier.statement_of(line, held=True) for line in held]
        return verifier.verify(io.BytesIO(self.content()), key, known)


def log(
    made: Sequence[Entry], signer: Signer, every: int, jumps: dict[int, int] | None = None
) -> Log:
    """Seal entries, with a checkpoint after so many; `jumps` are positions left out after one."""
    tail, position, tree, lines = GENESIS, 0, Tree(), []
    for one in made:
        position += 1
        event, committed = one.event, one.commitment
        if one.key and not committed:
            committed = audit_chain.commitment(one.key, audit_chain.content(event))
        if committed:
            head = audit_chain.entry_hash(audit_chain.entry(position, tail, event, committed))
        else:
            head = audit_chain.chain_hash(position, tail, event)
        seal = Seal(
            position=position, event_id=event.id, previous_hash=tail, hash=head,
            commitment=committed,
        )  # fmt: skip
        key, erased_at = (b"", START) if one.erased else (one.key, None)
        lines.append(line_of(Link(seal=seal, event=event, key=key, erased_at=erased_at)))
        tree.add([bytes.fromhex(head)])
        tail = head
        if tree.entries % every == 0:
            peaks = tuple(peak.hex() for peak in tree.peaks)
            signer.sign(
                Checkpoint, position=position, entries=tree.entries, head=head,
                root=tree.root().hex(), peaks=peaks,
            )  # fmt: skip
        position += (jumps or {}).get(position, 0)
    statements = tuple(signed.line().encode() + b"\n" for signed in signer.made)
    return Log(statements=statements, entries=tuple(lines))
