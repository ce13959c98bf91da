"""Nobody forces a state: people add evidence, two of them where money could move twice."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from nostro.domain.errors import InDoubt, Invalid, Refused
from nostro.domain.operator_evidence import NEEDS_TWO, EvidenceKind
from nostro.domain.order import OrderState
from nostro.domain.party import Member
from nostro.storage import models
from nostro.storage import operator_evidence as stored
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch, operator_evidence
from nostro.workflows.operator_evidence import Attachment, Told
from tests.workflows.company import Company


def doubtful(company: Company) -> tuple[UUID, list[UUID]]:
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    submission_id, ids = company.send(2)
    assert company.attempts(ids) == ["unknown"] * 2
    return submission_id, ids


def told(submission_id: UUID, kind: EvidenceKind, attempt_id: UUID | None = None) -> Told:
    return Told(
        kind=kind,
        submission_id=submission_id,
        attempt_id=attempt_id,
        told_by="Ms Vos, payments desk",
        text="read to me from their log",
    )


def state(company: Company, member: Member, what: Told) -> tuple[UUID, bool]:
    return operator_evidence.state(company.acting(member), member, what)


def confirm(company: Company, member: Member, evidence_id: UUID) -> None:
    operator_evidence.confirm(company.acting(member), member, evidence_id)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_the_bank_has_it_counts_at_once(company: Company) -> None:
    submission_id, ids = doubtful(company)
    _, counts = state(company, company.ann, told(submission_id, EvidenceKind.BANK_HAS_IT))
    assert counts
    row = company.submission(submission_id)
    assert row.state == "delivered"
    assert row.next_action_at, "its payments are followed up"
    assert company.attempts(ids) == ["delivered"] * 2


def test_never_had_it_needs_two_and_then_the_same_bytes_go_again(company: Company) -> None:
    submission_id, _ = doubtful(company)
    company.clock.advance(minutes=20)
    evidence_id, counts = state(
        company, company.ann, told(submission_id, EvidenceKind.BANK_NEVER_HAD_IT)
    )
    assert not counts
    company.clock.advance(minutes=30)
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1, "one person's word sends nothing"
    assert refusal(lambda: confirm(company, company.ann, evidence_id)) == "own_evidence"
    confirm(company, company.bob, evidence_id)
    assert refusal(lambda: confirm(company, company.cy, evidence_id)) == "evidence_decided"
    dispatch.attend(company.job, submission_id)
    first, second = company.bank.received
    assert (first.message_id, first.content) == (second.message_id, second.content)


@pytest.mark.parametrize("kind", sorted(NEEDS_TWO))
def test_what_could_pay_twice_moves_nothing_alone(company: Company, kind: EvidenceKind) -> None:
    submission_id, ids = doubtful(company)
    state(company, company.ann, told(submission_id, kind))
    assert company.attempts(ids) == ["unknown"] * 2
    assert company.submission(submission_id).state == "unknown"


def test_one_payment_of_a_file(company: Company) -> None:
    submission_id, ids = doubtful(company)
    with tenant(company.tenant_id):
        attempt = models.Attempt.objects.get(order_id=ids[0])
    what = told(submission_id, EvidenceKind.BANK_STOPPED_IT, attempt.id)
    evidence_id, _ = state(company, company.ann, what)
    confirm(company, company.bob, evidence_id)
    assert company.attempts(ids) == ["cancelled_stop", "unknown"]
    assert company.states(ids) == [OrderState.CANCELLED, OrderState.IN_FLIGHT]


def test_evidence_against_what_is_settled_is_a_case(company: Company) -> None:
    submission_id, ids = doubtful(company)
    state(company, company.ann, told(submission_id, EvidenceKind.BANK_EXECUTED_IT))
    assert company.states(ids) == [OrderState.EXECUTED] * 2
    with tenant(company.tenant_id):
        attempt = models.Attempt.objects.get(order_id=ids[0])
    what = told(submission_id, EvidenceKind.BANK_REJECTED_IT, attempt.id)
    evidence_id, _ = state(company, company.bob, what)
    confirm(company, company.cy, evidence_id)
    assert company.attempts(ids) == ["executed"] * 2
    assert "contradiction" in {kind for kind, _ in company.cases()}


def test_what_the_tables_forbid_nobody_states(company: Company) -> None:
    submission_id, _ = company.send(1)
    evidence_id, _ = state(
        company, company.ann, told(submission_id, EvidenceKind.BANK_NEVER_HAD_IT)
    )
    assert refusal(lambda: confirm(company, company.bob, evidence_id)) == "evidence_out_of_date"


def test_said_too_early_or_of_an_older_send_it_sends_nothing(company: Company) -> None:
    submission_id, _ = doubtful(company)
    kind = EvidenceKind.BANK_NEVER_HAD_IT
    early, _ = state(company, company.ann, told(submission_id, kind))
    company.clock.advance(minutes=20)
    assert refusal(lambda: confirm(company, company.bob, early)) == "evidence_out_of_date"
    first, _ = state(company, company.ann, told(submission_id, kind))
    second, _ = state(company, company.cy, told(submission_id, kind))
    confirm(company, company.bob, first)
    company.bank.outcomes = [InDoubt("cut", "Lost again.")]
    dispatch.attend(company.job, submission_id)
    assert refusal(lambda: confirm(company, company.bob, second)) == "evidence_out_of_date"
    assert len(company.bank.received) == 2


def test_who_may_state_and_what_it_takes(company: Company) -> None:
    submission_id, _ = doubtful(company)
    what = told(submission_id, EvidenceKind.BANK_HAS_IT)
    nobody = Member(id=company.ann.id, name="Key", roles=company.ann.roles, is_person=False)
    assert refusal(lambda: state(company, nobody, what)) == "not_a_treasurer"
    unnamed = Told(kind=what.kind, submission_id=submission_id, told_by=" ", text="x")
    with pytest.raises(Invalid) as caught:
        state(company, company.ann, unnamed)
    assert caught.value.field == "told_by"
    other = told(company.tenant_id, EvidenceKind.BANK_HAS_IT)
    assert refusal(lambda: state(company, company.ann, other)) == "submission_unknown"


def test_the_attachment_and_the_names_stay(company: Company) -> None:
    submission_id, _ = doubtful(company)
    proof = Attachment(name="mail.eml", media_type="message/rfc822", content=b"From: bank")
    operator_evidence.state(
        company.acting(company.ann),
        company.ann,
        told(submission_id, EvidenceKind.BANK_NEVER_HAD_IT),
        proof,
    )
    with tenant(company.tenant_id):
        (row,) = stored.of_submission(submission_id)
        assert [one.stated.id for one in stored.waiting(10)] == [row.stated.id]
    assert (row.stated_by_name, row.stated.told_by) == (company.ann.name, "Ms Vos, payments desk")
    assert company.evidence("mail.eml") == [b"From: bank"]
    operator_evidence.refuse(
        company.acting(company.bob), company.bob, UUID(row.stated.id), "wrong file"
    )
    with tenant(company.tenant_id):
        (row,) = stored.of_submission(submission_id)
    assert (row.state, row.decided_by_name) == ("refused", company.bob.name)


def test_whoever_stated_it_can_only_withdraw_it_and_that_is_what_it_is_called(
    company: Company,
) -> None:
    submission_id, _ = doubtful(company)
    stated_id, _ = state(company, company.ann, told(submission_id, EvidenceKind.BANK_NEVER_HAD_IT))
    operator_evidence.refuse(company.acting(company.ann), company.ann, stated_id, "wrong file")
    with tenant(company.tenant_id):
        (row,) = stored.of_submission(submission_id)
    assert (row.state, row.decided_by_name) == ("withdrawn", company.ann.name)
    assert company.events("evidence.refused") == []
    assert company.events("evidence.withdrawn")[0]["reason"] == "wrong file"
    assert refusal(lambda: confirm(company, company.bob, stated_id)) == "evidence_decided"
    assert company.submission(submission_id).state == "unknown"
