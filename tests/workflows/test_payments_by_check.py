"""A payment by check: approved like any other, one number ever, told to the bank, paid or dead."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.check_exception import Decision
from nostro.domain.check_state import CheckState
from nostro.domain.errors import Refused
from nostro.domain.issued_check import CheckAction
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment import Rail
from nostro.domain.policies.payment_limits import Limit, PaymentLimits, Per
from nostro.domain.policies.recall import RecallReason
from nostro.domain.problem import NOWHERE
from nostro.domain.statement import (
    Entry,
    EntryStatus,
    ReportKind,
    Statement,
    TransactionDetail,
)
from nostro.domain.submission import SubmissionMove
from nostro.storage import models, parties, policies, stranded, submissions
from nostro.storage.paid_payments import advice_of, still_paid
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, check_files, check_register, checks_booked, drawn_checks
from nostro.workflows.cancelling import Wish
from nostro.workflows.correction import Correction
from nostro.workflows.moves import move_submission
from nostro.workflows.payment_intake import NotTaken
from nostro.workflows.reissue import reissue
from tests.mail_server import mail_server
from tests.workflows.checks import ACCOUNT, agree_on, check_id, enter, row_of, states
from tests.workflows.company import FRIDAY, Company
from tests.workflows.post import Post
from tests.workflows.test_checks import tell
from tests.workflows.test_positive_pay_round_trip import OPENING, Town, at

MINOR = 100_00  # What the first payment of `asked` comes to.


def asked(company: Company, count: int = 1, **more: Any) -> list[UUID]:
    told = {"rail": Rail.CHECK, "creditor_iban": "", "currency": "USD"}
    told |= {"payee_name": "PAPER MILL LLC", **more}
    return company.ask(*(company.request(f"K{n}", MINOR + n, **dict(told)) for n in range(count)))


def released(company: Company, count: int = 1) -> list[UUID]:
    ids = asked(company, count)
    company.approve(ids)
    assert company.release() == []  # No file of payments: a check leaves with the bank's list.
    return ids


def has_numbers(company: Company, first: int = 5001, last: int = 5999, **more: Any) -> None:
    agree_on(company, first_number=first, last_number=last, **more)


@pytest.fixture
def town(company: Company, tmp_path: Path) -> Town:
    found = Town(company, tmp_path, Decision.RETURN, "generic")
    agree_on(company, number=found.number, first_number=5001, last_number=5999)
    with tenant(company.tenant_id):
        new_id = company.world.ids.new()
        parties.add_rate(new_id, "USD", "EUR", FRIDAY.date(), Decimal("0.9"), "test")
    return found


def test_from_two_approvals_to_the_booked_line(town: Town) -> None:
    company = town.company
    ids = asked(company)
    assert company.states(ids) == [OrderState.AWAITING_APPROVAL]
    assert company.release() == []
    assert states(company) == {}
    company.approve(ids)
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert states(company) == {}
    company.release()
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    row = row_of(company, 5001)
    assert (row.order_id, row.amount.minor, row.payee) == (ids[0], MINOR, ("PAPER MILL LLC",))
    town.goes_on()
    assert states(company) == {5001: CheckState.TOLD}
    company.release()
    town.goes_on()
    assert states(company) == {5001: CheckState.TOLD}  # Drawn once, told once.
    with tenant(company.tenant_id):
        assert stranded.stranded(at(20, day=30)) == []
    town.cash(5001, MINOR)
    assert not town.asked()  # As we said: nobody is asked.
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    town.passes(at(0, 5, day=21))
    assert town.booked() == [("5001", -MINOR)]
    assert states(company) == {5001: CheckState.PAID}
    assert company.states(ids) == [OrderState.SETTLED]
    with tenant(company.tenant_id):
        assert advice_of(ids[0])
        assert still_paid(ids) == set(ids)
    assert town.desk.bank.balance(town.iban).minor == OPENING.minor - MINOR
    with tenant(company.tenant_id):
        (part,) = models.Allocation.objects.filter(order_id=ids[0])
        assert part.amount_minor == MINOR
        journals = models.JournalEvent.objects.filter(order_id=ids[0])
        assert journals.count() == 1
    assert company.cases() == []


def test_an_altered_check_is_no_settled_payment_and_its_payee_is_not_told(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    town.cash(5001, 9 * MINOR)
    town.decide(5001, Decision.PAY)
    town.passes(at(0, 5, day=21))
    assert states(company) == {5001: CheckState.PAID}
    assert company.states(ids) == [OrderState.EXECUTED]
    with tenant(company.tenant_id), pytest.raises(Refused) as not_yet:
        advice_of(ids[0])
    assert not_yet.value.code == "not_executed_yet"
    assert "exactly its amount" in not_yet.value.happened
    with tenant(company.tenant_id):
        assert still_paid(ids) == set()
    assert any("we issued 100.00 USD" in told for _, told in company.cases())


def test_only_the_payee_of_a_settled_check_is_told(town: Town, tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        post = Post(town.company, server)
        released(town.company, 2)
        town.goes_on()
        town.cash(5001, 9 * MINOR)
        town.decide(5001, Decision.PAY)
        town.cash(5002, MINOR + 1)
        town.passes(at(0, 5, day=21))
        post.run()
        assert "100.01 USD" in str([one.message["Subject"] for one in server.taken])
        assert len(server.taken) == 1


def test_what_the_bank_gives_back_is_said_and_can_be_stopped(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    town.cash(5001, 9 * MINOR)
    town.decide(5001, Decision.RETURN)
    assert states(company) == {5001: CheckState.RETURNED}
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    assert any("gave back check 5001" in told for _, told in company.cases())
    stop(company, 5001)
    town.goes_on()
    assert states(company) == {5001: CheckState.STOPPED}
    acknowledge(company, 5001)
    assert company.states(ids) == [OrderState.CANCELLED]


def books_back(company: Company, day: date) -> None:
    """A statement by which the money of check 5001 is back on the account."""
    with tenant(company.tenant_id):
        account = next(one for one in parties.accounts() if one.name == ACCOUNT)
        entry = Entry(
            Money(MINOR, "USD"), EntryStatus.BOOK, day, None, "", "", "", "", True,
            "", (TransactionDetail(Money(MINOR, "USD"), check_number="5001"),), NOWHERE,
        )  # fmt: skip
        back = Statement(
            kind=ReportKind.PREVIOUS_DAY, statement_id="BACK", account=account.iban,
            currency="USD", balances=(), entries=(entry,), problems=(), sequence=None,
            created_at=None, from_day=None, to_day=None,
        )  # fmt: skip
        checks_booked.apply_checks(company.job, back, account)


def posted(company: Company, order_id: UUID) -> list[str]:
    with tenant(company.tenant_id):
        told = models.JournalEvent.objects.filter(order_id=order_id).order_by("id")
        return list(told.values_list("event", flat=True))


def test_money_of_a_paid_check_that_comes_back(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    town.cash(5001, MINOR)
    town.passes(at(0, 5, day=21))
    assert company.states(ids) == [OrderState.SETTLED]
    books_back(company, date(2026, 11, 23))
    assert states(company) == {5001: CheckState.RETURNED}
    assert company.states(ids) == [OrderState.SETTLED]  # It may be presented again.
    assert any("gave back check 5001" in told for _, told in company.cases())
    stop(company, 5001)
    town.goes_on()
    assert company.states(ids) == [OrderState.SETTLED]  # Nobody at the bank has said yes.
    acknowledge(company, 5001)
    assert company.states(ids) == [OrderState.RETURNED]
    assert posted(company, ids[0]) == ["payment_settled", "return_booked", "payment_returned"]


def test_a_check_that_came_back_and_is_presented_anew_is_posted_again(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    town.cash(5001, MINOR)
    town.passes(at(0, 5, day=21))
    books_back(company, date(2026, 11, 22))
    town.passes(at(15, 0, day=23))
    town.cash(5001, MINOR)  # The bank asks: this number was paid before.
    town.decide(5001, Decision.PAY)
    town.passes(at(0, 5, day=24))
    assert town.booked() == [("5001", -MINOR), ("5001", -MINOR)]
    assert states(company) == {5001: CheckState.PAID}
    assert company.states(ids) == [OrderState.SETTLED]
    settled, back, again = "payment_settled", "return_booked", "payment_settled"
    assert posted(company, ids[0]) == [settled, back, again]
    with tenant(company.tenant_id):
        lines = models.BankTransaction.objects.filter(amount_minor=-MINOR)
        assert set(lines.values_list("match_state", flat=True)) == {"matched"}
        cash = models.JournalLine.objects.filter(journal__order_id=ids[0])
        by_account: dict[str, int] = {}
        for line in cash:
            sums = by_account.get(line.ledger_account, 0) + line.document_minor
            by_account[line.ledger_account] = sums
    assert sorted(by_account.values()) == [-MINOR, MINOR]  # In the end it left once.
    assert not any("payment" in told and "is settled" in told for _, told in company.cases())
    books_back(company, date(2026, 11, 24))
    assert posted(company, ids[0]) == [settled, back, again, back]


def open_cases(company: Company) -> str:
    with tenant(company.tenant_id):
        rows = models.Case.objects.filter(resolved_at=None)
        return " ".join(rows.values_list("sentence", flat=True))


def acknowledge(company: Company, number: int) -> None:
    """The bank says that it has the file by which this check is dead."""
    told_by = row_of(company, number).act_file_id
    assert told_by
    with tenant(company.tenant_id):
        file = submissions.lock(told_by)
        assert file
        move_submission(company.job, file, SubmissionMove.ACKNOWLEDGE, text="Accepted.")


def stop(company: Company, number: int, action: CheckAction = CheckAction.STOP) -> None:
    one = check_id(company, number)
    check_register.take_back(company.acting(), company.maker, one, action, "lost in the mail")


@pytest.mark.parametrize("action", [CheckAction.VOID, CheckAction.STOP])
def test_void_and_stop_cancel_the_payment_once_the_bank_knows(
    town: Town, action: CheckAction
) -> None:
    company = town.company
    ids = released(company, 2)
    town.goes_on()
    stop(company, 5001, action)
    assert company.states(ids) == [OrderState.IN_FLIGHT, OrderState.IN_FLIGHT]
    town.goes_on()
    assert company.states(ids) == [OrderState.IN_FLIGHT, OrderState.IN_FLIGHT]
    assert "has not said yes" in open_cases(company)
    with tenant(company.tenant_id):
        assert stranded.stranded(at(20, day=30)) == []
    told = (company.acting(), company.maker, ids[0], Correction(), "lost")
    with pytest.raises(Refused, match="may still be paid"):
        reissue(*told)
    acknowledge(company, 5001)
    assert company.states(ids) == [OrderState.CANCELLED, OrderState.IN_FLIGHT]
    assert open_cases(company) == ""
    again = asked(company, payee="V2", invoices=("OTHER",), source_reference="K9")
    company.approve(again)
    company.release()
    assert set(states(company)) == {5001, 5002, 5003}  # A number is never given again.


def test_a_bank_that_says_nothing_to_a_stop_is_asked_by_two_people(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    stop(company, 5001)
    town.goes_on()
    assert row_of(company, 5001).unconfirmed
    one = check_id(company, 5001)
    with pytest.raises(Refused) as alone:
        check_register.told_otherwise(company.acting(), company.maker, one, "rang them")
    assert alone.value.code == "second_person_needed"
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    check_register.told_otherwise(company.acting(company.ann), company.ann, one, "they know")
    assert company.states(ids) == [OrderState.CANCELLED]
    assert open_cases(company) == ""
    assert not row_of(company, 5001).unconfirmed
    with pytest.raises(Refused) as twice:
        check_register.told_otherwise(company.acting(company.ann), company.ann, one, "they know")
    assert twice.value.code == "check_in_file"


def test_a_payment_is_not_made_again_while_the_bank_may_pay_its_check(town: Town) -> None:
    company = town.company
    ids = released(company)
    town.goes_on()
    stop(company, 5001)
    town.goes_on()
    one = check_id(company, 5001)
    check_register.told_otherwise(company.acting(company.ann), company.ann, one, "they know")
    assert company.states(ids) == [OrderState.CANCELLED]
    stopped_by = row_of(company, 5001).act_file_id
    assert stopped_by
    with tenant(company.tenant_id):
        file = submissions.lock(stopped_by)
        assert file
        move_submission(company.job, file, SubmissionMove.REFUSE, text="No such account.")
    assert states(company) == {5001: CheckState.STOP_ASKED}
    assert any("may still pay the check" in told for _, told in company.cases())
    told = (company.acting(), company.maker, ids[0], Correction(), "lost")
    with pytest.raises(Refused, match=r"Check 5001 of .* is stop asked") as refused:
        reissue(*told)
    assert refused.value.code == "check_not_dead"
    with tenant(company.tenant_id):
        models.IssuedCheck.objects.update(state=CheckState.STOPPED)  # The bank knows at last.
    assert company.states([reissue(*told)]) == [OrderState.AWAITING_APPROVAL]


def test_one_person_alone_does_not_end_a_payment_by_his_word(company: Company) -> None:
    agree_on(company, layout="citibank", first_number=5001, last_number=5999)
    ids = released(company)
    tell(company)
    stop(company, 5001)  # The layout has no word for it.
    check_files.tell(company.job)
    one = check_id(company, 5001)
    with pytest.raises(Refused, match="you asked for") as alone:
        check_register.told_otherwise(company.acting(), company.maker, one, "rang them")
    assert alone.value.code == "second_person_needed"
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    check_register.told_otherwise(company.acting(company.ann), company.ann, one, "rang them")
    assert company.states(ids) == [OrderState.CANCELLED]


def test_checks_drawn_earlier_that_day_count_against_its_limit(company: Company) -> None:
    has_numbers(company)
    ids = asked(company, 2)
    company.approve(ids)
    with tenant(company.tenant_id):
        day = Limit(name="Day", most=Money(MINOR + 50, "USD"), per=Per.DAY)
        policies.add(
            company.world.ids.new(), PaymentLimits(limits=(day,)),
            valid_from=company.clock.now(), changed_by="a test", reason="a test",
        )  # fmt: skip
        models.Order.objects.filter(id=ids[1]).update(next_action_at=None)
    company.release()
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=ids[1]).update(next_action_at=company.clock.now())
    company.release()
    assert company.states(ids) == [OrderState.IN_FLIGHT, OrderState.HELD]


def test_before_release_it_is_cancelled_freely_and_afterwards_by_its_check(
    company: Company,
) -> None:
    has_numbers(company)
    ids = asked(company, 2)
    company.approve(ids)
    wish = Wish(reason=RecallReason.CUSTOMER, text="not wanted any more")
    done = cancelling.take_back(company.acting(), company.maker, ids[:1], wish)
    assert done.cancelled == (ids[0],)
    company.release()
    assert set(states(company)) == {5001}  # The other one's; nothing was used up.
    done = cancelling.take_back(company.acting(), company.maker, ids[1:], wish)
    assert done.cancelled == ()
    assert "Check 5001 was drawn" in done.not_taken[0].sentence
    assert company.states(ids) == [OrderState.CANCELLED, OrderState.IN_FLIGHT]


def test_numbers_that_were_used_are_passed_and_the_last_one_is_said(company: Company) -> None:
    has_numbers(company, 5001, 5004)
    enter(company, 5002, 7000)  # Somebody drew one of the range; the other is outside of it.
    ids = released(company, 3)
    assert set(states(company)) == {5002, 5003, 5004, 7000}
    assert company.states(ids).count(OrderState.SCHEDULED) == 1
    assert any("no check number left for 1 payments" in told for _, told in company.cases())
    has_numbers(company, 6001, 6009)
    company.release()
    assert 6001 in states(company)
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 3


def test_a_crash_leaves_neither_a_number_nor_a_payment_on_its_way(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_numbers(company)
    ids = asked(company, 2)
    company.approve(ids)

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(drawn_checks, "wake", dies)
        with pytest.raises(RuntimeError):
            company.release()
    assert states(company) == {}
    assert company.states(ids) == [OrderState.SCHEDULED] * 2
    company.release()
    assert set(states(company)) == {5001, 5002}
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 2


def test_it_is_refused_with_words_where_it_cannot_be(company: Company) -> None:
    with pytest.raises(NotTaken, match="positive pay has no numbers") as told:
        asked(company)
    assert told.value.code == "no_check_account"
    has_numbers(company)
    with pytest.raises(NotTaken, match="confidential payment is not paid by check"):
        asked(company, confidential=True)
    with pytest.raises(NotTaken, match="does not pay to"):
        asked(company, creditor_iban=company.payees["V1"])
    with pytest.raises(NotTaken, match="EUR"):
        asked(company, currency="EUR")


def test_one_payment_has_one_check_even_if_its_state_were_lost(company: Company) -> None:
    has_numbers(company)
    ids = released(company)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=ids[0]).update(
            state=OrderState.SCHEDULED, next_action_at=company.clock.now()
        )
    assert company.release() == []
    assert set(states(company)) == {5001}
    assert any("could not be drawn" in told for _, told in company.cases())
    assert company.states(ids) == [OrderState.SCHEDULED]
