"""What the bank books, and the truth about it: rows of transactions and lines of truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bench.matching_world.documents import ENTITIES, Item
from bench.matching_world.draw import ISO, SCALE, WORKING, Draw, amount_text
from bench.matching_world.plans import EURO_RATES

COLUMNS = (
    "id", "account", "booking_date", "value_date", "amount", "currency", "counterparty_name",
    "counterparty_iban", "remittance", "structured_reference", "end_to_end_id", "bank_reference",
    "original_amount", "original_currency", "charges", "return_reason", "status",
)  # fmt: skip
RATE_DAYS = 620
# A walk through more numbers than there are transactions: ids tell no order.
STEP, PRIME = 7_654_321, 9_999_991


class Payer(NamedTuple):
    name: str
    iban: str


class Words(NamedTuple):
    """What comes with the money."""

    text: str = ""
    structured: str = ""
    end_to_end: str = ""
    original: tuple[str, str] = ("", "")
    charges: str = ""
    reason: str = ""


class Rates:
    """A rate a day and currency in millionths of a euro, wandering; written in both directions."""

    def __init__(self, draw: Draw) -> None:
        self._of: dict[str, list[int]] = {}
        for currency, start in EURO_RATES.items():
            rates = [start * 1e6]
            while len(rates) < RATE_DAYS:
                rates.append(rates[-1] * (1 + draw.around(0, 0.003)))
            self._of[currency] = [int(rate) for rate in rates]
        self._of["EUR"] = [1_000_000] * RATE_DAYS

    def exchanged(self, minor: int, currency: str, into: str, day: int) -> int:
        given = self._of[currency][day] * SCALE.get(into, 100)
        asked = self._of[into][day] * SCALE.get(currency, 100)
        return minor * given // asked

    def rows(self) -> Iterable[tuple[str, str, str, str]]:
        for day in range(RATE_DAYS):
            for currency, rates in self._of.items():
                for into in ("EUR", "GBP", "USD"):
                    if currency != into:
                        rate = rates[day] / self._of[into][day]
                        yield ISO[day], currency, into, f"{rate:.6f}"


class Ledger:
    """All rows are text already, as they go into the file."""

    def __init__(self, draw: Draw, rates: Rates) -> None:
        self.draw, self.rates = draw, rates
        self.rows: list[tuple[str, ...]] = []
        self.truth: list[str] = []

    def book(self, entity: int, day: int, minor: int, payer: Payer, words: Words) -> str:
        draw, ours = self.draw, ENTITIES[entity]
        n = len(self.rows) + 1
        number = f"t{n * STEP % PRIME:07d}"
        booked = WORKING[day]
        value = booked if draw.chance(0.85) else WORKING[day + 1]
        self.rows.append(
            (
                number, draw.pick(ours.accounts), ISO[booked], ISO[value],
                amount_text(minor, ours.currency), ours.currency, payer.name, payer.iban,
                words.text[:140], words.structured, words.end_to_end,
                f"{booked:03d}{n * 48_271 % 2_147_483_647:010d}",
                *words.original, words.charges, words.reason,
                "pending" if draw.chance(0.003) else "booked",
            )
        )  # fmt: skip
        return number

    def settle(
        self, scenario: str, ids: tuple[str, ...], of: Iterable[tuple[Item, int]] = (),
        adjusted: tuple[str, int] | None = None,
    ) -> None:  # fmt: skip
        """The truth about one decision; written by hand, for a million lines."""
        told = ",".join(f'{{"item":"{item.id}","settled_minor":{minor}}}' for item, minor in of)
        adjustment = ""
        if adjusted:
            adjustment = f'{{"kind":"{adjusted[0]}","amount_minor":{adjusted[1]}}}'
        names = '","'.join(ids)
        self.truth.append(
            f'{{"transactions":["{names}"],"allocations":[{told}],'
            f'"adjustments":[{adjustment}],"scenario":"{scenario}"}}'
        )
