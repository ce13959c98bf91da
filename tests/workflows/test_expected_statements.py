"""Statements that do not come: late, missing, and closed by themselves when they come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise, permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.policies.statement_calendar import ExpectedStatements, StatementCalendar, dues
from nostro.domain.statement import Balance, ReportKind, Statement
from nostro.ops.calendar import HolidayCalendar
from nostro.storage import due, evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import expected_statements as work
from nostro.workflows import tick
from nostro.workflows.intraday_reports import take_report
from nostro.workflows.statement_ingestion import ingest
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]
FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
BERLIN = "Europe/Berlin"


def wanted(company: Company, **changed: Any) -> dict[str, Any]:
    told = {
        "account": company.accounts["DE-EUR"],
        "by": f"07:30 {BERLIN}",
        "calendars": "target",
        "grace_minutes": 30,
        "missing_after_days": 2,
    }
    return {"expected": [{**told, **changed}]}


def version(company: Company) -> UUID:
    with tenant(company.tenant_id):
        found: UUID = (
            models.PolicyVersion.objects.filter(kind=StatementCalendar.KIND).latest("version").id
        )
        return found


def agreed(company: Company, admins: Any, **changed: Any) -> None:
    assert agree(company, admins[1], ask(company, admins[0], wanted(company, **changed),
                                         "statement_calendar"))  # fmt: skip
    assert work.attend(company.job, version(company))


def at(company: Company, day: date, hour: int, minute: int = 0) -> None:
    """Move the clock (UTC), and let the tick find what is due."""
    now = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    company.clock.advance(seconds=(now - company.clock.now()).total_seconds())
    with due.only_one_ticks():
        found = due.lease("policy_version", now, tick.LEASE, 500)
    for tenant_id, row_id in found:
        if tenant_id == company.tenant_id:
            work.attend(company.job, row_id)


def comes(company: Company, day: date, opening: int = 100_00, closing: int = 100_00) -> None:
    balances = (
        Balance(code="OPBD", amount=Money(opening, "EUR"), day=day),
        Balance(code="CLBD", amount=Money(closing, "EUR"), day=day),
    )
    told = Statement(
        statement_id=f"S-{day}", account=company.accounts["DE-EUR"], currency="EUR",
        kind=ReportKind.PREVIOUS_DAY, sequence=None, created_at=None, from_day=day, to_day=day,
        balances=balances, entries=(), problems=(),
    )  # fmt: skip
    with tenant(company.tenant_id):
        kept = evidence.keep(
            company.world.ids.new(), f"{day}".encode(), name=f"{day}.xml", media_type="",
            direction="in", now=company.clock.now(),
        )  # fmt: skip
    ingest(company.job, kept, told)


def told(company: Company) -> list[tuple[str, str, bool]]:
    """(late or missing, day, is it closed) of every such case."""
    with tenant(company.tenant_id):
        rows = models.Case.objects.filter(natural_key__startswith="expected/").order_by("id")
        return [
            (
                row.natural_key.split("/")[3],
                row.natural_key.split("/")[2],
                row.resolved_at is not None,
            )
            for row in rows
        ]


def test_late_then_missing_then_it_comes(company: Company, admins: Any) -> None:
    agreed(company, admins)  # On Friday: the statement of Friday is due on Monday, 8:00 in Berlin.
    at(company, MONDAY, 6, 59)
    assert told(company) == []
    at(company, MONDAY, 7, 1)
    assert told(company) == [("late", "2026-11-20", False)]
    at(company, MONDAY, 7, 2)
    assert len(told(company)) == 1  # Told once.
    at(company, date(2026, 11, 24), 7, 5)
    at(company, date(2026, 11, 25), 7, 5)
    assert told(company)[:1] == [("late", "2026-11-20", True)]
    assert ("missing", "2026-11-20", False) in told(company)
    comes(company, FRIDAY)
    assert ("missing", "2026-11-20", True) in told(company)
    assert ("late", "2026-11-23", False) in told(company)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_in_whatever_order_they_come_nothing_stays_late(
    company: Company, admins: Any, order: tuple[int, ...]
) -> None:
    agreed(company, admins)
    at(company, date(2026, 11, 25), 12)
    days = [FRIDAY, MONDAY, date(2026, 11, 24)]
    assert [closed for _, _, closed in told(company)] == [False, False, False]
    for place in order:
        comes(company, days[place], 100_00 + place, 101_00 + place)
    assert [closed for _, _, closed in told(company)] == [True, True, True]


def test_a_day_without_movement_is_told_by_the_next(company: Company, admins: Any) -> None:
    comes(company, date(2026, 11, 19))
    agreed(company, admins)
    at(company, MONDAY, 8)
    assert told(company) == [("late", "2026-11-20", False)]
    comes(company, MONDAY)  # It begins where that of Thursday ended.
    assert told(company) == [("late", "2026-11-20", True)]


def test_nobody_said_when_so_nothing_is_late(company: Company, admins: Any) -> None:
    at(company, date(2026, 12, 1), 12)
    with tenant(company.tenant_id):
        ids = [row.id for row in models.Account.objects.all()]
        standing = work.standing(company.job, ids)
    assert {(one.expected, one.late, one.missing, one.next_at) for one in standing} == {
        (None, (), (), None)
    }
    agreed(company, admins)
    with tenant(company.tenant_id):
        found = {one.account.iban: one for one in work.standing(company.job, ids)}
    one = found[company.accounts["DE-EUR"]]
    assert one.expected
    assert (one.next_day, one.late) == (date(2026, 12, 1), ())
    assert one.next_at == datetime(2026, 12, 2, 7, tzinfo=UTC)


def test_a_new_version_takes_the_place_of_the_old_one(company: Company, admins: Any) -> None:
    agreed(company, admins)
    old = version(company)
    company.clock.advance(minutes=1)
    assert agree(
        company, admins[1], ask(company, admins[0], {"expected": []}, "statement_calendar")
    )
    assert work.attend(company.job, old)
    assert work.attend(company.job, version(company))
    at(company, date(2026, 12, 1), 12)
    assert told(company) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"account": "DE00"},
        {"by": "half past seven"},
        {"by": "07:30 Mars/Base"},
        {"calendars": ""},
        {"calendars": "target, mars"},
        {"grace_minutes": 100_000},
        {"missing_after_days": 0},
        {"reports": "noon"},
        {"days_after": -1},
    ],
    ids=str,
)
def test_what_cannot_be_expected(company: Company, admins: Any, changed: dict[str, Any]) -> None:
    wish = wanted(company, **changed)
    code = refusal(partial(ask, company, admins[0], wish, "statement_calendar"))
    assert code == "statement_calendar_wrong"


@given(
    since=st.dates(date(2024, 1, 1), date(2035, 1, 1)),
    minute=st.integers(0, 24 * 60 - 1),
    zone=st.sampled_from([BERLIN, "America/New_York", "Europe/London", "Australia/Lord_Howe"]),
    after=st.integers(0, 3),
    missing=st.integers(1, 3),
    grace=st.integers(0, 120),
)
def test_late_is_after_the_day_and_before_missing_whatever_the_clocks_do(
    since: date, minute: int, zone: str, after: int, missing: int, grace: int
) -> None:
    expected = ExpectedStatements(
        account_id="a", by=time(minute // 60, minute % 60), time_zone=zone,
        calendars=("target",), days_after=after, grace_minutes=grace, missing_after_days=missing,
    )  # fmt: skip
    days = HolidayCalendar().days(("target",))
    found = dues(expected, days, since, since + timedelta(days=14))
    assert found
    assert all(days.is_open(one.day) and since <= one.day for one in found)
    assert all(one.late_at < one.missing_at for one in found)
    assert all(one.late_at < two.late_at for one, two in pairwise(found))
    for one in found:
        first = datetime(one.day.year, one.day.month, one.day.day, tzinfo=UTC) - timedelta(hours=14)
        assert one.late_at >= first + timedelta(days=after)


def reports(company: Company, name: str) -> None:
    account = company.accounts["DE-EUR"]
    with tenant(company.tenant_id):
        row = models.Account.objects.get(iban=account)
    told = Statement(
        statement_id=name, account=account, currency="EUR", kind=ReportKind.INTRADAY,
        sequence=None, created_at=None, from_day=None, to_day=None, balances=(), entries=(),
        problems=(),
    )  # fmt: skip
    with tenant(company.tenant_id):
        kept = evidence.keep(
            company.world.ids.new(), name.encode(), name=name, media_type="", direction="in",
            now=company.clock.now(),
        )  # fmt: skip
    take_report(company.job, row.connection_id, kept, told)


def test_reports_of_the_day_are_late_time_by_time_until_one_comes(
    company: Company, admins: Any
) -> None:
    agreed(company, admins, reports="14:00, 10:00")
    comes(company, FRIDAY)
    at(company, MONDAY, 9, 25)  # 10:25 there: within the grace.
    assert told(company) == []
    at(company, MONDAY, 9, 31)
    assert told(company) == [("late-report-1000", str(MONDAY), False)]
    reports(company, "R1")
    assert told(company) == [("late-report-1000", str(MONDAY), True)]
    at(company, MONDAY, 13, 31)
    assert told(company)[1:] == [], "one came since ten"


def test_a_report_of_the_morning_is_not_that_of_the_afternoon(
    company: Company, admins: Any
) -> None:
    agreed(company, admins, reports="14:00, 10:00")
    comes(company, FRIDAY)
    at(company, MONDAY, 8, 50)
    reports(company, "R1")
    at(company, MONDAY, 13, 31)
    assert told(company) == [("late-report-1400", str(MONDAY), False)]
    comes(company, MONDAY)
    assert told(company) == [("late-report-1400", str(MONDAY), True)], "the statement tells all"


def test_a_report_in_time_is_never_late(company: Company, admins: Any) -> None:
    agreed(company, admins, reports="10:00")
    comes(company, FRIDAY)
    at(company, MONDAY, 8, 50)
    reports(company, "R1")
    at(company, MONDAY, 9, 31)
    assert told(company) == []
