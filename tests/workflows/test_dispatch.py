"""One send, and asking instead of a second one: every outcome of a channel, and every crash."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.errors import Invalid, NostroError, Refused, Unavailable
from nostro.domain.order import OrderState
from nostro.domain.policies.dispatching import ENQUIRIES, NO_IS_BELIEVED_AFTER, RETRIES
from nostro.ports import Outgoing
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch, posting
from nostro.workflows.tick import tick
from tests.workflows.company import Company, append
from tests.workflows.files_sent import DOWN, LOST, MONDAY_NOON, NO, attend, frozen, later


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
