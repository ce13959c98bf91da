"""What decisions of people, and what they let stand, say about how sure the matcher is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import polars as pl

from nostro.domain.money import Money, exponent_of
from nostro.matching.stages import evidence
from nostro.matching.stages.confidence import WHOLE, Evidence, Model, Seen, chances, staked

# Where the lines of the table of how sure it said and how often it was right begin.
_STEPS: Final = (0, 500_000, 800_000, 900_000, 950_000, 990_000, 999_000, 999_500, WHOLE + 1)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the matcher found: the class of its evidence, how sure it was said to be then,
    the amount of the line, and whether it was right."""

    evidence_class: str
    probability_millionths: int
    amount: Money
    right: bool


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Of all that was said to be sure from `since` to below `below`: how many were judged, how many
    of them were right, and what had been said on average."""

    since: int
    below: int
    judged: int
    right: int
    expected: int


class ClassSaid(msgspec.Struct, frozen=True, kw_only=True):
    """One class of evidence: how many of its decisions were judged and right, how sure it is, and
    whether it counts by itself; up to `most` hundredths of a unit, None: whatever the amount."""

    evidence_class: str
    words: tuple[str, ...]
    judged: int
    right: int
    probability_millionths: int
    posts: bool
    most: int | None


def classes_said(model: Model, target: int) -> list[ClassSaid]:
    """What is said of every class that somebody judged, by name."""
    told = chances(model, sorted(model.classes), target).iter_rows()
    return [
        ClassSaid(
            evidence_class=name,
            words=_words(Evidence(*name.split("/"))),
            judged=model.classes[name].judged,
            right=model.classes[name].right,
            probability_millionths=chance,
            posts=posts,
            most=most,
        )
        for name, chance, posts, most in told
    ]


def _words(told: Evidence) -> tuple[str, ...]:
    """The same sentences as beside a proposal, but for how many others would fit."""
    rivals = {"sole": (), "two": ("another explanation would fit",)}.get(
        told.rivals, ("several other explanations would fit",)
    )
    said = evidence.words(*told[:3], 0, told.repeat == "repeat", told.doubt, large=False)
    return (*said, *rivals)


def fitted(judged: Sequence[Judged], target: int) -> Model:
    """The model of these judgements alone; without any it is the safe prior."""
    counted = Counter(one.evidence_class for one in judged)
    right = Counter(one.evidence_class for one in judged if one.right)
    classes = {name: Seen(count, right[name]) for name, count in sorted(counted.items())}
    worths = pl.DataFrame(
        [(one.evidence_class, _hundredths(one.amount)) for one in judged],
        schema={"of_class": pl.String, "worth": pl.Int64},
        orient="row",
    )
    return staked(Model(classes=classes), worths, target)


def calibration(judged: Iterable[Judged]) -> tuple[Step, ...]:
    """Beside how sure it was said to be, how often it was right; without lines that have none."""
    listed = sorted((one.probability_millionths, one.right) for one in judged)
    found = []
    for since, below in pairwise(_STEPS):
        here = [(chance, right) for chance, right in listed if since <= chance < below]
        if here:
            found.append(
                Step(
                    since=since,
                    below=below,
                    judged=len(here),
                    right=sum(right for _, right in here),
                    expected=sum(chance for chance, _ in here) // len(here),
                )
            )
    return tuple(found)


def _hundredths(amount: Money) -> int:
    """Currencies are weighed one for one, as the stages weigh them."""
    places, minor = exponent_of(amount.currency), abs(amount.minor)
    if places > 2:
        return minor // int("1" + "0" * (places - 2))
    return minor * (1, 10, 100)[2 - places]
