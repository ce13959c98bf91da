"""Verification of Payee answered by a bank that has the file: evidence, a case, and a wait."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nostro.domain.canonical import digest
from nostro.domain.case import CaseState
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.payee_verification import told_of
from nostro.storage import evidence, models, payee_verifications
from nostro.storage.payee_verifications import VerificationRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work, dispatch
from tests.workflows.bank_words import pain_002
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company
from tests.workflows.test_payees import held_for
from tests.workflows.test_status_words import line


@pytest.fixture
def sent(company: Company) -> Sent:
    return Sent(company, 2)


def checked(
    sent: Sent, *lines: tuple[int, str, str], group: str = "RVCM", report: str = "S1"
) -> bytes:
    """A pain.002 of checked payees: (payment, status, what stands below the status)."""
    content = pain_002(sent.message_id, group=group, lines=[("X", "RCVC", "")], message_id=report)
    before, _, rest = content.partition(b"<TxInfAndSts>")
    told = [line(end_to_end=sent.keys[at], status=word, more=more) for at, word, more in lines]
    return before + b"".join(told) + rest.partition(b"</TxInfAndSts>")[2]


def says(*texts: str, code: str = "") -> str:
    """What stands below a status: a reason with the bank's words."""
    reason = f"<Rsn><Cd>{code}</Cd></Rsn>" if code else ""
    words = "".join(f"<AddtlInf>{text}</AddtlInf>" for text in texts)
    return f"<StsRsnInf>{reason}{words}</StsRsnInf>"


def kept(sent: Sent) -> list[VerificationRow]:
    company = sent.company
    with tenant(company.tenant_id):
        return payee_verifications.of_payee(company.payee_ids["V1"], 50)


def test_a_close_match_waits_at_the_bank_and_is_a_case_with_both_names(sent: Sent) -> None:
    before = len(sent.company.bank.received)
    sent.hears(checked(sent, (0, "RCVC", ""), (1, "RVMC", says("Payee One B.V."))))
    assert sent.attempts == ["pending_at_bank", "pending_at_bank"]  # The file waits as a whole.
    assert sent.states == ["in_flight", "in_flight"]
    case = sent.case("payee")
    assert "We pay to Payee V1" in case.sentence
    assert "in the name of Payee One B.V. (RVMC)" in case.sentence
    assert (case.order_id, case.reason, case.owner) == (sent.ids[1], "RVMC", "treasurer")
    assert case.details == {
        "name_asked": "Payee V1",
        "name_told": "Payee One B.V.",
        "answer": "RVMC",
    }
    dispatch.attend(sent.company.job, sent.submission_id)
    assert len(sent.company.bank.received) == before  # Nothing is sent again.


def test_the_answers_are_evidence_on_account_and_name(sent: Sent) -> None:
    sent.hears(checked(sent, (0, "RCVC", ""), (1, "RVMC", says("Payee One B.V."))))
    rows = {row.answer.value: row for row in kept(sent)}
    assert {(row.answer.value, row.name_told) for row in rows.values()} == {
        ("RCVC", ""),
        ("RVMC", "Payee One B.V."),
    }
    close = rows["RVMC"]
    assert (close.name_asked, close.asked_by_name) == ("Payee V1", f"file {sent.message_id}")
    with tenant(sent.company.tenant_id):
        assert b"RVMC" in evidence.read(close.evidence_id)
    told = sent.company.events("payee.verified")
    assert sorted(event["answer"] for event in told) == ["RCVC", "RVMC"]
    # The same report again, and what it says in another one, add no case.
    sent.hears(checked(sent, (0, "RCVC", ""), (1, "RVMC", says("Payee One B.V."))))
    sent.hears(checked(sent, (1, "RVMC", says("Payee One B.V.")), report="S2"))
    assert sent.kinds() == ["payee"]
    assert len(kept(sent)) == 3


@pytest.mark.parametrize(
    ("word", "more", "group"),
    [
        ("RVNM", "", ""),
        ("RVNA", "", ""),
        ("RVMC", "", "PART"),
        ("PDNG", says(code="RVNM"), "PDNG"),
        ("PATC", says("Other", code="RVMC"), ""),
        ("PDNG", "<StsRsnInf><Rsn><Prtry>RVNA</Prtry></Rsn></StsRsnInf>", ""),
    ],
)
def test_however_a_bank_says_it_it_is_a_question(
    sent: Sent, word: str, more: str, group: str
) -> None:
    sent.hears(checked(sent, (0, word, more), group=group))
    assert sent.attempts[0] == "pending_at_bank"
    assert sent.kinds() == ["payee"]


def test_matches_are_no_question_and_do_not_wait(sent: Sent) -> None:
    sent.hears(pain_002(sent.message_id, group="RCVC"))
    assert sent.attempts == ["received", "received"]
    assert [row.answer.value for row in kept(sent)] == ["RCVC", "RCVC"]
    assert sent.kinds() == []


def test_mismatches_that_are_not_named_are_one_question_about_the_file(sent: Sent) -> None:
    sent.hears(pain_002(sent.message_id, group="RVCM"))
    assert sent.attempts == ["pending_at_bank", "pending_at_bank"]
    case = sent.case("payee")
    assert (case.order_id, case.submission_id) == (None, sent.submission_id)
    assert kept(sent) == []


def test_a_refusal_for_the_name_is_a_refusal_and_its_answer_is_kept(sent: Sent) -> None:
    sent.hears(checked(sent, (0, "RJCT", says(code="RVNM")), group=""))
    assert sent.attempts[0] == "rejected"
    assert sent.kinds() == ["rejection"]
    assert [row.answer.value for row in kept(sent)] == ["RVNM"]


def test_what_the_bank_does_next_moves_it_on_and_the_question_stays_a_persons(sent: Sent) -> None:
    sent.hears(checked(sent, (0, "RVNM", ""), (1, "RVNM", "")))
    sent.hears(sent.report((0, "ACSC", ""), (1, "CANC", ""), message_id="S2"))
    assert sent.attempts == ["executed", "cancelled_stop"]
    assert sent.kinds() == ["payee", "payee"]
    # Late words about payments that have ended ask nobody anything.
    sent.hears(checked(sent, (0, "RVNA", ""), (1, "RVNA", ""), report="S3"))
    assert sent.kinds() == ["payee", "payee"]


def test_only_a_second_person_closes_it(sent: Sent) -> None:
    company = sent.company
    sent.hears(checked(sent, (0, "RVNM", "")))
    case = sent.case("payee")
    with pytest.raises(Refused) as caught:
        case_work.resolve(company.acting(), company.maker, case.id, "authorised it")
    assert caught.value.code == "maker_cannot_close"
    assert sent.case("payee").state == CaseState.OPEN
    case_work.resolve(company.acting(company.cy), company.cy, case.id, "cancelled at the bank")
    assert sent.case("payee").state == CaseState.RESOLVED
    decided = company.events("case.moved")[-1]
    assert (decided["answer"], decided["digest"]) == (
        case.reason, company.orders(sent.ids[:1])[0].approval_digest
    )  # fmt: skip
    assert sent.attempts[0] == "pending_at_bank"  # What becomes of it, the bank says.


def test_the_maker_of_one_payment_does_not_close_the_question_about_its_file(sent: Sent) -> None:
    company = sent.company
    sent.hears(pain_002(sent.message_id, group="RVCM"))
    case = sent.case("payee")
    with pytest.raises(Refused) as caught:
        case_work.resolve(company.acting(), company.maker, case.id, "authorised it")
    assert caught.value.code == "maker_cannot_close"
    case_work.resolve(company.acting(company.cy), company.cy, case.id, "authorised it there")
    decided = company.events("case.moved")[-1]
    digests = sorted(row.approval_digest for row in company.orders(sent.ids))
    assert (decided["answer"], decided["digest"]) == ("RVCM", digest(digests))


def test_payments_that_have_not_left_wait_by_the_answer(sent: Sent) -> None:
    company = sent.company
    (open_one,) = company.ask(company.request("later"))
    sent.hears(checked(sent, (0, "RVNM", "")))
    (after,) = company.ask(company.request("after"))
    assert company.states([open_one, after]) == [OrderState.HELD] * 2
    assert held_for(company, open_one) == held_for(company, after) == [policy.CODE]
    assert sent.states[0] == "in_flight"


def test_what_is_said_of_a_confidential_payment_stays_with_its_case(company: Company) -> None:
    sent = Sent(company, 1)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=sent.ids[0]).update(confidential=True)
    sent.hears(checked(sent, (0, "RVMC", says("Payee One B.V."))))
    with tenant(company.tenant_id):
        assert not models.PayeeVerification.objects.exists()
    assert company.events("payee.verified") == []


LONG = "N" * 105
ANSWERS: Sequence[tuple[str, list[tuple[str, list[str]]], tuple[str, str] | None]] = [
    ("RCVC", [("", ["Anything"])], ("RCVC", "")),
    ("RVNM", [("", ["no match"])], ("RVNM", "")),  # Only a close match tells a name.
    ("RVMC", [("", ["Payee", "One"])], ("RVMC", "Payee One")),
    ("RVMC", [("", [LONG, "OP"])], ("RVMC", f"{LONG}OP")),
    ("RVMC", [("MS03", ["why"]), ("RVMC", ["Payee One"])], ("RVMC", "Payee One")),
    ("RVMC", [("MS03", ["why"])], ("RVMC", "")),
    ("PDNG", [("RVMC", ["Payee One"])], ("RVMC", "Payee One")),
    ("PDNG", [("MS03", ["RVMC"])], None),
    ("RVCM", [], None),
]


@pytest.mark.parametrize(("status", "reasons", "told"), ANSWERS)
def test_where_the_answer_and_the_name_stand(
    status: str, reasons: list[tuple[str, list[str]]], told: tuple[str, str] | None
) -> None:
    assert told_of(status, "", reasons) == told
