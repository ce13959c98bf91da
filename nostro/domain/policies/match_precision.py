"""How seldom the matcher may be wrong where it posts by itself, and when silence counts as consent.

What is posted by itself is held to this share of right decisions, by the lower bound of what was
seen. What the matcher posted and nobody took back for some days counts as right: without it only
its errors would ever be seen, since people judge what it does not post.
"""

from __future__ import annotations

from typing import ClassVar, Final

from nostro.domain.policy import Policy

WHOLE: Final = 1_000_000  # Shares are whole millionths.
LEAST: Final = 990_000
MOST: Final = 999_999
DAYS_MAX: Final = 400


class MatchPrecision(Policy, frozen=True, kw_only=True):
    """The share, in millionths, and after how many days what nobody took back was right."""

    KIND: ClassVar[str] = "match_precision"
    target_millionths: int = 999_000
    stands_after_days: int = 14
