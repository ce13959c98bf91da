"""Stage 8: how sure a decision is, by what decisions on the same evidence turned out to be.

Decisions with the same evidence are one class. Its probability is what confirmed decisions say,
beginning from a cautious prior; a class posts by itself only where enough decisions prove it.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

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
_PROVEN_RULES: Final = (
    "exact", "charges", "discount", "all_exact", "all_charges", "all_discount", "batch",
    "batch_charges",
)  # fmt: skip
_PROVEN_KEYS: Final = ("structured", "own_id", "full", "letters")
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

    format: str = "nostro-matching-model-1"
    classes: dict[str, Seen] = {}
    vetoed: tuple[str, ...] = ()  # Rules that a customer does not let post.


def of_class() -> pl.Expr:
    """The class of a decision, as text; `repeat` says that the payer paid the same days before."""
    rivals = (
        pl.when(pl.col("rivals") == 0).then(pl.lit("sole"))
        .when(pl.col("rivals") == 1).then(pl.lit("two"))
        .otherwise(pl.lit("several"))
    )  # fmt: skip
    said = [pl.col(name).cast(pl.String) for name in ("rule", "key", "payer")]
    repeat = pl.when("repeat").then(pl.lit("repeat")).otherwise(pl.lit("once"))
    return pl.concat_str([*said, rivals, repeat], separator="/")


def chances(model: Model, classes: list[str], target: int = TARGET) -> pl.DataFrame:
    """`of_class, chance, posts`, for each class: its probability, and whether it posts."""
    told = {name: chance(model, name) for name in classes}
    least = _threshold(model, target)
    posts = [told[name] >= least and _may_post(model, name) for name in classes]
    return pl.DataFrame(
        {"of_class": classes, "chance": [told[name] for name in classes], "posts": posts},
        schema={"of_class": pl.String, "chance": pl.Int64, "posts": pl.Boolean},
    )


def chance(model: Model, name: str) -> int:
    prior, weight = _prior(name)
    seen = model.classes.get(name, Seen(0, 0))
    return (prior * weight + seen.right * WHOLE) // (weight + seen.judged)


def lower_bound(right: int, judged: int) -> int:
    """Wilson's lower 95 % bound of a share, in millionths."""
    if not judged:
        return 0
    share, z2 = right / judged, _Z * _Z
    middle = share + z2 / (2 * judged)
    spread = _Z * sqrt(share * (1 - share) / judged + z2 / (4 * judged * judged))
    return int((middle - spread) / (1 + z2 / judged) * WHOLE)


def _threshold(model: Model, target: int) -> int:
    """The least probability at which all that posts keeps the target, by its lower bound."""
    allowed = WHOLE - (WHOLE - target) * _SPENT // 100
    ranked = sorted(
        ((chance(model, name), seen) for name, seen in model.classes.items()
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
    prior, _ = _prior(name)
    return prior >= _PROVEN or model.classes.get(name, Seen(0, 0)).judged >= _LEAST_SEEN


def _prior(name: str) -> tuple[int, int]:
    rule, key, payer, rivals, repeat = name.split("/")
    sure = rivals == "sole" and repeat == "once" and key in _PROVEN_KEYS
    known = payer in _KNOWN_PAYERS or (payer in ("alike", "unknown") and key != "full")
    if sure and known and rule in _PROVEN_RULES:
        return _PROVEN, _PROVEN_WEIGHT
    prior = _PRIOR.get(rule, 0)
    if payer == "conflict":
        prior = min(prior, 700_000)
    if rivals != "sole":  # As many explanations, as many chances.
        prior = min(prior, 450_000 if rivals == "two" else 200_000)
    return prior, _WEIGHT


COLUMNS: Final = (*DECIDED, "of_class", "chance", "posts")
