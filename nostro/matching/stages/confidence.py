"""Stage 8: how sure a decision is, by what decisions on the same evidence turned out to be.

Decisions with the same evidence are one class. Its probability is what confirmed decisions say,
beginning from a cautious prior; a class posts by itself only where enough decisions prove it.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import Final, Literal, NamedTuple

import msgspec
import polars as pl

from nostro.matching.stages.outcome import DECIDED

WHOLE: Final = 1_000_000  # Probabilities are whole millionths.
TARGET: Final = 999_000
_LEAST_SEEN: Final = 30  # A class that fewer decisions confirm does not post by what it was.
_LEAST_POOLED: Final = 4_000
_SPENT: Final = 70  # Percent of the allowed errors that a fit may use: another month differs.
_FLOOR: Final = 990_000
_Z: Final = 1.96

# What is proven by itself, before anybody has decided anything: in millionths, and by how many
# decisions of its own a customer overrules it.
_PROVEN, _PROVEN_WEIGHT = 999_700, 2_000
_WEIGHT: Final = 2
_FAMILY_WEIGHT: Final = 200
_LOST_MOST: Final = 10  # Millionths of all money that may be posted wrongly,
_STAKED: Final = 45  # of which weak evidence may be expected to lose so many percent.
_LIKE: Final = {
    "charges": "exact", "discount": "exact",
    "all_charges": "all_exact", "all_discount": "all_exact",
}  # fmt: skip
_PROVEN_RULES: Final = (
    "exact", "charges", "discount", "all_exact", "all_charges", "all_discount", "batch",
    "batch_charges",
)  # fmt: skip
_PROVEN_KEYS: Final = ("structured", "own_id", "full", "letters")
_PART_KEYS: Final = ("tail", "slip", "near", "other")
_KNOWN_PAYERS: Final = ("iban", "alias", "name", "parent")
_PRIOR: Final = {
    "reversal": 999_000, "exact": 985_000, "charges": 985_000, "discount": 980_000,
    "late_discount": 900_000, "fee": 950_000, "big_fee": 800_000, "partial": 900_000,
    "part_or_fee": 500_000,
    "rounding": 900_000, "over": 500_000, "all_exact": 980_000, "all_charges": 970_000,
    "all_discount": 970_000, "all_fee": 900_000, "batch": 980_000, "batch_charges": 980_000,
    "batch_accepted": 900_000, "rate": 950_000, "all_rate": 900_000, "list_tails": 950_000,
    "netted": 950_000, "list_run": 800_000, "list_sum": 500_000, "run": 850_000, "sum": 300_000,
}  # fmt: skip
# Never by itself, whatever was confirmed: the trap of sums, discounts without a reference.
NEVER: Final = ("sum", "duplicate", "over")


class Seen(msgspec.Struct, frozen=True):
    """How many decisions of a class people have judged, and how many of them were right."""

    judged: int
    right: int


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What confirmed decisions of a customer have taught. An empty one is the safe prior."""

    format: Literal["nostro-matching-model-2"] = "nostro-matching-model-2"
    classes: dict[str, Seen] = {}
    vetoed: tuple[str, ...] = ()  # Rules that a customer does not let post.
    # What one decision on weak evidence may be expected to lose: hundredths of a unit x millionths.
    stake: int = 0


def of_class() -> pl.Expr:
    """The class of a decision, as text; `repeat` says that the payer paid the same days before."""
    rivals = (
        pl.when(pl.col("rivals") == 0).then(pl.lit("sole"))
        .when(pl.col("rivals") == 1).then(pl.lit("two"))
        .otherwise(pl.lit("several"))
    )  # fmt: skip
    said = [pl.col(name).cast(pl.String) for name in ("rule", "key", "payer")]
    repeat = pl.when("repeat").then(pl.lit("repeat")).otherwise(pl.lit("once"))
    return pl.concat_str([*said, rivals, repeat, pl.col("doubt").cast(pl.String)], separator="/")


class Evidence(NamedTuple):
    """A class in its parts."""

    rule: str
    key: str
    payer: str
    rivals: str
    repeat: str
    doubt: str

    @property
    def clear(self) -> bool:
        """Exact, nobody else in sight, and nothing speaks against it."""
        alone = self.rivals == "sole" and self.repeat == "once" and self.doubt == "clear"
        return alone and self.rule in _PROVEN_RULES and self.payer != "conflict"

    @property
    def proven(self) -> bool:
        """Sure before anybody has decided anything."""
        known = self.payer in _KNOWN_PAYERS or self.key != "full"
        return self.clear and self.key in _PROVEN_KEYS and known

    @property
    def family(self) -> tuple[str, ...]:
        """Classes that differ only in how the payer is known or the difference is explained."""
        payer = "known" if self.payer in (*_KNOWN_PAYERS, "alike") else self.payer
        rule = _LIKE.get(self.rule, self.rule)
        key = "part" if self.doubt == "equal" and self.key in _PART_KEYS else self.key
        return rule, key, payer, self.rivals, self.repeat, self.doubt


class Learnt:
    """What the confirmed decisions of a model say about any class: its own, its family's, and for
    clear evidence those of all clear evidence."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._families: Counter[tuple[str, ...]] = Counter()
        self._wrong: Counter[tuple[str, ...]] = Counter()
        self._clear = self._clear_wrong = 0
        for name, seen in model.classes.items():
            evidence, wrong = Evidence(*name.split("/")), seen.judged - seen.right
            self._families[evidence.family] += seen.judged
            self._wrong[evidence.family] += wrong
            self._clear += seen.judged * evidence.clear
            self._clear_wrong += wrong * evidence.clear

    def chance(self, name: str) -> int:
        """In millionths."""
        evidence = Evidence(*name.split("/"))
        judged, wrong = self._families[evidence.family], self._wrong[evidence.family]
        if evidence.proven or (evidence.clear and judged):
            return WHOLE - self._clear_risk(name)
        mean = _shrunk(judged, wrong, WHOLE - _prior(evidence), _WEIGHT)
        # Never surer than if half an error more had been seen.
        mean = max(mean, (2 * wrong + 1) * WHOLE // (2 * judged + 2)) if judged else mean
        return WHOLE - self._own(name, mean, _FAMILY_WEIGHT)

    def risk(self, name: str) -> int:
        """The chance to be wrong with which money is weighed, in millionths: one more error of the
        family than was seen, as the next month differs from the last."""
        evidence = Evidence(*name.split("/"))
        if evidence.clear:
            return self._clear_risk(name)
        judged, wrong = self._families[evidence.family], self._wrong[evidence.family]
        mean = (wrong + 1) * WHOLE // (judged + 2)
        # Equal amounts are of few payers: their errors come in heaps, or not at all.
        weight = _PROVEN_WEIGHT if evidence.doubt == "equal" else _FAMILY_WEIGHT
        return max(self._own(name, mean, weight), 1)

    def strong(self, name: str) -> bool:
        """Sure enough for any amount."""
        return Evidence(*name.split("/")).clear and self._clear_risk(name) <= WHOLE - _PROVEN

    def _clear_risk(self, name: str) -> int:
        mean = _shrunk(self._clear, self._clear_wrong, WHOLE - _PROVEN, _PROVEN_WEIGHT)
        return self._own(name, mean, _PROVEN_WEIGHT)

    def _own(self, name: str, mean: int, weight: int) -> int:
        seen = self.model.classes.get(name, Seen(0, 0))
        return _shrunk(seen.judged, seen.judged - seen.right, mean, weight)


def _shrunk(judged: int, wrong: int, mean: int, weight: int) -> int:
    """The share of errors that was seen, drawn to what is expected before: in millionths."""
    return (mean * weight + wrong * WHOLE) // (weight + judged)


def chances(model: Model, classes: list[str], target: int = TARGET) -> pl.DataFrame:
    """`of_class, chance, posts, most`, for each class: its probability, whether it posts, and the
    largest amount that it posts, in hundredths of a unit; none for strong evidence."""
    learnt = Learnt(model)
    told = {name: learnt.chance(name) for name in classes}
    least = _threshold(learnt, target)
    return pl.DataFrame(
        {
            "of_class": classes,
            "chance": [told[name] for name in classes],
            "posts": [told[name] >= least and _may_post(model, name) for name in classes],
            "most": [
                None if learnt.strong(name) else model.stake // learnt.risk(name)
                for name in classes
            ],
        },
        schema={
            "of_class": pl.String, "chance": pl.Int64, "posts": pl.Boolean, "most": pl.Int64,
        },
    )  # fmt: skip


def threshold(model: Model, target: int = TARGET) -> int:
    """The least probability, in millionths, at which a class may post."""
    return _threshold(Learnt(model), target)


def staked(model: Model, worths: pl.DataFrame, target: int = TARGET) -> Model:
    """The model with its stake: the largest at which all weak evidence that posts is expected to
    lose no more than the allowed share. `worths` are `of_class, worth` of what people judged."""
    names = worths["of_class"].drop_nulls().unique().sort().to_list()
    learnt = Learnt(model)
    weak = [name for name in names if not learnt.strong(name)]
    posting = chances(model, weak, target).filter("posts").select("of_class")
    risks = pl.DataFrame(
        {"of_class": weak, "risk": [learnt.risk(name) for name in weak]},
        schema={"of_class": pl.String, "risk": pl.Int64},
    )
    losses = (
        worths.join(posting, on="of_class").join(risks, on="of_class")
        .group_by(loss=pl.col("risk") * pl.col("worth"))
        .agg(sum=(pl.col("risk") * pl.col("worth")).sum()).sort("loss")
    )  # fmt: skip
    allowed = int(worths["worth"].sum()) * _LOST_MOST * _STAKED // 100
    kept = losses.filter(pl.col("sum").cum_sum() <= allowed)["loss"].to_list()
    return msgspec.structs.replace(model, stake=max(kept, default=0))


def chance(model: Model, name: str) -> int:
    return Learnt(model).chance(name)


def lower_bound(right: int, judged: int) -> int:
    """Wilson's lower 95 % bound of a share, in millionths."""
    if not judged:
        return 0
    share, z2 = right / judged, _Z * _Z
    middle = share + z2 / (2 * judged)
    spread = _Z * sqrt(share * (1 - share) / judged + z2 / (4 * judged * judged))
    return int((middle - spread) / (1 + z2 / judged) * WHOLE)


def _threshold(learnt: Learnt, target: int) -> int:
    """The least probability at which all that posts keeps the target, by its lower bound."""
    allowed = WHOLE - (WHOLE - target) * _SPENT // 100
    ranked = sorted(
        ((learnt.chance(name), seen) for name, seen in learnt.model.classes.items()
         if seen.judged >= _LEAST_SEEN and name.partition("/")[0] not in NEVER),
        key=lambda one: -one[0],
    )  # fmt: skip
    judged = right = 0
    least = target
    for chance_here, seen in ranked:
        judged, right = judged + seen.judged, right + seen.right
        kept = judged >= _LEAST_POOLED and lower_bound(right, judged) >= allowed
        if kept and chance_here >= _FLOOR:
            least = min(least, chance_here)
    return least


def _may_post(model: Model, name: str) -> bool:
    rule = name.partition("/")[0]
    if rule in NEVER or rule in model.vetoed:
        return False
    known = model.classes.get(name, Seen(0, 0)).judged >= _LEAST_SEEN
    return known or Evidence(*name.split("/")).proven


def _prior(evidence: Evidence) -> int:
    prior = _PRIOR.get(evidence.rule, 0)
    if evidence.payer == "conflict":
        prior = min(prior, 700_000)
    if evidence.rivals != "sole":  # As many explanations, as many chances.
        prior = min(prior, 450_000 if evidence.rivals == "two" else 200_000)
    return prior


COLUMNS: Final = (*DECIDED, "of_class", "chance", "posts", "most")
