"""What programs are told of how sure the matcher is."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from nostro.api.told import Told
from nostro.workflows.match_refitting import HowSure


class CalibrationStep(Told):
    """Of what was said to be sure from `since` to below `below`: how many were judged and right;
    `expected` is what had been said on average. All but counts are millionths."""

    since: int
    below: int
    judged: int
    right: int
    expected: int


class EvidenceClass(Told):
    """Decisions on the same evidence. `posts`: they count by themselves, `most`: up to so many
    hundredths of a unit of the line's currency; null: whatever the amount."""

    evidence_class: str
    words: list[str]
    judged: int
    right: int
    probability_millionths: int
    posts: bool
    most: int | None


class MatchModel(Told):
    """What counts at `as_of`. Version 0 is the safe prior: nothing was judged yet. `since` and
    `until`: when the first and the last of the judgements were made that it was fitted on; nothing
    of confidential lines is among them."""

    as_of: datetime
    version: int = Field(ge=0)
    fitted_at: datetime | None
    target_millionths: int
    judged: int
    right: int
    since: datetime | None
    until: datetime | None
    calibration: list[CalibrationStep]


def told_model(one: HowSure, now: datetime) -> MatchModel:
    fitted = one.fitted
    return MatchModel(
        as_of=now,
        version=fitted.version,
        fitted_at=fitted.fitted_at,
        target_millionths=one.target_millionths,
        judged=fitted.judged,
        right=fitted.right,
        since=fitted.since,
        until=fitted.until,
        calibration=[CalibrationStep.model_validate(step) for step in fitted.calibration],
    )
