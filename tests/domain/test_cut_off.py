"""Cut-offs: on the bank's own clock, over weekends and changes of the clock, forward and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.bank_days import BankDays, closed_at_weekends
from nostro.domain.errors import Invalid
from nostro.domain.payment import Rail, RollRule
from nostro.domain.policies import cut_off
from nostro.domain.policies.cut_off import CutOff
from nostro.formats.profiles.cut_off_times import bank_cut_offs, told_cut_offs
from nostro.formats.profiles.dialects import names

BERLIN = CutOff(at=time(16), time_zone="Europe/Berlin")
SEPA, CROSS = Rail.SEPA_CREDIT_TRANSFER, Rail.CROSS_BORDER_TRANSFER
FRIDAY, MONDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)


WEEKDAYS = BankDays(calendars={"weekdays": closed_at_weekends})


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "days_before", "day"),
    [
        (utc(20, 14, 59), 0, FRIDAY),
        (utc(20, 15), 0, FRIDAY),  # 16:00 in Berlin, in winter: the last moment itself.
        (utc(20, 15, 1), 0, MONDAY),
        (utc(21, 9), 0, MONDAY),
        (utc(22, 23, 30), 0, MONDAY),  # Monday in Berlin already.
        (utc(20, 15), 1, MONDAY),
        (utc(20, 15, 1), 1, TUESDAY),
        (utc(1, 14, 0, month=7), 0, date(2026, 7, 1)),  # Summer: 16:00 is 14:00 UTC.
        (utc(1, 14, 1, month=7), 0, date(2026, 7, 2)),
    ],
)
def test_the_earliest_day(now: datetime, days_before: int, day: date) -> None:
    rule = msgspec.structs.replace(BERLIN, days_before=days_before)
    assert cut_off.earliest_day(rule, now, WEEKDAYS) == day


@pytest.mark.parametrize(
    ("rule", "now", "earliest", "over"),
    [
        (BERLIN, utc(20, 15), None, False),
        (BERLIN, utc(20, 15, 1), MONDAY, False),  # Today still, and too late for today.
        (BERLIN, utc(20, 23, 1), MONDAY, True),  # Saturday in Berlin.
        (BERLIN, utc(23, 15, 1), TUESDAY, True),
        (None, utc(20, 23, 59), None, False),
        (None, utc(21, 0), MONDAY, True),
    ],
)
def test_what_is_late_for_friday(
    rule: CutOff | None, now: datetime, earliest: date | None, over: bool
) -> None:
    late = cut_off.late_for(FRIDAY, rule, now, WEEKDAYS, "UTC")
    assert (late and (late.earliest, late.over)) == (earliest and (earliest, over))


@given(
    now=st.integers(0, 365 * 86_400).map(lambda past: utc(1, 0) + timedelta(seconds=past)),
    at=st.times(time(6), time(23)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"]),
    days_before=st.integers(0, 3),
)
def test_the_last_moment_is_the_last_at_which_the_day_can_be_met(
    now: datetime, at: time, zone: str, days_before: int
) -> None:
    rule = CutOff(at=at, time_zone=zone, days_before=days_before)
    day = cut_off.earliest_day(rule, now, WEEKDAYS)
    last = cut_off.last_moment(rule, day, WEEKDAYS)
    assert now <= last
    assert cut_off.earliest_day(rule, last, WEEKDAYS) == day
    assert cut_off.earliest_day(rule, last + timedelta(seconds=1), WEEKDAYS) > day


def test_the_rule_that_names_most_counts() -> None:
    rules = [
        BERLIN,
        CutOff(at=time(15), time_zone="UTC", currency="USD"),
        CutOff(at=time(14), time_zone="UTC", rail=CROSS),
        CutOff(at=time(13), time_zone="UTC", rail=CROSS, currency="USD"),
    ]
    found = [
        cut_off.rule_for(rules, rail, currency)
        for rail, currency in [(SEPA, "EUR"), (SEPA, "USD"), (CROSS, "EUR"), (CROSS, "USD")]
    ]
    assert found == rules
    assert cut_off.rule_for(rules[1:], SEPA, "EUR") is None


def test_a_day_rolls_only_as_the_approval_lets_it() -> None:
    def within(latest: date, rule: RollRule) -> date | None:
        return cut_off.day_within(FRIDAY, MONDAY, latest, rule)

    assert within(TUESDAY, RollRule.NEXT_BANK_DAY) == MONDAY
    assert within(FRIDAY, RollRule.NEXT_BANK_DAY) is None
    assert within(TUESDAY, RollRule.NONE) is None
    assert cut_off.day_within(MONDAY, FRIDAY, FRIDAY, RollRule.NONE) == MONDAY


def test_time_presses_an_hour_before_the_last_moment() -> None:
    last, planned = utc(20, 15), utc(20, 18)
    assert not cut_off.presses(utc(20, 13, 59), last)
    assert cut_off.presses(utc(20, 14), last)
    assert cut_off.ask_by(planned, utc(20, 10), last) == utc(20, 14)
    assert cut_off.ask_by(planned, utc(20, 14), last) == planned
    assert not cut_off.presses(utc(20, 14), None)
    assert cut_off.ask_by(planned, utc(20, 10), None) == planned


@pytest.mark.parametrize(
    "wrong",
    [
        [{"at": "16:00:00", "time_zone": "Europe/Utrecht"}],
        [{"at": "16:00:00", "time_zone": "../../etc/passwd"}],
        [{"at": "25:00:00", "time_zone": "UTC"}],
        [{"at": "16:00:00Z", "time_zone": "UTC"}],
        [{"at": "16:00:00", "time_zone": "UTC", "currency": "EURO"}],
        [{"at": "16:00:00", "time_zone": "UTC", "rail": "pigeon"}],
        [{"at": "16:00:00", "time_zone": "UTC", "days_before": -1}],
        [{"time_zone": "UTC"}],
        "16:00",
    ],
)
def test_a_cut_off_that_cannot_be_used_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid) as caught:
        told_cut_offs(wrong, "bank")
    assert caught.value.code == "cut_off_wrong"


def test_no_profile_that_we_ship_claims_what_is_in_a_contract() -> None:
    assert {name: bank_cut_offs(name) for name in names()} == dict.fromkeys(names(), ())
