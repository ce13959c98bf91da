"""What the commands about bank days and cut-offs take."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from nostro.cli.shared_options import UNSAID, Alone

calendar = App(name="calendar", help="When banks take payments, and which days are closed.")

Words = Annotated[list[str] | None, Parameter(negative=())]


@calendar.command
def show(*, customer: str = "") -> None:
    """Until when each bank takes payments, by account and rail, and the next closed days.

    Example: `nostro calendar show`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import calendar_work

    calendar_work.show(customer)


@calendar.command
def bank(name: str, *, customer: str = "") -> None:
    """One bank's own calendar, every version: from when it counts, who changed it and why.

    Example: `nostro calendar bank Bank`.

    Parameters
    ----------
    name
        The name of the connection to it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import calendar_work

    calendar_work.show_bank(name, customer)


@calendar.command
def change(
    name: str,
    *,
    term: Words = None,
    settings: str = "",
    customer: str = "",
    alone: Alone = UNSAID,
) -> None:
    """Say anew all that a bank has agreed to; what is left out is not kept, versions stay.

    Where two people can decide on access, it is asked for.

    Example: `nostro calendar change Bank --term "cut_offs=15:00 Europe/Berlin EUR" --term
    opens=08:00 --term takes_ahead_days=15 --term "closed_days=2026-12-24 Christmas Eve" --reason
    "our contract of 2026"`.

    Parameters
    ----------
    name
        The name of the connection to it.
    term
        A term, NAME=VALUE: cut_offs, closed_days, early_closings, calendars (these several times),
        opens, time_zone, takes_ahead_days, from_day (when it begins to count).
    settings
        A TOML file with them.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import calendar_work

    calendar_work.change(name, customer, settings, term or (), alone)
