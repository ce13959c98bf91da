"""The register of checks, and the files by which a bank hears of it: once, whole, in its layout."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import msgspec
import pytest

from nostro.domain.check_state import CheckState
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused
from nostro.domain.issued_check import CheckAction, IssueFile
from nostro.domain.money import Money
from nostro.domain.party import Role
from nostro.domain.submission import SubmissionState
from nostro.formats import Profile, documents, find
from nostro.storage import checks, models
from nostro.storage.checks import CheckFilter
from nostro.storage.tenancy import tenant
from nostro.workflows import check_files, check_register, dispatch
from tests.workflows.checks import (
    NUMBER,
    agree_on,
    check_id,
    enter,
    new_check,
    row_of,
    sent_files,
    states,
)
from tests.workflows.company import Company

VOID, STOP = CheckAction.VOID, CheckAction.STOP


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(NostroError) as refused:
        work()
    return refused.value.code


def tell(company: Company) -> list[str]:
    """Files made and sent; their states."""
    made = check_files.tell(company.job)
    return [str(dispatch.attend(company.job, one)) for one in made]


def take_back(company: Company, number: int, action: CheckAction, why: str = "lost") -> str:
    acting, one = company.acting(), check_id(company, number)
    return check_register.take_back(acting, company.maker, one, action, why).sentence


def read(content: bytes, layout: str) -> IssueFile:
    profile = Profile(options={"layout": layout})
    (file,) = documents(find()["positive_pay"], BytesIO(content), profile)
    assert isinstance(file, IssueFile)
    return file


def test_the_same_check_is_entered_once_and_another_of_its_number_is_refused(
    company: Company,
) -> None:
    done = enter(company, 1001, 1002, 1005)
    assert (done.new, done.known, done.gaps) == (3, 0, ("DE-USD: 1003 to 1004",))
    again = enter(company, 1001, 1003)
    assert (again.new, again.known, again.gaps) == (1, 1, ("DE-USD: 1004",))
    with pytest.raises(Refused) as refused:
        enter(company, 1006, 1001, minor=999)
    assert refused.value.code == "check_number_taken"
    assert "1234.50 USD, not 9.99 USD" in refused.value.happened
    assert refused.value.location == "check 2"
    assert set(states(company)) == {1001, 1002, 1003, 1005}  # 1006 was not entered alone.
    assert states(company)[1001] is CheckState.ISSUED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "10-1"}, "check_number_wrong"),
        ({"number": "000"}, "check_number_wrong"),
        ({"amount": Money(0, "USD")}, "amount_wrong"),
        ({"amount": Money(1, "EUR")}, "currency_differs"),
        ({"payee": (" ",)}, "payee_missing"),
        ({"account": "NL00"}, "account_unknown"),
    ],
)
def test_what_is_no_check_is_refused_with_its_place(
    company: Company, change: dict[str, Any], code: str
) -> None:
    wanted = [new_check(company, 1), msgspec.structs.replace(new_check(company, 2), **change)]
    with pytest.raises(Invalid) as refused:
        check_register.register(company.acting(), company.maker, "test", wanted)
    assert (refused.value.code, refused.value.location) == (code, "check 2")
    assert not states(company)


def test_who_makes_no_payments_enters_no_checks(company: Company) -> None:
    wanted = [new_check(company, 1)]
    acting = company.acting(company.ann)
    told = refusal(lambda: check_register.register(acting, company.ann, "test", wanted))
    assert told == "not_a_maker"
    clerk = company._member("Rita Reconciler", frozenset({Role.RECONCILER}))
    enter(company, 1)
    one = check_id(company, 1)
    acting = company.acting(clerk)
    told = refusal(lambda: check_register.take_back(acting, clerk, one, VOID, "x"))
    assert told == "not_a_maker"


def test_the_bank_is_told_once_in_one_file(company: Company) -> None:
    agree_on(company)
    enter(company, 1001, 1002)
    assert tell(company) == ["delivered"]
    assert tell(company) == []
    (content,) = sent_files(company, "CHK-")
    file = read(content, "generic")
    assert [(one.account, one.check_number, one.action) for one in file.checks] == [
        (NUMBER, "1001", "issue"),
        (NUMBER, "1002", "issue"),
    ]
    assert file.company == "VESTERHOLT INC"
    assert set(states(company).values()) == {CheckState.TOLD}
    enter(company, 1003)
    take_back(company, 1001, STOP)
    take_back(company, 1002, VOID, "misprinted")
    assert tell(company) == ["delivered"]
    told = read(sent_files(company, "CHK-")[1], "generic").checks
    assert [(one.check_number, one.action, one.reason) for one in told] == [
        ("1001", "stop", "lost"),
        ("1002", "void", "misprinted"),
        ("1003", "issue", ""),
    ]
    assert states(company) == {
        1001: CheckState.STOPPED,
        1002: CheckState.VOID,
        1003: CheckState.TOLD,
    }
    assert refusal(lambda: take_back(company, 1001, VOID)) == "move_not_allowed"


def test_without_terms_it_is_a_register_and_no_more(company: Company) -> None:
    enter(company, 1001)
    assert tell(company) == []
    assert states(company) == {1001: CheckState.ISSUED}
    agree_on(company)
    with tenant(company.tenant_id):
        assert checks.make_due(company.clock.now()) == 1
    assert tell(company) == ["delivered"]


@pytest.mark.parametrize("layout", ["bank_of_america", "citibank"])
def test_a_banks_own_layout_gets_the_register(company: Company, layout: str) -> None:
    agree_on(company, layout=layout)
    enter(company, 1001, 1002)
    assert tell(company) == ["delivered"]
    (content,) = sent_files(company, "CHK-")
    file = read(content, layout)
    assert [one.check_number for one in file.checks] == ["1001", "1002"]
    width = {"bank_of_america": 110, "citibank": 80}[layout]
    assert {len(line) for line in content.decode().split("\r\n")[:-1]} == {width}


def test_what_the_layout_cannot_carry_is_left_out_and_a_person_tells_the_bank(
    company: Company,
) -> None:
    agree_on(company, layout="citibank")
    enter(company, 1001)
    enter(company, 1002, payee=("A NAME FAR BEYOND FIFTEEN LETTERS",))
    assert tell(company) == ["delivered"]
    assert states(company) == {1001: CheckState.TOLD, 1002: CheckState.ISSUED}
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert "Check 1002 of DE-USD is not in the file" in sentence
    assert "there is room for 15" in sentence
    one = check_id(company, 1002)
    acting = company.acting()
    check_register.told_otherwise(acting, company.maker, one, "entered in the portal")
    assert states(company)[1002] is CheckState.TOLD
    # Citibank's layout has no word for a stop: the same way.
    take_back(company, 1001, STOP)
    assert tell(company) == []
    assert "no word for stop" in row_of(company, 1001).not_in_file
    check_register.told_otherwise(acting, company.maker, check_id(company, 1001), "rang them")
    assert states(company)[1001] is CheckState.STOPPED
    told = refusal(lambda: check_register.told_otherwise(acting, company.maker, one, "again"))
    assert told == "check_in_file"


def test_a_file_in_doubt_is_asked_about_and_its_void_waits(company: Company) -> None:
    agree_on(company)
    enter(company, 1001)
    company.bank.outcomes = [InDoubt("connection_lost", "The line broke.")]
    assert tell(company) == ["unknown"]
    assert states(company) == {1001: CheckState.ISSUED}
    sentence = take_back(company, 1001, VOID)
    assert "It may have been presented already" in sentence
    assert check_files.tell(company.job) == []  # The void would come before its issue.
    assert len(company.bank.received) == 1
    (file,) = files(company)
    company.bank.answers = [True]
    company.clock.advance(minutes=11)
    assert dispatch.attend(company.job, file.id) is SubmissionState.DELIVERED
    assert len(company.bank.received) == 1  # Asked about, never sent again.
    assert tell(company) == ["delivered"]
    assert states(company) == {1001: CheckState.VOID}


def test_a_refused_file_is_told_again_in_another_one(company: Company) -> None:
    agree_on(company)
    enter(company, 1001)
    company.bank.outcomes = [Refused("bank_refused_file", "The account is not enrolled.")]
    assert tell(company) == ["refused"]
    (file,) = files(company)
    assert states(company) == {1001: CheckState.ISSUED}
    assert any("not enrolled" in sentence for _, sentence in company.cases())
    assert tell(company) == []  # Nobody has mended anything yet.
    assert check_files.tell_again(company.acting(), company.maker, file.id, "enrolled now") == 1
    assert tell(company) == ["delivered"]
    assert states(company) == {1001: CheckState.TOLD}
    sent = next(one for one in files(company) if one.state == "delivered")
    acting = company.acting()
    told = refusal(lambda: check_files.tell_again(acting, company.maker, sent.id, "again"))
    assert told == "file_may_be_there"


def test_the_register_is_found_by_number_state_and_payee(company: Company) -> None:
    enter(company, 1001, 1002)
    enter(company, 2001, payee=("STEEL WORKS", "ATTN A"))
    with tenant(company.tenant_id):
        found = [
            [row.number for row in checks.checks(wanted).rows]
            for wanted in (
                CheckFilter(q="001001"),
                CheckFilter(q="steel"),
                CheckFilter(states=(CheckState.PAID,)),
            )
        ]
        page = checks.checks(CheckFilter(), limit=2)
        rest = checks.checks(CheckFilter(), limit=2, cursor=page.next)
        counted = checks.count_by_state()
    assert found == [["1001"], ["2001"], []]
    assert [row.number for row in (*page.rows, *rest.rows)] == ["2001", "1002", "1001"]
    assert counted == {CheckState.ISSUED: 3}


def files(company: Company) -> list[models.Submission]:
    with tenant(company.tenant_id):
        return list(models.Submission.objects.order_by("id"))
