"""Kept files on the terminal: what may go and what is held, and whether all is still whole."""

from __future__ import annotations

import sys
from uuid import UUID

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal

TOLD_EACH = 500  # Files, where nobody watches.


def due(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import retention

    years, holds = retention.due(acting)
    table = Table(
        "came or left in", "files", "bytes", "on hold", "to be kept until", "may be erased"
    )
    for row in years:
        free = row.files - row.held if row.over else 0
        table.add_row(
            *(str(row.year), f"{row.files:,}", f"{row.size_bytes:,}", f"{row.held:,}"),
            *(f"{row.until:%Y-%m-%d}", f"{free:,}"),
        )
    Console().print(table)
    for hold in holds:
        what = f"file {hold.evidence_id}" if hold.evidence_id else "everything"
        until = f"until {hold.ends_on:%Y-%m-%d}" if hold.ends_on else "until it is lifted"
        print(f"{hold.name}: {what}, since {hold.placed_at:%Y-%m-%d}, {until}: {hold.reason}")
    if not holds:
        print("No legal hold is in force.")


def verify(after: UUID | None, customer: str) -> bool:
    """Whether every file is whole; each that is not is named."""
    acting = terminal.acting(customer)
    from nostro.workflows import file_checking

    read = size = erased = wrong = 0
    last = after or file_checking.FIRST
    try:
        for one in file_checking.check_files(acting, last):
            read, size, last = read + 1, size + one.size_bytes, one.id
            erased += one.erased
            if one.wrong:
                wrong += 1
                print(f"{one.id} {one.name}: {one.wrong}")
            _progress(read, size)
    except KeyboardInterrupt:
        print(f"Stopped. Go on with: nostro evidence verify --after {last}", file=sys.stderr)
        raise
    print(f"{read:,} files, {size:,} bytes: {wrong:,} not whole, {erased:,} erased.")
    return not wrong


def _progress(read: int, size: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{read:,} files, {size >> 20:,} MB", end="", file=sys.stderr, flush=True)
    elif read % TOLD_EACH == 0:
        print(f"{read:,} files, {size >> 20:,} MB", file=sys.stderr)
