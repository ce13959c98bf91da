"""Positive pay for tests: the terms of a made-up company's accounts, its checks, a bank's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from nostro.domain.check_exception import Decision, PresentedCheck, Why
from nostro.domain.check_state import CheckState
from nostro.domain.money import Money
from nostro.domain.policies.positive_pay import AccountTerms, PositivePayTerms
from nostro.formats import Profile
from nostro.formats.american.check_exceptions import FORMAT
from nostro.storage import checks, models, parties, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import check_register
from nostro.workflows.check_register import NewCheck, Registered
from tests.workflows.company import FRIDAY, Company

NUMBER = "4471000123"
ACCOUNT = "DE-USD"
ISSUED = date(2026, 11, 20)


def terms_of(company: Company, **other: Any) -> AccountTerms:
    with tenant(company.tenant_id):
        account = next(one for one in parties.accounts() if one.name == ACCOUNT)
    told: dict[str, Any] = {
        "account_id": account.id,
        "number": NUMBER,
        "layout": "generic",
        "answers": "generic",
        "decide_by": time(14, 30),
        "time_zone": "America/New_York",
        "if_nobody": Decision.RETURN,
        "second_above": Money(10_000_00, "USD"),
        "company": "VESTERHOLT INC",
    }
    return AccountTerms(**{**told, **other})


def agree_on(company: Company, **other: Any) -> AccountTerms:
    """The terms of the company's dollar account, in force from now on."""
    terms = terms_of(company, **other)
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            PositivePayTerms(accounts=(terms,)),
            valid_from=FRIDAY,
            changed_by="Ada and Ben",
            reason="our contract",
        )
    return terms


def new_check(company: Company, number: int, minor: int = 1234_50, **other: Any) -> NewCheck:
    told: dict[str, Any] = {
        "account": company.accounts[ACCOUNT],
        "number": str(number),
        "amount": Money(minor, "USD"),
        "payee": ("PAPER MILL LLC",),
        "issued_on": ISSUED,
    }
    return NewCheck(**{**told, **other})


def enter(company: Company, *numbers: int, **other: Any) -> Registered:
    wanted = [new_check(company, number, **other) for number in numbers]
    return check_register.register(company.acting(), company.maker, "test", wanted)


def check_id(company: Company, number: int) -> UUID:
    with tenant(company.tenant_id):
        return models.IssuedCheck.objects.get(number=str(number)).id


def states(company: Company) -> dict[int, CheckState]:
    with tenant(company.tenant_id):
        rows = models.IssuedCheck.objects.order_by("number").values_list("number", "state")
        return {int(number): CheckState(state) for number, state in rows}


def row_of(company: Company, number: int) -> checks.CheckRow:
    with tenant(company.tenant_id):
        found = checks.check(models.IssuedCheck.objects.get(number=str(number)).id)
    assert found
    return found


def presented(number: int, minor: int = 1234_50, **other: Any) -> PresentedCheck:
    told: dict[str, Any] = {
        "account": NUMBER,
        "check_number": str(number),
        "amount": Money(minor, "USD"),
        "presented": date(2026, 11, 20),
        "payee": ("PAPER MILL LLC",),
        "why": Why.OTHER,
        "bank_reference": f"TRC{number}",
    }
    return PresentedCheck(**{**told, **other})


def exception_file(*found: PresentedCheck, layout: str = "generic") -> bytes:
    assert FORMAT.write
    return FORMAT.write(list(found), Profile(options={"layout": layout}))


def sent_files(company: Company, prefix: str) -> Sequence[bytes]:
    """The files of this kind that the bank was given, oldest first."""
    return [one.content for one in company.bank.received if one.message_id.startswith(prefix)]
