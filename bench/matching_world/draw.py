"""Dice with a seed, days and money as text: what every part of the made-up world is drawn with."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")
FIRST_DAY = date(2025, 9, 1)
_DAYS = [FIRST_DAY + timedelta(days=n) for n in range(900)]
ISO = [day.isoformat() for day in _DAYS]
YEAR = [day.year for day in _DAYS]
MONTH = [day.month for day in _DAYS]
GERMAN = [day.strftime("%d.%m.%Y") for day in _DAYS]
# Banks book on working days: a Saturday's payment is Monday's booking.
WORKING = [n + (0, 0, 0, 0, 0, 2, 1)[day.weekday()] for n, day in enumerate(_DAYS)]
SCALE = {"JPY": 1}  # minor units of one; others have 100


def amount_text(minor: int, currency: str) -> str:
    if SCALE.get(currency) == 1:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 100)
    return f"{sign}{whole}.{rest:02d}"


class Weighted:
    """One of several names by its weight."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.names = [name for name, weight in weights.items() if weight > 0]
        self.bounds = list(accumulate(weights[name] for name in self.names))


class Draw:
    """`random` of one seed; the same seed draws the same world on any machine."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.part = self._random.random

    def chance(self, probability: float) -> bool:
        return self.part() < probability

    def below(self, bound: int) -> int:
        return int(self.part() * bound)

    def between(self, least: int, most: int) -> int:
        return least + int(self.part() * (most - least + 1))

    def pick(self, of: Sequence[T]) -> T:
        return of[int(self.part() * len(of))]

    def weighted(self, of: Weighted) -> str:
        return of.names[bisect(of.bounds, self.part() * of.bounds[-1])]

    def around(self, mean: float, deviation: float) -> float:
        return self._random.gauss(mean, deviation)

    def lognormal(self, mean: float, deviation: float) -> float:
        return self._random.lognormvariate(mean, deviation)

    def pareto(self, alpha: float) -> float:
        return self._random.paretovariate(alpha)

    def sample(self, of: Sequence[T], count: int) -> list[T]:
        return self._random.sample(of, count)

    def shuffle(self, of: list[T]) -> None:
        self._random.shuffle(of)

    def digits(self, count: int) -> str:
        return str(int(self.part() * 10**count)).zfill(count)
