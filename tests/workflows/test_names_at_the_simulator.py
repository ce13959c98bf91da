"""The whole way at the simulated bank, by its REST door: asked by itself, then only some leave."""

from __future__ import annotations

import json

import httpx
import pytest

from nostro.domain.order import OrderState
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, dispatch, name_questions
from tests.simulator.houses import House, rest
from tests.workflows.company import Company


def connect(company: Company, client: httpx.Client) -> None:
    """The company's bank is the simulated one from now on, and knows whose accounts are whose."""
    config = {"base_url": str(client.base_url), "payee_path": "/payee-verifications"}
    with tenant(company.tenant_id):
        models.Connection.objects.filter(id=company.bank_id).update(
            connector="rest_bank", config=config
        )
    holders = {
        company.payees["V1"]: "Payee V1",
        company.payees["V2"]: "Payee V22",
        company.payees["V3"]: "Zeisig GmbH",
    }
    client.post("/_bank/holders", content=json.dumps(holders).encode()).raise_for_status()


def test_only_those_leave_whose_names_the_bank_does_not_object_to(company: Company) -> None:
    with rest(House()) as client:
        connect(company, client)
        requests = [
            company.request(f"{payee}-{n}", 100_00 + 101 * n + 7 * int(payee[1]), payee=payee)
            for payee in ("V1", "V2", "V3", "V4")
            for n in range(3)
        ]
        ids = company.ask(*requests)
        company.approve(ids)
        assert company.release() == [], "nobody was asked yet"
        assert name_questions.ask_due(company.job) == 4
        held = [OrderState.HELD] * 3
        leaving = [OrderState.SCHEDULED] * 3
        assert company.states(ids) == [*leaving, *held, *held, *leaving]
        with tenant(company.tenant_id):
            said = {row.name_asked: row.answer for row in models.PayeeVerification.objects.all()}
        assert said == {
            "Payee V1": "RCVC", "Payee V2": "RVMC", "Payee V3": "RVNM", "Payee V4": "RVNA"
        }  # fmt: skip
        for submission_id in company.release():
            dispatch.attend(company.job, submission_id)
        client.post("/_bank/advance?hours=1").raise_for_status()
        paid = client.get("/_bank/payments").json()["payments"]
    ours = {row.instruction.end_to_end_id for row in company.orders([*ids[:3], *ids[9:]])}
    assert {one["end_to_end_id"] for one in paid} == ours


@pytest.mark.parametrize("away", ["busy", "gone"])
def test_a_bank_that_is_away_is_asked_again_and_nothing_leaves_meanwhile(
    company: Company, away: str
) -> None:
    with rest(House()) as client:
        connect(company, client)
        if away == "busy":
            client.post("/_bank/personality", content=b"throttling=1000").raise_for_status()
        else:
            point_to(company, "http://127.0.0.1:1")
        ids = company.pay()
        assert name_questions.ask_due(company.job) == 1
        with tenant(company.tenant_id):
            (question,) = models.NameQuestion.objects.all()
        assert (question.state, question.tries) == ("waiting", 1)
        assert question.problem
        assert company.release() == []
        client.post("/_bank/personality", content=b"").raise_for_status()
        point_to(company, str(client.base_url))
        company.clock.advance(minutes=10)
        assert name_questions.ask_due(company.job) == 1
        company.clock.advance(minutes=1)
        assert len(company.release()) == 1
    assert company.states(ids) == [OrderState.SCHEDULED]


def point_to(company: Company, base_url: str) -> None:
    with tenant(company.tenant_id):
        row = models.Connection.objects.get(id=company.bank_id)
        models.Connection.objects.filter(id=row.id).update(
            config={**row.config, "base_url": base_url}
        )


def test_a_person_lets_one_go_and_it_leaves(company: Company) -> None:
    with rest(House()) as client:
        connect(company, client)
        ids = company.pay(payee="V2")
        name_questions.ask_due(company.job)
        assert company.states(ids) == [OrderState.HELD]
        approval.release_hold(company.acting(company.cy), company.cy, ids[0], "rang them")
        company.approve(ids)
        assert len(company.release()) == 1
