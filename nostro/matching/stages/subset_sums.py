"""All sets of a few amounts that add up to a target, counted: a unique one is no proof.

Of 18 amounts almost half of the unique sums are chance where amounts are rounded; more than 18 are
never tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

MOST: Final = 18


class Sums(NamedTuple):
    """How many sets there are, and the places of one of them: the one with the earliest places."""

    solutions: int
    places: tuple[int, ...]


def solve(amounts: Sequence[int], target: int) -> Sums:
    """Sets of at least one amount. Both halves are added up once and meet in the middle."""
    tried = amounts[:MOST]
    half = len(tried) // 2
    left, right = _sums(tried[:half]), _sums(tried[half:])
    by_sum: dict[int, list[int]] = {}
    for mask, total in enumerate(right):
        by_sum.setdefault(total, []).append(mask)
    count, best = 0, 0
    for mask, total in enumerate(left):
        for other in by_sum.get(target - total, ()):
            both = mask | other << half
            if both:
                count += 1
                best = min(best or both, both)
    return Sums(count, tuple(place for place in range(len(tried)) if best >> place & 1))


def _sums(amounts: Sequence[int]) -> list[int]:
    """The sum of every set, in the order of its bits."""
    sums = [0]
    for amount in amounts:
        sums += [total + amount for total in sums]
    return sums
