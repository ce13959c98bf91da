"""How sure the matcher must be before a receipt counts by itself."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.policies.match_precision import DAYS_MAX, LEAST, MOST, MatchPrecision
from nostro.workflows.policy_changes import WantedPolicy, policy_kind

_A_PERCENT = 10_000  # In millionths.


class WantedPrecision(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`percent` of what posts by itself must be right, like "99.9"; what nobody takes back in
    `stands_after_days` counts as right."""

    percent: str
    stands_after_days: int = MatchPrecision().stands_after_days


def _read(wanted: WantedPrecision) -> MatchPrecision:
    millionths = _millionths(wanted.percent)
    if not LEAST <= millionths <= MOST or not 1 <= wanted.stands_after_days <= DAYS_MAX:
        raise Invalid(
            "match_precision_unfit",
            f"{wanted.percent[:20]!r} percent after {wanted.stands_after_days} days cannot be"
            " kept by the matcher.",
            "Nothing was asked for.",
            f"Give {_percent(LEAST)} to {_percent(MOST)} percent with four decimals at most, and 1"
            f" to {DAYS_MAX} days.",
            field="percent",
        )
    return MatchPrecision(target_millionths=millionths, stands_after_days=wanted.stands_after_days)


def _millionths(percent: str) -> int:
    """0 where it is no number, or has more decimals than are kept."""
    try:
        told = Decimal(percent.strip()) * _A_PERCENT
        return int(told) if told == told.to_integral_value() else 0
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def _percent(millionths: int) -> str:
    return f"{(Decimal(millionths) / _A_PERCENT).normalize():f}"


def _write(told: MatchPrecision) -> WantedPrecision:
    return WantedPrecision(
        percent=_percent(told.target_millionths), stands_after_days=told.stands_after_days
    )


def _tell(told: MatchPrecision) -> dict[str, Any]:
    return {
        "percent": _percent(told.target_millionths),
        "stands_after_days": told.stands_after_days,
    }


KIND = policy_kind(
    MatchPrecision,
    name="match_precision",
    title="How sure a match must be to count by itself",
    wanted=WantedPrecision,
    read=_read,
    tell=_tell,
    write=_write,
)
