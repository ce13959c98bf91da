"""New keys beside the old: what is written takes the newest, what was written stays readable.

Each step may be stopped and done again; none holds up a payment, a sign-in or a reader.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from django.db import IntegrityError

from nostro.ops import envelope
from nostro.ops.database_passwords import DatabasePasswords
from nostro.ops.key_encryption import KeyFile
from nostro.ops.secrets import FileSecrets
from nostro.ops.signing_keys import SigningKey, SigningKeys
from nostro.storage import (
    data_keys,
    events,
    evidence_keys,
    parties,
    second_factors,
    stored_secrets,
    webhooks,
)
from nostro.storage.database import ALIAS_OF, ROLES, changing_password
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

BATCH: Final = 200
SECOND_FACTOR: Final = "second_factor"
# No unit of work lasts so long: what was begun with an old key is written by then.
WRITTEN_BY_THEN: Final = timedelta(hours=1)
_MOVED: Final = ("connection.", "webhook.")


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """How many were locked anew, and how many old keys were destroyed."""

    relocked: int
    destroyed: int


def rotate_data_keys(acting: Acting) -> Rotated:
    """New data keys for a customer; secrets and keys of evidence are locked with them.

    Old keys are destroyed once nothing is locked with them and an hour has passed: the next
    rotation does it, or `lock_anew`.
    """
    with tenant(acting.tenant_id):
        made = {purpose: str(data_keys.rotate(purpose)) for purpose in data_keys.ROTATED}
        said = {"keys": made, "reason": acting.reason}
        told = acting.event("customer.keys_rotated", "customer", acting.tenant_id, **said)
        events.record([told])
    return lock_anew(acting)


def lock_anew(acting: Acting) -> Rotated:
    """Lock with the newest data keys what is not yet; destroy the keys that nothing needs."""
    relocked = 0
    for relock in (stored_secrets.relock, evidence_keys.relock):
        done = BATCH
        while done == BATCH:
            with tenant(acting.tenant_id):
                done = relock(BATCH)
            relocked += done
    return Rotated(relocked=relocked, destroyed=_destroyed(acting))


def _destroyed(acting: Acting) -> int:
    try:
        with tenant(acting.tenant_id):
            return data_keys.drop_unused(acting.world.clock.now() - WRITTEN_BY_THEN)
    except IntegrityError:  # Something was written with one of them just now: another time.
        return 0


def rotate_key_encryption(acting: Acting, file: KeyFile) -> int:
    """A new key-encryption key; returns how many keys are wrapped under it now. `acting` names who
    does it and why; its customer is not used."""
    before = file.held()[0].id
    _tell(acting, "key-encryption", before=before, after=file.add().id)
    return wrap_anew()


def rotate_signing(acting: Acting, keys: SigningKeys) -> SigningKey:
    """A new key that signs sessions and forms; `acting` as above."""
    before, made = keys.all()[0], keys.rotate()
    signs_from = made.signs_from.isoformat()
    _tell(acting, "signing", before=before.name, after=made.name, signs_from=signs_from)
    return made


def rotate_database_passwords(acting: Acting, passwords: DatabasePasswords) -> list[str]:
    """A new password for each of the three database roles; returns their names. `acting` as above.

    Who is connected stays so; who connects meanwhile tries both. An external server is served the
    same way: a role may change its own password.
    """
    for role in ROLES:
        with changing_password(ALIAS_OF[role]) as tell_server:
            passwords.change(role, tell_server)
    _tell(acting, "database", roles=list(ROLES))
    return list(ROLES)


def _tell(acting: Acting, what: str, **told: object) -> None:
    """A key of the installation protects what every customer has: it is in the log of each. A key
    goes by its name there, which follows from it and opens nothing."""
    for customer in parties.customers():
        there = msgspec.structs.replace(acting, tenant_id=customer.id)
        with tenant(customer.id):
            said = {"what": what, **told, "reason": acting.reason}
            changed = there.event(
                "customer.installation_key_rotated", "customer", customer.id, **said
            )
            events.record([changed])


def wrap_anew() -> int:
    """Wrap every customer's keys, and the second factors', under the newest key-encryption key."""
    count = 0
    for customer in parties.customers():
        with tenant(customer.id):
            count += data_keys.rewrap()
    return count + second_factors.rewrite(_rewrapped)


def _rewrapped(text: str) -> str:
    return envelope.rewrap_text(SECOND_FACTOR, text) if envelope.is_sealed(text) else text


def move_files(acting: Acting, files: FileSecrets) -> list[str]:
    """Move a customer's secrets out of files into the database; returns the names of those moved.

    A file goes only after its secret was stored and read again.
    """
    moved = []
    with tenant(acting.tenant_id):
        mine = _names_of_customer(files)
        for name in mine:
            if name not in stored_secrets.read([name]):
                stored_secrets.write(name, files.read(name), acting.world.clock.now())
                moved.append(name)
        if moved:
            told = acting.event("customer.secrets_moved", "customer", acting.tenant_id, names=moved)
            events.record([told])
    with tenant(acting.tenant_id):
        stored = stored_secrets.read(mine)
    for name in mine:
        if name in stored:
            files.forget(name)
    return moved


def _names_of_customer(files: FileSecrets) -> list[str]:
    owned = {str(row.id) for row in parties.connections()}
    owned |= {str(row.id) for row in webhooks.endpoints()}
    named = [name for name in files.names() if name.startswith(_MOVED)]
    return [name for name in named if name.split(".")[1] in owned]


def lock_open_evidence(acting: Acting) -> tuple[int, list[UUID]]:
    """Lock evidence that was kept before there were keys, one file a unit of work.

    Returns how many were locked, and those left because their bytes are not what was kept. May be
    stopped at any time and begun again.
    """
    count, changed, after = 0, [], UUID(int=0)
    while True:
        with tenant(acting.tenant_id):
            found = evidence_keys.lock_one_open(after)
        if found is None:
            break
        after, whole = found
        count += whole
        if not whole:
            changed.append(after)
    with tenant(acting.tenant_id):
        while evidence_keys.name_one_openly_seen():
            pass
    return count, changed
