"""A check's whole way with a bank in folders: told, presented, asked about, decided, booked or not.

The bank is the simulated one behind its folder door; ours is a real connection to these folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from nostro.domain.check_exception import Decision, ExceptionState
from nostro.domain.check_state import CheckState
from nostro.domain.issued_check import CheckAction
from nostro.domain.money import Money
from nostro.simulator.books import OpenAccount
from nostro.simulator.desk import Desk
from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.journal import Began
from nostro.simulator.script import Script
from nostro.simulator.state import Level
from nostro.storage import check_exceptions, models, parties
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, check_deadlines, check_decisions, check_files, dispatch
from nostro.workflows.check_register import take_back
from tests.workflows.checks import ACCOUNT, agree_on, check_id, enter, presented, states
from tests.workflows.company import Company

OPENING = Money(1_000_000_00, "USD")
PAY, RETURN = Decision.PAY, Decision.RETURN


class Town:
    """A company, its bank, and two folders between them."""

    def __init__(self, company: Company, home: Path, if_nobody: Decision, layout: str) -> None:
        self.company, self.if_nobody = company, if_nobody
        self.iban = company.accounts[ACCOUNT]
        self.number = self.iban[-10:].lstrip("0")
        began = Began(
            at=company.clock.now(), seed=1, personality="", script=Script(),
            accounts=(OpenAccount(self.iban, OPENING),), deduplicates=False,
            level=Level.TRANSACTION,
        )  # fmt: skip
        self.desk = Desk(began, company.clock.now)
        self.door = FolderDoor(self.desk, home)
        self.bank_id: UUID = company.world.ids.new()
        config = {"drop_folder": str(self.door.drop), "pickup_folder": str(self.door.pickup)}
        with tenant(company.tenant_id):
            parties.create_connection(self.bank_id, "Check bank", "host_folder", config)
            models.Account.objects.filter(iban=self.iban).update(connection_id=self.bank_id)
        agree_on(company, number=self.number, if_nobody=if_nobody, layout=layout)

    def goes_on(self) -> None:
        """What is due happens on both sides until nothing moves any more."""
        job = self.company.job
        for _ in range(3):
            check_files.tell(job)
            for one in self._due("check_exception"):
                check_deadlines.attend(job, one)
            for one in self._due("submission"):
                dispatch.attend(job, one)
            self.door.look()
            answers.collect(job, self.bank_id)
            for evidence_id in self._due("bank_message"):
                answers.understand(job, self.bank_id, evidence_id)

    def _due(self, table: str) -> list[UUID]:
        model = {
            "check_exception": models.CheckException,
            "submission": models.Submission,
            "bank_message": models.BankMessage,
        }[table]
        column = "evidence_id" if table == "bank_message" else "id"
        with tenant(self.company.tenant_id):
            due = model.objects.filter(next_action_at__lte=self.company.clock.now())  # type: ignore[attr-defined]
            return list(due.order_by("id").values_list(column, flat=True))

    def cash(self, number: int, minor: int) -> None:
        """Somebody cashes a check."""
        check = presented(number, minor, account=self.number, bank_reference="")
        self.desk.present(check, self.if_nobody)
        self.goes_on()

    def asked(self) -> Mapping[int, ExceptionRow]:
        with tenant(self.company.tenant_id):
            return {int(row.number): row for row in check_exceptions.exceptions().rows}

    def decide(self, number: int, decision: Decision) -> None:
        member = self.company.ann
        acting, row = self.company.acting(member), self.asked()[number]
        check_decisions.decide(acting, member, [row.id], decision, "looked at the image")
        self.company.clock.advance(minutes=1)
        self.goes_on()

    def passes(self, until: datetime) -> None:
        self.company.clock.advance(seconds=(until - self.company.clock.now()).total_seconds())
        self.goes_on()

    def booked(self) -> list[tuple[str, int]]:
        """Every check on our statements: its number and what it took."""
        with tenant(self.company.tenant_id):
            lines = models.BankTransaction.objects.order_by("line")
            return [
                (detail["check_number"], row.amount_minor)
                for row in lines
                for detail in row.details
                if detail.get("check_number")
            ]


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("layout", ["generic", "bank_of_america", "citibank"])
def test_an_altered_check_is_returned_and_never_booked(
    company: Company, tmp_path: Path, layout: str
) -> None:
    town = Town(company, tmp_path, PAY, layout)  # The bank pays what nobody decides on.
    enter(company, 1001, 1002)
    town.goes_on()
    assert set(states(company).values()) == {CheckState.TOLD}
    town.cash(1001, 9234_50)  # Issued over 1,234.50.
    town.cash(1002, 1234_50)
    (unlike,) = town.asked()[1001].differences
    assert unlike.sentence == "We issued it over 1234.50 USD; 9234.50 USD is asked for."
    assert 1002 not in town.asked()  # As we said: nobody is asked.
    town.decide(1001, RETURN)
    assert town.asked()[1001].state is ExceptionState.TOLD
    town.passes(at(20))
    town.passes(at(0, 5, day=21))
    assert town.booked() == [("1002", -1234_50)]
    assert states(company) == {1001: CheckState.RETURNED, 1002: CheckState.PAID}
    assert town.desk.bank.balance(town.iban) == OPENING - Money(1234_50, "USD")
    assert not [sentence for kind, sentence in company.cases() if kind == "check"]


def test_paid_by_our_word_though_it_differs(company: Company, tmp_path: Path) -> None:
    town = Town(company, tmp_path, RETURN, "generic")
    enter(company, 1001)
    town.goes_on()
    town.cash(1001, 1234_05)
    town.decide(1001, PAY)
    town.passes(at(0, 5, day=21))
    assert town.booked() == [("1001", -1234_05)]
    assert states(company) == {1001: CheckState.PAID}
    assert town.asked()[1001].state is ExceptionState.PAID
    (told,) = [sentence for kind, sentence in company.cases() if kind == "check"]
    assert told == "The bank paid check 1001 over 1234.05 USD; we issued 1234.50 USD."


@pytest.mark.parametrize("if_nobody", [PAY, RETURN])
def test_nobody_decides_and_the_bank_does_what_was_agreed(
    company: Company, tmp_path: Path, if_nobody: Decision
) -> None:
    town = Town(company, tmp_path, if_nobody, "generic")
    enter(company, 1001, 1002)
    town.goes_on()
    acting, one = company.acting(), check_id(company, 1002)
    take_back(acting, company.maker, one, CheckAction.VOID, "misprinted")
    town.goes_on()
    assert states(company)[1002] is CheckState.VOID
    town.cash(1002, 1234_50)
    town.cash(1900, 500_00)  # Nobody ever issued it.
    town.passes(at(18, 31))
    assert any("2 checks must be decided until 14:30" in told for _, told in company.cases())
    town.passes(at(19, 30, day=20))
    town.passes(at(19, 31))
    assert {row.state for row in town.asked().values()} == {ExceptionState.DEFAULTED}
    town.passes(at(0, 5, day=21))
    paid = [("1002", -1234_50), ("1900", -500_00)] if if_nobody is PAY else []
    assert sorted(town.booked()) == paid
    said = [sentence for _, sentence in company.cases()]
    default = "the bank pays it." if if_nobody is PAY else "the bank returns it."
    assert sum("nobody decided on check" in one and default in one for one in said) == 2
    if if_nobody is PAY:
        assert any("paid check 1002, which was void" in one for one in said)
        assert any("paid check 1900" in one and "nobody entered it" in one for one in said)
    else:
        assert town.desk.bank.balance(town.iban) == OPENING
