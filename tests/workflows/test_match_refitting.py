"""How sure the matcher is, learnt from what people judge and from what they let stand."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.errors import Invalid
from nostro.domain.party import Member, Role
from nostro.domain.policies.match_precision import MatchPrecision
from nostro.storage import match_models, models, policies
from nostro.storage.match_models import Fitted
from nostro.storage.tenancy import tenant
from nostro.workflows import changes, jobs, line_deciding, match_refitting, match_undoing
from tests.workflows.company import Company, iban
from tests.workflows.test_line_deciding import (
    allocate,
    employ,
    line_of,
    line_state,
    proposals_of,
    settles,
)
from tests.workflows.test_statements import comes, owed, paid

LATER = 15


@pytest.fixture
def clerk(company: Company) -> Member:
    return employ(company, "Rita Reconciler", Role.RECONCILER)


def says(company: Company, **told: int) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            MatchPrecision(**told),
            valid_from=company.world.clock.now(),
            changed_by="two people",
            reason="a test",
        )


def refit(company: Company) -> tuple[int, int, int]:
    """The version that counts after a fit, how many were judged, and how many of them right."""
    found = match_refitting.refit(company.job)
    return found.version, found.judged, found.right


def proposal(company: Company, minor: int) -> UUID:
    return proposals_of(company, line_of(company, minor))[0]


def test_nothing_judged_is_no_version(company: Company) -> None:
    assert refit(company) == (0, 0, 0)
    with tenant(company.tenant_id):
        assert match_models.last() == Fitted()


def test_people_are_learnt_from_once(company: Company, clerk: Member) -> None:
    """Confirmed and divided as proposed was right; divided otherwise and refused was wrong."""
    owed(company, ("RE-2026-101", 500_00), ("RE-2026-202", 700_00), ("RE-2026-303", 900_00),
         ("RE-2026-404", 1100_00))  # fmt: skip
    comes(
        company, paid(400_00, "RE-2026-101"), paid(600_00, "RE-2026-202"),
        paid(800_00, "RE-2026-303"), paid(1000_00, "RE-2026-404"),
    )  # fmt: skip
    acting = company.acting(clerk)
    line_deciding.confirm_one(acting, clerk, proposal(company, 400_00))
    allocate(company, clerk, line_of(company, 600_00), settles(company, ("RE-2026-202", 600_00)))
    allocate(company, clerk, line_of(company, 800_00), settles(company, ("RE-2026-404", 800_00)))
    match_undoing.refuse(acting, clerk, proposal(company, 1000_00), "another's")
    assert refit(company) == (1, 4, 2)
    assert refit(company) == (1, 4, 2)
    (told,) = company.events("match_model.fitted")
    assert (told["judged"], told["right"], told["target_millionths"]) == (4, 2, 999_000)
    with tenant(company.tenant_id):
        found = match_models.last()
    assert found.since is not None
    assert sum(step.judged for step in found.calibration) == 4


def test_who_thinks_better_of_it_is_learnt_from_as_he_thinks_now(
    company: Company, clerk: Member
) -> None:
    owed(company, ("RE-2026-101", 500_00))
    comes(company, paid(400_00, "RE-2026-101"))
    line_id, acting = line_of(company, 400_00), company.acting(clerk)
    match_undoing.refuse(acting, clerk, proposal(company, 400_00), "not his")
    assert refit(company) == (1, 1, 0)
    match_id = allocate(company, clerk, line_id, settles(company, ("RE-2026-101", 400_00)))
    assert refit(company) == (2, 1, 1)
    match_undoing.undo(acting, clerk, match_id, "not his, after all")
    assert refit(company) == (3, 1, 0)


def test_what_was_posted_is_right_once_it_has_stood_and_wrong_once_it_is_taken_back(
    company: Company, clerk: Member
) -> None:
    owed(company, ("RE-2026-101", 500_00), ("RE-2026-202", 700_00), payer=iban(8))
    comes(company, paid(500_00, "RE-2026-101", iban(8)), paid(700_00, "RE-2026-202", iban(8)))
    assert line_state(company, line_of(company, 700_00)) == "matched"
    assert refit(company) == (0, 0, 0)
    company.clock.advance(days=LATER)
    assert refit(company) == (1, 2, 2)
    with tenant(company.tenant_id):
        match_id = models.Match.objects.get(transaction_id=line_of(company, 700_00)).id
    match_undoing.undo(company.acting(clerk), clerk, match_id, "not his")
    assert refit(company) == (2, 2, 1)
    # One of two is no proof any more: the next one waits for a person.
    owed(company, ("RE-2026-303", 900_00), payer=iban(8))
    comes(company, paid(900_00, "RE-2026-303", iban(8)), statement_id="ST-2")
    assert line_state(company, line_of(company, 900_00)) == "suggested"
    # What is matched stays as it is, whatever was learnt since.
    assert line_state(company, line_of(company, 500_00)) == "matched"


def test_nothing_posts_above_what_is_known(company: Company) -> None:
    says(company, target_millionths=999_900)
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    comes(company, paid(500_00, "RE-2026-101", iban(8)))
    assert line_state(company, line_of(company, 500_00)) == "suggested"


def test_a_lower_share_counts_from_the_next_fit_on(company: Company) -> None:
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    comes(company, paid(500_00, "RE-2026-101", iban(8)))
    company.clock.advance(days=LATER)
    assert refit(company) == (1, 1, 1)
    says(company, target_millionths=998_000)
    with tenant(company.tenant_id):
        assert match_refitting.in_force(company.job)[1] == 999_000
    assert refit(company) == (2, 1, 1)
    with tenant(company.tenant_id):
        assert match_refitting.in_force(company.job)[1] == 998_000


def test_nobody_learns_from_another_customer(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-101", 500_00))
    comes(company, paid(400_00, "RE-2026-101"))
    line_deciding.confirm_one(company.acting(clerk), clerk, proposal(company, 400_00))
    assert refit(Company()) == (0, 0, 0)
    assert refit(company) == (1, 1, 1)


def test_a_version_is_written_once(company: Company) -> None:
    now = company.world.clock.now()
    with tenant(company.tenant_id):
        match_models.add(company.world.ids.new(), Fitted(version=1), now)
        with pytest.raises(IntegrityError), transaction.atomic():
            match_models.add(company.world.ids.new(), Fitted(version=1), now)


def test_every_customer_is_woken_for_it_once_a_day(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-101", 500_00))
    comes(company, paid(400_00, "RE-2026-101"))
    line_deciding.confirm_one(company.acting(clerk), clerk, proposal(company, 400_00))
    daily, now = match_refitting.DailyRefit(), company.world.clock.now()
    assert daily.look(now) >= 1
    assert daily.look(now) == 0
    asked = ProcrastinateJob.objects.filter(
        task_name="refit_matching", args={"tenant_id": str(company.tenant_id)}
    )
    assert asked.count() == 1
    jobs.refit_matching(tenant_id=str(company.tenant_id))
    with tenant(company.tenant_id):
        assert match_models.last().judged == 1


@pytest.mark.parametrize("percent", ["98.9", "100", "99.99999", "x", "NaN", "1e3", ""])
def test_a_share_that_cannot_be_kept_is_refused(company: Company, percent: str) -> None:
    kind = changes.named("match_precision")
    with pytest.raises(Invalid) as refused, tenant(company.tenant_id):
        kind.look(company.job, kind.wanted(percent=percent), company.world.ids.new())
    assert refused.value.code == "match_precision_unfit"
