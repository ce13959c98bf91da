"""Every change of the clock 2024 to 2035 in every zone of the shipped calendars, times every
cut-off: nothing early, nothing late, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.bank_calendar import BankTerms, first_moment
from nostro.domain.bank_days import BankDays, closed_at_weekends, never_closed
from nostro.domain.local_time import closes_at, opens_at
from nostro.domain.policies import cut_off
from nostro.domain.policies.cut_off import CutOff
from nostro.ops.calendar import HolidayCalendar, calendars, clearings

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
EVERY_DAY = BankDays(calendars={"": never_closed})
HALF_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]
ZONES = sorted({one.time_zone for one in calendars().values()} - {"UTC"})
SHIPPED = [
    pytest.param(one.cut_off, HolidayCalendar().days((one.calendar,)), id=name)
    for name, one in clearings().items()
    if one.cut_off
]


@cache
def changes(time_zone: str) -> tuple[date, ...]:
    """The days on which the clock of a zone is changed, found by looking at each day."""
    zone, found = ZoneInfo(time_zone), []
    day = date(2024, 1, 1)
    while day < date(2036, 1, 1):
        midnights = [datetime.combine(one, time(), zone).utcoffset() for one in (day, day + DAY)]
        if midnights[0] != midnights[1]:
            found.append(day)
        day += DAY
    return tuple(found)


def moments(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Each quarter of an hour of a day there, in the order in which they really come."""
    moment = datetime.combine(day, time(), zone).astimezone(UTC)
    while moment.astimezone(zone).date() == day:
        yield moment
        moment += timedelta(minutes=15)


def test_every_zone_of_ours_changes_its_clock_twice_a_year() -> None:
    assert len(ZONES) == 9
    assert {len(changes(zone)) for zone in ZONES} == {24}


@pytest.mark.parametrize("time_zone", ZONES)
def test_a_time_of_day_on_a_day_of_change(time_zone: str) -> None:
    zone = ZoneInfo(time_zone)
    for day in changes(time_zone):
        clock = [(moment, moment.astimezone(zone).time()) for moment in moments(day, zone)]
        for at in HALF_HOURS:
            closing, opening = closes_at(day, at, time_zone), opens_at(day, at, time_zone)
            shown = (closing.astimezone(zone).time(), (closing + TICK).astimezone(zone))
            assert shown[0] <= at, "never late"
            assert shown[1].time() > at or shown[1].date() > day, "not earlier than need be"
            assert all(wall <= at for moment, wall in clock if moment <= closing)
            assert opening.astimezone(zone).time() >= at, "never early"
            assert all(wall >= at for moment, wall in clock if moment >= opening)
            assert opening <= closing + timedelta(hours=1)


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("days_before", [0, 1])
def test_any_cut_off_around_every_change(time_zone: str, days_before: int) -> None:
    for change in changes(time_zone):
        for at in HALF_HOURS:
            rule = CutOff(at=at, time_zone=time_zone, days_before=days_before)
            for day in (change, change + DAY):
                consistent(rule, day, EVERY_DAY)


@pytest.mark.parametrize(("rule", "days"), SHIPPED)
def test_every_shipped_cut_off_around_every_change(rule: CutOff, days: BankDays) -> None:
    """On the real bank days: those before and after the change, its own clock and all others'."""
    for time_zone in ZONES:
        for change in changes(time_zone):
            for day in (days.previous(change), days.next(change + DAY)):
                consistent(rule, day, days)
                released_once(rule, day, days)


def consistent(rule: CutOff, day: date, days: BankDays) -> None:
    """The last moment is the last at which the day can be met, and no earlier one misses it."""
    last = cut_off.last_moment(rule, day, days)
    assert (
        cut_off.earliest_day(rule, last, days)
        <= day
        < cut_off.earliest_day(rule, last + TICK, days)
    )
    assert cut_off.late_for(day, rule, last, days, "UTC") is None
    seen = [cut_off.earliest_day(rule, last + timedelta(hours=h), days) for h in (-25, -1, 1, 25)]
    assert seen == sorted(seen)


def released_once(rule: CutOff, day: date, days: BankDays) -> None:
    """Looked at each minute, a kept payment leaves once: not before the bank takes it, in time."""
    for ahead in (0, 3):
        terms = BankTerms(takes_ahead_days=ahead, opens=time(2, 30))
        first = first_moment(terms, day, rule, days, rule.time_zone)
        last = cut_off.last_moment(rule, day, days)
        assert first <= last
        taken = min(day - ahead * DAY, cut_off.last_day(rule, day, days))
        shown = first.astimezone(ZoneInfo(rule.time_zone))
        assert (shown.date(), shown.time() >= time(2, 30)) == (taken, True)
        looks = [first + timedelta(minutes=m, seconds=17) for m in (-61, -1, 0, 1, 61)]
        assert [first <= now for now in looks] == [False, False, True, True, True]


def test_what_is_closed_early_closes_early_only_then() -> None:
    rule = CutOff(at=time(16), time_zone="Europe/Berlin")
    early = {date(2026, 12, 24): time(12)}
    days = BankDays(calendars={"": closed_at_weekends}, early=early)
    assert cut_off.last_moment(rule, date(2026, 12, 24), days) == datetime(
        2026, 12, 24, 11, tzinfo=UTC
    )
    assert cut_off.last_moment(rule, date(2026, 12, 23), days) == datetime(
        2026, 12, 23, 15, tzinfo=UTC
    )


def test_terms_that_contradict_themselves_are_never_late() -> None:
    """It opens after its own cut-off, or wants a payment sooner than it takes it."""
    rule = CutOff(at=time(9), time_zone="Europe/Berlin", days_before=2)
    terms = BankTerms(opens=time(10), takes_ahead_days=0)
    day = date(2026, 11, 20)
    first = first_moment(terms, day, rule, EVERY_DAY, "Europe/Berlin")
    assert first == datetime(2026, 11, 17, 9, tzinfo=UTC)
    assert first <= cut_off.last_moment(rule, day, EVERY_DAY)


@given(
    now=st.integers(0, 12 * 366 * 86_400_000_000).map(
        lambda past: datetime(2024, 1, 1, tzinfo=UTC) + past * TICK
    ),
    at=st.times(),
    time_zone=st.sampled_from([*ZONES, "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago"]),
    days_before=st.integers(0, 3),
)
def test_the_earliest_day_and_the_last_moment_agree(
    now: datetime, at: time, time_zone: str, days_before: int
) -> None:
    """In zones that change at midnight, by half an hour, or in the south as well."""
    rule = CutOff(at=at, time_zone=time_zone, days_before=days_before)
    days = BankDays(calendars={"": closed_at_weekends})
    day = cut_off.earliest_day(rule, now, days)
    assert now <= cut_off.last_moment(rule, day, days)
    assert cut_off.last_moment(rule, days.previous(day - DAY), days) < now
