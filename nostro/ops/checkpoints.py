"""Checkpoints: what a customer's chain is at a time, signed, and kept where the database is not.

Statements of a customer follow each other by number and digest. The signing key (Ed25519, RFC 8032)
is a secret of the installation; a change of it is a statement that the old key signs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from nostro.domain.audit_statement import (
    FIRST,
    PREFIX,
    Checkpoint,
    KeyChange,
    Signed,
    Statement,
    key_id,
    read,
    text_of,
)
from nostro.domain.errors import Refused, Unavailable
from nostro.ops.secrets import FileSecrets
from nostro.storage import audit_statements, events
from nostro.storage.tenancy import tenant

KEY = "audit_signing_key"  # Names the key that signs now; each key is a secret of its own name.
EVERY = timedelta(minutes=1)  # A busy log gets one checkpoint a minute, not one a batch.


class Place(Protocol):
    """Where statements go outside the database; the same one again changes nothing.

    Raises OSError, Unavailable or Refused when it cannot be done.
    """

    def keep(self, customer: UUID, waiting: Sequence[Signed], now: datetime) -> None:
        """Keep statements, in their order, so that they outlive a crash."""

    def statements(self, customer: UUID, but: Collection[str] = ()) -> list[Signed]:
        """What is kept of a customer, but for statements of these digests."""


def current_key(secrets: FileSecrets) -> str:
    """The id of the key that signs now; makes the first one."""
    if not secrets.knows(KEY):
        secrets.write(KEY, _make_key(secrets))
    return secrets.read(KEY)


def public_key(secrets: FileSecrets, name: str = "") -> bytes:
    """The 32 bytes of a public key by its id; of the current one without."""
    return _key(secrets, name or current_key(secrets)).public_key().public_bytes_raw()


def sign_text(text: bytes, secrets: FileSecrets) -> tuple[str, str]:
    """The id of the key that signs now, and its signature of the text, hexadecimal.

    The text must begin with a prefix of its own kind, so that it can pass for nothing else.
    """
    name = current_key(secrets)
    return name, _key(secrets, name).sign(text).hex()


def make(tenant_id: UUID, secrets: FileSecrets, now: datetime) -> bool:
    """Sign how one customer's chain is now, unless that is signed already; True when it was."""
    with transaction.atomic(using="ops"):
        if not events.lock_chain(tenant_id):
            return False
        position, head, tree = events.tree(tenant_id)
        before = audit_statements.last(tenant_id)
        if position <= audit_statements.last_position(tenant_id):
            return False
        checkpoint = Checkpoint(
            customer=str(tenant_id),
            number=before.number + 1 if before else 1,
            previous=before.digest() if before else FIRST,
            key=_signer(before, secrets),
            made_at=now,
            position=position,
            entries=tree.entries,
            head=head,
            root=tree.root().hex(),
            peaks=tuple(peak.hex() for peak in tree.peaks),
        )
        audit_statements.add(tenant_id, _sign(checkpoint, secrets), position, now)
    return True


def attend(
    secrets: FileSecrets, places: Sequence[Place], now: datetime, *, at_once: bool = False
) -> int:
    """Sign every chain that grew, and export what some place does not have yet; returns how many
    statements left. Raises as `export` does."""
    sign(secrets, now, at_once=at_once)
    return export(places, now)


def sign(secrets: FileSecrets, now: datetime, *, at_once: bool = False) -> None:
    """Sign every chain that grew, at most once in EVERY unless `at_once`."""
    for tenant_id in audit_statements.behind(now if at_once else now - EVERY):
        make(tenant_id, secrets, now)


def export(places: Sequence[Place], now: datetime) -> int:
    """Let every place keep what was not exported yet; returns how many statements were.

    Raises the first place's error after all others were served. A place that is away is not asked
    again for each customer.
    """
    exported, failure, away = 0, None, list[Place]()
    for tenant_id in audit_statements.unexported_customers():
        waiting = audit_statements.unexported(tenant_id)
        kept = not away
        for place in (one for one in places if one not in away):
            try:
                place.keep(tenant_id, waiting, now)
            except (OSError, Unavailable, Refused) as error:
                failure, kept = failure or error, False
                if isinstance(error, Unavailable):
                    away.append(place)
        for signed in waiting if kept else ():
            audit_statements.exported(tenant_id, signed.number, now)
            exported += 1
    if failure:
        raise failure
    return exported


def known(tenant_id: UUID, places: Sequence[Place]) -> list[Checkpoint]:
    """The checkpoints of one customer that the database and places outside of it have."""
    with tenant(tenant_id):
        found = {one.digest(): one for one in audit_statements.of_this_customer()}
    for place in places:
        found |= {one.digest(): one for one in place.statements(tenant_id, found.keys())}
    told = [read(one.statement) for one in found.values()]
    return [one for one in told if isinstance(one, Checkpoint)]


def change_key(secrets: FileSecrets, now: datetime) -> str:
    """Let another key sign from now on; returns its id. Safe to repeat after a crash.

    Every customer's statements name the new key, signed by the old one, which is then destroyed.
    """
    current_key(secrets)
    new = _make_key(secrets)
    secrets.write(KEY, new)
    for tenant_id in audit_statements.customers():
        with transaction.atomic(using="ops"):
            events.wait_for_chain(tenant_id)
            before = audit_statements.last(tenant_id)
            if before and _signer(before, secrets) != new:
                change = KeyChange(
                    customer=str(tenant_id),
                    number=before.number + 1,
                    previous=before.digest(),
                    key=_signer(before, secrets),
                    made_at=now,
                    new_key=new,
                    new_public_key=public_key(secrets, new).hex(),
                )
                position = audit_statements.last_position(tenant_id)
                audit_statements.add(tenant_id, _sign(change, secrets), position, now)
    for name in secrets.names():
        if name.startswith(f"{KEY}_") and name != f"{KEY}_{new}":
            secrets.forget(name)
    return new


def _signer(before: Signed | None, secrets: FileSecrets) -> str:
    """Which key a customer's next statement is signed with.

    When that one is lost it is the current one, unannounced: auditors must be given it anew.
    """
    told = read(before.statement) if before else None
    name = told.new_key if isinstance(told, KeyChange) else told.key if told else ""
    return name if name and secrets.knows(f"{KEY}_{name}") else current_key(secrets)


def _sign(statement: Statement, secrets: FileSecrets) -> Signed:
    text = text_of(statement)
    signature = _key(secrets, statement.key).sign(PREFIX + text.encode())
    return Signed(number=statement.number, statement=text, signature=signature.hex())


def _key(secrets: FileSecrets, name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secrets.read(f"{KEY}_{name}")))


def _make_key(secrets: FileSecrets) -> str:
    made = Ed25519PrivateKey.generate()
    name = key_id(made.public_key().public_bytes_raw())
    secrets.write(f"{KEY}_{name}", made.private_bytes_raw().hex())
    return name
