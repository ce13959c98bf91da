"""Until when a record must be kept: whole years first, then the months that the customer set.

The time begins with the end of the calendar year in which the record was received or sent (Germany:
AO section 147 (4), HGB section 257 (5)); elsewhere this keeps a record for longer, never shorter.
"""

from __future__ import annotations

from datetime import date
from typing import Final

MONTHS_DEFAULT: Final = 120
MONTHS_MAX: Final = 1200
MONTHS_MIN: Final = 12  # What people may agree to: with less, a year's files go while it is closed.


def kept_until(recorded_on: date, months: int) -> date:
    """The last day on which a record must be kept."""
    years, rest = divmod(months, 12)
    if rest == 0:
        return date(recorded_on.year + years, 12, 31)
    first_after = date(recorded_on.year + years + 1, rest + 1, 1)
    return date.fromordinal(first_after.toordinal() - 1)
