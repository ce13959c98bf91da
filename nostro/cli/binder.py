"""The auditor's binder, written from the terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from nostro.cli import terminal
from nostro.cli.output_file import output
from nostro.domain.errors import Invalid


def write(file: str, since: datetime, until: datetime, customer: str) -> None:
    """Write the archive; raises Invalid for a period that does not end after it begins."""
    if until <= since:
        raise Invalid(
            "period_empty",
            f"The period from {since:%Y-%m-%d} to {until:%Y-%m-%d} holds no day.",
            "No binder was made.",
            "Give the first day and the day after the last one.",
        )
    acting = terminal.acting(customer)
    from nostro.workflows import audit_binder

    with output(file, private=True) as out:
        made = audit_binder.bind(
            acting, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC), out.stream
        )
    print(f"{file}: {len(made.sheets)} lists, {sum(len(s.rows) for s in made.sheets)} rows.")
