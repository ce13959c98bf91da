"""The proof on the terminal: is every customer's log as it was sealed?"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from nostro import app


def verify(code: str) -> bool:
    """Print one line per customer; False when a log was changed."""
    app.start()
    from nostro.cli import customers
    from nostro.ops import sealing

    table = Table("customer", "log", "sealed", "unsealed", "head")
    whole = True
    for customer in customers.named(code):
        found = sealing.verify(customer.id)
        state = "whole" if found.whole else f"BROKEN at {found.broken_at}: {found.why}"
        table.add_row(customer.code, state, f"{found.sealed}", f"{found.unsealed}", found.head[:16])
        whole = whole and found.whole
    Console().print(table)
    return whole
