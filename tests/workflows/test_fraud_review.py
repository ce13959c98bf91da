"""The yearly review of how fraud is monitored: kept as evidence, and told when it is overdue."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.case import CaseKind
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.fraud_monitoring import FraudMonitoring, months_after, overdue
from nostro.storage import due, models, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import approval_terms, changes, fraud_review, tick
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]

WANTED = {"procedure": "FM-12 v3", "responsible": "Head of treasury", "reviewed_on": "2026-06-19"}


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 12))
def test_months_after(start: date, months: int) -> None:
    found = months_after(start, months)
    assert (found.year * 12 + found.month) - (start.year * 12 + start.month) == months
    assert found.day == start.day or (found + timedelta(days=1)).day == 1
    told = FraudMonitoring(procedure="P", responsible="R", reviewed_on=start, months=months)
    assert overdue(told, found) == ""
    assert overdue(told, found + timedelta(days=1))


def test_without_a_procedure_nothing_is_due() -> None:
    assert overdue(FraudMonitoring(), date(2100, 1, 1)) == ""


def version(company: Company) -> UUID:
    with tenant(company.tenant_id):
        row = models.PolicyVersion.objects.filter(kind=FraudMonitoring.KIND).latest("version")
        found: UUID = row.id
        return found


def leased(company: Company) -> bool:
    """Whether the clock of the house finds it due now."""
    now = company.clock.now()
    with due.only_one_ticks():
        return (company.tenant_id, version(company)) in due.lease(
            "policy_version", now, tick.LEASE, 100
        )


def test_an_overdue_review_is_told_once_and_again_after_the_next_year(
    company: Company, admins: Any
) -> None:
    ada, ben, _ = admins
    agree(company, ben, ask(company, ada, WANTED, "fraud_monitoring"))
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["next_due"] == "19 Jun 2027"
    assert fraud_review.attend(company.job, version(company))
    assert (company.cases(), leased(company)) == ([], False)
    company.clock.advance(days=210)  # 18 June 2027
    assert not leased(company)
    company.clock.advance(days=2)
    assert leased(company)
    for _ in range(2):
        assert fraud_review.attend(company.job, version(company))
    assert company.cases() == [
        (
            CaseKind.CONTROL,
            "How fraud is monitored (FM-12 v3) was reviewed last on 19 Jun 2026; the next review"
            " by Head of treasury was due on 19 Jun 2027.",
        )
    ]
    old, renewed = version(company), {**WANTED, "reviewed_on": "2027-06-20"}
    agree(company, ben, ask(company, ada, renewed, "fraud_monitoring"))
    assert fraud_review.attend(company.job, old)
    assert fraud_review.attend(company.job, version(company))
    assert len(company.cases()) == 1
    company.clock.advance(days=400)
    assert leased(company)
    assert fraud_review.attend(company.job, version(company))
    assert len(company.cases()) == 2


def test_other_policies_are_none_of_its_business(company: Company) -> None:
    with tenant(company.tenant_id):
        policy_id, now = company.world.ids.new(), company.clock.now()
        policies.add(policy_id, ApprovalRules(), valid_from=now, changed_by="x", reason="x")
    assert not fraud_review.attend(company.job, policy_id)
    approval_terms.apply_policy(company.job, policy_id)


def test_evidence_that_is_none(company: Company, admins: Any) -> None:
    for code, changed in (
        ("evidence_incomplete", {"procedure": " "}),
        ("evidence_incomplete", {"responsible": "x" * 201}),
        ("check_out_of_range", {"review_months": 13}),
        ("check_out_of_range", {"reviewed_on": "2019-12-31"}),
    ):
        wanted = {**WANTED, **changed}
        assert refusal(partial(ask, company, admins[0], wanted, "fraud_monitoring")) == code
    kind = changes.named("fraud_monitoring")
    assert kind.as_it_is
    with tenant(company.tenant_id):
        assert kind.as_it_is(company.acting()) is not None
