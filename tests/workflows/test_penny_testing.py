"""A payee's account confirmed by a small payment whose code the payee tells back."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest

from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.storage import models, orders
from nostro.storage.tenancy import tenant
from nostro.workflows import penny_testing
from tests.workflows.company import Company
from tests.workflows.test_change_requests import agree, ask, refusal
from tests.workflows.test_payees import employed, moved, versions


@pytest.fixture
def clerk(company: Company) -> Member:
    """Asks for the account."""
    return employed(company, "Cora Clerk", Role.MAKER)


@pytest.fixture
def dan(company: Company) -> Member:
    """Begins the test."""
    return employed(company, "Dan Clerk", Role.MAKER)


def begun(company: Company, clerk: Member, dan: Member) -> tuple[UUID, str]:
    """A payment of some cents to a changed account, and its code."""
    moved(company, clerk)
    home = {"number": "V1", "town": "Utrecht", "country": "NL"}
    agree(company, company.bob, ask(company, clerk, home, "payee_details"))
    order = penny_testing.begin(company.acting(dan), dan, "V1", "DE", "EUR")
    with tenant(company.tenant_id):
        (row,) = orders.load([order])
    assert 11 <= row.instruction.amount.minor < 100
    return order, row.instruction.remittance.rpartition(" ")[2]


def executed(company: Company, order: UUID) -> None:
    """What the bank did with it, as its answers would say."""
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=order).update(state=OrderState.EXECUTED.value)


def test_the_code_confirms_when_the_bank_has_paid_and_two_others_stand_by_it(
    company: Company, clerk: Member, dan: Member
) -> None:
    order, code = begun(company, clerk, dan)
    assert company.states([order]) == [OrderState.HELD]  # Like any payment to a changed account.
    wanted = {"number": "V1", "code": code, "spoke_with": "Ms Payee"}
    telling = partial(ask, company, company.ann, wanted, "payee_penny_test")
    assert refusal(telling) == "penny_test_not_paid"
    executed(company, order)
    for member, word in ((clerk, "own_change"), (dan, "own_change")):
        assert refusal(partial(ask, company, member, wanted, "payee_penny_test")) == word
    wrong = {**wanted, "code": "x" + code[1:]}
    asking = partial(ask, company, company.ann, wrong, "payee_penny_test")
    assert refusal(asking) == "penny_code_differs"
    request_id = telling()
    assert agree(company, company.cy, request_id)
    assert versions(company, "V1")[-1]["confirmed"]
    (event,) = company.events("payee.confirmed")
    assert (event["method"], event["asked_by"]) == ("penny_test", "Ann Approver")
    assert code not in str(event)
    assert refusal(telling) in ("nothing_changes", "penny_test_not_paid")


def test_a_test_says_what_it_lacks(company: Company, clerk: Member, dan: Member) -> None:
    acting = company.acting(dan)
    with pytest.raises(Refused) as told:
        penny_testing.begin(acting, dan, "V1", "DE", "EUR")
    assert told.value.code == "nothing_changes"  # Confirmed already.
    moved(company, clerk)
    with pytest.raises(Refused) as told:
        penny_testing.begin(acting, dan, "V1", "DE", "EUR")
    assert told.value.code == "payee_address_unknown"
    with pytest.raises(Refused) as told:
        penny_testing.begin(acting, dan, "V404", "DE", "EUR")
    assert told.value.code == "payee_without_account"
    home = {"number": "V1", "town": "Utrecht", "country": "NL"}
    agree(company, company.bob, ask(company, clerk, home, "payee_details"))
    with pytest.raises(Invalid) as wrong:
        penny_testing.begin(acting, dan, "V1", "DE", "JPY")
    assert wrong.value.code == "currency_without_hundredths"
