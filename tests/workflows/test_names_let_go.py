"""What people let go of a payee's name counts for that name; one bad answer stops no other."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.order import OrderState
from nostro.ports import NameAsked, NameTold
from nostro.storage import parties
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, name_moves
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from nostro.workflows.name_moves import Wanted
from tests.workflows.company import BANKS, Company
from tests.workflows.test_name_questions import (
    AskedBank,
    ask_due,
    bank,
    events_shown,
    left,
    questions,
    silence,
    until_it_gives_up,
)
from tests.workflows.waiting import until_blocked

__all__ = ["bank"]
OTHER = "Somebody Else"


def said(company: Company, bank: AskedBank, name: str, answer: str) -> None:
    """The bank says this of a name, or nothing as long as it is asked."""
    company.clock.advance(minutes=1)
    if answer:
        bank.says_of[name] = answer
        assert ask_due(company) == 1
    else:
        bank.fails_with = silence()
        until_it_gives_up(company)


def let_go_and_renamed(company: Company, bank: AskedBank, answer: str, days: int) -> UUID:
    """A payment whose payee's name a person let go, and which is in another name since."""
    day = company.clock.now().date() + timedelta(days=days)
    (order,) = company.ask(company.request("p", requested_date=day))
    said(company, bank, "Payee V1", answer)
    assert company.states([order]) == [OrderState.HELD]
    approval.release_hold(company.acting(company.cy), company.cy, order, "known for years")
    renamed = Correction(payee_name=OTHER)
    edit(company.acting(), company.maker, order, renamed, "as the supplier wrote")
    assert company.states([order]) == [OrderState.AWAITING_APPROVAL]
    company.clock.advance(minutes=1)
    company.approve([order])
    return order


@pytest.mark.parametrize("answer", ["RVNM", "RVMC", ""])
def test_what_was_let_go_for_one_name_lets_no_other_pass(
    company: Company, bank: AskedBank, answer: str
) -> None:
    order = let_go_and_renamed(company, bank, answer, days=3)
    said(company, bank, OTHER, answer)
    assert company.states([order]) == [OrderState.HELD]
    company.clock.advance(days=3)
    assert left(company) == 0


def test_another_name_is_asked_for_again_although_one_was_let_go(
    company: Company, bank: AskedBank
) -> None:
    order = let_go_and_renamed(company, bank, "RVNM", days=40)
    said(company, bank, OTHER, "RCVC")
    company.clock.advance(days=40)
    assert left(company) == 0, "the answer to this name is too old"
    assert ask_due(company) == 1
    company.clock.advance(minutes=3)
    assert left(company) == 1
    assert company.states([order]) == [OrderState.SCHEDULED]
    assert bank.questions.total() == 3


def test_who_asks_second_at_the_same_time_tells_nothing_of_a_confidential_name(
    company: Company, bank: AskedBank
) -> None:
    with tenant(company.tenant_id):
        account = parties.current_payee_accounts(["V1"])["V1"]
    wanted = [Wanted(UUID(account.id), "Paula Payee", True)]

    def second() -> None:
        with tenant(company.tenant_id):
            name_moves.put(company.job, wanted)
        connections.close_all()

    other = threading.Thread(target=second)
    with tenant(company.tenant_id):
        name_moves.put(company.job, wanted)
        other.start()
        until_blocked(1)
    other.join()
    assert questions(company) == ["Paula Payee waiting 0"]
    assert len(company.events("payee.question_put")) == 1
    assert "Paula" not in str(events_shown(company, "payee.question_put"))


class _Broken(AskedBank):
    """Whatever reads its answers stumbles over one of them."""

    def verify_payee(self, asked: NameAsked) -> NameTold:
        if asked.name == OTHER:
            raise RecursionError("maximum recursion depth exceeded")
        return super().verify_payee(asked)


def test_an_answer_that_nobody_can_read_holds_up_no_other(company: Company) -> None:
    company.bank = BANKS[company.code] = _Broken()
    names = (OTHER, *(f"Name {n}" for n in range(5)))
    ids = company.ask(
        *(company.request(f"n{n}", 100 + n, payee_name=name) for n, name in enumerate(names))
    )
    with pytest.raises(ExceptionGroup) as told:
        ask_due(company)
    assert [type(one) for one in told.value.exceptions] == [RecursionError]
    first, *others = sorted(questions(company), key=lambda one: OTHER not in one)
    assert first == f"{OTHER} unknown 1"
    assert others == [f"Name {n} answered 0" for n in range(5)]
    assert company.states(ids) == [OrderState.HELD, *5 * [OrderState.AWAITING_APPROVAL]]
    assert ask_due(company) == 0
