"""A bank's word on a file as a file: it is received or refused by it, never executed."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from nostro.domain.errors import InDoubt
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.remittance import RemittanceAdvice, RemittanceEnvelope
from nostro.storage import evidence, submissions
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.formats.samples import write
from tests.workflows.bank_words import pain_002
from tests.workflows.company import FRIDAY, Company


def contrl(original: str, action: str, *segments: str, reference: str = "B1") -> bytes:
    told = [f"UCI+{original}+ACME:14+BANK:14+{action}", *segments]
    inside = "".join(f"{segment}'\n" for segment in told)
    return (
        f"UNA:+.? '\nUNB+UNOC:3+BANK:14+ACME:14+261120:0905+{reference}'\nUNH+1+CONTRL:D:3:UN'\n"
        f"{inside}UNT+{len(told) + 2}+1'\nUNZ+1+{reference}'\n"
    ).encode()


def x12(*segments: str, groups: int = 0) -> bytes:
    who = f"ZZ*{'BANK':15}*ZZ*{'ACME':15}"
    head = f"ISA*00*{'':10}*00*{'':10}*{who}*261120*0905*U*00401*000000031*0*P*>"
    return ("~\n".join([head, *segments, f"IEA*{groups}*000000031"]) + "~\n").encode()


def functional(group: str, verdict: str, *more: str) -> bytes:
    body = [f"AK1*RA*{group}", *more, f"AK9*{verdict}*1*1*1"]
    return x12(
        "GS*FA*BANK*ACME*20261120*0905*77*X*004010", "ST*997*0001", *body,
        f"SE*{len(body) + 2}*0001", "GE*1*77", groups=1,
    )  # fmt: skip


def hear(company: Company, content: bytes) -> str:
    return answers.receive_message(company.job, company.bank_id, "ack.txt", content)


def sent_as(company: Company, submission_id: UUID, content: bytes) -> None:
    """Let a file that left have had these bytes: what a bank that takes X12 would have got."""
    with tenant(company.tenant_id):
        kept = evidence.keep(
            company.world.ids.new(), content, name="out.x12",
            media_type="application/edi-x12", direction="out", now=FRIDAY,
        )  # fmt: skip
        submissions.update(submission_id, evidence_id=kept, media_type="application/edi-x12")


def advice(interchange: str, group: str) -> bytes:
    """Written by our own writer of X12, with the control numbers that the bank will name."""
    return write(
        "x12_820",
        RemittanceAdvice(
            amount=Money(100_00, "USD"),
            currency="USD",
            direction="C",
            handling="I",
            method="ACH",
            effective=date(2026, 11, 20),
            control_number="0001",
            envelope=RemittanceEnvelope(
                sender="ACME", receiver="BANK", sender_kind="ZZ", receiver_kind="ZZ",
                group_sender="ACME", group_receiver="BANK", created_at=FRIDAY.replace(tzinfo=None),
                interchange_number=interchange, group_number=group, version="004010",
            ),
        ),
    )  # fmt: skip


def states(company: Company, submission_id: UUID, ids: list[UUID]) -> tuple[str, set[str]]:
    return company.submission(submission_id).state, set(company.attempts(ids))


def kinds(company: Company) -> list[str]:
    return [kind for kind, _ in company.cases()]


@pytest.mark.parametrize("action", ["7", "8"])
def test_received_or_accepted_is_received_and_nothing_more(company: Company, action: str) -> None:
    submission_id, ids = company.send(2)
    message_id = company.bank.received[-1].message_id
    for _ in range(2):
        assert hear(company, contrl(message_id, action)) == "edifact_contrl"
    assert states(company, submission_id, ids) == ("acknowledged", {"received"})
    assert set(company.states(ids)) == {OrderState.IN_FLIGHT}
    assert company.cases() == []
    assert company.events("submission.file_acknowledged")[0]["verdict"] in ("accepted", "received")


def test_it_is_proof_of_arrival_for_a_file_in_doubt(company: Company) -> None:
    company.bank.outcomes = [InDoubt("line_lost", "The line was lost.")]
    submission_id, ids = company.send(2)
    assert states(company, submission_id, ids) == ("unknown", {"unknown"})
    hear(company, contrl(company.bank.received[-1].file_name, "8"))
    assert states(company, submission_id, ids) == ("acknowledged", {"received"})
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1


def test_a_whole_rejection_proves_that_nothing_was_done(company: Company) -> None:
    submission_id, ids = company.send(2)
    hear(company, contrl("BANK-1", "4+23"))
    assert states(company, submission_id, ids) == ("refused", {"rejected"})
    assert set(company.states(ids)) == {OrderState.REJECTED}
    assert "the sender is unknown (23)" in company.cases()[0][1]


def test_a_rejected_part_moves_no_payment_and_a_person_asks(company: Company) -> None:
    company.bank.outcomes = [InDoubt("line_lost", "The line was lost.")]
    submission_id, ids = company.send(2)
    message_id = company.bank.received[-1].message_id
    hear(company, contrl(message_id, "7", "UCM+M2+PAYMUL:D:96A:UN+4+12+DTM"))
    assert states(company, submission_id, ids) == ("delivered", {"delivered"})
    assert company.cases()[-1][0] == "difference"
    assert "message M2" in company.cases()[-1][1]
    assert set(company.states(ids)) == {OrderState.IN_FLIGHT}


def test_a_duplicate_is_no_rejection(company: Company) -> None:
    submission_id, ids = company.send(2)
    hear(company, contrl("BANK-1", "4+26"))
    assert states(company, submission_id, ids) == ("delivered", {"unknown"})
    assert kinds(company) == ["enquiry"]
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1


def test_words_that_cannot_both_be_true_open_a_case(company: Company) -> None:
    submission_id, ids = company.send(2)
    hear(company, contrl("BANK-1", "7"))
    hear(company, contrl("BANK-1", "4+13", reference="B2"))
    assert states(company, submission_id, ids) == ("acknowledged", {"received"})
    assert kinds(company) == ["contradiction"]


def test_it_comes_after_the_banks_word_on_payments_and_changes_nothing(company: Company) -> None:
    submission_id, ids = company.send(2)
    keys = [row.instruction.end_to_end_id for row in company.orders(ids)]
    message_id = company.bank.received[-1].message_id
    hear(company, pain_002(message_id, lines=[(key, "ACSC", "") for key in keys]))
    hear(company, contrl(message_id, "8"))
    assert states(company, submission_id, ids) == ("acknowledged", {"executed"})
    assert company.cases() == []


def test_nobodys_file_is_a_case_and_another_banks_word_moves_nothing(company: Company) -> None:
    submission_id, ids = company.send(2)
    hear(company, contrl("STRANGE", "4"))
    assert kinds(company) == ["contradiction"]
    message_id = company.bank.received[-1].message_id
    content = contrl(message_id, "4")
    answers.receive_message(company.job, company.erp_id, "ack.txt", content)
    assert states(company, submission_id, ids) == ("delivered", {"delivered"})


# By the control numbers of our own writer.


def test_a_functional_acknowledgement_finds_the_group_that_we_wrote(company: Company) -> None:
    submission_id, ids = company.send(2)
    sent_as(company, submission_id, advice("000000905", "905"))
    other, others = company.send(1, prefix="Q")
    sent_as(company, other, advice("000000906", "906"))
    assert hear(company, functional("905", "A")) == "x12_997"
    assert states(company, submission_id, ids) == ("acknowledged", {"received"})
    assert states(company, other, others) == ("delivered", {"delivered"})
    hear(company, functional("906", "R"))
    assert states(company, other, others) == ("refused", {"rejected"})


def test_one_group_of_several_is_not_the_whole_file(company: Company) -> None:
    submission_id, ids = company.send(2)
    one = advice("000000905", "905")
    group = one[one.index(b"GS*") : one.index(b"IEA")]
    second = group.replace(b"*905*", b"*907*").replace(b"GE*1*905", b"GE*1*907")
    both = one[: one.index(b"IEA")] + second + one[one.index(b"IEA") :].replace(b"*1*", b"*2*")
    sent_as(company, submission_id, both)
    hear(company, functional("907", "R"))
    assert states(company, submission_id, ids) == ("delivered", {"delivered"})
    assert "group 907" in company.cases()[0][1]


def test_an_interchange_is_named_by_its_own_number(company: Company) -> None:
    submission_id, ids = company.send(2)
    sent_as(company, submission_id, advice("000000905", "905"))
    hear(company, x12("TA1*000000905*261120*0900*E*022"))
    assert states(company, submission_id, ids) == ("acknowledged", {"received"})
    assert "the control structure is invalid" in company.cases()[0][1]


def test_a_number_that_two_files_have_moves_neither(company: Company) -> None:
    sent = [company.send(1, prefix=prefix) for prefix in "AB"]
    for submission_id, _ in sent:
        sent_as(company, submission_id, advice("000000905", "905"))
    hear(company, x12("TA1*000000905*261120*0900*R*010"))
    assert [states(company, *one) for one in sent] == [("delivered", {"delivered"})] * 2
    assert "any of 2 files" in company.cases()[0][1]
