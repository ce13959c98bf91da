"""What people let go of a payee's name counts for that name; one bad answer stops no other."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from nostro.domain.order import OrderState
from nostro.workflows import approval
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from tests.workflows.company import Company
from tests.workflows.test_name_questions import (
    AskedBank,
    ask_due,
    bank,
    left,
    silence,
    until_it_gives_up,
)

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
