"""What the matcher has learnt of a customer, as stored, and the judgements that it learns from."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.money import Money
from nostro.matching.refitting import Judged, Step
from nostro.matching.stages.confidence import Model
from nostro.storage import models, queries
from nostro.storage.tenancy import Sight, current, seeing

JUDGED_MOST: Final = 100_000  # Of what people judged, and of what stood; the newest.


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what was learnt; number 0 is the safe prior, before anything was."""

    version: int = 0
    fitted_at: datetime | None = None
    target_millionths: int = 0
    judged: int = 0
    right: int = 0
    since: datetime | None = None
    until: datetime | None = None
    calibration: tuple[Step, ...] = ()
    model: Model = Model()


def last() -> Fitted:
    """The version that counts."""
    row = models.MatchModel.objects.order_by("-version").first()
    if row is None:
        return Fitted()
    return Fitted(
        version=row.version,
        fitted_at=row.fitted_at,
        target_millionths=row.target_millionths,
        judged=row.judged,
        right=row.right_count,
        since=row.since,
        until=row.until,
        calibration=msgspec.convert(row.calibration, tuple[Step, ...]),
        model=msgspec.convert(row.content, Model),
    )


def add(model_id: UUID, one: Fitted, now: datetime) -> None:
    """Keep a version, fitted now. A second of the same number is refused by the database."""
    models.MatchModel.objects.create(
        id=model_id,
        tenant_id=current(),
        version=one.version,
        fitted_at=now,
        target_millionths=one.target_millionths,
        judged=one.judged,
        right_count=one.right,
        since=one.since,
        until=one.until,
        content=msgspec.to_builtins(one.model),
        calibration=msgspec.to_builtins(one.calibration),
    )


def judgements(stood_since: datetime) -> list[tuple[Judged, datetime]]:
    """Each with when it was judged. Of what is confidential nothing is learnt: what was learnt is
    told to everybody who reads how sure the matcher is."""
    with seeing(Sight.OPEN):
        rows = queries.rows(
            "judged_matches", tenant_id=current(), stood_since=stood_since, most=JUDGED_MOST
        )
    return [
        (
            Judged(
                evidence_class=row["evidence_class"],
                probability_millionths=row["probability_millionths"],
                amount=Money(row["amount_minor"], row["currency"]),
                right=row["is_right"],
            ),
            row["judged_at"],
        )
        for row in rows
    ]
