"""Holds left and payments approved on the terminal, by a person who signs in for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.cli.payment_trace import order_id
from nostro.domain.errors import Refused
from nostro.domain.money import total
from nostro.domain.order import OrderState

if TYPE_CHECKING:
    from nostro.storage.orders import OrderRow
    from nostro.workflows.context import Acting


def approve(customer: str, numbers: Sequence[str], email: str, password_file: str) -> None:
    acting, member = terminal.person(customer, email, password_file)
    from nostro.workflows import approval

    rows = _chosen(acting, numbers, OrderState.AWAITING_APPROVAL)
    seen = approval.selection_digest({str(row.id): row.approval_digest for row in rows})
    _show(rows)
    done = approval.approve(acting, member, [row.id for row in rows], seen)
    print(f"{member.name} has approved {len(rows)} payments, digest {seen[:16]}.")
    print(f"Approved by as many as are needed: {len(done.approved)}.")


def release(
    customer: str, numbers: Sequence[str], reason: str, email: str, password_file: str
) -> None:
    acting, member = terminal.person(customer, email, password_file)
    from nostro.workflows import approval

    rows = _chosen(acting, numbers, OrderState.HELD)
    _show(rows)
    for row in rows:
        approval.release_hold(acting, member, row.id, reason)
        print(f"{row.number} is released by {member.name}; it now waits for approval.")


def _chosen(acting: Acting, numbers: Sequence[str], state: OrderState) -> list[OrderRow]:
    from nostro.storage import orders
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        if not numbers:
            rows = orders.in_state(state)
        else:
            ids: list[UUID] = [order_id(number) for number in numbers]
            rows = orders.load(ids)
    if rows:
        return rows
    raise Refused(
        "payment_missing",
        f"No payment is in the state {state.value}.",
        can_do="`nostro payments list` shows where they are.",
    )


def _show(rows: Sequence[OrderRow]) -> None:
    table = Table("payment", "payee", "account", "amount")
    for row in rows:
        told = row.instruction
        table.add_row(row.number, told.creditor_name, told.creditor_iban, str(told.amount))
    Console().print(table)
    sums = total(row.instruction.amount for row in rows)
    print(f"{len(rows)} payments: {', '.join(str(amount) for amount in sums.values())}")
