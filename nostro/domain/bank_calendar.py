"""A bank's own calendar: when it takes payments, how far ahead, and on which days it is closed.

It stands in the contract with the bank, so it is data of the connection, version by version: each
has a day from which it counts, who changed it and why. A warehoused payment leaves by it.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

import msgspec

from nostro.domain.bank_days import BankDays, ClosedDay, EarlyClosing
from nostro.domain.local_time import opens_at
from nostro.domain.policies.cut_off import CutOff, last_day, last_moment

# Where nothing is known of a bank. Every bank takes a file this far ahead, and no cut-off comes
# sooner, over the longest row of closed days too.
AHEAD_DAYS_UNKNOWN = 5
OPENS_UNKNOWN = time(8)
AHEAD_DAYS_MAX = 365
_DAY = timedelta(days=1)


class BankTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bank has agreed with a customer about days and times.

    `opens` is from when on it takes files, on the clock of `time_zone`, or of the cut-off when that
    is empty; `takes_ahead_days` how many calendar days before the day of execution it takes them
    (0: on the day itself); None for both: not known. `calendars` are those it keeps besides that of
    the clearing; empty: that of the country of the debited account.
    """

    cut_offs: tuple[CutOff, ...] = ()
    closed_days: tuple[ClosedDay, ...] = ()
    early_closings: tuple[EarlyClosing, ...] = ()
    opens: Annotated[time, msgspec.Meta(tz=False)] | None = None
    time_zone: str = ""
    takes_ahead_days: Annotated[int, msgspec.Meta(ge=0, le=AHEAD_DAYS_MAX)] | None = None
    calendars: tuple[str, ...] = ()

    @property
    def opening(self) -> time:
        return OPENS_UNKNOWN if self.opens is None else self.opens

    @property
    def ahead_days(self) -> int:
        return AHEAD_DAYS_UNKNOWN if self.takes_ahead_days is None else self.takes_ahead_days

    def zone(self, rule: CutOff | None, otherwise: str) -> str:
        """On which clock the bank opens; `otherwise` is that of the clearing."""
        return self.time_zone or (rule.time_zone if rule else otherwise)


def first_moment(
    terms: BankTerms, day: date, rule: CutOff | None, days: BankDays, time_zone: str
) -> datetime:
    """The first moment at which the bank takes a payment that it executes on `day`; in UTC.

    Never after the last one, which wins: terms may say that a bank opens after its own cut-off, or
    wants a payment sooner than it takes it.
    """
    first = day - timedelta(days=terms.ahead_days)
    if rule is None:
        return opens_at(first, terms.opening, time_zone)
    first, last = min(first, last_day(rule, day, days)), last_moment(rule, day, days)
    opening = opens_at(first, terms.opening, time_zone)
    while opening > last:
        first -= _DAY
        opening = opens_at(first, terms.opening, time_zone)
    return opening


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a payment by the calendar: executed on `day`, its file leaves at `leaves_at`.

    `last` is the bank's last moment for that day by `rule`, None where no cut-off is known;
    `is_reference`: by the clearing's own cut-off, the bank's is not known. `time_zone` is the
    bank's clock. `why` says why the day is not the one that was asked for, "" when it is.
    """

    day: date
    leaves_at: datetime
    time_zone: str
    rule: CutOff | None = None
    last: datetime | None = None
    is_reference: bool = False
    why: str = ""
