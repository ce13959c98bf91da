"""Which documents a customer has and what will become of each: decided before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bench.matching_world import mix
from bench.matching_world.documents import ENTITIES, Item
from bench.matching_world.draw import Draw, Weighted
from bench.matching_world.parties import SEPA, Party

TERMS = (14, 30, 30, 30, 45, 60)
ISSUED_UNTIL = 330
EURO_RATES = {"USD": 0.92, "CHF": 1.05, "PLN": 0.23, "JPY": 0.0062, "GBP": 1.17, "EUR": 1.0}
FOREIGN = ("USD", "USD", "GBP", "CHF", "PLN", "JPY")
HEAVY = 300


class Plan(NamedTuple):
    """`day` is when a run pays; -1: each document by its own due date."""

    scenario: str
    items: list[Item]
    day: int = -1


class Planner:
    def __init__(self, draw: Draw, hard: float) -> None:
        self._draw, self._hard = draw, hard
        self._single = Weighted(mix.weights(mix.SINGLE, hard))
        self._run = Weighted(mix.weights(mix.RUN, hard))

    def plans(self, party: Party) -> Iterator[Plan]:
        """As many documents as the customer has, give or take the last plan's."""
        if party.runs_every:
            yield from self._runs(party)
            return
        left = party.size
        while left > 0:
            plan = self._one(party, left)
            left -= len(plan.items)
            yield plan

    def _one(self, party: Party, left: int) -> Plan:
        draw = self._draw
        scenario = draw.weighted(self._single)
        if scenario in ("exact", "reformatted", "missing"):
            if party.service and draw.chance(mix.BY_SERVICE * self._hard):
                scenario = "shared_iban"
            elif party.parent and draw.chance(mix.BY_PARENT * self._hard):
                scenario = "parent_pays"
        if scenario == "fee" and party.country in SEPA and party.entity not in (2, 4):
            scenario = "exact"  # Nobody takes fees of a payment in euro inside SEPA.
        if (left < 2 and scenario in ("instalment", "credit_note")) or scenario.startswith("multi"):
            return self._few(party, scenario, left)
        if scenario == "instalment":
            return Plan(scenario, self._instalments(party))
        if scenario == "credit_note":
            return Plan(scenario, self._netted(party, draw.between(1, 3), self._issued()))
        return Plan(scenario, [self._invoice(party, self._issued(), scenario)])

    def _few(self, party: Party, scenario: str, left: int) -> Plan:
        """Some documents of one stretch of time; others of the same customer lie between them."""
        draw, start = self._draw, self._issued()
        most = {"multi_none": 4, "multi_truncated": 9}.get(scenario, 7)
        count = min(left, draw.between(2 if scenario != "multi_truncated" else 4, most))
        if count < 2:
            return Plan("exact", [self._invoice(party, start, "exact")])
        days = [start + draw.below(25) for _ in range(count)]
        return Plan(scenario, [self._invoice(party, day, scenario) for day in days])

    def _runs(self, party: Party) -> Iterator[Plan]:
        """All that fell due since the last run, in one payment; seldom without one in dispute."""
        draw, left, start = self._draw, party.size, draw_start(self._draw)
        terms = draw.pick(TERMS)
        usual = max(1, party.size * party.runs_every // ISSUED_UNTIL)
        while left > 0:
            count = min(left, draw.between(max(1, usual * 2 // 3), usual + usual // 3 + 1))
            if start > ISSUED_UNTIL + 90:
                count = left
            yield from self._run_of(party, count, start, terms)
            left -= count
            start += party.runs_every

    def _run_of(self, party: Party, count: int, start: int, terms: int) -> Iterator[Plan]:
        draw = self._draw
        scenario = draw.weighted(self._run)
        if count > 25 and scenario != "credit_note" and party.size >= HEAVY:
            scenario = "heavy_run"
        elif count < (3 if scenario == "credit_note" else 2):
            scenario = "exact"
        day = start + party.runs_every + terms + draw.below(3)
        if scenario == "credit_note":
            items = self._netted(party, count - 1, start)
        else:
            items = [
                self._invoice(party, start + draw.below(party.runs_every), scenario)
                for _ in range(count)
            ]
        for item in items:
            item.due = item.issue + terms
        items.sort(key=lambda one: one.due)
        if scenario == "exact":
            yield from (Plan("exact", [item], day) for item in items)
            return
        if len(items) > 4 and scenario != "credit_note" and draw.chance(0.12):
            yield Plan("unpaid", [items.pop(draw.below(len(items)))])
        yield Plan(scenario, items, day)

    def _issued(self) -> int:
        return self._draw.below(ISSUED_UNTIL)

    def _amount(self, party: Party) -> int:
        draw = self._draw
        if party.prices:
            return draw.pick(party.prices)
        amount = max(500, int(100 * draw.lognormal(party.scale, 1.1)))
        if draw.chance(0.15):
            return max(1000, round(amount, -3 if amount < 100_000 else -4))
        return amount

    def _invoice(self, party: Party, issued: int, scenario: str) -> Item:
        draw, entity = self._draw, party.entity
        alone = not scenario.startswith(("multi", "credit")) and not party.runs_every
        if alone and draw.chance(0.06):
            entity = draw.below(len(ENTITIES))
        amount, due = self._amount(party), issued + draw.pick(TERMS)
        item = Item("invoice", party, entity, amount, issued, due)
        if scenario.startswith("fx_"):
            self._in_other_currency(item)
        elif scenario.startswith("discount") or (scenario == "exact" and draw.chance(0.15)):
            share = draw.pick((2, 2, 3, 3, 1, 5))
            item.discount = (amount * share + 50) // 100
            item.until = issued + draw.pick((8, 10, 14))
            item.due = max(item.due, item.until + 14)
        if scenario in ("exact", "missing") and draw.chance(0.02):
            item.kind = "expected_payment"
        if scenario in ("exact", "missing", "typo") and not item.discount and draw.chance(0.03):
            item.open = max(100, item.amount * draw.between(20, 80) // 100)  # Partly paid before.
        return item

    def _in_other_currency(self, item: Item) -> None:
        ours = ENTITIES[item.entity].currency
        foreign = self._draw.pick(FOREIGN) if ours == "EUR" else "EUR"
        worth = item.amount * EURO_RATES[ours] / EURO_RATES[foreign]
        item.currency = foreign
        item.amount = item.open = max(100, int(worth / 100 if foreign == "JPY" else worth))

    def _instalments(self, party: Party) -> list[Item]:
        draw, issued = self._draw, self._issued()
        count, total = draw.between(3, 6), max(20_000, self._amount(party))
        found = []
        for at in range(count):
            amount = total // count + (total % count if at == count - 1 else 0)
            item = Item("instalment", party, party.entity, amount, issued, issued + 30 * (at + 1))
            item.share = f"{at + 1}/{count}"
            found.append(item)
        return found

    def _netted(self, party: Party, count: int, start: int) -> list[Item]:
        """Invoices with a credit note of less than their sum."""
        draw = self._draw
        every = party.runs_every or 20
        items = [
            self._invoice(party, start + draw.below(every), "credit_note") for _ in range(count)
        ]
        total = sum(item.amount for item in items)
        back = total * draw.between(3, 60) // 100
        if draw.chance(0.3):
            back = max(100, round(back, -3)) if back > 2000 else back
        day = start + draw.below(every)
        items.append(Item("credit_note", party, party.entity, -back, day, day))
        return items


def draw_start(draw: Draw) -> int:
    return draw.below(25)
