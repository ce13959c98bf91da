"""Payments dated ahead are kept, and leave once: not before the bank takes them, not too late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.errors import Invalid
from nostro.domain.event import Actor
from nostro.domain.order import OrderState
from nostro.domain.policies.recall import RecallReason
from nostro.storage import bank_calendars as stored
from nostro.storage import models, tracing, warehouse
from nostro.storage.tenancy import tenant
from nostro.workflows import bank_calendars, cancelling, dispatch, holding, planning
from nostro.workflows.bank_calendars import WantedCalendar, lines_of, terms_of
from nostro.workflows.cancelling import Wish
from nostro.workflows.context import Acting
from nostro.workflows.planning import Planner
from nostro.workflows.tick import tick
from tests.workflows.company import Company
from tests.workflows.test_cut_offs import days

FRIDAY_27, TUESDAY = date(2026, 11, 27), date(2026, 12, 1)
BERLIN = "Europe/Berlin"


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def at(company: Company, moment: datetime) -> None:
    company.clock.advance(seconds=(moment - company.clock.now()).total_seconds())


def terminal(company: Company) -> Acting:
    actor = Actor(kind="system", id="terminal", name="operator")
    return Acting(tenant_id=company.tenant_id, actor=actor, world=company.world)


def agreed(company: Company, **terms: Any) -> int:
    """The bank's calendar, as two people may have agreed to it."""
    wanted = WantedCalendar(connection="Bank", **terms)
    return bank_calendars.change(terminal(company), wanted, "contract of 2026")


def until(company: Company) -> list[str]:
    return [event["until"] for event in company.events("order.kept")]


def test_a_payment_leaves_at_the_first_moment_at_which_the_bank_takes_it(company: Company) -> None:
    agreed(company, cut_offs=("15:00 Europe/Berlin EUR",), opens="08:00", takes_ahead_days=0)
    ids = company.pay(2, requested_date=FRIDAY_27)
    assert company.release() == []
    assert company.states(ids) == [OrderState.SCHEDULED] * 2
    assert until(company) == ["27 Nov 2026 at 08:00 Europe/Berlin"] * 2
    at(company, utc(27, 6, 59) + timedelta(seconds=59))
    assert company.release() == [], "a second too early"
    assert len(company.events("order.kept")) == 2, "told once"
    at(company, utc(27, 7))
    (submission_id,) = company.release()
    assert days(company, submission_id) == {FRIDAY_27}
    assert company.release() == []
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1
    with tenant(company.tenant_id):
        told = [line.words for line in tracing.trace(ids[0])]
    assert (
        "Kept here: its file leaves on 27 Nov 2026 at 08:00 Europe/Berlin, to be executed on"
        " 27 Nov 2026" in told
    )


def test_of_an_unknown_bank_a_file_leaves_five_days_ahead(company: Company) -> None:
    soon = company.pay(1, requested_date=date(2026, 11, 25))
    assert len(company.release()) == 1
    later = company.pay(1, prefix="L", requested_date=TUESDAY)
    assert company.release() == []
    at(company, utc(26, 7))
    (submission_id,) = company.release()
    assert days(company, submission_id) == {TUESDAY}
    assert company.states(soon + later) == [OrderState.SCHEDULED] * 2


def test_a_worker_that_dies_releases_nothing_early_late_or_twice(company: Company) -> None:
    """The clock of the house leases what is due; whoever then dies, it is due again."""
    agreed(company, opens="08:00", time_zone=BERLIN, takes_ahead_days=0)
    ids = company.pay(1, requested_date=FRIDAY_27)
    company.release()

    def due() -> bool:
        with tenant(company.tenant_id):
            (when,) = models.Order.objects.values_list("next_action_at", flat=True)
        return when is not None and when <= company.clock.now()

    at(company, utc(27, 6, 59))
    tick(company.clock.now())
    assert not due()
    at(company, utc(27, 7))
    assert due()
    tick(company.clock.now())  # Leased; the worker dies before it releases anything.
    assert not due()
    assert company.states(ids) == [OrderState.SCHEDULED]
    at(company, utc(27, 7, 1))
    assert due(), "a minute later another one finds it"
    (submission_id,) = company.release()  # Frozen and committed; it dies before anything leaves.
    assert company.bank.received == []
    assert company.release() == []
    dispatch.attend(company.job, submission_id)
    dispatch.attend(company.job, submission_id)
    assert [one.message_id for one in company.bank.received] == [
        company.submission(submission_id).message_id
    ]


def test_a_changed_calendar_is_looked_at_at_once_and_when_it_begins(company: Company) -> None:
    agreed(company, takes_ahead_days=0, time_zone=BERLIN)
    ids = company.pay(1, requested_date=TUESDAY)
    company.release()
    assert until(company) == ["1 Dec 2026 at 08:00 Europe/Berlin"]
    agreed(company, takes_ahead_days=1, time_zone=BERLIN, opens="09:00")
    assert company.release() == []
    assert until(company)[1:] == ["30 Nov 2026 at 09:00 Europe/Berlin"]
    agreed(company, takes_ahead_days=30, time_zone=BERLIN, from_day="2026-11-24")
    company.release()
    with tenant(company.tenant_id):
        (row,) = models.Order.objects.filter(id__in=ids)
    assert row.next_action_at == utc(23, 23), "midnight in Berlin: from then on it is taken"
    at(company, utc(23, 23))
    assert len(company.release()) == 1


def test_each_version_says_who_why_and_from_when(company: Company) -> None:
    assert agreed(company, takes_ahead_days=0) == 1
    agreed(company, takes_ahead_days=3, from_day="2026-12-01")
    with tenant(company.tenant_id):
        waiting, counts = stored.versions(company.bank_id)
        assert stored.in_force(company.bank_id, utc(30, 23, 59)) == counts
        assert stored.in_force(company.bank_id, utc(1, 0, month=12)) == waiting
        assert stored.next_change(company.bank_id, utc(20, 9)) == utc(1, 0, month=12)
    assert (counts.version, counts.changed_by, counts.reason) == (
        1,
        "operator",
        "contract of 2026",
    )
    told = company.events("connection.calendar_changed")
    assert [event["version"] for event in told] == [1, 2]
    assert told[1]["before"]["takes_ahead_days"] == 0
    assert told[1]["after"]["counts_from"] == "2026-12-01 00:00 UTC"


def test_what_is_kept_can_be_held_and_cancelled(company: Company) -> None:
    held, cancelled = company.pay(2, requested_date=TUESDAY)
    company.release()
    holding.place_hold(company.acting(company.cy), company.cy, [held], "look again")
    stop = Wish(reason=RecallReason.CUSTOMER, text="not owed")
    cancelling.take_back(company.acting(company.cy), company.cy, [cancelled], stop)
    at(company, utc(26, 7))
    assert company.release() == []
    assert company.states([held, cancelled]) == [OrderState.HELD, OrderState.CANCELLED]


def test_a_roll_within_what_was_approved_asks_nobody_again(company: Company) -> None:
    """Its day becomes a closed one after the approval: the bank's next day, and that is told."""
    ids = company.pay(1, requested_date=FRIDAY_27)
    agreed(
        company,
        closed_days=("2026-11-27 The bank moves house",),
        takes_ahead_days=0,
        time_zone=BERLIN,
    )
    assert company.release() == []
    with tenant(company.tenant_id):
        plan = Planner(company.world).plan(company.orders(ids)[0])
    assert (plan.day, plan.why) == (date(2026, 11, 30), "Bank: The bank moves house")
    at(company, utc(30, 7))
    (submission_id,) = company.release()
    assert days(company, submission_id) == {date(2026, 11, 30)}
    assert company.states(ids) == [OrderState.SCHEDULED]


def test_beyond_what_was_approved_people_are_asked_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nostro.workflows.instructing.LATEST_AFTER", timedelta())
    ids = company.pay(1, requested_date=FRIDAY_27)
    agreed(company, cut_offs=("15:00 Europe/Berlin -8",))
    assert company.release() == []
    assert company.states(ids) == [OrderState.HELD]
    with tenant(company.tenant_id):
        assert not models.Approval.objects.filter(order_id=ids[0], voided_at=None).exists()


def test_two_markets_have_to_be_open(company: Company) -> None:
    """Dollars from Germany on Thanksgiving, and on Good Friday."""
    ids = company.ask(
        company.request("T", currency="USD", requested_date=date(2026, 11, 26)),
        company.request("G", currency="USD", requested_date=date(2027, 3, 26)),
    )
    with tenant(company.tenant_id):
        planner = Planner(company.world)
        thanksgiving, good_friday = (planner.plan(row) for row in company.orders(ids))
    assert (thanksgiving.day, thanksgiving.why) == (
        FRIDAY_27,
        "Federal Reserve: Thanksgiving Day",
    )
    assert (good_friday.day, good_friday.why) == (date(2027, 3, 30), "TARGET: Good Friday")


def test_the_clearings_cut_off_is_planned_with_and_moves_nothing(company: Company) -> None:
    (order_id,) = company.pay(1)
    at(company, utc(20, 17))  # 18:00 in Berlin: an hour after T2's cut-off for customers.
    with tenant(company.tenant_id):
        plan = Planner(company.world).plan(company.orders([order_id])[0])
    assert (plan.day, plan.is_reference, plan.last) == (date(2026, 11, 20), True, utc(20, 16))
    assert len(company.release()) == 1


def test_the_day_is_that_of_the_bank(company: Company) -> None:
    """It is Saturday in Berlin while it is Friday still in UTC."""
    company.pay(1)
    at(company, utc(20, 23, 30))
    (submission_id,) = company.release()
    assert days(company, submission_id) == {date(2026, 11, 23)}


def test_terms_are_read_and_written_alike() -> None:
    told: dict[str, Any] = {
        "cut_offs": ["16:00 Europe/Berlin", "12:30 Europe/Berlin cross_border_transfer USD -1"],
        "closed_days": ["2026-12-24 Christmas Eve"],
        "early_closings": ["2026-12-31 12:00 New Year's Eve"],
        "opens": "07:30",
        "time_zone": BERLIN,
        "takes_ahead_days": 15,
        "calendars": ["target", "england"],
    }
    wanted = msgspec.convert({"connection": "Bank", **told}, WantedCalendar)
    assert lines_of(terms_of(wanted)) == told
    nothing = lines_of(terms_of(WantedCalendar(connection="Bank")))
    assert nothing["takes_ahead_days"] is None


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("bank_calendar_wrong", {"cut_offs": ("late Europe/Berlin",)}),
        ("bank_calendar_wrong", {"cut_offs": ("16:00 Europe/Berlin pigeon",)}),
        ("cut_off_wrong", {"cut_offs": ("16:00 Europe/Utrecht",)}),
        ("cut_off_wrong", {"cut_offs": ("16:00",)}),
        ("bank_calendar_wrong", {"closed_days": ("Christmas",)}),
        ("bank_calendar_wrong", {"closed_days": ("2026-12-24",)}),
        ("bank_calendar_wrong", {"early_closings": ("2026-12-24 noon Christmas",)}),
        ("bank_calendar_wrong", {"early_closings": ("2026-12-24",)}),
        ("bank_calendar_wrong", {"opens": "8 o'clock"}),
        ("bank_calendar_wrong", {"opens": "08:00Z"}),
        ("bank_calendar_wrong", {"time_zone": "../../etc/passwd"}),
        ("bank_calendar_wrong", {"takes_ahead_days": 366}),
        ("bank_calendar_wrong", {"calendars": ("mars",)}),
    ],
)
def test_what_cannot_be_read_is_named(code: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        terms_of(WantedCalendar(connection="Bank", **wrong))
    assert caught.value.code == code


def test_a_calendar_does_not_begin_in_the_past(company: Company) -> None:
    with pytest.raises(Invalid) as caught:
        agreed(company, from_day="2026-11-19")
    assert caught.value.field == "from_day"


def test_what_was_said_in_the_connections_settings_counts_until_there_is_a_calendar(
    company: Company,
) -> None:
    def rules() -> list[str]:
        with tenant(company.tenant_id):
            found = planning.bank_of(company.bank_id, company.clock.now())
        return [str(rule) for rule in found.terms.cut_offs]

    with tenant(company.tenant_id):
        row = models.Connection.objects.get(id=company.bank_id)
        row.config = {**row.config, "cut_offs": [{"at": "16:00:00", "time_zone": BERLIN}]}
        row.save()
    assert rules() == ["16:00 Europe/Berlin"]
    agreed(company, cut_offs=("15:00 Europe/Berlin",))
    assert rules() == ["15:00 Europe/Berlin"]


def test_what_waits_is_looked_at_only_at_that_bank(company: Company) -> None:
    company.pay(1, requested_date=TUESDAY)
    company.release()
    with tenant(company.tenant_id):
        before = models.Order.objects.get().next_action_at
        warehouse.due_now(UUID(int=1), company.clock.now())
        assert models.Order.objects.get().next_action_at == before
        warehouse.due_now(company.bank_id, company.clock.now())
        assert models.Order.objects.get().next_action_at == company.clock.now()
