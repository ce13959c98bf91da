"""An approval given in the ERP: counted as one person's own, or told and not counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Role
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import Rule, Step, Where
from nostro.domain.policies.source_approval import SourceApprover
from nostro.storage import approvals, key_owning, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, payment_intake
from nostro.workflows.context import Acting
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from tests.rules import set_rules
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]
WAITING, SCHEDULED = OrderState.AWAITING_APPROVAL, OrderState.SCHEDULED


@pytest.fixture
def program(company: Company) -> Acting:
    """The ERP's key, for which nobody of the approvers answers."""
    return key_of(company, company.maker.id)


def key_of(company: Company, owner: str) -> Acting:
    key_id, now = company.world.ids.new(), company.clock.now()
    with tenant(company.tenant_id):
        key_owning.prepare(
            key_id, name="erp", scopes=[Scope.PAYMENTS_WRITE], networks=(),
            owner_id=UUID(owner), now=now, expires_at=now + timedelta(days=9),
        )  # fmt: skip
    actor = Actor(kind="api_key", id=str(key_id), name="erp")
    return Acting(tenant_id=company.tenant_id, actor=actor, world=company.world)


def counts_for(company: Company, person_id: str, **more: Any) -> None:
    approver = SourceApprover(source="api", name="ADOE", person_id=person_id)
    set_rules(company.job, ApprovalRules(source_approvers=(approver,), **more))


def pay(company: Company, acting: Acting, name: str = "ADOE", **more: Any) -> UUID:
    asked = company.request(more.pop("reference", "P1"), approved_by=name, **more)
    return payment_intake.create_payments(acting, "api", [asked])[0]


def given(company: Company, order_id: UUID) -> set[str]:
    with tenant(company.tenant_id):
        return set(approvals.given([order_id])[order_id])


def why_not(company: Company) -> str:
    (told,) = company.events("order.source_approval_said")
    assert told["counted"] is (told["why_not"] == "")
    return str(told["why_not"])


def test_it_counts_as_one_persons_own(company: Company, program: Acting) -> None:
    counts_for(company, company.ann.id)
    order_id = pay(company, program)
    assert why_not(company) == ""
    assert given(company, order_id) == {company.ann.id}
    assert company.states([order_id]) == [WAITING]
    seen = company.seen([order_id])
    again = refusal(
        lambda: approval.approve(company.acting(company.ann), company.ann, [order_id], seen)
    )
    assert again == "already_approved"
    approval.approve(company.acting(company.bob), company.bob, [order_id], seen)
    assert company.states([order_id]) == [SCHEDULED]


def test_without_a_rule_it_is_told_and_does_not_count(company: Company, program: Acting) -> None:
    order_id = pay(company, program)
    assert (why_not(company), given(company, order_id)) == ("approver_unknown", set())


def test_another_name_and_another_source_are_nobody(company: Company, program: Acting) -> None:
    counts_for(company, company.ann.id)
    order_id = pay(company, program, "BDOE")
    assert (why_not(company), given(company, order_id)) == ("approver_unknown", set())
    other = company.request("P2", approved_by="ADOE")
    (elsewhere,) = payment_intake.create_payments(program, "other", [other])
    assert given(company, elsewhere) == set()


def test_what_a_person_or_a_file_says_is_no_proof(company: Company) -> None:
    counts_for(company, company.ann.id)
    order_id = pay(company, company.acting())
    assert (why_not(company), given(company, order_id)) == ("source_not_proven", set())
    approver = SourceApprover(source="erp", name="ERP", person_id=company.ann.id)
    set_rules(company.job, ApprovalRules(source_approvers=(approver,)))
    company.receive(company.run_file({}))
    assert len(company.events("order.approval_given")) == 0


def test_who_answers_for_the_key_is_its_maker(company: Company) -> None:
    counts_for(company, company.ann.id)
    order_id = pay(company, key_of(company, company.ann.id))
    assert (why_not(company), given(company, order_id)) == ("maker_cannot_approve", set())


def test_who_left_does_not_approve_there_either(company: Company, program: Acting) -> None:
    counts_for(company, company.ann.id)
    with tenant(company.tenant_id):
        people.withdraw(UUID(company.ann.id))
    order_id = pay(company, program)
    assert (why_not(company), given(company, order_id)) == ("not_an_approver", set())


def test_a_held_payment_and_one_that_takes_a_fresh_proof(company: Company, program: Acting) -> None:
    counts_for(company, company.ann.id, step_up_above=(Money(500_00, "EUR"),))
    held = pay(company, program, payee="V77")
    assert (why_not(company), given(company, held)) == ("payment_held", set())
    large = pay(company, program, reference="P2", minor=900_00)
    assert given(company, large) == set()
    codes = [told["why_not"] for told in company.events("order.source_approval_said")]
    assert codes == ["payment_held", "step_up_needed"]


def test_it_waits_its_turn(company: Company, program: Acting) -> None:
    steps = ((Step(roles=(Role.TREASURER,)),), (Step(roles=(Role.APPROVER,)),))
    rule = Rule(name="All", where=Where(), stages=steps)
    counts_for(company, company.ann.id, rules=(rule,))
    order_id = pay(company, program)
    assert (why_not(company), given(company, order_id)) == ("not_your_turn", set())


def test_it_is_void_with_all_others(company: Company, program: Acting) -> None:
    counts_for(company, company.ann.id)
    order_id = pay(company, program)
    edit(company.acting(), company.maker, order_id, Correction(remittance="Invoice 9"), "a slip")
    assert given(company, order_id) == set()


def test_two_people_say_whose_it_is(company: Company, admins: Any, program: Acting) -> None:
    ada, ben, _ = admins
    person = f"{company.ann.id}@example.com"
    wanted = {"source_approvers": [{"source": "api", "name": "ADOE", "person": person}]}
    agree(company, ben, ask(company, ada, wanted, "approval_rules"))
    order_id = pay(company, program)
    assert given(company, order_id) == {company.ann.id}
    (event,) = company.events("order.approval_given")
    assert event["approvals"] == 1
    nobody = {"source_approvers": [{"source": "api", "name": "X", "person": "no@example.com"}]}
    asking = refusal(lambda: ask(company, ada, nobody, "approval_rules"))
    assert asking == "source_approver_unknown"


def test_the_rules_read_as_they_were_written(company: Company) -> None:
    counts_for(company, company.ann.id)
    from nostro.workflows.changes.approval_rules import KIND

    assert KIND.as_it_is
    with tenant(company.tenant_id):
        wish = KIND.as_it_is(company.job)
        told = msgspec.to_builtins(wish)
        change = KIND.look(company.job, wish, company.world.ids.new())
    assert told["source_approvers"][0]["name"] == "ADOE"
    assert change.before == change.after
