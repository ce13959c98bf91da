"""Rotates keys, moves secrets, locks and erases evidence, and says what was done."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from nostro import app
from nostro.cli import terminal
from nostro.cli.shared_options import Alone

if TYPE_CHECKING:
    from nostro.domain.credential import Credential
    from nostro.workflows.context import Acting


def show(customer: str) -> None:
    world = app.start()
    from nostro.workflows import credentials, installation_credentials

    _table(
        "The installation",
        installation_credentials.inventory(app.configuration(), world.clock.now()),
    )
    acting = terminal.acting(customer)
    _table("The customer", credentials.inventory(acting))


def _table(title: str, found: list[Credential]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = ("what", "kind", "owner", "last renewed", "age in days", "expires", "state")
    table = Table(*columns, "renewed by", title=title)
    for row in found:
        since = f"{row.since:%Y-%m-%d}" if row.since else "not known"
        expires = f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "never by itself"
        age = "" if row.age_days is None else str(row.age_days)
        standing = (since, age, expires, row.state.value)
        table.add_row(row.name, row.kind.word, row.owner, *standing, row.kind.renewed_by)
    Console().print(table)


def rotate(kind: str, customer: str, reason: str) -> None:
    if kind == "data":
        _rotate_data(customer, reason)
        return
    world = app.start()
    from nostro.ops import key_encryption
    from nostro.ops.database_passwords import DatabasePasswords
    from nostro.ops.secrets import FileSecrets
    from nostro.ops.signing_keys import SigningKeys
    from nostro.workflows import rotating
    from nostro.workflows.context import Acting

    chosen = app.configuration()
    acting = Acting(tenant_id=UUID(int=0), actor=terminal.actor(), world=world, reason=reason)
    if kind == "key-encryption":
        count = rotating.rotate_key_encryption(acting, key_encryption.key_file(chosen))
        print(f"A new key-encryption key wraps {count} keys. Backups from before need the old one:")
        print("keep it with them; it stays in the file, below the new one.")
    elif kind == "signing":
        keys = SigningKeys(FileSecrets(chosen.secrets_home), world.clock)
        made = rotating.rotate_signing(acting, keys)
        print(f"A new key signs sessions and forms from {made.signs_from:%Y-%m-%d %H:%M:%S} on.")
        print("Nobody is signed out; the old one is accepted for a week.")
    else:
        passwords = DatabasePasswords(FileSecrets(chosen.secrets_home))
        for role in rotating.rotate_database_passwords(acting, passwords):
            print(f"{role} has a new password. Nobody needs to connect anew.")


def _rotate_data(customer: str, reason: str) -> None:
    from nostro.workflows import rotating

    for code, acting in terminal.each(customer):
        done = rotating.rotate_data_keys(msgspec.structs.replace(acting, reason=reason))
        print(f"{code}: {done.relocked} locked anew, {done.destroyed} old keys destroyed.")


def move_files(customer: str) -> None:
    from nostro.ops.secrets import FileSecrets
    from nostro.workflows import rotating

    for code, acting in terminal.each(customer):
        moved = rotating.move_files(acting, FileSecrets(app.configuration().secrets_home))
        print(f"{code}: {len(moved)} secrets moved into the database.")


def lock_evidence(customer: str) -> None:
    from nostro.workflows import rotating

    for code, acting in terminal.each(customer):
        count, changed = rotating.lock_open_evidence(acting)
        print(f"{code}: {count} files locked.")
        for evidence_id in changed:
            print(f"{code}: {evidence_id} is not what was kept; it was left as it is.")


def keep_for(months: int, alone: Alone, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.workflows import retention
    from nostro.workflows.changes.retention import WantedRetention

    outcome = deciding.decided(
        acting,
        deciding.wish("retention", WantedRetention(months=months), alone),
        lambda there: retention.set_retention(there, months, alone.reason),
    )
    if outcome.is_made:
        _lock_objects(acting)
        print(f"Files are kept for {months} months after the end of their year.")


def hold(name: str, reason: str, file: UUID | None, until: date | None, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import retention

    retention.place_hold(acting, name, reason, evidence_id=file, ends_on=until)
    _lock_objects(acting)
    print(f"Nothing under {name} is erased until it {'ends' if until else 'is lifted'}.")


def lift(name: str, alone: Alone, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.workflows import retention
    from nostro.workflows.changes.legal_hold_lift import WantedLift

    outcome = deciding.decided(
        acting,
        deciding.wish("legal_hold_lift", WantedLift(name=name), alone),
        lambda there: retention.lift_hold(there, name, alone.reason),
    )
    if outcome.is_made:
        _lock_objects(acting)
        print(f"{name} is lifted.")


def erase(file: UUID, reason: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import retention

    retention.erase_evidence(acting, file, reason)
    print("The file is erased: its key is destroyed. The log says by whom, and why.")


def _lock_objects(acting: Acting) -> None:
    """Let locks in the object store follow, where there is one."""
    from nostro.domain.errors import Refused, Unavailable
    from nostro.workflows import evidence_sweeping

    try:
        count = evidence_sweeping.lock_all(acting)
    except (Unavailable, Refused) as error:
        print(
            f"The rule is in force; locks in the store follow with `nostro evidence sweep`. {error}"
        )
        return
    if count:
        print(f"The locks of {count} objects in the store follow.")
