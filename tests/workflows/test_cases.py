"""Cases belong to somebody from birth, changes are on record, and what is known ends them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.case import CaseKind
from nostro.domain.errors import InDoubt, Invalid, NotAllowed, Refused
from nostro.domain.party import Member, Role
from nostro.domain.policies.case_rights import may_resolve
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work, dispatch
from tests.workflows.company import Company


def only_case(company: Company) -> models.Case:
    with tenant(company.tenant_id):
        return models.Case.objects.get()


def doubtful(company: Company) -> UUID:
    """A file of which nobody can say for days whether the bank has it."""
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    submission_id, _ = company.send(1)
    for _ in range(12):
        company.clock.advance(days=1)
        dispatch.attend(company.job, submission_id)
    return submission_id


def test_it_belongs_to_a_role_until_a_person_takes_it(company: Company) -> None:
    doubtful(company)
    case = only_case(company)
    assert (case.kind, case.owner, case.state) == ("enquiry", "treasurer", "open")
    case_work.take(company.acting(company.cy), company.cy, case.id)
    assert only_case(company).owner_name == company.cy.name
    assert company.events("case.taken")[0]["owner"] == company.cy.name


def test_every_rung_was_tried_then_the_bank_answers(company: Company) -> None:
    submission_id = doubtful(company)
    assert only_case(company).stage == "unanswered"
    company.bank.answers = [True]
    company.clock.advance(days=1)
    dispatch.attend(company.job, submission_id)
    case = only_case(company)
    assert (case.stage, case.state, case.outcome) == (
        "answered", "resolved", "The bank has the file.",
    )  # fmt: skip
    assert case.resolved_at


def test_a_doubt_is_not_closed_away(company: Company) -> None:
    doubtful(company)
    with pytest.raises(Refused) as caught:
        case_work.resolve(
            company.acting(company.ann), company.ann, only_case(company).id, "never mind"
        )
    assert caught.value.code == "still_unknown"
    assert only_case(company).state == "open"


def overdue(company: Company) -> None:
    """A file that the bank has and says nothing of: nobody is in doubt, but somebody must ask."""
    submission_id, _ = company.send(1)
    company.clock.advance(days=5)
    dispatch.attend(company.job, submission_id)


def test_due_notes_and_the_end_are_on_record(company: Company) -> None:
    overdue(company)
    case, acting = only_case(company), company.acting(company.ann)
    later = company.clock.now() + timedelta(days=3)
    case_work.set_due(acting, case.id, later, "bank holiday there")
    case_work.note(acting, case.id, "Ms Vos rings back")
    case_work.resolve(acting, company.ann, case.id, "found on their list")
    assert only_case(company).due_at == later
    with pytest.raises(NotAllowed):
        case_work.resolve(acting, company.ann, case.id, "again")
    case_work.reopen(acting, case.id, "it was another file")
    assert only_case(company).resolved_at is None
    kinds = [event["text"] for event in company.events("case.noted")]
    assert kinds == ["Ms Vos rings back"]
    moved = [event["state_after"] for event in company.events("case.moved")]
    assert moved == ["resolved", "open"]


def test_a_reason_is_needed_and_the_case_must_be_ours(company: Company) -> None:
    overdue(company)
    acting = company.acting(company.ann)
    with pytest.raises(Invalid):
        case_work.resolve(acting, company.ann, only_case(company).id, "  ")
    with pytest.raises(Refused) as caught:
        case_work.note(acting, company.tenant_id, "x")
    assert caught.value.code == "case_unknown"


def test_a_program_does_not_close_what_lets_money_move_again() -> None:
    key = Member(id="k", name="A key", roles=frozenset({Role.TREASURER}), is_person=False)
    maker = Member(id="m", name="A maker", roles=frozenset({Role.MAKER}))
    treasurer = Member(id="t", name="A treasurer", roles=frozenset({Role.TREASURER}))
    delicate = (
        (CaseKind.CONTRADICTION, "x"),
        (CaseKind.PAYEE, "x"),
        (CaseKind.ENQUIRY, "restore/1"),
    )
    for kind, natural_key in delicate:
        for member in (key, maker):
            with pytest.raises(Refused):
                may_resolve(member, kind, natural_key)
        may_resolve(treasurer, kind, natural_key)
    may_resolve(key, CaseKind.REJECTION, "x")


def test_what_was_resolved_is_opened_again_by_the_same_cause(company: Company) -> None:
    overdue(company)
    acting = company.acting(company.ann)
    case_work.resolve(acting, company.ann, only_case(company).id, "rang them")
    with tenant(company.tenant_id):
        file = models.Submission.objects.get()
    company.clock.advance(days=2)
    dispatch.attend(company.job, file.id)
    assert only_case(company).state == "open"
