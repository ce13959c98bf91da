"""The first step after a restore, on the terminal: nothing leaves until the banks were asked."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.domain.errors import Invalid


def quarantine(code: str, reason: str, *, everybody: bool) -> None:
    """Quarantine one customer or all; raises Invalid unless exactly one of the two is said."""
    if bool(code) == everybody:
        raise Invalid(
            "customer_unclear",
            "Say --customer CODE or --all, one of the two.",
            "Nothing was stopped.",
            "After a restore of the whole database: --all.",
        )
    world = app.start()
    from nostro.cli import customers
    from nostro.domain.event import Actor
    from nostro.workflows import restoring
    from nostro.workflows.context import Acting

    operator = Actor(kind="job", id="terminal", name="operator on the terminal")
    table = Table("customer", "connections stopped", "files in doubt", "backup not older than")
    for customer in customers.named(code):
        acting = Acting(tenant_id=customer.id, actor=operator, world=world)
        done = restoring.quarantine_and_note(acting, app.configuration().home, reason)
        table.add_row(
            customer.code,
            str(done.connections),
            str(done.files),
            f"{done.backup_at:%Y-%m-%d %H:%M:%S} UTC",
        )
    Console().print(table)
