"""Which holds may be left together: those that hold payments for one and the same reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nostro.domain.errors import Refused
from nostro.domain.policies import screening

TOGETHER_MAX = 200
# The evidence of each of these is another person's name: each is looked at by itself.
ONE_BY_ONE = frozenset({screening.HIT})


def may_leave_together(code: str, held_for: Mapping[str, Collection[str]]) -> None:
    """Raise Refused unless each of these payments (number -> codes of its open holds) is held for
    `code` and for nothing else, and holds of that code may be left together."""
    if code in ONE_BY_ONE:
        raise _refused("released_one_by_one", "Hits on watch lists are let go one by one.")
    if not 1 <= len(held_for) <= TOGETHER_MAX:
        raise _refused(
            "too_many_chosen",
            f"{len(held_for)} payments were chosen; 1 to {TOGETHER_MAX} are let go together.",
        )
    other = [number for number, codes in held_for.items() if set(codes) != {code}]
    if other:
        raise _refused(
            "held_for_other_reasons",
            f"{other[0]} is not held for just this reason"
            + (f", nor are {len(other) - 1} others." if len(other) > 1 else "."),
        )


def _refused(code: str, happened: str) -> Refused:
    return Refused(
        code,
        happened,
        "Nothing was let go.",
        "Choose payments that are held for one same reason, or let them go one by one.",
    )
