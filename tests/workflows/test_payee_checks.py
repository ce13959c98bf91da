"""First payments, shared accounts, unusual amounts and blocks on the real database."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.errors import NostroError
from nostro.domain.order import OrderState
from nostro.domain.policies.approval_steps import Where
from nostro.domain.policies.checks import Effect
from nostro.domain.policies.payee_checks import (
    BLOCKED,
    FIRST,
    SHARED,
    UNUSUAL,
    Block,
    FirstPayment,
    PayeeChecks,
)
from nostro.storage import models, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, changes
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]


def put(company: Company, **rules: Any) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            PayeeChecks(**rules),
            valid_from=company.clock.now(),
            changed_by="a test",
            reason="a test",
        )


def codes(company: Company, order_id: UUID) -> list[str]:
    with tenant(company.tenant_id):
        found = models.Hold.objects.filter(order_id=order_id, closed_at=None).order_by("id")
        return list(found.values_list("code", flat=True))


def settled(company: Company, *ids: UUID) -> None:
    with tenant(company.tenant_id):
        models.Order.objects.filter(id__in=ids).update(state=OrderState.SETTLED.value)


def test_first_payments_wait_until_the_account_was_paid(company: Company) -> None:
    put(company, first_payment=FirstPayment.ALL)
    first, second, hidden = company.ask(
        company.request("A"),
        company.request("B", payee="V2"),
        company.request("C", payee="V3", confidential=True),
    )
    assert [codes(company, one) for one in (first, second, hidden)] == [[FIRST]] * 3
    settled(company, first, hidden)
    later = company.ask(
        company.request("D"),
        company.request("E", payee="V2"),
        company.request("F", payee="V3"),
        company.request("G", payee="V3", confidential=True),
    )
    assert [codes(company, one) for one in later] == [[], [FIRST], [FIRST], []]


def test_an_account_of_two_payees_waits_while_it_is_both_of_theirs(company: Company) -> None:
    put(company, shared_account=True)
    with tenant(company.tenant_id):
        other = company.add_payee("V77", company.payees["V1"])
    (order,) = company.ask(company.request("A"))
    assert codes(company, order) == [SHARED]
    with tenant(company.tenant_id):
        company.add_payee_account(other, "V77", company.payees["V2"], 2)
    (order,) = company.ask(company.request("B"))
    assert codes(company, order) == []


def test_an_amount_far_above_the_usual_waits(company: Company) -> None:
    put(company, usual_times=5)
    settled(company, *company.ask(*(company.request(f"A{n}", 100_00 + n) for n in range(6))))
    usual, large = company.ask(company.request("B", 150_00), company.request("C", 151_00))
    assert (codes(company, usual), codes(company, large)) == ([], [UNUSUAL])
    dollars, other = company.ask(
        company.request("D", 900_00, currency="USD"), company.request("E", 900_00, payee="V2")
    )
    assert (codes(company, dollars), codes(company, other)) == ([], [])


def test_a_blocked_payment_waits_is_refused_or_is_stopped_before_it_leaves(
    company: Company,
) -> None:
    (before,) = company.ask(company.request("A"))
    company.approve([before])
    put(company, blocks=(Block(name="Lawsuit", where=Where(payee_numbers=("V1",))),))
    assert company.release() == []
    assert codes(company, before) == [BLOCKED]
    told = [said for _, said in company.cases()]
    assert len(told) == 1
    assert told[0].startswith("Payments like this are held here: Lawsuit.")
    approval.release_hold(company.acting(company.ann), company.ann, before, "court agreed")
    company.approve([before])
    assert len(company.release()) == 1
    refused = Block(name="Lawsuit", where=Where(payee_numbers=("V1",)), effect=Effect.INVALID)
    put(company, blocks=(refused,))
    with pytest.raises(NostroError, match="not made here: Lawsuit"):
        company.ask(company.request("B"))


def test_how_long_a_changed_account_is_looked_at(company: Company) -> None:
    with tenant(company.tenant_id):
        company.add_payee_account(company.payee_ids["V1"], "V1", company.payees["V1"], 2)
    (order,) = company.ask(company.request("A"))
    assert codes(company, order) == ["account_recently_changed"]
    put(company, changed_days=2)
    (order,) = company.ask(company.request("B"))
    assert codes(company, order) == []


def test_two_people_change_it_and_see_what_it_would_have_done(
    company: Company, admins: Any
) -> None:
    ada, ben, _ = admins
    settled(company, *company.ask(*(company.request(f"A{n}", 100_00 + n) for n in range(6))))
    company.ask(company.request("B", 900_00), company.request("C", payee="V2"))
    kind, since = changes.named("payee_checks"), company.clock.now() - timedelta(days=1)
    wanted = {
        "usual_times": 5,
        "first_payment": "unconfirmed",
        "blocks": [{"name": "Lawsuit", "when": "payee V2", "effect": "hold"}],
    }
    wish = changes.read(kind, wanted)
    assert kind.dry_run
    assert kind.as_it_is
    with tenant(company.tenant_id):
        tried = kind.dry_run(company.acting(), wish, since)
    assert (tried.looked_at, tried.different) == (8, 2)
    assert ["Lawsuit" in one.after for one in tried.shown] == [True, False]
    agree(company, ben, ask(company, ada, wanted, "payee_checks"))
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["blocks"] == ["Lawsuit | payee V2 | hold"]
    with tenant(company.tenant_id):
        assert kind.as_it_is(company.acting()) == wish
    for code, bad in (
        ("check_out_of_range", {"usual_least": 2}),
        ("rules_unnamed", {"blocks": [{"name": "All", "when": " ", "effect": "hold"}]}),
        ("limit_unreadable", {"blocks": [{"name": "A", "when": "payee V2", "effect": "no"}]}),
    ):
        assert refusal(partial(ask, company, ada, bad, "payee_checks")) == code
