"""A connection that must be mended has one case, whatever it is used for, closed when all works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nostro.domain.errors import ConnectionUnfit, NostroError, Refused, Unavailable
from nostro.ports import Incoming
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, case_work
from nostro.workflows.jobs import collect_messages
from tests.workflows.company import BANKS, Company, ScriptedBank
from tests.workflows.files_sent import attend, frozen, later

WRONG_SECRET = ConnectionUnfit("sign_in_refused", "The bank did not let us sign in.")
NO_MAILBOX = Refused("read_refused", "The bank answered 404 to reading its mailbox.")


class LockedMailbox(ScriptedBank):
    """Gives out its messages unless something is `wrong`."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: NostroError | None = WRONG_SECRET

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        if self.wrong:
            raise self.wrong
        return super().collect(cursor)


@pytest.fixture
def bank(company: Company) -> LockedMailbox:
    company.bank = found = BANKS[company.code] = LockedMailbox()
    return found


def case(company: Company) -> models.Case:
    with tenant(company.tenant_id):
        return models.Case.objects.get()


def collect(company: Company) -> None:
    collect_messages.func(tenant_id=str(company.tenant_id), connection_id=str(company.bank_id))


@pytest.mark.parametrize("wrong", [WRONG_SECRET, NO_MAILBOX])
def test_what_keeps_answers_from_being_fetched_is_a_case_until_it_is_mended(
    company: Company, bank: LockedMailbox, wrong: NostroError
) -> None:
    bank.wrong = wrong
    for _ in range(2):
        collect(company)
    found = case(company)
    assert (found.kind, found.state, found.owner) == ("connection", "open", "integrator")
    assert wrong.happened in found.sentence
    assert "not fetched" in found.sentence
    assert "to be sent" not in found.sentence
    assert company.events("case.noted") == []
    bank.wrong = None
    collect(company)
    assert case(company).state == "resolved"
    bank.wrong = wrong
    collect(company)
    assert case(company).state == "open"


def test_a_bank_that_is_down_is_nobodys_case(company: Company, bank: LockedMailbox) -> None:
    bank.wrong = Unavailable("down", "The bank cannot be reached.")
    with pytest.raises(Unavailable):
        answers.collect(company.job, company.bank_id)
    assert company.cases() == []


def test_sending_and_collecting_stand_in_one_case_until_both_work(
    company: Company, bank: LockedMailbox
) -> None:
    submission_id, _ = frozen(company)
    bank.outcomes = [WRONG_SECRET]
    attend(company, submission_id)
    collect(company)
    both = case(company).sentence
    assert both.count(WRONG_SECRET.happened) == 1
    assert "to be sent" in both
    assert "not fetched" in both
    bank.wrong = None
    for _ in range(2):
        collect(company)
    found = case(company)
    assert found.state == "open", "a file still waits"
    assert "not fetched" not in found.sentence
    assert later(company, submission_id) == "delivered"
    assert case(company).state == "resolved"


def test_a_case_that_a_person_closed_tells_only_what_is_wrong_now(
    company: Company, bank: LockedMailbox
) -> None:
    submission_id, _ = frozen(company)
    bank.outcomes = [WRONG_SECRET]
    attend(company, submission_id)
    acting = company.acting(company.cy)
    case_work.resolve(acting, company.cy, case(company).id, "mended")
    collect(company)
    found = case(company)
    assert found.state == "open"
    assert "to be sent" not in found.sentence
    bank.wrong = None
    collect(company)
    assert case(company).state == "resolved"
