"""What every chapter of the demo needs: the company, its bank, the terminal, and how to wait."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from rich.console import Console

from nostro.cli.demo_company import Company
from nostro.domain.errors import NostroError
from nostro.domain.money import total
from nostro.domain.order import OrderState
from nostro.ops.demo_bank import DemoBank
from nostro.storage import orders, tracing
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
    """No approved payment still waits to be put in a file, and no file still waits to leave."""
    with tenant(story.company.tenant_id):
        return not orders.in_state(OrderState.SCHEDULED) and not tracing.still_leaving()
