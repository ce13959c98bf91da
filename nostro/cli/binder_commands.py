"""What the command for the auditor's binder takes."""

from __future__ import annotations

from datetime import datetime


def binder(file: str, *, since: datetime, until: datetime, customer: str = "") -> None:
    """One archive for the auditor: controls and their populations, access, conflicts, changes.

    Example: `nostro audit binder acme-2026.zip --since 2026-01-01 --until 2027-01-01`.

    Parameters
    ----------
    file
        The archive to write.
    since
        The first day, in UTC.
    until
        The day after the last one.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import binder

    binder.write(file, since, until, customer)
