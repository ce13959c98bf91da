"""A bank's cut-off: payments roll and say so, or wait for a person; doubt is told in time."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from nostro import formats
from nostro.domain.errors import InDoubt, Invalid, Unavailable
from nostro.domain.order import OrderState
from nostro.formats import Profile
from nostro.storage import evidence, models, tracing
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch
from tests.workflows.company import Company

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
AT_FOUR = {"at": "16:00:00", "time_zone": "Europe/Berlin"}  # 15:00 UTC in November.


def takes_until(company: Company, *cut_offs: dict[str, Any]) -> None:
    with tenant(company.tenant_id):
        row = models.Connection.objects.get(id=company.bank_id)
        row.config = {**row.config, "cut_offs": list(cut_offs)}
        row.save()


def at(company: Company, hour: int, minute: int = 0) -> None:
    wanted = datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
    company.clock.advance(seconds=(wanted - company.clock.now()).total_seconds())


def days(company: Company, submission_id: UUID) -> set[date | None]:
    with tenant(company.tenant_id):
        content = evidence.read(company.submission(submission_id).evidence_id)
    (file,) = formats.documents(formats.identify(content), io.BytesIO(content), Profile())
    return {batch.requested_date for batch in file.batches}


def test_in_time_nothing_changes(company: Company) -> None:
    takes_until(company, AT_FOUR)
    company.pay(2)
    at(company, 15)
    (submission_id,) = company.release()
    assert days(company, submission_id) == {FRIDAY}
    assert company.events("order.day_moved") == []


def test_after_the_cut_off_it_is_the_next_bank_day_and_that_is_told(company: Company) -> None:
    takes_until(company, AT_FOUR)
    ids = company.pay(2)
    at(company, 15, 1)
    (submission_id,) = company.release()
    assert days(company, submission_id) == {MONDAY}
    assert {event["day"] for event in company.events("order.day_moved")} == {"23 Nov 2026"}
    with tenant(company.tenant_id):
        told = [line.words for line in tracing.trace(ids[0])]
    assert (
        "Executes 23 Nov 2026 instead of 20 Nov 2026: the bank's cut-off (16:00 Europe/Berlin)"
        " had passed" in told
    )


def test_each_currency_has_its_own(company: Company) -> None:
    takes_until(company, AT_FOUR, {"at": "10:00:00", "time_zone": "UTC", "currency": "USD"})
    company.pay(1)
    company.pay(1, prefix="U", currency="USD")
    at(company, 11)
    found = [days(company, submission_id) for submission_id in company.release()]
    assert sorted(found, key=str) == [{FRIDAY}, {MONDAY}]


def test_what_may_not_roll_is_held_with_the_reason(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_until(company, AT_FOUR)
    monkeypatch.setattr("nostro.workflows.instructing.LATEST_AFTER", timedelta())
    ids = company.pay(1)
    at(company, 15, 1)
    assert company.release() == []
    assert company.states(ids) == [OrderState.HELD]
    with tenant(company.tenant_id):
        (hold,) = models.Hold.objects.filter(order_id=ids[0])
    assert hold.code == "cut_off_missed"
    assert "16:00 Europe/Berlin" in hold.sentence
    assert "can execute it on 23 Nov 2026" in hold.sentence
    assert len(company.cases()) == 1
    assert company.release() == []
    assert company.bank.received == []


def test_a_cut_off_that_cannot_be_read_keeps_the_file_and_tells_people(company: Company) -> None:
    takes_until(company, {"at": "late", "time_zone": "UTC"})
    ids = company.pay(1)
    assert company.release() == []
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert "cut-off times" in company.cases()[0][1]


# A file that waited.


def test_a_file_never_tried_is_made_anew_for_the_day_that_the_bank_can_meet(
    company: Company,
) -> None:
    takes_until(company, AT_FOUR)
    company.pay(2)
    (submission_id,) = company.release()
    assert days(company, submission_id) == {FRIDAY}
    at(company, 15, 1)  # A stop, perhaps; it is lifted a minute too late.
    assert dispatch.attend(company.job, submission_id) is None
    assert company.submission(submission_id).state == "abandoned"
    assert company.events("submission.moved")[-1]["reason"] == "execution_day_missed"
    (again,) = company.release()
    assert days(company, again) == {MONDAY}
    dispatch.attend(company.job, again)
    assert [one.message_id for one in company.bank.received] == [
        company.submission(again).message_id
    ]


def test_a_day_that_is_over_needs_no_cut_off_to_be_missed(company: Company) -> None:
    ids = company.pay(1)
    (submission_id,) = company.release()
    company.clock.advance(days=1)
    assert dispatch.attend(company.job, submission_id) is None
    (again,) = company.release()
    assert days(company, again) == {MONDAY}
    dispatch.attend(company.job, again)
    assert company.attempts(ids) == ["delivered"]
    assert len(company.bank.received) == 1


def tried(company: Company) -> UUID:
    """A file that surely did not arrive."""
    company.pay(1)
    (submission_id,) = company.release()
    company.bank.outcomes = [Unavailable("down", "The bank cannot be reached.")]
    dispatch.attend(company.job, submission_id)
    company.bank.received.clear()
    return submission_id


def test_a_file_that_was_tried_still_goes_on_its_day_and_after_it_a_person_is_asked(
    company: Company,
) -> None:
    """Its bytes are never changed: today after the cut-off the bank moves it to its next day."""
    takes_until(company, AT_FOUR)
    submission_id = tried(company)
    at(company, 15, 1)
    company.bank.outcomes = [Unavailable("down", "The bank cannot be reached.")]
    assert dispatch.attend(company.job, submission_id) == "not_delivered"
    assert len(company.bank.received) == 1
    at(company, 23, 1)  # Saturday in Berlin.
    for _ in range(2):
        dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1, "no bank takes Friday on Saturday"
    assert company.submission(submission_id).state == "not_delivered"
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "cannot execute it on the day that the file says any more" in sentence


def test_a_file_that_was_tried_does_not_go_to_be_executed_later_than_approved(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_until(company, AT_FOUR)
    monkeypatch.setattr("nostro.workflows.instructing.LATEST_AFTER", timedelta())
    submission_id = tried(company)
    at(company, 15, 1)
    dispatch.attend(company.job, submission_id)
    assert company.bank.received == []
    assert "its latest date has passed" in company.cases()[0][1]


def in_doubt(company: Company) -> UUID:
    """A file of which the line was lost, an hour and a half before the cut-off."""
    company.pay(1)
    (submission_id,) = company.release()
    company.bank.outcomes = [InDoubt("line_lost", "The line was lost.")]
    at(company, 13, 30)
    dispatch.attend(company.job, submission_id)
    return submission_id


def ask(company: Company, submission_id: UUID) -> None:
    """The next enquiry, when it is due."""
    due = company.submission(submission_id).next_action_at
    assert due is not None
    company.clock.advance(seconds=(due - company.clock.now()).total_seconds())
    dispatch.attend(company.job, submission_id)


def test_doubt_is_told_while_the_bank_can_still_be_reached(company: Company) -> None:
    takes_until(company, AT_FOUR)
    submission_id = in_doubt(company)
    while not company.cases() and company.submission(submission_id).enquiries < 7:
        ask(company, submission_id)
    assert company.clock.now() == datetime(2026, 11, 20, 14, tzinfo=UTC)
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "Its cut-off passes at 15:00 UTC on 20 Nov 2026" in sentence
    with tenant(company.tenant_id):
        assert models.Case.objects.get().due_at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert len(company.bank.received) == 1


def test_a_bank_without_cut_offs_is_asked_as_before(company: Company) -> None:
    submission_id = in_doubt(company)
    for _ in range(4):
        ask(company, submission_id)
    assert company.submission(submission_id).enquiries == 4
    assert company.cases() == []


def test_the_settings_of_a_connection_say_what_is_wrong() -> None:
    from nostro.formats.profiles.dialects import profile_from

    with pytest.raises(Invalid) as caught:
        profile_from(b'cut_offs = [{at = 16:00:00, time_zone = "X"}]', "mine", "mt940")
    assert caught.value.code == "cut_off_wrong"
    told = b'cut_offs = [{at = 16:00:00, time_zone = "Europe/Berlin", currency = "EUR"}]'
    assert profile_from(told, "mine", "mt940").name == "mine"
