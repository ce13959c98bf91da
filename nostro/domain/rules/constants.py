"""Values that a rule spells out: sums, days, and what can be asked of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from nostro.domain.errors import Invalid
from nostro.domain.money import Money

METHODS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
}


def money_said(text: str, currency: str) -> Money:
    """Raises Invalid for what is no exact sum of the currency."""
    return Money.parse(text, currency)


def day_said(text: str) -> date:
    """Raises Invalid for what is no day of the calendar."""
    try:
        if len(text) == len("2026-12-31"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(
        "rule_not_understood",
        f"{text[:20]!r} is no day.",
        can_do="Write it like 2026-12-31.",
        field="rules",
    )
