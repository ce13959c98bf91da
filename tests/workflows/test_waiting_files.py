"""Files that waited long: what was approved is looked at again before they leave, and what may not
leave any more does not; an unfit connection keeps them waiting, with one case of its own."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.errors import ConnectionUnfit, InDoubt, Unavailable
from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.domain.party import Role
from nostro.domain.policies.dispatching import RETRIES
from nostro.domain.policies.recall import RecallReason
from nostro.storage import freezes, models, people, submissions
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, freezing
from nostro.workflows.cancelling import Wish
from tests.workflows.company import BANKS, FRIDAY, Company, iban
from tests.workflows.files_sent import RepeatingBank, attend, frozen, later

WRONG_SECRET = ConnectionUnfit("sign_in_refused", "The bank did not let us sign in.")


def new_account(company: Company, payee: str) -> None:
    with tenant(company.tenant_id):
        company.add_payee_account(
            company.payee_ids[payee], payee, iban(company.seed + 500), version=2
        )


def leaves_company(company: Company) -> None:
    with tenant(company.tenant_id):
        people.withdraw(UUID(company.bob.id))


def only_approves_no_more(company: Company) -> None:
    with tenant(company.tenant_id):
        people.grant(company.world.ids.new(), UUID(company.bob.id), frozenset({Role.MAKER}))


def withdrawn(company: Company) -> None:
    with tenant(company.tenant_id):
        models.Approval.objects.filter(person_id=company.bob.id).update(voided_at=FRIDAY)


# What happened while a file of ours waited, and what becomes of its payments.
CHANGES = {
    "too late": (lambda c: c.clock.advance(days=11), "latest_date_passed", "expired"),
    "account": (lambda c: new_account(c, "V1"), "account_changed_after_approval", "held"),
    "left": (leaves_company, "approver_no_longer_entitled", "held"),
    "role": (only_approves_no_more, "approver_no_longer_entitled", "held"),
    "withdrawn": (withdrawn, "not_what_was_approved", "scheduled"),
}


@pytest.mark.parametrize(("event", "reason", "state"), CHANGES.values(), ids=CHANGES)
def test_a_file_never_tried_is_taken_apart_when_what_was_approved_no_longer_holds(
    company: Company, event: object, reason: str, state: str
) -> None:
    submission_id, ids = frozen(company, 2)
    assert callable(event)
    event(company)
    assert attend(company, submission_id) is None
    assert company.bank.received == []
    assert company.submission(submission_id).state == "abandoned"
    moved = company.events("submission.moved")[-1]
    assert moved["reason"] == reason
    assert company.orders(ids)[0].number in moved["text"], "the trace names the payment"
    assert company.states(ids) == [OrderState.SCHEDULED] * 2, "due, for the release to look at"
    assert company.release() == [], "no file is made anew of them"
    assert company.states(ids) == [state] * 2
    assert company.bank.received == []


def test_the_others_of_the_file_leave_in_a_new_one(company: Company) -> None:
    ids = [*company.pay(1, "A", payee="V1"), *company.pay(1, "B", payee="V2")]
    (submission_id,) = company.release()
    new_account(company, "V1")
    attend(company, submission_id)
    (made_anew,) = company.release()
    assert attend(company, made_anew) == "delivered"
    assert company.states(ids) == ["held", "in_flight"]
    assert len(company.bank.received) == 1


def test_a_payment_held_outside_its_file_takes_the_file_apart(company: Company) -> None:
    submission_id, ids = frozen(company, 2)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=ids[0]).update(state="held")
    assert attend(company, submission_id) is None
    assert company.submission(submission_id).state == "abandoned"
    assert company.events("submission.moved")[-1]["reason"] == "not_waiting_to_leave"
    assert len(company.release()) == 1
    assert company.states(ids) == ["held", "scheduled"]


def test_a_stop_that_lasted_beyond_the_latest_date_is_no_way_around_it(company: Company) -> None:
    submission_id, ids = frozen(company)
    stop = freezing.freeze(
        company.acting(company.cy), company.cy, FreezeScope.CONNECTION, company.bank_id, "Odd."
    )
    company.clock.advance(days=11)
    assert attend(company, submission_id) is None
    assert company.submission(submission_id).state == "built", "stopped: nothing is decided yet"
    with tenant(company.tenant_id):
        freezes.end(stop, company.clock.now())
    assert later(company, submission_id) is None
    company.release()
    assert company.states(ids) == ["expired"]
    (expired,) = [e for e in company.events("order.moved") if e["state_after"] == "expired"]
    assert expired["reason"] == "latest_date_passed"
    assert company.bank.received == []


def test_a_file_that_was_tried_stays_and_a_person_is_told(company: Company) -> None:
    """It surely did not arrive; still its payments get no other message id by themselves."""
    submission_id, ids = frozen(company)
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    attend(company, submission_id)
    new_account(company, "V1")
    assert later(company, submission_id) is None
    assert len(company.bank.received) == 1
    assert company.submission(submission_id).state == "not_delivered"
    assert company.attempts(ids) == ["dispatching"]
    assert company.states(ids) == ["in_flight"]
    ((kind, sentence),) = company.cases()
    assert kind == "enquiry"
    assert "the payee's account was changed since" in sentence


def test_a_payment_that_may_have_left_is_never_touched(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    attend(company, submission_id)
    new_account(company, "V1")
    leaves_company(company)
    company.clock.advance(days=11)
    assert attend(company, submission_id) == "unknown"
    assert company.attempts(ids) == ["unknown"]
    company.bank.answers = [True]
    assert later(company, submission_id) == "delivered"


def test_a_payment_cancelled_in_a_file_that_did_not_arrive_is_no_word_of_the_bank(
    company: Company,
) -> None:
    """The others of the file are not believed to be at the bank: it has nothing of it."""
    submission_id, ids = frozen(company, 2)
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    attend(company, submission_id)
    wish = Wish(reason=RecallReason.FRAUD, text="false invoice")
    cancelling.take_back(company.acting(company.cy), company.cy, ids[:1], wish)
    assert later(company, submission_id) is None
    assert company.submission(submission_id).state == "not_delivered"
    assert company.attempts(ids) == ["cancelled_stop", "dispatching"]
    assert "was not sent" in company.cases()[-1][1]


# Connections that a person must mend.


def reconfigured(company: Company, **columns: object) -> None:
    with tenant(company.tenant_id):
        models.Connection.objects.filter(id=company.bank_id).update(**columns)


def unfit_cases(company: Company) -> list[models.Case]:
    with tenant(company.tenant_id):
        return list(models.Case.objects.filter(kind="connection"))


def settings(company: Company) -> dict[str, object]:
    return {"connector": "scripted", "config": {"name": company.code}}


UNFIT: dict[str, dict[str, object]] = {
    "takes no payments": {"config": {"name": "", "erp": True}},
    "is gone": {"connector": "telex"},
    "wrong settings": {"config": {"nome": "x"}},
    "secret missing": {
        "connector": "rest_bank",
        "config": {"base_url": "https://bank.example", "client_id": "us"},
    },
}


@pytest.mark.parametrize("broken", UNFIT.values(), ids=UNFIT)
def test_a_connection_that_cannot_send_keeps_its_files_waiting(
    company: Company, broken: dict[str, object]
) -> None:
    ids = [*company.pay(1, "A"), *company.pay(1, "B", entity_code="NL")]
    files = company.release()
    assert len(files) == 2
    config = broken.get("config")
    if isinstance(config, dict) and "erp" in config:
        broken = {"config": {**config, "name": company.code}}
    reconfigured(company, **broken)
    for _ in range(len(RETRIES) + 3):
        for submission_id in files:
            assert attend(company, submission_id) is None
            row = company.submission(submission_id)
            assert (row.state, row.tries) == ("built", 0)
            assert row.next_action_at is not None
            assert timedelta() < row.next_action_at - company.clock.now() <= timedelta(hours=1)
        company.clock.advance(hours=1)
    assert company.states(ids) == ["scheduled"] * 2
    assert [kind for kind, _ in company.cases()] == ["connection"], "one, whatever waits for it"
    (case,) = unfit_cases(company)
    assert (case.owner, case.state) == ("integrator", "open")
    assert case.due_at == FRIDAY + timedelta(days=1)
    assert case.can_do
    reconfigured(company, **settings(company))
    for submission_id in files:
        assert later(company, submission_id) == "delivered"
    (case,) = unfit_cases(company)
    assert (case.state, "was taken" in case.outcome) == ("resolved", True)


def test_a_wrong_secret_keeps_payments_waiting_and_counts_as_no_try(company: Company) -> None:
    submission_id, ids = frozen(company)
    company.bank.outcomes = [WRONG_SECRET] * 9
    pauses = []
    for turn in range(9):
        assert (attend if turn == 0 else later)(company, submission_id) == "not_delivered"
        row = company.submission(submission_id)
        assert row.next_action_at is not None
        pauses.append(row.next_action_at - company.clock.now())
        assert row.tries == 0
    assert pauses == sorted(pauses), "less and less often"
    assert (pauses[0], pauses[-1]) == (timedelta(minutes=1), timedelta(hours=1))
    assert company.attempts(ids) == ["dispatching"]
    assert company.states(ids) == ["in_flight"]
    ((kind, sentence),) = company.cases()
    assert kind == "connection"
    assert "did not let us sign in" in sentence
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    assert later(company, submission_id) == "not_delivered", "all tries are left"
    assert later(company, submission_id) == "delivered"
    (case,) = unfit_cases(company)
    assert case.state == "resolved"
    assert len({(one.message_id, one.content) for one in company.bank.received}) == 1


def test_the_case_of_a_connection_tells_the_newest_cause_and_opens_again(company: Company) -> None:
    submission_id, _ = frozen(company)
    other = ConnectionUnfit("sftp_host_key_changed", "It showed another host key.")
    company.bank.outcomes = [WRONG_SECRET, other]
    attend(company, submission_id)
    later(company, submission_id)
    (case,) = unfit_cases(company)
    assert "another host key" in case.sentence
    assert [event["text"] for event in company.events("case.noted")] == [case.sentence]
    assert later(company, submission_id) == "delivered"
    company.bank.outcomes = [WRONG_SECRET]
    ids = company.pay(1, "C")
    (again,) = company.release()
    attend(company, again)
    (case,) = unfit_cases(company)
    assert (case.state, company.states(ids)) == ("open", ["in_flight"])


def test_journals_wait_for_an_erp_that_takes_none(company: Company) -> None:
    """What is told to an ERP is no other than a payment: it waits, and is not refused."""
    submission_id, _ = frozen(company)
    with tenant(company.tenant_id):
        models.Submission.objects.filter(id=submission_id).update(purpose=submissions.POSTINGS)
    assert attend(company, submission_id) is None
    assert company.submission(submission_id).state == "built"
    assert [kind for kind, _ in company.cases()] == ["connection"]


def test_what_is_in_doubt_is_not_repeated_to_an_account_that_was_changed(company: Company) -> None:
    """Had the first never arrived, it is the repetition that would pay."""
    company.bank = BANKS[company.code] = RepeatingBank()
    submission_id, ids = frozen(company)
    company.bank.outcomes = [InDoubt("cut", "The connection was lost after the bytes had left.")]
    assert attend(company, submission_id) == "unknown"
    before = len(company.bank.received)
    new_account(company, "V1")
    later(company, submission_id)
    assert len(company.bank.received) == before
    assert company.submission(submission_id).state == "unknown"
    assert company.attempts(ids) == ["unknown"]
