"""Payments on the terminal, as a table for people or a page for programs."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nostro import app
from nostro.cli.output_file import quiet_pipe
from nostro.domain.errors import Invalid
from nostro.domain.money import Money

if TYPE_CHECKING:
    from nostro.storage.paging import Page
    from nostro.storage.rows import PaymentRow


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    q: str
    customer: str
    state: str
    payee: str
    currency: str
    requested_from: str
    requested_to: str
    open_case: bool


def show(asked: Asked, sort: str, limit: int, cursor: str, *, as_json: bool) -> None:
    """Print one page. Raises Invalid for what cannot be asked."""
    app.start()
    from nostro.cli import customers
    from nostro.storage import payment_search
    from nostro.storage.tenancy import looking

    wanted = payment_search.Wanted(
        q=asked.q,
        state=asked.state,
        payee=asked.payee,
        currency=asked.currency,
        requested_from=_day(asked.requested_from, "--requested-from"),
        requested_to=_day(asked.requested_to, "--requested-to"),
        has_open_case=asked.open_case or None,
    )
    with looking(customers.one(asked.customer).id, cleared=False):
        page = payment_search.payments(wanted, sort=sort, limit=limit, cursor=cursor)
    with quiet_pipe():
        if as_json:
            told = {"items": [plain(row) for row in page.rows], "next": page.next or None}
            print(json.dumps(told, indent=1, ensure_ascii=False))
        else:
            _table(page)


def plain(row: Any) -> Any:
    """A row for programs: amounts as decimal text with a currency."""
    if isinstance(row, Money):
        return {"value": row.number(), "currency": row.currency}
    if isinstance(row, msgspec.Struct):
        return {name: plain(getattr(row, name)) for name in row.__struct_fields__}
    if isinstance(row, tuple | list):
        return [plain(one) for one in row]
    return msgspec.to_builtins(row)


def _table(page: Page[PaymentRow]) -> None:
    table = Table(box=None, header_style="dim")
    for head in ("number", "state"):
        table.add_column(head, no_wrap=True)
    table.add_column("amount", justify="right", no_wrap=True)
    for head in ("payee", "to be paid", "reference"):
        table.add_column(head, no_wrap=True, overflow="ellipsis")
    for row in page.rows:
        amount = f"{row.amount.grouped()} {row.amount.currency}"
        table.add_row(
            row.number,
            row.state.value.replace("_", " "),
            amount,
            escape(row.creditor_name),
            row.requested_date.isoformat(),
            escape(row.source_reference),
        )
    console = Console()
    console.print(table)
    more = " There are more: --limit, or --json and its `next`." if page.next else ""
    shown = len(page.rows)
    console.print(f"\n{shown} payment{'s' * (shown != 1)}.{more}", style="dim", markup=False)


def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "day_invalid",
            f"{text!r} is not a day.",
            can_do=f"Write {option} like 2026-11-30.",
            field=option,
        ) from None
