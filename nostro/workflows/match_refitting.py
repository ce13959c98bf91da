"""How sure the matcher is, fitted once a day for each customer from what its people judged.

1. Judged is what a person confirmed, decided otherwise, refused or undid; and, as right, what the
   matcher posted and nobody took back for some days (policy `match_precision`).
2. A fit that says something new is a new version, with what it was fitted on; it counts for lines
   that are explained from then on, and for receipts that wait. What is matched stays as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.policies.match_precision import MatchPrecision
from nostro.matching import refitting
from nostro.matching.refitting import ClassSaid
from nostro.matching.stages.confidence import Model, threshold
from nostro.storage import events, match_models, parties, policies
from nostro.storage.match_models import Fitted
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake, wake_lines

EVERY: Final = timedelta(days=1)


def in_force(acting: Acting) -> tuple[Model, int]:
    """The model that counts, and the share of right decisions that it is held to. Inside a unit of
    work. A lower share counts from the next fit on: this one's stake was set for the higher."""
    wanted = policies.in_force(MatchPrecision, acting.world.clock.now())
    fitted = match_models.last()
    return fitted.model, max(wanted.target_millionths, fitted.target_millionths)


class HowSure(msgspec.Struct, frozen=True, kw_only=True):
    """What counts now: the fit, the share of right decisions, how sure a class must be to count by
    itself, and every class that was judged."""

    fitted: Fitted
    target_millionths: int
    threshold_millionths: int
    classes: tuple[ClassSaid, ...]


def how_sure(acting: Acting) -> HowSure:
    """For whoever reads it. Inside a unit of work."""
    _, target = in_force(acting)
    fitted = match_models.last()
    return HowSure(
        fitted=fitted,
        target_millionths=target,
        threshold_millionths=threshold(fitted.model, target),
        classes=tuple(refitting.classes_said(fitted.model, target)),
    )


def refit(acting: Acting) -> Fitted:
    """Learn from all that was judged; returns what counts then. Receipts that wait are looked at
    anew, so at least once a day."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        for entity in parties.entities():
            wake_lines(acting.tenant_id, UUID(entity.id))
        wanted = policies.in_force(MatchPrecision, now)
        before = match_models.last()
        told = match_models.judgements(now - timedelta(days=wanted.stands_after_days))
        judged, moments = [one for one, _ in told], [at for _, at in told]
        target = wanted.target_millionths
        fitted = Fitted(
            version=before.version + 1,
            fitted_at=now,
            target_millionths=target,
            judged=len(judged),
            right=sum(one.right for one in judged),
            since=min(moments, default=None),
            until=max(moments, default=None),
            calibration=refitting.calibration(judged),
            model=refitting.fitted(judged, target),
        )
        if _says_the_same(fitted, before, target):
            return before
        _keep(acting, fitted)
        return fitted


def _says_the_same(fitted: Fitted, before: Fitted, target: int) -> bool:
    if before.version and before.target_millionths != target:
        return False
    return (fitted.model, fitted.calibration) == (before.model, before.calibration)


def _keep(acting: Acting, fitted: Fitted) -> None:
    model_id = acting.world.ids.new()
    match_models.add(model_id, fitted, acting.world.clock.now())
    events.record(
        [
            acting.event(
                "match_model.fitted",
                "match_model",
                model_id,
                version=fitted.version,
                judged=fitted.judged,
                right=fitted.right,
                target_millionths=fitted.target_millionths,
            )
        ]
    )


class DailyRefit:
    """Has the model of each customer fitted once a day; between, it costs nothing. Several workers
    do so each: a fit that says nothing new changes nothing."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, now: datetime) -> int:
        """Returns how many were woken."""
        if self._next is not None and now < self._next <= now + EVERY:
            return 0
        self._next = now + EVERY
        woken = 0
        for customer in parties.customers():
            with tenant(customer.id):
                woken += wake("refit_matching", tenant_id=customer.id)
        return woken
