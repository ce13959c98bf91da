"""Who owes: a customer of one of our entities, as the ERP keeps him, with who else pays for him."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nostro.domain.errors import Invalid


class Debtor(msgspec.Struct, frozen=True, kw_only=True):
    """One customer of an entity. `parent_number`: the customer who may pay for him; `ibans`: the
    accounts from which he pays; `further_names`: other names under which he pays."""

    number: str
    name: str = ""
    parent_number: str = ""
    ibans: tuple[str, ...] = ()
    further_names: tuple[str, ...] = ()


def check(told: Sequence[Debtor]) -> None:
    """Raises Invalid, naming the place, when one is told twice or is his own parent."""
    seen: set[str] = set()
    for place, one in enumerate(told):
        if one.number in seen:
            raise Invalid(
                "debtor_told_twice",
                f"Customer {one.number} is told twice.",
                "No customer was taken.",
                "Send each customer once.",
                field=f"customers[{place}]",
            )
        seen.add(one.number)
        if one.parent_number == one.number:
            raise Invalid(
                "debtor_own_parent",
                f"Customer {one.number} is named as his own parent.",
                "No customer was taken.",
                "Leave the parent empty where nobody else pays for him.",
                field=f"customers[{place}].parent_number",
            )
