"""Trying a change on past payments before anybody asks for it: nothing is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid, Refused
from nostro.workflows import changes
from nostro.workflows.changes import Kind
from nostro.workflows.context import Acting

DAYS_USUAL = 90
DAYS_MAX = 366


def tried(acting: Acting, kind_name: str, wanted: Any, since: date | None = None) -> DryRun:
    """What the wish would have made of the payments taken in since a day, by default of the last
    90 days; inside a unit of work. Raises Invalid for a wish that cannot be read, Refused where
    its kind does nothing to payments."""
    kind = changes.named(kind_name)
    if kind.dry_run is None:
        raise Refused(
            "not_tried_on_payments",
            f"{kind.title}: this change is not tried on past payments.",
            "Nothing was tried.",
            f"It can be done with: {', '.join(sorted(one.name for one in able()))}.",
        )
    wish = changes.read(kind, wanted)
    return kind.dry_run(acting, wish, _from(acting, since))


def able() -> list[Kind]:
    """The kinds of change that can be tried on past payments."""
    return [kind for kind in changes.find().values() if kind.dry_run]


def _from(acting: Acting, since: date | None) -> datetime:
    today = acting.world.clock.now().date()
    first = since or today - timedelta(days=DAYS_USUAL)
    if not today - timedelta(days=DAYS_MAX) <= first <= today:
        raise Invalid(
            "since_unfit",
            f"Past payments since {first} cannot be looked at.",
            "Nothing was tried.",
            f"Name a day within the last {DAYS_MAX} days.",
            field="since",
        )
    return datetime.combine(first, time(), tzinfo=UTC)
