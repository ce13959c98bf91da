"""Open items on the terminal: a list taken in, and what is open."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro.cli import terminal
from nostro.cli.input_files import opened_file
from nostro.cli.output_file import quiet_pipe
from nostro.domain.errors import Invalid
from nostro.formats import Profile

if TYPE_CHECKING:
    from nostro.storage.open_item_listing import OpenItemRow
    from nostro.workflows.receivables import ItemsReceipt

SHOWN = 50  # Lines that need somebody, on a terminal; --json tells more.


def import_items(
    customer: str,
    file: str,
    source: str,
    profile: str,
    told_at: str,
    *,
    complete: bool,
    as_json: bool,
) -> int:
    """Take in a list; returns 0 when every line was taken, 1 when some were not."""
    at = _moment(told_at) if told_at else None
    acting = terminal.acting(customer)
    from nostro.workflows import receivables

    with opened_file(file) as stream, _progress() as heard:
        receipt = receivables.receive_open_items(
            acting,
            Path(file).name,
            stream,
            Profile(name=profile),
            source=source,
            told_at=at,
            complete=complete,
            heard=heard,
        )
    if as_json:
        print(msgspec.json.encode(receipt).decode())
    else:
        _tell(receipt)
    return 1 if receipt.rejected_count or receipt.not_closed else 0


def show(customer: str, asked: dict[str, Any], limit: int, cursor: str, *, as_json: bool) -> None:
    """Print one page of open items."""
    acting = terminal.acting(customer)
    from nostro.storage import open_item_listing
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        wanted = open_item_listing.ItemsWanted(**asked)
        page = open_item_listing.items(wanted, limit=limit, cursor=cursor)
    with quiet_pipe():
        if as_json:
            told = {"items": page.rows, "next": page.next or None}
            print(msgspec.json.encode(told).decode())
            return
        _table(page.rows)
        if page.next:
            print(f"More: --cursor {page.next}")


def _moment(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found
    raise Invalid(
        "moment_not_text",
        f"{text[:40]!r} is not a moment with its zone.",
        "Nothing was taken in.",
        "Write it like 2026-11-30T18:00:00Z.",
    )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """How many lines were read, on a terminal's stderr; nothing anywhere else."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _read: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} items"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("items", total=None)
        yield lambda read: shown.update(task, completed=read)


def _tell(receipt: ItemsReceipt) -> None:
    print(
        f"{receipt.read:,} items read: {receipt.new:,} new, {receipt.changed:,} told anew,"
        f" {receipt.older:,} told later before, {receipt.closed:,} closed."
    )
    if receipt.not_closed:
        print(f"Nothing was closed: {receipt.not_closed}.")
    for line in receipt.rejected[:SHOWN]:
        print(f"Line {line.line}: {line.sentence} {line.can_do}")
    rest = receipt.rejected_count - min(SHOWN, len(receipt.rejected))
    if rest > 0:
        print(f"{rest:,} more lines could not be used.")


def _table(rows: tuple[OpenItemRow, ...]) -> None:
    table = Table("due", "document", "customer", "open", "of", "told at", "source")
    for row in rows:
        part = f"/{row.instalment}" if row.instalment else ""
        table.add_row(
            row.due_date.isoformat(),
            escape(row.document + part),
            escape(f"{row.customer_number} {row.customer_name}"),
            str(row.open_amount),
            str(row.document_amount or ""),
            row.told_at.isoformat(timespec="minutes") if row.told_at else "",
            escape(row.source),
        )
    Console().print(table)
