"""The shipped calendars against what their operators publish, written down by hand from there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from nostro.domain.bank_days import day_of, easter
from nostro.domain.payment import Rail
from nostro.ops.calendar import (
    HolidayCalendar,
    calendars,
    carries,
    clearings,
    home,
    settles,
    why_closed,
)

# https://www.ecb.europa.eu (TARGET closing days): 1 January, Good Friday, Easter Monday, 1 May, 25
# and 26 December, whatever the weekday; here those from Monday to Friday.
TARGET = {
    2024: "01-01 03-29 04-01 05-01 12-25 12-26",
    2025: "01-01 04-18 04-21 05-01 12-25 12-26",
    2026: "01-01 04-03 04-06 05-01 12-25",
    2027: "01-01 03-26 03-29",
    2028: "04-14 04-17 05-01 12-25 12-26",
    2029: "01-01 03-30 04-02 05-01 12-25 12-26",
    2030: "01-01 04-19 04-22 05-01 12-25 12-26",
    2031: "01-01 04-11 04-14 05-01 12-25 12-26",
    2032: "01-01 03-26 03-29",
    2033: "04-15 04-18 12-26",
    2034: "04-07 04-10 05-01 12-25 12-26",
    2035: "01-01 03-23 03-26 05-01 12-25 12-26",
}
# https://www.frbservices.org/about/holiday-schedules: on a Sunday it is Monday; on a Saturday the
# banks are open on the Friday before.
FEDERAL_RESERVE = {
    2024: "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2025: "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-23 12-25",
    2029: "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-12 11-22 12-25",
    2030: "01-01 01-21 02-18 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25",
    2031: "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25",
    2032: "01-01 01-19 02-16 05-31 07-05 09-06 10-11 11-11 11-25",
    2033: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2034: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-23 12-25",
    2035: "01-01 01-15 02-19 05-28 06-19 07-04 09-03 10-08 11-12 11-22 12-25",
}
# https://www.gov.uk/bank-holidays, England and Wales, as far as it is published.
ENGLAND = {
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}
OTHERS = {
    "switzerland": "01-01 01-02 04-03 04-06 05-01 05-14 05-25 12-25",
    "sweden": "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25 12-31",
    "norway": "01-01 04-02 04-03 04-06 05-01 05-14 05-25 12-25",
    "denmark": "01-01 04-02 04-03 04-06 05-14 05-15 05-25 06-05 12-24 12-25 12-31",
    "poland": "01-01 01-06 04-06 05-01 06-04 11-11 12-24 12-25",
    "czechia": "01-01 04-03 04-06 05-01 05-08 07-06 09-28 10-28 11-17 12-24 12-25",
}
OFFICIAL = [
    *(("target", year, days) for year, days in TARGET.items()),
    *(("federal_reserve", year, days) for year, days in FEDERAL_RESERVE.items()),
    *(("england", year, days) for year, days in ENGLAND.items()),
    *((name, 2026, days) for name, days in OTHERS.items()),
]


def weekdays(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


@pytest.mark.parametrize(("name", "year", "days"), OFFICIAL)
def test_closed_days_are_those_that_are_published(name: str, year: int, days: str) -> None:
    closed = why_closed(name)
    assert " ".join(f"{day:%m-%d}" for day in weekdays(year) if closed(day)) == days


def test_a_closed_day_has_a_reason() -> None:
    assert why_closed("target")(date(2026, 4, 3)) == "Good Friday"
    assert why_closed("target")(date(2026, 4, 4)) == "Weekend"
    assert why_closed("federal_reserve")(date(2027, 7, 5)) == "Independence Day (observed)"
    assert why_closed("federal_reserve")(date(2026, 4, 3)) == "", "Good Friday is a bank day there"


def test_instant_payments_know_no_closed_days() -> None:
    instant = [one.name for one in clearings().values() if one.calendar == "every_day"]
    assert instant == ["sepa_instant", "rtp", "fednow", "faster_payments"]
    assert HolidayCalendar().days(("every_day",)).next(date(2026, 12, 25)) == date(2026, 12, 25)


def test_what_crosses_two_markets_needs_both_open() -> None:
    both = HolidayCalendar().days(("target", "federal_reserve"))
    assert both.next(date(2026, 4, 3)) == date(2026, 4, 7), "Good Friday to Easter Monday in TARGET"
    assert both.next(date(2026, 11, 26)) == date(2026, 11, 27), "Thanksgiving"
    assert both.why_closed(date(2026, 11, 26)) == "Federal Reserve: Thanksgiving Day"
    assert both.why_closed(date(2026, 12, 25)) == (
        "TARGET: Christmas Day; Federal Reserve: Christmas Day"
    )
    assert both.previous(date(2026, 11, 26)) == date(2026, 11, 25)


def test_each_currency_settles_by_its_own_calendar() -> None:
    days = HolidayCalendar()
    assert days.next_bank_day(date(2026, 12, 25), "EUR") == date(2026, 12, 28)
    assert days.next_bank_day(date(2026, 7, 3), "USD") == date(2026, 7, 3)
    assert days.next_bank_day(date(2026, 6, 19), "SEK") == date(2026, 6, 22)
    assert days.next_bank_day(date(2026, 12, 25), "XXX") == date(2026, 12, 25), (
        "only weekends known"
    )
    assert settles("XXX").cut_off is None


def test_the_shipped_data_fits_together() -> None:
    for clearing in clearings().values():
        assert clearing.calendar in calendars()
        assert clearing.source
        assert set(clearing.rails) <= set(Rail)
        if clearing.cut_off:
            ZoneInfo(clearing.cut_off.time_zone)
    for calendar in calendars().values():
        ZoneInfo(calendar.time_zone)
        assert calendar.source
    assert carries(Rail.SEPA_CREDIT_TRANSFER, "EUR").name == "sepa_credit_transfer"
    assert carries(Rail.CROSS_BORDER_TRANSFER, "EUR").name == "t2"
    assert carries(Rail.CROSS_BORDER_TRANSFER, "USD").name == "fedwire"
    assert (home("DE"), home("GB"), home("JP")) == ("target", "england", "")


def test_rules_for_days() -> None:
    assert [easter(year) for year in (2024, 2025, 2038)] == [
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2038, 4, 25),
    ]
    assert day_of("06-19 friday", 2027) == date(2027, 6, 25)
    for wrong in ("easter", "6-19", "06-19 someday", "12-25+1"):
        with pytest.raises(ValueError, match=r"rule|not in"):
            day_of(wrong, 2026)
