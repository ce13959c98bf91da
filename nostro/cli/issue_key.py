"""API keys for programs and addresses for banks, made on the terminal and shown once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from nostro import app
from nostro.domain.errors import Invalid

if TYPE_CHECKING:
    from nostro.storage.keys import Scope


def issue(code: str, name: str, scopes: Sequence[str], days: int) -> None:
    world = app.start()
    from nostro.cli import customers
    from nostro.storage import keys
    from nostro.storage.tenancy import tenant

    (customer,) = customers.named(code)
    now = world.clock.now()
    with tenant(customer.id):
        row, token = keys.issue(
            world.ids.new(),
            name=name,
            scopes=[_scope(text) for text in scopes],
            now=now,
            expires_at=now + timedelta(days=days),
        )
    print(token)
    print(f"Shown once. {name} of {customer.code}, until {row.expires_at:%Y-%m-%d}.")


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
