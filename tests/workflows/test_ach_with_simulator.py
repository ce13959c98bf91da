"""The whole way over ACH with the simulated bank: paid, returned, corrected, and booked."""

from __future__ import annotations

from uuid import UUID

import pytest

from nostro.domain.case import CaseKind
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment import Rail
from nostro.simulator.bank import Bank
from nostro.simulator.books import OpenAccount
from nostro.simulator.script import Script
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.workflows.company import BANKS, Company
from tests.workflows.restore_story import SimulatedChannel
from tests.workflows.test_ach_payments import OWN, American

OPENING = Money(1_000_000, "USD")
NUMBER = OWN.rpartition(":")[2]


class AchChannel(SimulatedChannel):
    def payment_format(self, rail: Rail) -> str:
        return "nacha" if rail.startswith("ach_") else "pain_001"


class World:
    def __init__(self, company: Company, personality: str = "") -> None:
        self.company, self.american = company, American(company)
        now = company.clock.now()
        self.bank = Bank(
            7, now=now, personality=personality, accounts=[OpenAccount(NUMBER, OPENING)]
        )
        self.channel = AchChannel(self.bank, company.clock)
        BANKS[company.code] = self.channel  # type: ignore[assignment]  # another fake of it

    def pay(self, *payees: str) -> list[UUID]:
        ids = self.company.ask(
            *(self.american.request(payee, 10_000 + 101 * n) for n, payee in enumerate(payees))
        )
        self.company.approve(ids)
        return ids

    def send(self) -> None:
        for submission_id in self.company.release():
            dispatch.attend(self.company.job, submission_id)

    def days(self, count: int) -> None:
        """Days pass; what the bank says is taken in each evening."""
        for _ in range(count):
            self.company.clock.advance(days=1)
            answers.collect(self.company.job, self.company.bank_id)
            with tenant(self.company.tenant_id):
                due = models.BankMessage.objects.filter(next_action_at__isnull=False)
                found = list(due.order_by("id").values_list("connection_id", "evidence_id"))
            for connection_id, evidence_id in found:
                answers.understand(self.company.job, connection_id, evidence_id)

    def kinds(self) -> list[str]:
        return [one.name.split("-", 2)[1] for one in self.bank.messages()]


@pytest.fixture
def world(company: Company) -> World:
    return World(company)


def test_paid_returned_corrected_and_booked(world: World) -> None:
    company, bank = world.company, world.bank
    ids = world.pay("U1", "U2", "U3", "U2")
    world.send()
    references = world.american.references(ids)
    said = {references[ids[1]]: "R03", references[ids[2]]: "C01 1918171", references[ids[3]]: "R01"}
    bank.follow(Script(payments=said), now=company.clock.now())
    assert company.attempts(ids) == ["delivered"] * 4, "no status report over ACH"
    world.days(6)
    assert company.states(ids) == [
        OrderState.SETTLED, OrderState.RETURNED, OrderState.SETTLED, OrderState.RETURNED,
    ]  # fmt: skip
    assert "pain.002" not in world.kinds()
    assert {"ach.return", "ach.change", "camt.053"} <= set(world.kinds())
    assert set(bank.executions().values()) == {1}
    paid = sum(10_000 + 101 * n for n in (0, 2))
    assert bank.balance(NUMBER) == Money(OPENING.minor - paid, "USD"), "returned money is back"
    with tenant(company.tenant_id):
        corrected = models.Case.objects.filter(kind=CaseKind.CORRECTION, order_id=ids[2])
        assert corrected.count() == 1
        verdicts = set(models.Statement.objects.values_list("verdict", flat=True))
    assert verdicts == {"closes"}
    kinds = {kind for kind, _ in company.cases()}
    assert kinds <= {CaseKind.RETURN, CaseKind.CORRECTION}, "nothing contradicts itself"


def test_a_file_that_the_account_does_not_cover_is_refused_whole(world: World) -> None:
    (order_id,) = world.company.ask(world.american.request("U1", 5_000_000))
    world.company.approve([order_id])
    world.send()
    assert world.company.attempts([order_id]) == ["rejected"]
    assert world.bank.balance(NUMBER) == OPENING
    assert world.bank.messages() == []
