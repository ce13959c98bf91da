"""Which customer an operator means."""

from __future__ import annotations

from nostro.domain.errors import Invalid
from nostro.storage import parties


def named(code: str) -> list[parties.CustomerRow]:
    """The customer of this code, or every customer; raises Invalid when there is none so named."""
    known = parties.customers()
    chosen = [row for row in known if not code or row.code.casefold() == code.casefold()]
    if code and not chosen:
        codes = ", ".join(row.code for row in known) or "none yet"
        raise Invalid(
            "customer_unknown",
            f"There is no customer with the code {code}.",
            can_do=f"Customers here: {codes}.",
        )
    return chosen


def one(code: str) -> parties.CustomerRow:
    """The customer of this code, or the only one; raises Invalid when there are several."""
    chosen = named(code)
    if len(chosen) == 1:
        return chosen[0]
    codes = ", ".join(row.code for row in chosen) or "none yet"
    raise Invalid(
        "customer_not_chosen",
        "Which customer is meant?" if chosen else "There is no customer yet.",
        can_do=f"Name one with --customer: {codes}.",
    )
