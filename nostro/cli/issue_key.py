"""API keys for programs and addresses for banks, made on the terminal and shown once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from nostro import app
from nostro.cli import terminal
from nostro.domain.errors import Invalid

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone
    from nostro.storage.keys import Scope


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it was asked for in words."""

    name: str
    scopes: Sequence[str]
    days: int
    owner: str
    networks: Sequence[str]


def issue(code: str, asked: Wanted, alone: Alone) -> None:
    world = app.start()
    from nostro.cli import customers, deciding
    from nostro.workflows import key_work
    from nostro.workflows.changes.api_key import WantedKey
    from nostro.workflows.context import Acting

    (customer,) = customers.named(code)
    acting = Acting(tenant_id=customer.id, actor=terminal.actor(), world=world)
    wanted = WantedKey(
        name=asked.name,
        owner=asked.owner,
        scopes=tuple(_scope(text) for text in asked.scopes),
        networks=tuple(asked.networks),
        days=asked.days,
    )

    def make(there: Acting) -> None:
        row, token = key_work.issue(there, wanted)
        print(token)
        until = f"until {row.expires_at:%Y-%m-%d}"
        print(f"Shown once. {asked.name} of {customer.code}, {until}.")

    outcome = deciding.decided(acting, deciding.wish("api_key", wanted, alone), make)
    if not outcome.is_made:
        print(f"Its owner then shows the token: nostro keys draw {outcome.request_id} --email ...")


def callback(code: str, connection: str) -> None:
    app.start()
    from nostro.cli import customers
    from nostro.storage import callbacks
    from nostro.storage.tenancy import tenant

    customer = customers.one(code)
    with tenant(customer.id):
        name = callbacks.open_door(connection)
    print(f"/v1/callbacks/{name}")
    print(f"Shown once. Tell it to the bank of {connection} of {customer.code}.")


def _scope(text: str) -> Scope:
    from nostro.storage.keys import Scope

    try:
        return Scope(text)
    except ValueError:
        raise Invalid(
            "scope_unknown",
            f"There is no scope {text}.",
            "No key was made.",
            f"Scopes: {', '.join(scope.value for scope in Scope)}.",
        ) from None
