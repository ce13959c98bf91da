"""What some banks promise, what is due of a file, and what keeps one here: stops, cancellations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from nostro.domain.errors import NostroError
from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.ports import Incoming
from nostro.storage import freezes, models, submissions
from nostro.storage.stranded import Stranded, stranded
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch, freezing
from tests.workflows.bank_words import pain_002
from tests.workflows.company import BANKS, FRIDAY, Company, ScriptedBank
from tests.workflows.files_sent import (
    DOWN,
    LOST,
    MONDAY_NOON,
    NO,
    RepeatingBank,
    attend,
    frozen,
    later,
)
from tests.workflows.test_file_acknowledgements import contrl


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


REFUSALS: dict[str, Callable[[str, list[str], int], bytes]] = {
    "group": lambda told, keys, n: pain_002(
        told, group="RJCT", group_reason="AM04", message_id=f"S{n}"
    ),
    "group and lines": lambda told, keys, n: pain_002(
        told, group="RJCT", lines=[(key, "RJCT", "AM04") for key in keys], message_id=f"S{n}"
    ),
    "batch": lambda told, keys, n: pain_002(
        told, batches=[(f"{told}-1", "RJCT", "AM04")], message_id=f"S{n}"
    ),
    "acknowledgement": lambda told, keys, n: contrl(told, "4+13", reference=f"B{n}"),
}


@pytest.mark.parametrize("form", REFUSALS)
@pytest.mark.parametrize("sends", [1, 2])
def test_a_refusal_of_the_file_says_nothing_of_the_other_copy(
    company: Company, form: str, sends: int
) -> None:
    banks_at(company, RepeatingBank())
    submission_id, ids = frozen(company, 2)
    message_id = company.submission(submission_id).message_id
    keys = [row.instruction.end_to_end_id for row in company.orders(ids)]
    company.bank.outcomes = [LOST, None] if sends == 2 else []
    attend(company, submission_id)
    if sends == 2:
        later(company, submission_id)
    assert len(company.bank.received) == sends
    for number in range(2):  # And its repetition changes nothing.
        refusal = REFUSALS[form](message_id, keys, number)
        answers.receive_message(company.job, company.bank_id, "b.xml", refusal)
    if sends == 1:
        assert company.attempts(ids) == ["rejected"] * 2
        return
    assert company.attempts(ids) == ["unknown"] * 2, "the first copy may be paid"
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 2
    assert company.submission(submission_id).state == "acknowledged"
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "left more than once" in sentence
    paid = pain_002(message_id, lines=[(key, "ACSC", "") for key in keys], message_id="S9")
    answers.receive_message(company.job, company.bank_id, "b.xml", paid)
    assert company.attempts(ids) == ["executed"] * 2
    assert forgotten(company) == []
    with tenant(company.tenant_id):
        assert models.Case.objects.get().state == "resolved"


def test_a_file_that_was_sent_again_after_a_proof_is_one_copy(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [DOWN]
    attend(company, submission_id)
    later(company, submission_id)
    message_id = company.submission(submission_id).message_id
    refusal = pain_002(message_id, group="RJCT", group_reason="AM04")
    answers.receive_message(company.job, company.bank_id, "b.xml", refusal)
    assert company.attempts(ids) == ["rejected"]
    assert company.submission(submission_id).state == "refused"
