"""One send, and asking instead of a second one: every outcome of a channel, and every crash."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable
from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.domain.policies.dispatching import ENQUIRIES, NO_IS_BELIEVED_AFTER, RETRIES
from nostro.ports import Incoming, Outgoing
from nostro.storage import freezes, models, submissions
from nostro.storage.stranded import Stranded, stranded
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch, freezing, posting
from nostro.workflows.tick import tick
from tests.workflows.bank_words import pain_002
from tests.workflows.company import BANKS, FRIDAY, Company, ScriptedBank, append

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOWN = Unavailable("bank_down", "The bank cannot be reached.")
LOST = InDoubt("cut", "The connection was lost after the bytes had left.")
NO = Refused("not_this", "The bank refuses the file.")


def frozen(company: Company, count: int = 1) -> tuple[UUID, list[UUID]]:
    """One file ready to leave."""
    ids = company.pay(count)
    (submission_id,) = company.release()
    return submission_id, ids


def attend(company: Company, submission_id: UUID) -> str | None:
    return dispatch.attend(company.job, submission_id)


def later(company: Company, submission_id: UUID) -> str | None:
    """When its timer has come, the tick wakes it."""
    due = company.submission(submission_id).next_action_at
    assert due is not None
    company.clock.advance(seconds=max((due - company.clock.now()).total_seconds(), 0))
    ticked = tick(company.clock.now())
    assert ticked
    woken = ProcrastinateJob.objects.filter(
        task_name="attend_submission", args__submission_id=str(submission_id)
    )
    assert woken.exists()
    return attend(company, submission_id)


def test_delivered(company: Company) -> None:
    submission_id, ids = frozen(company, 2)
    assert attend(company, submission_id) == "delivered"
    row = company.submission(submission_id)
    assert (row.tries, row.bank_reference) == (1, "BANK-1")
    # Friday's file: what became of it is on the statement that is here on Monday at noon.
    assert row.next_action_at == row.answer_due_at == MONDAY_NOON
    assert company.attempts(ids) == ["delivered"] * 2
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 2
    assert attend(company, submission_id) is None, "nothing more to do"
    (sent,) = company.bank.received
    assert (sent.message_id, sent.file_name) == (row.message_id, f"{row.message_id}.xml")
    assert company.evidence(sent.file_name) == [sent.content]


def test_the_intent_is_committed_before_the_first_byte_leaves(company: Company) -> None:
    submission_id, ids = frozen(company)
    seen: list[str] = []

    def look(_: Outgoing) -> None:
        def other_connection() -> None:
            seen.append(company.submission(submission_id).state)
            seen.extend(company.attempts(ids))
            seen.extend(company.states(ids))
            connections.close_all()

        thread = threading.Thread(target=other_connection)
        thread.start()
        thread.join()
        assert not connections["default"].in_atomic_block, "no transaction is open meanwhile"

    company.bank.on_send = look
    attend(company, submission_id)
    assert seen == ["dispatching", "dispatching", "in_flight"]


def test_a_proven_non_delivery_is_tried_again_with_the_same_bytes(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [DOWN, DOWN]
    assert attend(company, submission_id) == "not_delivered"
    assert company.attempts(ids) == ["dispatching"], "the attempt stays live"
    assert later(company, submission_id) == "not_delivered"
    assert later(company, submission_id) == "delivered"
    assert len(company.bank.received) == 3
    assert len({(one.message_id, one.content) for one in company.bank.received}) == 1
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    assert company.cases() == []


def test_the_banks_own_delay_is_kept(company: Company) -> None:
    submission_id, _ = frozen(company)
    busy = Unavailable("busy", "Try later.")
    busy.retry_after_seconds = 77
    company.bank.outcomes = [busy]
    attend(company, submission_id)
    due = company.submission(submission_id).next_action_at
    assert due == company.clock.now() + timedelta(seconds=77)


def test_after_enough_tries_it_is_abandoned_and_a_person_is_told(company: Company) -> None:
    submission_id, ids = frozen(company, 2)
    company.bank.outcomes = [DOWN] * 20
    state = attend(company, submission_id)
    while state == "not_delivered":
        state = later(company, submission_id)
    assert state == "abandoned"
    assert len(company.bank.received) == len(RETRIES) + 1
    assert len({one.content for one in company.bank.received}) == 1
    assert company.attempts(ids) == ["not_delivered"] * 2
    assert company.states(ids) == [OrderState.FAILED] * 2
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "could not be delivered" in sentence
    assert company.submission(submission_id).next_action_at is None
    assert attend(company, submission_id) is None


@pytest.mark.parametrize("failure", [NO, Invalid("our_fault", "Our file is wrong.")])
def test_a_definite_no_rejects_its_payments(company: Company, failure: NostroError) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [failure]
    assert attend(company, submission_id) == "refused"
    assert company.attempts(ids) == ["rejected"]
    assert company.states(ids) == [OrderState.REJECTED]
    assert [kind for kind, _ in company.cases()] == ["rejection"]
    assert attend(company, submission_id) is None
    assert len(company.bank.received) == 1


def test_in_doubt_is_asked_and_never_sent_again(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [LOST]
    company.bank.answers = [None, True]
    assert attend(company, submission_id) == "unknown"
    assert company.attempts(ids) == ["unknown"]
    assert company.states(ids) == [OrderState.IN_FLIGHT], "still committed cash"
    assert later(company, submission_id) == "unknown"
    assert later(company, submission_id) == "delivered"
    assert len(company.bank.received) == 1
    assert company.bank.asked == [company.bank.received[0].message_id] * 2
    answers = [event["answer"] for event in company.events("submission.asked")]
    assert answers == ["cannot say", "has it"]
    assert company.attempts(ids) == ["delivered"]


def test_only_the_banks_own_never_had_it_sends_the_same_bytes_again(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [LOST]
    company.bank.answers = [False] * 5
    attend(company, submission_id)
    began = company.clock.now()
    # Bytes may still be on their way: an early "no" is not believed, nor one that was said once.
    said = [later(company, submission_id) for _ in range(5)]
    assert said == ["unknown"] * 4 + ["not_delivered"]
    assert company.clock.now() - began > NO_IS_BELIEVED_AFTER
    assert len(company.bank.received) == 1
    assert later(company, submission_id) == "delivered"
    first, second = company.bank.received
    assert first == second
    assert company.attempts(ids) == ["delivered"]


def test_a_bank_that_loses_every_file_is_not_tried_for_ever(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [LOST] * 50
    company.bank.answers = [False] * 50
    state = attend(company, submission_id)
    for _ in range(50):
        if state == "abandoned":
            break
        state = later(company, submission_id)
    assert state == "abandoned"
    assert len(company.bank.received) == len(RETRIES) + 1
    assert company.states(ids) == [OrderState.FAILED]


@pytest.mark.parametrize("silence", [None, DOWN, LOST, NO], ids=str)
def test_the_ladder_of_enquiries_ends_at_a_person(company: Company, silence: NostroError) -> None:
    """Whatever goes wrong with asking: nothing is sent, and somebody is told."""
    submission_id, ids = frozen(company)
    company.bank.outcomes = [LOST]
    company.bank.answers = [silence] * 20
    attend(company, submission_id)
    began = company.clock.now()
    for _ in ENQUIRIES:
        assert company.cases() == []
        assert later(company, submission_id) == "unknown"
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert company.bank.received[0].message_id in sentence
    assert company.clock.now() - began == sum(ENQUIRIES, timedelta())
    assert later(company, submission_id) == "unknown", "and it is asked on, each day"
    assert len(company.cases()) == 1
    company.bank.answers = [True]
    assert later(company, submission_id) == "delivered"
    assert company.attempts(ids) == ["delivered"]
    assert len(company.bank.received) == 1


def test_of_two_workers_one_sends(company: Company) -> None:
    submission_id, _ = frozen(company)
    company.bank.on_send = lambda _: time.sleep(0.3)

    def act(_: int) -> str | None:
        try:
            return attend(company, submission_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(act, range(4)))
    assert sorted(said, key=str) == [None, None, None, "delivered"]
    assert len(company.bank.received) == 1


def die_while_sending(company: Company, submission_id: UUID, trace: Path, when: str) -> None:
    """A real process takes the submission and is killed in the middle of channel.send."""
    connections.close_all()
    child = os.fork()
    if child == 0:

        def killed(outgoing: Outgoing) -> None:
            if when == "after":
                append(trace, outgoing.message_id)
            os.kill(os.getpid(), signal.SIGKILL)

        company.bank.on_send = killed
        attend(company, submission_id)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_sending_is_asked_about(
    company: Company, tmp_path: Path, when: str
) -> None:
    """Killed before or after the bank had the bytes: we cannot know, so we ask."""
    submission_id, ids = frozen(company)
    bank_has = tmp_path / "bank"
    bank_has.touch()
    die_while_sending(company, submission_id, bank_has, when)
    assert company.submission(submission_id).state == "dispatching"
    assert attend(company, submission_id) is None, "its sender may still be at work"
    assert company.bank.received == []
    company.bank.on_send = lambda outgoing: append(bank_has, outgoing.message_id)
    message_id = company.submission(submission_id).message_id
    company.bank.answers = [message_id in bank_has.read_text()] * 5
    said = later(company, submission_id)
    assert company.bank.asked == [message_id]
    assert [e["state_after"] for e in company.events("submission.moved")][:2] == [
        "dispatching",
        "unknown",
    ]
    if when == "before":
        while said == "unknown":  # An early "no" is not believed.
            said = later(company, submission_id)
        assert said == "not_delivered"
        said = later(company, submission_id)
    assert said == "delivered"
    assert bank_has.read_text().split() == [message_id], "the bank has it once"
    assert company.attempts(ids) == ["delivered"]


def test_a_row_left_dispatching_is_due_again_and_never_resent(company: Company) -> None:
    submission_id, _ = frozen(company)
    assert dispatch._claim(company.job, submission_id) is not None, "a crash right after this"
    ProcrastinateJob.objects.all().delete()
    company.clock.advance(seconds=119)
    tick(company.clock.now())
    assert not ProcrastinateJob.objects.filter(task_name="attend_submission").exists()
    company.clock.advance(seconds=2)
    assert tick(company.clock.now())
    assert ProcrastinateJob.objects.filter(task_name="attend_submission").count() == 1
    company.bank.answers = [None] * 9
    assert attend(company, submission_id) == "unknown"
    for _ in range(4):
        assert later(company, submission_id) == "unknown"
    assert company.bank.received == []


def test_an_answer_of_the_bank_that_is_quicker_than_our_commit_stays(company: Company) -> None:
    submission_id, ids = frozen(company)

    def answered(_: Outgoing) -> None:
        with tenant(company.tenant_id):
            models.Submission.objects.filter(id=submission_id).update(state="acknowledged")

    company.bank.on_send = answered
    assert attend(company, submission_id) == "acknowledged"
    assert company.attempts(ids) == ["dispatching"]


def test_journals_that_the_erp_refuses_have_a_voice(company: Company) -> None:
    submission_id, _ = frozen(company)
    company.bank.outcomes = [NO]
    attend(company, submission_id)
    with tenant(company.tenant_id):
        journal_file = posting.deliver_journals(company.job, company.erp_id)
        assert posting.deliver_journals(company.job, company.erp_id) is None, "each once"
    assert journal_file is not None
    company.erp.outcomes = [Refused("period_closed", "The period is closed.", can_do="Open it.")]
    assert attend(company, journal_file) == "refused"
    assert [kind for kind, _ in company.cases()] == ["rejection", "enquiry"]
    assert "The period is closed." in company.cases()[-1][1]


def test_a_submission_of_nobody_is_nothing(company: Company) -> None:
    assert attend(company, company.world.ids.new()) is None


# What some banks promise besides.


class RepeatingBank(ScriptedBank):
    """Promises by contract that the same bytes count once within a day."""

    def repeatable_for(self) -> timedelta:
        return timedelta(days=1)


class RefusingBank(ScriptedBank):
    """Reports refusals only."""

    def silent_after(self) -> timedelta:
        return timedelta(hours=4)


class TellingBank(ScriptedBank):
    """Can be asked what became of a file; `told` are its answers, one a question."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes | NostroError] = []

    def status(self, message_id: str) -> Incoming | None:
        answer = self.told.pop(0) if self.told else None
        if isinstance(answer, NostroError):
            raise answer
        if answer is None:
            return None
        return Incoming(
            name=f"status-{message_id}",
            media_type="application/xml",
            content=answer,
            received_at=FRIDAY,
        )


def banks_at(company: Company, bank: ScriptedBank) -> None:
    company.bank = BANKS[company.code] = bank


def forgotten(company: Company) -> list[Stranded]:
    with tenant(company.tenant_id):
        return stranded(company.clock.now())


def test_what_is_in_doubt_is_repeated_where_the_same_bytes_count_once(company: Company) -> None:
    banks_at(company, RepeatingBank())
    submission_id, ids = frozen(company)
    company.bank.outcomes = [LOST, DOWN, NO]
    assert attend(company, submission_id) == "unknown"
    first_sent_at = company.submission(submission_id).dispatched_at
    # That a repetition was not taken, or not wanted, says nothing of the first.
    assert later(company, submission_id) == "unknown"
    assert later(company, submission_id) == "unknown"
    assert company.attempts(ids) == ["unknown"]
    assert later(company, submission_id) == "delivered"
    assert len({(one.message_id, one.content) for one in company.bank.received}) == 1
    assert len(company.bank.received) == 4
    row = company.submission(submission_id)
    assert (row.tries, row.dispatched_at) == (4, first_sent_at)
    assert company.attempts(ids) == ["delivered"]
    assert company.bank.asked == []


def test_after_the_promised_time_it_is_asked_about(company: Company) -> None:
    banks_at(company, RepeatingBank())
    submission_id, _ = frozen(company)
    company.bank.outcomes = [LOST]
    attend(company, submission_id)
    company.clock.advance(hours=23, minutes=50)
    company.bank.answers = [True]
    assert later(company, submission_id) == "delivered"
    assert len(company.bank.received) == len(company.bank.asked) == 1


def test_silence_is_acceptance_where_the_bank_says_so(company: Company) -> None:
    banks_at(company, RefusingBank())
    submission_id, ids = frozen(company, 2)
    attend(company, submission_id)
    assert later(company, submission_id) is None
    assert company.clock.now() - FRIDAY == timedelta(hours=4)
    assert company.attempts(ids) == ["accepted"] * 2
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 2, "accepted is not paid"
    with tenant(company.tenant_id):
        facts = list(models.Fact.objects.values_list("kind", "verdict"))
    assert facts == [("silence", "applied")] * 2
    assert company.submission(submission_id).next_action_at == MONDAY_NOON


def test_the_bank_is_asked_what_became_of_the_payments_until_it_has_said_so(
    company: Company,
) -> None:
    bank = TellingBank()
    banks_at(company, bank)
    submission_id, ids = frozen(company)
    attend(company, submission_id)
    message_id = company.submission(submission_id).message_id
    key = company.orders(ids)[0].instruction.end_to_end_id
    bank.told = [
        DOWN,
        pain_002(message_id, group="ACSP", message_id="S1"),
        pain_002(message_id, lines=[(key, "ACSC", "")], message_id="S2"),
    ]
    said = []
    while bank.told:
        assert later(company, submission_id) is None
        said += company.attempts(ids)
    assert said == ["delivered", "accepted", "executed"]
    assert company.states(ids) == [OrderState.EXECUTED]
    assert len(company.events("message.received")) == 2, "kept like any other message"
    later(company, submission_id)
    assert company.submission(submission_id).next_action_at is None
    assert forgotten(company) == []


def test_the_banks_status_ends_a_doubt(company: Company) -> None:
    bank = TellingBank()
    banks_at(company, bank)
    submission_id, ids = frozen(company)
    bank.outcomes = [LOST]
    attend(company, submission_id)
    message_id = company.submission(submission_id).message_id
    bank.told = [pain_002(message_id, group="ACSP")]
    bank.answers = [False] * 9
    assert later(company, submission_id) == "acknowledged"
    assert company.attempts(ids) == ["accepted"]
    assert len(bank.received) == 1


def test_what_is_overdue_is_a_case_once(company: Company) -> None:
    submission_id, _ = frozen(company)
    attend(company, submission_id)
    later(company, submission_id)
    assert company.clock.now() == MONDAY_NOON
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "it was due by now" in sentence
    later(company, submission_id)
    assert company.clock.now() == MONDAY_NOON + timedelta(days=1)
    assert len(company.cases()) == 1


def test_a_booking_of_one_payment_speaks_for_its_file(company: Company) -> None:
    """The bank's enquiry desk never had the file, but it paid one payment of it."""
    submission_id, ids = frozen(company, 2)
    company.bank.outcomes = [LOST]
    attend(company, submission_id)
    with tenant(company.tenant_id):
        models.Attempt.objects.filter(order_id=ids[0]).update(state="executed")
    company.bank.answers = [False] * 9
    assert later(company, submission_id) == "delivered"
    assert company.attempts(ids) == ["executed", "delivered"]
    assert len(company.bank.received) == 1


def test_a_payment_stopped_in_a_frozen_file_keeps_the_file_here(company: Company) -> None:
    submission_id, ids = frozen(company, 2)
    with tenant(company.tenant_id):
        models.Attempt.objects.filter(order_id=ids[0]).update(state="cancelled_stop")
    assert attend(company, submission_id) is None
    assert company.bank.received == []
    ((_, sentence),) = company.cases()
    assert "was not sent" in sentence


@pytest.mark.parametrize("scope", FreezeScope)
def test_a_stop_of_anything_in_the_file_keeps_it_here(company: Company, scope: FreezeScope) -> None:
    submission_id, _ = frozen(company)
    with tenant(company.tenant_id):
        (entity_id,), (payee_id,) = submissions.entities_and_payees(submission_id)
    account_id = company.submission(submission_id).account_id
    assert account_id is not None
    subject_id = {
        FreezeScope.CUSTOMER: company.tenant_id,
        FreezeScope.CONNECTION: company.bank_id,
        FreezeScope.ENTITY: entity_id,
        FreezeScope.ACCOUNT: account_id,
        FreezeScope.PAYEE: payee_id,
    }[scope]
    stop_id = freezing.freeze(
        company.acting(company.cy), company.cy, scope, subject_id, "It looks wrong to me."
    )
    assert attend(company, submission_id) is None
    assert later(company, submission_id) is None
    assert company.bank.received == []
    assert company.cases() == []
    assert forgotten(company) == [], "held, and looked at every minute"
    with tenant(company.tenant_id):
        freezes.end(stop_id, company.clock.now())
    assert later(company, submission_id) == "delivered"


def test_a_sender_that_slept_between_its_claim_and_its_send_does_not_send(
    company: Company,
) -> None:
    submission_id, _ = frozen(company)
    plan = dispatch._claim(company.job, submission_id)
    assert plan is not None
    assert plan.hand_over is not None
    company.clock.advance(minutes=3)
    assert dispatch._send(company.job, plan, plan.hand_over) is None
    assert company.bank.received == []
    company.bank.answers = [None]
    assert attend(company, submission_id) == "unknown", "whoever comes next asks"


def test_what_nobody_will_look_at_again_is_found(company: Company) -> None:
    submission_id, _ = frozen(company)
    assert forgotten(company) == []
    company.clock.advance(minutes=11)
    assert [one.kind for one in forgotten(company)] == ["submission", "attempt"], "no tick came"
    attend(company, submission_id)
    assert forgotten(company) == []
    with tenant(company.tenant_id):
        models.Submission.objects.filter(id=submission_id).update(next_action_at=None)
    ((kind, state),) = [(one.kind, one.state) for one in forgotten(company)]
    assert (kind, state) == ("attempt", "delivered")
    with tenant(company.tenant_id):
        models.Submission.objects.filter(id=submission_id).update(
            next_action_at=company.clock.now()
        )
    later(company, submission_id)
    assert forgotten(company) == []


def test_a_file_that_the_bank_speaks_of_before_we_sent_it_stays_here(company: Company) -> None:
    """Somebody carried it there by another way: sending it could pay twice."""
    ids = company.pay(1)
    (submission_id,) = company.release()
    row = company.submission(submission_id)
    e2e = company.orders(ids)[0].instruction.end_to_end_id
    company.bank.says(pain_002(row.message_id, lines=[(e2e, "ACSC", "")]))
    answers.collect(company.job, company.bank_id)
    with tenant(company.tenant_id):
        (kept,) = models.BankMessage.objects.values_list("evidence_id", flat=True)
    answers.understand(company.job, company.bank_id, kept)
    for _ in range(3):
        dispatch.attend(company.job, submission_id)
        company.clock.advance(minutes=5)
    assert company.bank.received == []
    assert [kind for kind, _ in company.cases()] == ["contradiction"]
