"""Connections on the terminal: what is shown of them, and what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro.cli import terminal
from nostro.cli.connection_commands import Given

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone
    from nostro.workflows.connecting import Wanted
    from nostro.workflows.context import Acting


def show_kinds(kind: str) -> None:
    from nostro import connectors
    from nostro.connectors import described

    if not kind:
        for name, one in sorted(connectors.find().items()):
            print(f"{name:12} {one.title}")
        print("With a name after it: its settings. docs/channels says what each promises.")
        return
    one = described.connector_named(kind)
    print(f"{one.name}: {one.title}\nWritten against {one.document}.\n")
    table = Table("setting", "takes", "without it")
    for row in described.settings_of(one):
        without = "must be given" if row.required else _shown(row.default)
        table.add_row(row.name, escape(row.kind), escape(without))
    Console().print(table)
    print(f"Secrets: {', '.join(sorted(one.secret_names)) or 'none'}")
    print(f"\n{' '.join((one.config.__doc__ or '').split())}")


def create(name: str, kind: str, given: Given, alone: Alone) -> None:
    acting = terminal.acting(given.customer)
    from nostro.cli import deciding
    from nostro.workflows import connecting
    from nostro.workflows.changes.new_connection import WantedNewConnection

    wanted = _wanted(kind, given)
    asked = WantedNewConnection(
        name=name, kind=kind, settings=dict(wanted.settings), fingerprint=wanted.fingerprint
    )
    outcome = deciding.decided(
        acting,
        deciding.wish("new_connection", asked, alone),
        lambda there: connecting.create(there, name, kind, wanted),
    )
    if outcome.is_made:
        print(f"{name} is set up. Try it: nostro connections test {name!r}")
    elif wanted.secrets:
        _tell_of_secrets(name, wanted)


def change(name: str, given: Given, alone: Alone, *, despite_doubt: bool) -> None:
    """Secrets by themselves are renewed at once; settings are the way of the money."""
    acting = terminal.acting(given.customer)
    from nostro.cli import deciding
    from nostro.workflows import connecting
    from nostro.workflows.changes.connection import WantedConnection

    row = connecting.named(acting, name)
    wanted = _wanted(row.connector, given)

    def make(there: Acting) -> None:
        connecting.change(there, row.name, wanted, alone.reason, despite_doubt=despite_doubt)
        print(f"{row.name} is changed. Try it: nostro connections test {row.name!r}")

    if not wanted.settings and not wanted.fingerprint:
        make(acting)
        return
    asked = WantedConnection(
        name=row.name,
        settings=dict(wanted.settings),
        fingerprint=wanted.fingerprint,
        despite_doubt=despite_doubt,
    )
    outcome = deciding.decided(acting, deciding.wish("connection", asked, alone), make)
    if not outcome.is_made and wanted.secrets:
        _tell_of_secrets(row.name, wanted)


def _tell_of_secrets(name: str, wanted: Wanted) -> None:
    names = " ".join(f"--secret {secret}=FILE" for secret in sorted(wanted.secrets))
    print("Secrets are no part of what is asked for, and were not kept. Once it is agreed to:")
    print(f"nostro connections change {name!r} {names} --reason ...")


def show_all(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.domain.freeze import FreezeScope
    from nostro.storage import freezes, parties
    from nostro.storage.tenancy import tenant

    table = Table("connection", "kind", "accounts", "stopped")
    with tenant(acting.tenant_id):
        accounts = parties.accounts()
        for row in parties.connections():
            ours = sum(account.connection_id == str(row.id) for account in accounts)
            stopped = freezes.is_frozen(FreezeScope.CONNECTION, row.id)
            table.add_row(row.name, row.connector, str(ours), "yes" if stopped else "")
    Console().print(table)


def show(name: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.connectors import described
    from nostro.storage import events, parties
    from nostro.storage.tenancy import tenant
    from nostro.workflows import connecting

    row = connecting.named(acting, name)
    connector = described.connector_named(row.connector)
    print(f"{row.name}: {connector.title} ({row.id})")
    for key, value in row.config.items():
        print(f"  {key} = {_shown(value)}")
    with tenant(acting.tenant_id):
        for secret in sorted(connector.secret_names):
            stored = acting.world.secrets.knows(f"connection.{row.id}.{secret}")
            print(f"  secret {secret}: {'stored' if stored else 'none'}")
        for account in parties.accounts():
            if account.connection_id == str(row.id):
                print(f"  account {account.iban} {account.currency} {account.name}")
        for event in events.about([row.id]):
            why = event.data.get("reason") or ""
            print(f"{event.occurred_at:%Y-%m-%d %H:%M}  {event.type}  {event.actor.name}  {why}")


def try_out(name: str, customer: str) -> bool:
    """Say what was tried and what the connection can do; False when something did not work."""
    acting = terminal.acting(customer)
    from nostro import connectors
    from nostro.workflows import connecting

    found = connecting.tried(acting, name)
    for one in found.looked:
        print(f"{'ok    ' if one.worked else 'FAILED'} We {one.what}: {one.said}")
    if not found.looked:
        print("This kind of connection can be asked nothing; its first file will show.")
    says = {kind.__name__: (kind.__doc__ or "").strip() for kind in connectors.CAPABILITIES}
    print("Nothing was sent. What it can do:")
    for word in found.can:
        print(f"  yes  {word}: {says[word]}")
    for word in found.cannot:
        print(f"  no   {word}")
    return found.worked


def stop(name: str, customer: str, reason: str) -> None:
    acting = terminal.acting(customer)
    from nostro.domain.freeze import FreezeScope
    from nostro.domain.party import Member, Role
    from nostro.workflows import connecting, freezing

    row = connecting.named(acting, name)
    operator = Member(
        id="terminal",
        name=acting.actor.name,
        roles=frozenset({Role.TREASURER}),  # Stopping is safe; lifting takes two people.
        is_person=False,
    )
    freezing.freeze(acting, operator, FreezeScope.CONNECTION, row.id, reason)
    print(f"{row.name} is stopped. Two people (approver or treasurer) lift it in the console.")


def _wanted(kind: str, given: Given) -> Wanted:
    from nostro.connectors import described
    from nostro.workflows import connecting

    fields = described.settings_of(described.connector_named(kind))
    several = [one.name for one in fields if one.kind.startswith("texts")]
    return connecting.Wanted(
        settings=terminal.settings(given.settings, given.set or (), several),
        secrets={
            name: terminal.secret_text(name, file)
            for name, file in terminal.pairs(given.secret or (), "secret")
        },
        fingerprint=given.fingerprint,
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."
