"""The stages in their order: what each decides is taken away before the next one looks."""

from __future__ import annotations

import polars as pl

from nostro.matching.stages import (
    capacity,
    decisions,
    duplicates,
    named_items,
    parties,
    payers,
    pricing,
    reference_keys,
    returns,
)
from nostro.matching.stages.confidence import Model
from nostro.matching.stages.confirmed import Confirmed, member_sums, nobody, refitted
from nostro.matching.stages.decisions import Decisions, Found
from nostro.matching.stages.outcome import Outcome, together, without_items
from nostro.matching.stages.tables import by_due_date, in_booking_order


class Tables:
    """The typed tables of one run, transactions in booking order and items by due date."""

    def __init__(self, rows: pl.DataFrame, items: pl.DataFrame, rates: pl.DataFrame) -> None:
        """`rows`, `items` and `rates` are typed (stages.tables), in any order."""
        booked = in_booking_order(rows)
        self.ids = booked.select("t", "id")
        self.rows = _readied(booked.drop("id"))
        ordered = by_due_date(items)
        self.item_ids = ordered.select("i", "id")
        self.parties = parties.Parties(ordered)
        self.items = ordered.drop("id", "party_name", "party_ibans")
        self.rates = rates


def decide(tables: Tables, model: Model, target: int, people: Confirmed) -> Decisions:
    """The whole way: stages, classes of evidence, chances, what posts."""
    found = Run(tables, people).match()
    lines = decisions.of_found(tables.rows, found)
    told = decisions.judged(lines, model, target, found)
    return Decisions(told, found, tables.ids, tables.item_ids)


def fit(tables: Tables, model: Model, people: Confirmed) -> Model:
    """The model with what people have decided, judged by what would have been found without."""
    found = Run(tables, nobody()).match()
    lines = member_sums(decisions.of_found(tables.rows, found), found.others)
    return refitted(model, lines, found.outcome.allocated, people)


def _readied(rows: pl.DataFrame) -> pl.DataFrame:
    """With `plain`, the payer's name, and `says`, the digits of his reference, 0 for none."""
    digits = pl.concat_str("text", "structured").str.replace_all(r"\D", "")
    return rows.with_columns(
        plain=parties.plain(pl.col("name")),
        says=pl.when(digits == "").then(pl.lit(0, pl.UInt64)).otherwise(digits.hash()),
    ).drop("name")


class Run:
    """One pass over a set of transactions and items."""

    def __init__(self, tables: Tables, people: Confirmed) -> None:
        self.tables = tables
        self.people = people
        self.items = tables.items.filter(pl.col("open") != 0)
        self.live = tables.rows
        self.parts: list[Outcome] = []
        self.named = pl.DataFrame()

    def match(self) -> Found:
        others = pl.concat([self._decided_by_people(), self._returns()])
        repeats = duplicates.repeats(self.live)
        self._guard(repeats)
        learnt = self.people.learnt(self.tables.rows, self.tables.items)
        self.named = parties.named(self.live, self.tables.parties, learnt)
        told = reference_keys.text_keys(self.live)
        left = self._by_keys(reference_keys.full_keys(self.items), told, "full")
        del left
        return Found(together(self.parts), others, repeats)

    def _decided_by_people(self) -> pl.DataFrame:
        self._keep(self.people.outcome())
        self.live = self.live.join(self.people.members.select("t"), on="t", how="anti")
        return self.people.others()

    def _returns(self) -> pl.DataFrame:
        pairs = returns.pairs(self.live)
        self._keep(without_items(pairs, "reversal"))
        self.live = self.live.join(pairs.select(pl.col("of").alias("t")), on="t", how="anti")
        return pairs.select("t", "of")

    def _guard(self, repeats: pl.DataFrame) -> None:
        """A repetition with the same reference is no payment of its own."""
        same = repeats.filter("named").select("t")
        self.parts.append(without_items(same, "duplicate"))
        self.live = self.live.join(same, on="t", how="anti")

    def _by_keys(self, keys: pl.DataFrame, told: pl.DataFrame, key: str) -> pl.DataFrame:
        told = told.join(self.live.select("t"), on="t", how="semi")
        found = named_items.hits(keys, told, key).unique(["t", "i"])
        pairs = pricing.priced(found, self.live, self.items, self.tables.rates)
        pairs = payers.with_payer(pairs, self.named, self.live, self.tables.parties)
        named = named_items.decided(pairs)
        self._keep(capacity.within(named.outcome, self.items, named.others))
        return named.left

    def _keep(self, outcome: Outcome) -> None:
        self.parts.append(outcome)
        self.items = capacity.taken(self.items, outcome)
        self.live = self.live.join(outcome.decided.select("t"), on="t", how="anti")
