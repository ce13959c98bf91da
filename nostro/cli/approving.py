"""Payments approved on the terminal, by a person who signs in for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.cli.payment_trace import order_id
from nostro.domain.errors import Refused
from nostro.domain.money import total
from nostro.domain.order import OrderState
from nostro.domain.policies.confidential import sees

if TYPE_CHECKING:
    from nostro.domain.party import Member
    from nostro.storage.orders import OrderRow
    from nostro.workflows.context import Acting


NOT_DONE = 1  # What a script is told.
DIGEST_SHOWN = 16  # Enough of a SHA-256 to copy; whoever gives more of it gives more.


def approve(
    customer: str, numbers: Sequence[str], digest: str, email: str, password_file: str
) -> None:
    acting, member = terminal.person(customer, email, password_file)
    from nostro.workflows import approval

    rows = chosen(acting, member, numbers)
    seen = approval.selection_digest({str(row.id): row.approval_digest for row in rows})
    approval.check(acting, member, [row.id for row in rows])
    show(rows)
    if not agreed("Approve exactly these?", "approved", seen, digest):
        print(f"Nothing was approved. To approve exactly these: --digest {seen[:DIGEST_SHOWN]}")
        raise SystemExit(NOT_DONE)
    done = approval.approve(acting, member, [row.id for row in rows], seen)
    print(f"{member.name} has approved {several(len(rows))}, digest {seen[:DIGEST_SHOWN]}.")
    print(f"{several(len(done.approved))} now approved by all who are needed.")


def several(count: int) -> str:
    return f"{count:,} payment{'s' * (count != 1)}"


def agreed(question: str, done: str, seen: str, digest: str) -> bool:
    """Has the person seen just this? He says so here, or brings the digest that he was shown."""
    if digest:
        if len(digest) >= DIGEST_SHOWN and seen.startswith(digest):
            return True
        raise Refused(
            "selection_changed",
            "These are not the payments to which this digest belongs: one came, left or changed"
            " since, or it was not copied whole.",
            f"Nothing was {done}.",
            "Look at them again without --digest.",
        )
    if not sys.stdin.isatty():
        return False
    return input(f"{question} Type yes: ").strip().casefold() == "yes"


def chosen(acting: Acting, member: Member, numbers: Sequence[str]) -> list[OrderRow]:
    """The payments named, or, without a name, all that wait for approval and that he may see."""
    from nostro.storage import confidential, orders
    from nostro.workflows.revealing import looking_at

    with looking_at(acting, cleared=sees(member)):
        if numbers:
            rows = orders.load([order_id(number) for number in numbers])
        else:
            rows = orders.in_state(OrderState.AWAITING_APPROVAL)
        confidential.note("order", (row.id for row in rows))
    if rows:
        return rows
    raise Refused(
        "payment_missing",
        "No payment waits for approval.",
        can_do="`nostro payments list` shows where they are.",
    )


def show(rows: Sequence[OrderRow]) -> None:
    table = Table("payment", "payee", "account", "amount")
    for row in rows:
        told = row.instruction
        table.add_row(row.number, told.creditor_name, told.creditor_number, str(told.amount))
    Console().print(table)
    tell_sums(rows)


def tell_sums(rows: Sequence[OrderRow]) -> None:
    """How many these are, and their sum in each currency."""
    sums = total(row.instruction.amount for row in rows)
    print(f"{several(len(rows))}: {', '.join(str(amount) for amount in sums.values())}")
