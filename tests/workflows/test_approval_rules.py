"""Rules of approving as data: who, in which order, from which day on, and what a change voids."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import Rule, Step, Where
from nostro.storage import due, models, orders, people, policies
from nostro.storage.orders import OrderRow
from nostro.storage.pages.waiting import Reader, WaitingFilter, waiting_payments
from nostro.storage.tenancy import tenant
from nostro.workflows import approval_terms, dry_runs, past_comparison, tick
from tests.rules import set_rules
from tests.workflows.company import Company
from tests.workflows.test_approval import approve
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]

WAITING, SCHEDULED = OrderState.AWAITING_APPROVAL, OrderState.SCHEDULED
TREASURY_LAST = ApprovalRules(
    rules=(
        Rule(
            name="Large",
            where=Where(),
            stages=((Step(roles=(Role.APPROVER,)),), (Step(roles=(Role.TREASURER,)),)),
        ),
    )
)


@pytest.fixture
def tess(company: Company) -> Member:
    """The one treasurer."""
    made = company._member("Tess Treasurer", frozenset({Role.TREASURER}))
    with tenant(company.tenant_id):
        company.employ(made)
    return made


def mine(company: Company, member: Member) -> dict[bool, int]:
    """How many of what waits the approvals page offers this person, and how many others."""
    with tenant(company.tenant_id):
        reader = Reader(member=member, now=company.clock.now())
        found = waiting_payments(reader, WaitingFilter(), limit=50, whole=True)
    counts: dict[bool, int] = {}
    for group in found.groups:
        counts[group.mine] = counts.get(group.mine, 0) + group.count
    assert len(found.digests) == counts.get(True, 0)
    return counts


def test_one_stage_after_the_other(company: Company, tess: Member) -> None:
    set_rules(company.job, TREASURY_LAST)
    ids = company.ask(company.request("P1"), company.request("P2"))
    assert mine(company, tess) == {False: 2}
    assert mine(company, company.ann) == {True: 2}
    assert refusal(lambda: approve(company, tess, ids)) == "not_your_turn"
    assert approve(company, company.ann, ids).approved == ()
    assert mine(company, company.bob) == {False: 2}
    assert refusal(lambda: approve(company, company.bob, ids)) == "not_your_turn"
    assert mine(company, tess) == {True: 2}
    assert set(approve(company, tess, ids).approved) == set(ids)
    assert company.states(ids) == [SCHEDULED, SCHEDULED]
    company.release()
    assert set(company.attempts(ids)) == {"prepared"}


def test_the_rule_is_chosen_by_what_the_payment_is(company: Company, tess: Member) -> None:
    above = Where(above=company.request("x", 100_00).amount)
    (large,) = TREASURY_LAST.rules
    set_rules(company.job, ApprovalRules(rules=(Rule(name="L", where=above, stages=large.stages),)))
    small, big = company.ask(company.request("s", 100_00), company.request("b", 100_01))
    approve(company, company.ann, [small, big])
    assert refusal(lambda: approve(company, company.bob, [small, big])) == "not_your_turn"
    approve(company, company.bob, [small])
    approve(company, tess, [big])
    assert company.states([small, big]) == [SCHEDULED, SCHEDULED]


def test_named_people_and_the_place_of_one_who_is_away(company: Company, tess: Member) -> None:
    named = Rule(
        name="Named",
        where=Where(),
        stages=((Step(people=(company.ann.id,)), Step(people=(company.bob.id,))),),
    )
    set_rules(company.job, ApprovalRules(rules=(named,)))
    (order,) = company.ask(company.request("n"))
    assert refusal(lambda: approve(company, company.cy, [order])) == "not_your_turn"
    approve(company, company.ann, [order])
    lent = Grant(
        role=Role.APPROVER,
        on_behalf_of=company.bob.id,
        until=company.clock.now() + timedelta(days=1),
    )
    with tenant(company.tenant_id):
        row = models.Membership.objects.get(person_id=UUID(company.cy.id))
        people.grant_reaching(row.id, UUID(company.cy.id), (lent,))
        (cy,) = people.members([UUID(company.cy.id)], company.clock.now())
    assert mine(company, cy) == {True: 1}
    approve(company, cy, [order])
    assert company.states([order]) == [SCHEDULED]


def test_other_rules_put_what_waits_to_people_anew(company: Company, tess: Member) -> None:
    ids = company.ask(company.request("P1"))
    approve(company, company.ann, ids)
    before = company.seen(ids)
    set_rules(company.job, TREASURY_LAST)
    (told,) = company.events("order.approval_asked_anew")
    assert (told["rules_before"], told["rules"]) == ("approval-0", "approval-1")
    assert refusal(lambda: approve(company, company.bob, ids, before)) == "selection_changed"
    approve(company, company.bob, ids)
    approve(company, tess, ids)
    assert company.states(ids) == [SCHEDULED]


def test_until_they_are_put_anew_nobody_approves_under_the_old_rules(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    with tenant(company.tenant_id):
        policy_id, now = company.world.ids.new(), company.clock.now()
        policies.add(policy_id, TREASURY_LAST, valid_from=now, changed_by="x", reason="x")
    assert refusal(lambda: approve(company, company.ann, ids)) == "approval_rules_changed"
    with due.only_one_ticks():
        found = due.lease("policy_version", now, tick.LEASE, 10)
    assert (company.tenant_id, policy_id) in found
    approval_terms.apply_policy(company.job, policy_id)
    approve(company, company.ann, ids)
    with tenant(company.tenant_id):
        assert models.PolicyVersion.objects.get(id=policy_id).next_action_at is None


def test_what_was_approved_under_the_old_rules_still_leaves(company: Company) -> None:
    ids = company.pay(1)
    set_rules(company.job, TREASURY_LAST)
    company.release()
    assert company.attempts(ids) == ["prepared"]


def test_rules_begin_to_count_on_their_day(company: Company, admins: Any, tess: Member) -> None:
    ada, ben, _ = admins
    begins = company.clock.now() + timedelta(days=3)
    wanted = {
        "rules": [{"name": "All", "when": "", "who": "1 approver then 1 treasurer"}],
        "valid_from": begins.isoformat(),
    }
    agree(company, ben, ask(company, ada, wanted, "approval_rules"))
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["rules"] == ["All |  | 1 approver then 1 treasurer"]
    assert (told["policy"], told["version"]) == ("approval", 1)
    (early,) = company.ask(company.request("early"))
    approve(company, company.ann, [early])
    approve(company, company.bob, [early])
    assert company.states([early]) == [SCHEDULED]
    company.clock.advance(days=3)
    (late,) = company.ask(company.request("late"))
    approve(company, company.ann, [late])
    assert refusal(lambda: approve(company, company.bob, [late])) == "not_your_turn"
    approve(company, tess, [late])
    assert company.states([late]) == [SCHEDULED]


def test_a_rule_that_nobody_can_meet_is_refused_when_it_is_asked_for(
    company: Company, admins: Any
) -> None:
    ada = admins[0]
    for when in (None, company.clock.now() + timedelta(days=30)):
        wanted = {
            "rules": [{"name": "All", "when": "", "who": "1 approver then 2 releaser"}],
            "valid_from": when.isoformat() if when else None,
        }
        assert refusal(partial(ask, company, ada, wanted, "approval_rules")) == "too_few_left"
    for name, more in (
        ("rule_unreadable", {"rules": [{"name": "A", "when": "entity ??", "who": "2 approver"}]}),
        ("rules_unnamed", {"rules": [{"name": " ", "when": "", "who": "2 approver"}]}),
        ("policy_date_unfit", {"needed": 3, "valid_from": "2036-01-01T00:00:00Z"}),
    ):
        assert refusal(partial(ask, company, ada, more, "approval_rules")) == name


def test_who_lost_his_role_does_not_count_in_his_stage(company: Company, tess: Member) -> None:
    set_rules(company.job, TREASURY_LAST)
    ids = company.ask(company.request("P1"))
    approve(company, company.ann, ids)
    approve(company, tess, ids)
    with tenant(company.tenant_id):
        row = models.Membership.objects.get(person_id=UUID(tess.id))
        row.grants = [{"role": "approver"}]
        row.roles = ["approver"]
        row.save()
    company.release()
    assert company.states(ids) == [OrderState.HELD]


def test_rules_are_tried_on_past_payments_and_nothing_is_stored(
    company: Company, tess: Member
) -> None:
    """The small one would have gone as it did; of the large one others would have been asked."""
    (small, large) = company.ask(company.request("s", 100_00), company.request("l", 900_00))
    wanted = {
        "rules": [
            {"name": "Large", "when": "above 500.00 EUR", "who": "1 approver then 1 treasurer"}
        ]
    }
    with tenant(company.tenant_id):
        numbers = {row.id: row.number for row in orders.load([small, large])}
        before = models.PolicyVersion.objects.count()
        found = dry_runs.tried(company.job, "approval_rules", wanted)
        assert models.PolicyVersion.objects.count() == before
    assert (found.looked_at, found.different, found.complete) == (2, 1, True)
    (told,) = found.shown
    assert (told.number, told.before) == (numbers[large], "any 2 who may approve")
    assert told.after == "Large: 1 approver then 1 treasurer"
    set_rules(company.job, TREASURY_LAST)
    with tenant(company.tenant_id):
        again = dry_runs.tried(company.job, "approval_rules", {"needed": 2})
    assert again.different == 2, "what waited was put to people anew, and is compared with that"


def test_a_dry_run_does_not_look_at_confidential_payments_and_says_where_it_ended(
    company: Company,
) -> None:
    orders_made = company.ask(*(company.request(f"p{n}", 100_00) for n in range(5)))
    judged: list[UUID] = []

    def judge(row: OrderRow) -> tuple[str, str]:
        judged.append(row.id)
        return "so", "otherwise"

    since = company.clock.now() - timedelta(days=1)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=orders_made[4]).update(confidential=True)
        whole = past_comparison.compared(company.job, since, judge)
        assert (whole.looked_at, whole.different, whole.complete) == (4, 4, True)
        assert judged == sorted(orders_made[:4], reverse=True), "the newest first"
        part = past_comparison.compared(company.job, since, judge, most=3)
    assert (part.looked_at, part.complete) == (3, False)


def test_a_change_that_does_nothing_to_payments_is_not_tried(company: Company) -> None:
    def tried(kind: str, since: date | None = None) -> Any:
        with tenant(company.tenant_id):
            return dry_runs.tried(company.job, kind, {}, since)

    assert refusal(partial(tried, "retention")) == "not_tried_on_payments"
    assert refusal(partial(tried, "nonsense")) == "change_kind_unknown"
    tomorrow = company.clock.now().date() + timedelta(days=1)
    assert refusal(partial(tried, "approval_rules", tomorrow)) == "since_unfit"
