"""Verification of Payee: banks are asked, what they say is kept, and payments wait by policy."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.errors import Refused, Unavailable
from nostro.domain.order import OrderState
from nostro.domain.party import Role
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import NameAnswer, PayeeVerification, Verified
from nostro.ports import NameAsked, NameTold
from nostro.storage import evidence, models, payee_verifications
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, verifying
from tests.workflows.company import BANKS, FRIDAY, Company, ScriptedBank
from tests.workflows.test_change_requests import admins, agree, ask, refusal
from tests.workflows.test_payees import employed, held_for, moved

__all__ = ["admins"]


class NamingBank(ScriptedBank):
    """A scripted bank that also says whose accounts are whose."""

    def __init__(self) -> None:
        super().__init__()
        self.holders: dict[str, str] = {}
        self.says_of: dict[str, str] = {}
        self.is_down = False

    def verify_payee(self, asked: NameAsked) -> NameTold:
        if self.is_down:
            raise Unavailable("bank_down", "The bank does not answer.")
        answer = self.says_of.get(asked.name, "RCVC")
        name = self.holders.get(asked.iban, "") if answer == "RVMC" else ""
        content = f'{{"result":"{answer}","name":"{name}"}}'.encode()
        return NameTold(answer=answer, name=name, content=content, media_type="application/json")


@pytest.fixture
def bank(company: Company) -> NamingBank:
    made = BANKS[company.code] = NamingBank()
    return made


def answers(company: Company) -> list[str]:
    with tenant(company.tenant_id):
        rows = payee_verifications.of_payee(company.payee_ids["V1"], 50)
    return [f"{row.answer} {row.name_asked}" for row in rows]


def test_the_answer_is_kept_as_it_came_for_the_version_and_the_name(
    company: Company, bank: NamingBank
) -> None:
    said = verifying.ask(company.acting(), "V1")
    assert (said.answer, said.name_asked) == (NameAnswer.MATCH, "Payee V1")
    with tenant(company.tenant_id):
        (row,) = payee_verifications.of_payee(company.payee_ids["V1"], 50)
        assert b'"RCVC"' in evidence.read(row.evidence_id)
    assert (row.version, row.asked_by_name) == (1, company.maker.name)
    (event,) = company.events("payee.verified")
    assert (event["answer"], event["name_asked"]) == ("RCVC", "Payee V1")


@pytest.mark.parametrize(("answer", "holds"), [("RCVC", False), ("RVMC", True), ("RVNM", True),
                                               ("RVNA", False)])  # fmt: skip
def test_open_payments_and_later_ones_wait_by_the_answer(
    company: Company, bank: NamingBank, answer: str, holds: bool
) -> None:
    bank.says_of["Payee V1"] = answer
    (before,) = company.ask(company.request("before"))
    verifying.ask(company.acting(), "V1")
    (after,) = company.ask(company.request("after"))
    wanted = OrderState.HELD if holds else OrderState.AWAITING_APPROVAL
    assert company.states([before, after]) == [wanted, wanted]
    assert held_for(company, before) == held_for(company, after) == [policy.CODE] * holds


def test_approvals_are_void_when_the_answer_comes_after_them(
    company: Company, bank: NamingBank
) -> None:
    (order,) = company.ask(company.request("p"))
    seen = company.seen([order])
    for member in (company.ann, company.bob):
        approval.approve(company.acting(member), member, [order], seen)
    assert company.states([order]) == [OrderState.SCHEDULED]
    bank.says_of["Payee V1"] = "RVNM"
    verifying.ask(company.acting(), "V1")
    assert company.states([order]) == [OrderState.HELD]
    with tenant(company.tenant_id):
        assert not models.Approval.objects.filter(order_id=order, voided_at=None).exists()
    # Asked again, the same answer holds it once.
    verifying.ask(company.acting(), "V1")
    assert held_for(company, order) == [policy.CODE]
    approval.release_hold(company.acting(company.cy), company.cy, order, "rang them")
    assert company.states([order]) == [OrderState.AWAITING_APPROVAL]


def test_a_payment_in_the_name_that_the_bank_told_goes_on(
    company: Company, bank: NamingBank
) -> None:
    bank.says_of["Payee V1"] = "RVMC"
    bank.holders[company.payees["V1"]] = "Payee One B.V."
    verifying.ask(company.acting(), "V1")
    wrong, right = company.ask(
        company.request("wrong"), company.request("right", payee_name="PAYEE One  B.V.")
    )
    assert company.states([wrong, right]) == [OrderState.HELD, OrderState.AWAITING_APPROVAL]
    with tenant(company.tenant_id):
        (hold,) = models.Hold.objects.filter(order_id=wrong)
    assert "in the name of Payee One B.V. (RVMC)" in hold.sentence


def test_an_answer_is_believed_for_so_long_and_for_one_version_only(
    company: Company, bank: NamingBank, clerk_moves: None
) -> None:
    (order,) = company.ask(company.request("new"))
    assert policy.CODE not in held_for(company, order)


@pytest.fixture
def clerk_moves(company: Company, bank: NamingBank) -> None:
    """A bad answer about an account that is his no more."""
    bank.says_of["Payee V1"] = "RVNM"
    verifying.ask(company.acting(), "V1")
    company.payees["V1"] = moved(company, employed(company, "Cora Clerk", Role.MAKER))


def test_which_answers_hold_and_for_how_long_is_the_customers_policy(
    company: Company, bank: NamingBank, admins: Any
) -> None:
    ada, ben, _ = admins
    bank.says_of["Payee V1"] = "RVNA"
    wanted = {"answers": ["not_possible"], "valid_days": 2}
    agree(company, ben, ask(company, ada, wanted, "payee_verification"))
    verifying.ask(company.acting(), "V1")
    (held,) = company.ask(company.request("held"))
    company.clock.advance(days=3)
    (free,) = company.ask(company.request("free"))
    assert company.states([held, free]) == [OrderState.HELD, OrderState.AWAITING_APPROVAL]
    for bad in ({"answers": ["match"]}, {"answers": ["perhaps"]}, {"valid_days": 0}):
        asking = partial(ask, company, ada, bad, "payee_verification")
        assert refusal(asking) == "verification_unfit"


def test_a_bank_that_does_not_answer_changes_nothing(company: Company, bank: NamingBank) -> None:
    bank.is_down = True
    with pytest.raises(Unavailable):
        verifying.ask(company.acting(), "V1")
    assert answers(company) == []
    assert company.events("payee.verified") == []


def test_without_a_connection_that_can_ask_nobody_is_asked(company: Company) -> None:
    with pytest.raises(Refused) as told:
        verifying.ask(company.acting(), "V1")
    assert told.value.code == "nobody_verifies"
    with pytest.raises(Refused) as told:
        verifying.ask(company.acting(), "V404")
    assert told.value.code == "payee_without_account"


def test_the_newest_answer_counts() -> None:
    account = str(UUID(int=1))
    rules = PayeeVerification()

    def said(answer: NameAnswer, days: int, name: str = "Acme", told: str = "") -> Verified:
        when = FRIDAY - timedelta(days=days)
        return Verified(account_id=account, name_asked=name, answer=answer, name_told=told,
                        asked_at=when)  # fmt: skip

    found = [said(NameAnswer.NO_MATCH, 5), said(NameAnswer.MATCH, 1)]
    newest = policy.answer_for(found, account, "ACME", rules, FRIDAY)
    assert newest is not None
    assert policy.finding(newest, rules) is None
    assert policy.answer_for(found, str(UUID(int=2)), "Acme", rules, FRIDAY) is None
    old = [said(NameAnswer.NO_MATCH, 31)]
    assert policy.answer_for(old, account, "Acme", rules, FRIDAY) is None
