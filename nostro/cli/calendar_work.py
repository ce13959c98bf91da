"""Bank days and cut-offs on the terminal: what is shown, and changing a bank's own calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro.cli import terminal

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone
    from nostro.workflows.context import Acting

_SEVERAL = ("cut_offs", "closed_days", "early_closings", "calendars")


def show(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage.tenancy import tenant
    from nostro.workflows import bank_hours

    now = acting.world.clock.now()
    print(f"As of {now:%Y-%m-%d %H:%M} UTC.")
    table = Table("account", "rail", "bank must have it until", "executed on", "whose cut-off")
    with tenant(acting.tenant_id):
        for row in bank_hours.account_hours(acting.world):
            whose = "clearing" if row.is_reference else row.bank
            until = f"{row.last_local} ({row.last:%H:%M} UTC)" if row.last else "not known"
            cells = (f"{row.account} {row.currency}", row.rail, until, f"{row.day}", whose)
            table.add_row(*(escape(cell) for cell in cells))
    Console().print(table)
    closed = Table("clearing", "currency", "today", "next closed days")
    for one in bank_hours.clearing_hours(now):
        days = ", ".join(f"{row.day} {row.reason}" for row in one.closed) or "none"
        closed.add_row(one.title, one.currency, one.why_closed or "open", escape(days))
    Console().print(closed)


def show_bank(name: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import bank_calendars
    from nostro.storage.tenancy import tenant
    from nostro.workflows import connecting
    from nostro.workflows.bank_calendars import lines_of

    row, now = connecting.named(acting, name), acting.world.clock.now()
    with tenant(acting.tenant_id):
        versions = bank_calendars.versions(row.id)
        counts = bank_calendars.in_force(row.id, now)
    if not versions:
        print(f"Nobody has set a calendar of {row.name}: nostro calendar change {row.name!r}")
    for one in versions:
        mark = " (counts now)" if one == counts else ""
        print(f"Version {one.version}{mark}, from {one.valid_from:%Y-%m-%d %H:%M} UTC")
        print(f"  by {one.changed_by}: {one.reason}")
        for field, value in lines_of(one.terms).items():
            if value not in ("", None, []):
                told = "; ".join(value) if isinstance(value, list) else value
                print(f"  {field}: {told}")


def change(name: str, customer: str, settings: str, words: Sequence[str], alone: Alone) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.workflows import bank_calendars, changes, connecting

    row = connecting.named(acting, name)
    given = {"connection": row.name, **terminal.settings(settings, words, _SEVERAL)}
    kind = changes.named("bank_calendar")
    wanted: bank_calendars.WantedCalendar = changes.read(kind, msgspec.to_builtins(given))
    bank_calendars.terms_of(wanted)

    def make(there: Acting) -> None:
        reason = alone.reason or "Set up at the terminal."
        version = bank_calendars.change(there, wanted, reason)
        print(f"The calendar of {row.name} is now version {version}.")

    deciding.decided(acting, deciding.wish(kind.name, wanted, alone), make)
