"""The stages in their order: what each decides is taken away before the next one looks."""

from __future__ import annotations

import polars as pl

from nostro.matching.stages import (
    amount_decision,
    batches,
    capacity,
    claims,
    companies,
    decisions,
    doubts,
    duplicates,
    named_items,
    parties,
    party_amounts,
    pay_runs,
    payers,
    pricing,
    reference_keys,
    returns,
)
from nostro.matching.stages.confidence import Model
from nostro.matching.stages.confirmed import Confirmed, member_sums, nobody, refitted
from nostro.matching.stages.decisions import Decisions, Found
from nostro.matching.stages.outcome import KEY, PAYER, Outcome, together, without_items
from nostro.matching.stages.tables import by_due_date, in_booking_order


class Listed:
    """Open items, with what is known by their texts; most of the texts are needed no more."""

    def __init__(self, items: pl.DataFrame, known: pl.DataFrame | None = None) -> None:
        """`items` are typed (stages.tables), in any order. `known` are `party, party_name,
        party_ibans` of further parties, none of whose items are among these."""
        ordered = by_due_date(items)
        self.ids = ordered.select("i", "id")
        told = ordered.select("party", "party_name", "party_ibans")
        self.parties = parties.Parties(told if known is None else pl.concat([told, known]))
        ordered = ordered.drop("id", "party_name", "party_ibans")
        self.keys = reference_keys.full_keys(ordered)
        self.items = ordered.drop("references")


class Tables:
    """The tables of one run, transactions in booking order and items by due date."""

    def __init__(self, listed: Listed, rows: pl.DataFrame, rates: pl.DataFrame) -> None:
        """`rows` and `rates` are typed (stages.tables), in any order."""
        booked = in_booking_order(rows)
        self.ids = booked.select("t", "id")
        self.rows = _readied(booked.drop("id"))
        self.items = listed.items
        self.item_ids = listed.ids
        self.parties = listed.parties
        self.keys = listed.keys
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
        oamount=pl.when(pl.col("oamount") != 0).then(pl.col("oamount")),
        says=pl.when(digits == "").then(pl.lit(0, pl.UInt64)).otherwise(digits.hash()),
    ).drop("name")


FOREIGN_MOST = 60  # More items of a payer in one other currency are too many for a band.
_LEFT = ("t", "i", "key", "payer", "a", "v", "open", "foreign", "party", "icur")


def _its_part() -> pl.Expr:
    """A named document of the payer's own that may be paid in part by this."""
    less = (pl.col("a").abs() < pl.col("v").abs()) & (pl.col("a") * pl.col("v") > 0)
    return less & payers.agrees() & ~pl.col("foreign")


class Run:
    """One pass over a set of transactions and items."""

    def __init__(self, tables: Tables, people: Confirmed) -> None:
        self.tables = tables
        self.people = people
        # A copy of all items costs 100 MB for a million of them: only where one is settled already.
        settled = (tables.items["open"] == 0).any()
        self.items = tables.items.filter(pl.col("open") != 0) if settled else tables.items
        self.live = tables.rows
        self.parts: list[Outcome] = []
        self.named = pl.DataFrame()
        self.rivals = pl.DataFrame()
        self.looked_at = 0  # Pairs and open items: what must grow with the rows only.
        self.accounts: pl.DataFrame | None = None  # Whose each account is, once it is learnt.
        self.named_by = pl.DataFrame()
        self.doubts: list[pl.DataFrame] = []
        self.hits: list[pl.DataFrame] = []  # Named, and no rule of amounts explains them.

    def match(self) -> Found:
        others = pl.concat([self._decided_by_people(), self._returns()])
        repeats = duplicates.repeats(self.live)
        self._guard(repeats)
        learnt = self.people.learnt(self.tables.rows, self.tables.items)
        self.named = parties.named(self.live, self.tables.parties, learnt)
        self._by_numbers()
        self._by_letters()
        self._by_tails()
        self._by_party()
        self._partly()
        self._by_runs()
        named = self._still(("t", "i", "key", "open")).rename({"open": "settled"})
        rivals = pl.concat([self.rivals.select(named.columns), named])
        return Found(together(self.parts), others, repeats, rivals, doubts.worst(self.doubts))

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
        hits = named_items.hits(keys, told, key).join(self.items.select("i"), on="i", how="semi")
        if self.accounts is None:
            self.accounts = companies.of_accounts(hits, self.live, self.items)
        self._decide_named(companies.own_first(hits, self.accounts, self.live, self.items))
        return hits

    def _by_numbers(self) -> None:
        """Whole numbers; those who pay one price each month easily write one for another."""
        items, texts = self.items, doubts.with_several_numbers(self.live)
        hits = self._by_keys(self.tables.keys, reference_keys.text_keys(self.live), "full")
        self.named_by = hits.select("t", "i")
        found = self.parts[-1]
        twins = doubts.twins(found, items)
        twice = doubts.twice(found, self.named_by, twins)
        self.doubts += [twins, twice, doubts.more(found, items, texts)]

    def _accounts(self) -> pl.DataFrame:
        return pl.DataFrame() if self.accounts is None else self.accounts

    def _decide_named(self, hits: pl.DataFrame) -> None:
        pairs = pricing.priced(hits, self.live, self.items, self.tables.rates)
        self.looked_at += pairs.height
        pairs = payers.with_payer(pairs, self.named, self.live, self.tables.parties)
        named = named_items.decided(pairs, self.live, self.items)
        self._keep(capacity.within(named.outcome, self.items, named.others))
        self.hits.append(named.left)

    def _by_letters(self) -> None:
        words = reference_keys.text_letters(self.live)
        self._keep(batches.decided(self.live, self.items, words))
        self._by_keys(reference_keys.letter_keys(self.items), words, "letters")

    def _by_tails(self) -> None:
        """The end of a number says something only of the payer's own documents."""
        rows = self.live.join(self.named.select("t"), on="t", how="semi")
        told = reference_keys.text_ends(rows).drop("piece")
        mine = told.join(self.named.select("t", "party"), on="t")
        items = self.items
        by = pl.concat(
            [
                self.items.select("i", by="party"),
                self.items.filter(pl.col("parent") != 0).select("i", by="parent"),
            ]
        ).join(mine.select(by="party").unique(), on="by", how="semi")
        tails = reference_keys.tail_keys(self.items.join(by, on="i", how="semi")).join(by, on="i")
        telling = tails.filter(pl.len().over("k", "by") == 1)
        found = mine.join(telling, left_on=["k", "party"], right_on=["k", "by"])
        hits = (
            found.select("t", "k", "i")
            .unique(["t", "i"])
            .with_columns(key=pl.lit("tail", KEY), own=pl.lit(value=True))
        )
        self._decide_named(hits)
        self.doubts.append(doubts.equal(self.parts[-1], items, rows))

    def _by_party(self) -> None:
        self._name_alike()
        paying = companies.own_first(
            party_amounts.candidates(self.live, self.items, self.named),
            self._accounts(), self.live, self.items,
        )  # fmt: skip
        pairs = (
            pricing.priced(
                pl.concat([paying, self._by_band()]), self.live, self.items, self.tables.rates
            )
            .with_columns(rule=amount_decision.of_one())
            .drop_nulls("rule")
        )
        self.looked_at += pairs.height
        found, self.rivals = party_amounts.decided(pairs, self._digits(pairs), self._numbers(pairs))
        self.doubts += [doubts.equal(found, self.items, self.live), doubts.whole(found, self.live)]
        self._keep(found)

    def _by_band(self) -> pl.DataFrame:
        """Items of the payer in another currency; the rate decides."""
        foreign = (
            self.live.filter(pl.col("ocur").is_null()).select("t", "cur").join(self.named, on="t")
        )
        owed = self.items.filter(~pl.col("kind").is_in(["psp_payout", "payment_batch"]))
        few = owed.select("i", "party", icur="cur").filter(
            pl.len().over("party", "icur") <= FOREIGN_MOST
        )
        joined = foreign.join(few, on="party").filter(pl.col("cur") != pl.col("icur"))
        return joined.select("t", "i", payer=pl.col("source").cast(pl.String).cast(PAYER))

    def _name_alike(self) -> None:
        unknown = self.live.join(self.named, on="t", how="anti")
        self.named = pl.concat([self.named, parties.alike(unknown, self.tables.parties)])

    def _digits(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """`t, digits, names`: what the texts say, and whose whole numbers they name."""
        asked = self.live.join(pairs.select("t").unique(), on="t", how="semi")
        named = pl.concat([left.select("t", own=_its_part()) for left in self.hits[:1]])
        whose = named.group_by("t").agg(
            names=pl.when(pl.col("own").any())
            .then(pl.lit("own", KEY))
            .otherwise(pl.lit("other", KEY))
        )
        return reference_keys.text_digits(asked).join(whose, on="t", how="left")

    def _numbers(self, pairs: pl.DataFrame) -> pl.DataFrame:
        digits = pl.col("number").str.replace_all(r"\D", "")
        return self.items.join(pairs.select("i").unique(), on="i", how="semi").select(
            "i", number_digits=digits
        )

    def _partly(self) -> None:
        """What names one document of the payer and pays less than it."""
        left = (
            self._still(_LEFT)
            .drop("open", "v")
            .join(self.items.select("i", "open", v="open"), on="i")
        )
        one = left.filter(
            pl.col("t").is_unique()
            & ~pl.col("foreign")
            & payers.agrees()
            & (pl.col("a").abs() < pl.col("v").abs())
            & (pl.col("a") * pl.col("v") > 0)
        )
        notes = self.items.filter(pl.col("open") < 0).select("party", icur="cur", less="open")
        netted = one.with_columns(less=pl.col("a") - pl.col("v")).join(
            notes, on=["party", "icur", "less"], how="semi"
        )
        one = one.join(netted, on="t", how="anti")
        part = one.with_columns(rule=amount_decision.of_part(), rivals=pl.lit(0, pl.UInt32))
        found = claims.of_pairs(part)
        self.doubts += [
            doubts.more(found, self.tables.items, doubts.with_several_numbers(self.live)),
            doubts.twice(found, self.named_by, part.clear()),
        ]
        self._keep(capacity.within(found, self.items, part.select("t", "i").clear()))

    def _still(self, columns: tuple[str, ...]) -> pl.DataFrame:
        """Named items of transactions that are not yet explained; ends of numbers only where no
        whole number is named."""
        left = pl.concat([left.select(columns) for left in self.hits])
        live = left.join(self.live.select("t"), on="t", how="semi")
        whole = live.filter(pl.col("key") != "tail").select("t").unique()
        told = live.filter(pl.col("key") == "tail").join(whole, on="t", how="anti")
        both = pl.concat([live.filter(pl.col("key") != "tail"), told])
        return both.sort("t", "i", "key").unique(["t", "i"], keep="first", maintain_order=True)

    def _by_runs(self) -> None:
        best = self.named.sort("t", "source", "party").unique("t", keep="first")
        told = self._still(("t", "i", "key")).select("t", "i", full=pl.col("key") != "tail")
        mine = told.join(self.items.select("i"), on="i", how="semi")
        single = mine.group_by("t", "i").agg(pl.col("full").any())
        found, tried = pay_runs.decided(self.live, self.items, best, single)
        self.looked_at += tried
        self._keep(found)

    def _keep(self, outcome: Outcome) -> None:
        self.parts.append(outcome)
        if not outcome.decided.height:
            return
        self.items = capacity.taken(self.items, outcome)
        self.live = self.live.join(outcome.decided.select("t"), on="t", how="anti")
