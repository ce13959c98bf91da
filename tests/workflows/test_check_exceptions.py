"""Presented checks: what is not as we said, who decides until when, and what becomes of silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.check_exception import Decision, ExceptionState, PresentedCheck, Why
from nostro.domain.check_state import CheckState
from nostro.domain.errors import InDoubt, NostroError
from nostro.domain.issued_check import CheckAction
from nostro.domain.party import Member, Role
from nostro.formats import Profile
from nostro.formats.american.check_exceptions import FORMAT
from nostro.storage import check_exceptions, models
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    check_deadlines,
    check_decisions,
    check_files,
    check_register,
    dispatch,
)
from tests.workflows.checks import (
    agree_on,
    check_id,
    enter,
    exception_file,
    presented,
    sent_files,
    states,
)
from tests.workflows.company import Company

# Friday 2026-11-20: 14:30 in New York is 19:30 UTC.
LAST = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
PAY, RETURN = Decision.PAY, Decision.RETURN
OPEN, DECIDED = ExceptionState.OPEN, ExceptionState.DECIDED


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(NostroError) as refused:
        work()
    return refused.value.code


@pytest.fixture
def ready(company: Company) -> Company:
    """1001 to 1004 are known to the bank."""
    agree_on(company)
    enter(company, 1001, 1002, 1003, 1004)
    tell(company)
    return company


def tell(company: Company) -> None:
    for one in check_files.tell(company.job):
        dispatch.attend(company.job, one)


def asks(company: Company, *found: PresentedCheck) -> list[ExceptionRow]:
    """The bank's file comes in; what waits then."""
    content = exception_file(*found)
    assert answers.receive_message(company.job, company.bank_id, "x.csv", content)
    return rows(company)


def rows(company: Company) -> list[ExceptionRow]:
    with tenant(company.tenant_id):
        return list(check_exceptions.exceptions().rows)


def decide(company: Company, member: Member, row: ExceptionRow, decision: Decision) -> str:
    acting = company.acting(member)
    (state,) = check_decisions.decide(acting, member, [row.id], decision, "looked at the image")
    return state.value


def clock(company: Company) -> None:
    """What the tick would wake now."""
    with tenant(company.tenant_id):
        due = models.CheckException.objects.filter(next_action_at__lte=company.clock.now())
        ids = list(due.order_by("id").values_list("id", flat=True))
    for one in ids:
        check_deadlines.attend(company.job, one)
    with tenant(company.tenant_id):
        files = models.Submission.objects.filter(purpose="check_decisions", state="built")
        made = list(files.values_list("id", flat=True))
    for file_id in made:
        dispatch.attend(company.job, file_id)


def decisions(company: Company) -> list[tuple[str, Decision | None]]:
    assert FORMAT.read
    read = [
        one
        for content in sent_files(company, "CHD-")
        for one in FORMAT.read(BytesIO(content), Profile())
    ]
    return [(one.check_number, one.decision) for one in read if isinstance(one, PresentedCheck)]


def test_every_difference_from_the_register_is_told(ready: Company) -> None:
    company = ready
    acting, one = company.acting(), check_id(company, 1003)
    check_register.take_back(acting, company.maker, one, CheckAction.STOP, "lost")
    found = asks(
        company,
        presented(1001, 9234_50),
        presented(1002, payee=("PAPER MILLS LTD",)),
        presented(1003),
        presented(1004, payee=("Paper Mill, LLC",), why=Why.OTHER, reason="NO ENDORSEMENT"),
        presented(1900, 500_00),
    )
    told = {row.number: (row.why, [one.why for one in row.differences]) for row in found}
    assert told == {
        "1001": (Why.AMOUNT_DIFFERS, [Why.AMOUNT_DIFFERS]),
        "1002": (Why.PAYEE_DIFFERS, [Why.PAYEE_DIFFERS]),
        "1003": (Why.STOPPED, [Why.STOPPED]),
        "1004": (Why.OTHER, []),  # Capitals and commas are no difference; the bank's own reason.
        "1900": (Why.NOT_ISSUED, [Why.NOT_ISSUED]),
    }
    (unlike,) = next(row for row in found if row.number == "1001").differences
    assert (unlike.ours, unlike.theirs) == ("1234.50 USD", "9234.50 USD")
    assert {row.decide_by.replace(microsecond=0) for row in found} == {LAST}
    assert {row.if_nobody for row in found} == {RETURN}
    assert len(asks(company, presented(1001, 9234_50), presented(1900, 500_00))) == 5  # Once.


def test_a_stale_check_is_told_and_one_of_an_unknown_account_is_a_case(company: Company) -> None:
    agree_on(company, stale_after_days=30)
    enter(company, 1001)
    (row,) = asks(company, presented(1001, presented=date(2026, 12, 31)))
    assert [one.why for one in row.differences] == [Why.STALE]
    asks(company, presented(7, account="999"))
    assert any("account 999" in sentence for _, sentence in company.cases())


def test_returned_by_one_told_to_the_bank_after_a_minute(ready: Company) -> None:
    company = ready
    row, other = asks(company, presented(1001, 9234_50), presented(1002, 99))
    assert decide(company, company.ann, row, RETURN) == DECIDED
    clock(company)
    assert decisions(company) == []  # It can still be taken back.
    acting = company.acting(company.ann)
    check_decisions.reconsider(acting, company.ann, row.id, "wrong line")
    assert decide(company, company.ann, row, RETURN) == DECIDED
    assert decide(company, company.bob, other, PAY) == DECIDED
    company.clock.advance(minutes=1)
    clock(company)
    assert decisions(company) == [("1001", RETURN), ("1002", PAY)]
    assert {one.state for one in rows(company)} == {ExceptionState.TOLD}
    assert states(company)[1001] is CheckState.RETURNED
    assert states(company)[1002] is CheckState.TOLD
    clock(company)
    assert len(sent_files(company, "CHD-")) == 1
    told = refusal(lambda: check_decisions.reconsider(acting, company.ann, row.id, "no"))
    assert told == "decision_in_file"


def test_paying_much_takes_two_and_so_does_paying_what_one_issued(ready: Company) -> None:
    company = ready
    large, own = asks(company, presented(1001, 10_000_01), presented(1002, 99))
    assert decide(company, company.ann, large, PAY) == ExceptionState.PROPOSED
    assert refusal(lambda: decide(company, company.ann, large, PAY)) == "second_person_needed"
    assert decide(company, company.bob, large, PAY) == DECIDED
    assert decide(company, company.maker, own, PAY) == ExceptionState.PROPOSED  # Mara issued it.
    assert decide(company, company.cy, own, PAY) == DECIDED
    decided = {row.number: (row.first_by_name, row.decided_by_name) for row in rows(company)}
    assert decided == {
        "1001": ("Ann Approver", "Bob Approver"),
        "1002": ("Mara Maker", "Cy Treasurer"),
    }


def test_who_may_not_decide(ready: Company) -> None:
    company = ready
    (row,) = asks(company, presented(1001, 1))
    clerk = company._member("Cora Clerk", frozenset({Role.MAKER}))
    assert refusal(lambda: decide(company, clerk, row, RETURN)) == "not_an_approver"
    key = Member(id="k", name="erp", roles=frozenset({Role.APPROVER}), is_person=False)
    assert refusal(lambda: decide(company, key, row, RETURN)) == "keys_never_approve"
    nothing = [company.world.ids.new()]
    acting = company.acting(company.ann)
    told = refusal(lambda: check_decisions.decide(acting, company.ann, nothing, PAY, "x"))
    assert told == "check_exception_unknown"


def test_nobody_decides(ready: Company) -> None:
    company = ready
    asks(company, presented(1001, 1), presented(1002, 2))
    company.clock.advance(hours=9, minutes=30)  # 18:30 UTC, one hour before.
    clock(company)
    (warned,) = [sentence for kind, sentence in company.cases() if kind == "check"]
    assert warned == (
        "2 checks must be decided until 14:30 America/New_York on 20 Nov 2026;"
        " else the bank returns it."
    )
    (first, _) = rows(company)
    assert decide(company, company.ann, first, PAY) == DECIDED
    company.clock.advance(hours=1, seconds=2)
    clock(company)
    assert {row.number: row.state for row in rows(company)} == {
        "1001": ExceptionState.DEFAULTED,
        "1002": ExceptionState.DEFAULTED,
    }
    told = [sentence for kind, sentence in company.cases() if "the bank returns it." in sentence]
    assert any("the bank had no decision on check 1001" in sentence for sentence in told)
    assert any("nobody decided on check 1002" in sentence for sentence in told)
    assert states(company)[1002] is CheckState.RETURNED
    assert decisions(company) == []
    with pytest.raises(NostroError) as late:
        decide(company, company.ann, rows(company)[1], PAY)
    assert late.value.code == "decision_too_late"
    assert "since then the bank returns it" in late.value.happened


def test_the_warning_ends_when_all_are_decided(ready: Company) -> None:
    company = ready
    (row,) = asks(company, presented(1001, 1))
    company.clock.advance(hours=9, minutes=40)
    clock(company)
    decide(company, company.ann, row, RETURN)
    with tenant(company.tenant_id):
        (case,) = models.Case.objects.filter(kind="check")
        assert (case.state, case.outcome) == ("resolved", "Everything was decided in time.")


def test_a_file_of_decisions_in_doubt_is_asked_about_and_believed_later(ready: Company) -> None:
    company = ready
    (row,) = asks(company, presented(1001, 1))
    decide(company, company.ann, row, RETURN)
    company.bank.outcomes = [InDoubt("connection_lost", "The line broke.")]
    company.clock.advance(minutes=1)
    clock(company)
    assert [one.state for one in rows(company)] == [DECIDED]
    company.clock.advance(hours=11)
    clock(company)
    assert [one.state for one in rows(company)] == [ExceptionState.DEFAULTED]
    company.bank.answers = [True]
    with tenant(company.tenant_id):
        file_id: UUID = models.Submission.objects.get(purpose="check_decisions").id
    dispatch.attend(company.job, file_id)
    assert [one.state for one in rows(company)] == [ExceptionState.TOLD]
    assert len(sent_files(company, "CHD-")) == 1


def test_what_the_bank_would_pay_is_told_by_its_own_default(company: Company) -> None:
    agree_on(company, if_nobody=PAY)
    enter(company, 1001)
    tell(company)
    asks(company, presented(1001, 1))
    company.clock.advance(hours=11)
    clock(company)
    assert states(company)[1001] is CheckState.TOLD
    assert any("the bank pays it" in sentence for _, sentence in company.cases())


def test_a_file_of_decisions_that_comes_in_is_a_case(ready: Company) -> None:
    row: dict[str, Any] = {"decision": PAY}
    assert asks(ready, presented(1001, **row)) == []
    assert any("file of decisions" in sentence for _, sentence in ready.cases())
