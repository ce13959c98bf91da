"""How the payment pages shorten what is long: invoices by the first, amounts without their sign."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from nostro.console import words
from nostro.domain.money import Money

register = template.Library()


@register.filter
def few(names: Sequence[str]) -> str:
    """`4711`, `4711 and 2 more`."""
    if len(names) <= 1:
        return "".join(names)
    return f"{names[0]} and {len(names) - 1} more"


@register.filter
def size_of(amount: Money) -> str:
    """The amount where a word says which side it is on."""
    return words.money(Money(abs(amount.minor), amount.currency))
