"""Partners on the terminal: who hosts whom, and which of its people see which customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.cli import terminal
from nostro.domain.errors import Invalid
from nostro.domain.party import Role

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone


def list_partners() -> None:
    app.start()
    from nostro.storage import partners

    table = Table("partner", "hosts", "people")
    for row in partners.partners():
        table.add_row(row.name, ", ".join(row.customers), ", ".join(row.people))
    Console().print(table)


def join(email: str, partner: str, name: str, password_file: str) -> None:
    world = app.start()
    from nostro.storage import partners, people
    from nostro.workflows import hosting

    found = partners.named(partner)
    known = people.person_of_email(email) is not None
    password = "" if known else terminal.secret_text("password", password_file)
    hosting.join(world, found, email=email, name=name or email, password=password)
    print(f"{email} works for {found.name}. Grant customers: nostro partners grant.")


def grant(email: str, customer: str, words: Sequence[str], alone: Alone) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.workflows import hosting
    from nostro.workflows.changes.partner_access import WantedPartnerAccess

    roles = tuple(_role(word) for word in words)
    wanted = WantedPartnerAccess(address=email, roles=roles)
    outcome = deciding.decided(
        acting,
        deciding.wish("partner_access", wanted, alone),
        lambda there: hosting.grant(there, email, roles),
    )
    if outcome.is_made:
        print(f"{email} may work for {customer}: {', '.join(roles)}.")


def withdraw(email: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import hosting

    was_open = hosting.withdraw(acting, email)
    print(f"{customer} is closed to {email}." if was_open else "It was closed already.")


def leave(email: str, partner: str) -> None:
    world = app.start()
    from nostro.storage import partners
    from nostro.workflows import hosting
    from nostro.workflows.context import Acting

    found = partners.named(partner)
    acting = Acting(tenant_id=found.id, actor=terminal.actor(), world=world)
    closed = hosting.leave(acting, found, email)
    print(f"{email} works for {found.name} no more; {closed} customers were closed.")


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise Invalid(
            "role_unknown",
            f"There is no role {word}.",
            can_do=f"Roles: {', '.join(Role)}.",
            field="role",
        ) from None
