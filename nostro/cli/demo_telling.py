"""What every chapter of the demo needs: the company, its bank, the terminal, and how to wait."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from rich.console import Console

from nostro.cli.demo_company import Company
from nostro.domain.errors import NostroError
from nostro.domain.money import total
from nostro.domain.order import OrderState
from nostro.domain.policies.dispatching import ASK_AGAIN_AFTER_NO, LEASE
from nostro.ops.clock import ShiftedClock
from nostro.ops.demo_bank import DemoBank
from nostro.ports import Clock
from nostro.storage import orders, submissions, tracing
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import World


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a chapter needs."""

    console: Console
    world: World
    company: Company
    bank: DemoBank
    wait: Callable[[str, Callable[[], bool]], None]

    def title(self, number: int, words: str) -> None:
        self.console.print(f"\n[bold cyan]{number}[/]  [bold]{words}[/]")

    def say(self, words: str) -> None:
        self.console.print(f"   {words}", highlight=False)

    def tell(self, error: NostroError) -> None:
        self.say(f"[yellow]refused[/] {error.happened} [dim]{error.code}[/]")


def sums(rows: list[OrderRow]) -> str:
    found = total(row.instruction.amount for row in rows)
    return ", ".join(f"{money.grouped()} {currency}" for currency, money in found.items())


def run_orders(story: Story) -> list[OrderRow]:
    reference = story.company.data.payment_run.run_id
    return orders.load(tracing.orders_of_run("erp", reference))


def all_left(story: Story) -> bool:
    """No approved payment still waits to be put in a file, and no file still waits to leave.

    In a demo nobody waits for the minutes after which a bank's "never had it" is believed.
    """
    with tenant(story.company.tenant_id):
        _pass_over_doubt(story.world.clock)
        return not orders.in_state(OrderState.SCHEDULED) and not tracing.still_leaving()


def _pass_over_doubt(clock: Clock) -> None:
    """Go to the next enquiry about a file in doubt, unless somebody was woken for it already."""
    due = submissions.doubt_is_due_at()
    if due is None or not isinstance(clock, ShiftedClock):
        return
    if LEASE < due - clock.now() <= ASK_AGAIN_AFTER_NO:
        clock.set(due)
