"""Questions about a file close by themselves, with the fact that answered them."""

from __future__ import annotations

from uuid import UUID

from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company


def enquiry(company: Company) -> models.Case:
    with tenant(company.tenant_id):
        return models.Case.objects.get(kind="enquiry")


def told(company: Company, submission_id: UUID, lines: dict[UUID, str], number: int) -> None:
    """What the bank says of payments of a file, each a status or a status with its reason."""
    message_id = company.submission(submission_id).message_id
    said = []
    for order_id, word in lines.items():
        key = company.orders([order_id])[0].instruction.end_to_end_id
        status, _, reason = word.partition(" ")
        said.append((key, status, reason))
    company.bank.says(pain_002(message_id, lines=said, message_id=f"S{number}"))
    answers.collect(company.job, company.bank_id)
    with tenant(company.tenant_id):
        kept = models.BankMessage.objects.order_by("-id").values_list("evidence_id", flat=True)[0]
    answers.understand(company.job, company.bank_id, kept)


def test_what_was_overdue_closes_when_the_last_payment_is_known(company: Company) -> None:
    submission_id, ids = company.send(2)
    company.clock.advance(days=4)
    dispatch.attend(company.job, submission_id)
    assert (enquiry(company).state, enquiry(company).stage) == ("open", "asked")
    assert enquiry(company).natural_key == f"overdue/{submission_id}"
    told(company, submission_id, {ids[0]: "ACSC"}, 1)
    assert enquiry(company).state == "open", "one is still silent"
    told(company, submission_id, {ids[1]: "RJCT AC04"}, 2)
    case = enquiry(company)
    assert (case.state, case.stage) == ("resolved", "answered")
    assert "1 executed" in case.outcome
    assert "1 rejected" in case.outcome
    moved = [event for event in company.events("case.moved") if event["case"] == "enquiry"]
    assert [(event["state_after"], event["outcome"]) for event in moved] == [
        ("resolved", case.outcome)
    ]


def test_what_was_called_a_duplicate_closes_when_the_bank_has_executed_it(company: Company) -> None:
    submission_id, ids = company.send(1)
    told(company, submission_id, {ids[0]: "RJCT AM05"}, 1)
    assert company.attempts(ids) == ["unknown"]
    assert enquiry(company).natural_key == f"duplicate/{submission_id}"
    told(company, submission_id, {ids[0]: "ACSC"}, 2)
    assert company.attempts(ids) == ["executed"]
    assert (enquiry(company).state, enquiry(company).stage) == ("resolved", "answered")


def test_one_left_open_by_an_older_release_closes_at_the_next_look(company: Company) -> None:
    submission_id, ids = company.send(1)
    company.clock.advance(days=4)
    dispatch.attend(company.job, submission_id)
    with tenant(company.tenant_id):
        models.Attempt.objects.filter(order_id=ids[0]).update(state="executed")
    company.clock.advance(days=1)
    dispatch.attend(company.job, submission_id)
    assert enquiry(company).state == "resolved"
    assert company.submission(submission_id).next_action_at is None


def test_another_question_about_the_file_stays_open(company: Company) -> None:
    submission_id, ids = company.send(1)
    company.clock.advance(days=4)
    dispatch.attend(company.job, submission_id)
    with tenant(company.tenant_id):
        models.Case.objects.update(natural_key=f"other/{submission_id}")
    told(company, submission_id, {ids[0]: "ACSC"}, 1)
    assert enquiry(company).state == "open"
