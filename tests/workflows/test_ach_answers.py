"""ACH answers: returns are money back, corrections stop the payee's next payment, once each."""

from __future__ import annotations

import threading
from datetime import date
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.errors import Invalid, Refused, Unavailable
from nostro.domain.party import Member
from nostro.storage import freezes, models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch, payee_changing
from nostro.workflows.payee_changing import NewAccount
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company

NOBODY = Member(id="00000000-0000-0000-0000-000000000000", name="N", roles=frozenset())
ODFI, RDFI = "09100001", "12100035"


class Ach(Sent):
    """Dollar payments that left, each under a trace number of ours (as a Nacha file gives them)."""

    def __init__(self, company: Company, count: int = 2) -> None:
        super().__init__(company, count, currency="USD")
        self.traces = [f"{ODFI}{number:07d}" for number in range(1, count + 1)]
        with tenant(company.tenant_id):
            for order_id, trace in zip(self.ids, self.traces, strict=True):
                models.Attempt.objects.filter(order_id=order_id).update(rail_reference=trace)

    def returned(self, number: int, reason: str = "R03", text: str = "", minor: int = 0) -> str:
        return _entry(minor or self.amounts[number], f"799{reason}{self.traces[number]}"
                      f"{'':6}{RDFI}{text:<44}")  # fmt: skip

    def quarrel(self, number: int, reason: str = "R68") -> str:
        told = f"799{reason}{self.traces[number]}{'':6}{RDFI}   {RDFI}0000003328"
        return _entry(self.amounts[number], f"{told}01{'TOO LATE':<21}")

    def corrected(self, number: int, code: str = "C01", data: str = "1918 1716") -> str:
        told = f"798{code}{self.traces[number]}{'':6}{RDFI}{data:<29}"
        return _entry(0, f"{told:<79}", code="21")

    def answered(self, *entries: str) -> None:
        self.hears(ach_file(*entries))


def _entry(minor: int, addenda: str, *, code: str = "21") -> str:
    """An entry that came back with its addenda, without its own trace number."""
    return f"6{code}09100001924681357         {minor:010}{'':15}{'DORA EXAMPLE':<22}  1\n{addenda}"


def ach_file(*entries: str) -> bytes:
    """A file of the bank with one batch, as Nacha appendix three lays it out."""
    lines, debits, credits_ = [], 0, 0
    for number, answer in enumerate(entries, start=1):
        entry, addenda = answer.split("\n")
        trace = f"{RDFI}{number:07d}"
        lines += [entry + trace, f"{addenda:<79}{trace}"]
        credits_ += int(entry[29:39])
    hashed = 9100001 * len(entries)
    count = 2 * len(entries)
    head = (
        "101 09100001912345678902611200915C094101GREAT LAKES BANK       US".ljust(86) + "REF00001"
    )
    batch = f"5220VESTERHOLT INC{'':22}1234567890PPD{'PAYMENTS':<16}261123   1{RDFI}0000001"
    sums = f"{count:06}{hashed:010}{debits:012}{credits_:012}"
    control = f"8220{sums}1234567890{'':25}{RDFI}0000001"
    blocks = -(-(len(lines) + 4) // 10)
    end = f"9000001{blocks:06}{count:08}{hashed:010}{debits:012}{credits_:012}"
    told = [head, batch, *lines, control, end]
    told += ["9" * 94] * (blocks * 10 - len(told))
    return "\n".join(line.ljust(94) for line in told).encode()


@pytest.fixture
def ach(company: Company) -> Ach:
    return Ach(company)


def changes(ach: Ach) -> list[models.PayeeChange]:
    with tenant(ach.company.tenant_id):
        return list(models.PayeeChange.objects.order_by("proposed_at", "id"))


def test_a_return_is_money_back_and_stops_the_payee(ach: Ach) -> None:
    ach.answered(ach.returned(0, "R03", "NO SUCH ACCOUNT"))
    assert ach.attempts == ["returned", "delivered"]
    assert ach.states == ["returned", "in_flight"]
    case = ach.case("return")
    assert (case.stage, case.reason, case.amount_minor) == ("reversed", "R03", ach.amounts[0])
    assert "NO SUCH ACCOUNT" in case.sentence
    assert ach.facts() == [("nacha_return", "RTRN", "R03", "applied")]
    with tenant(ach.company.tenant_id):
        assert models.Freeze.objects.get().cause == "return"


def test_insufficient_funds_stop_nobody(ach: Ach) -> None:
    ach.answered(ach.returned(0, "R01"))
    assert ach.states[0] == "returned"
    with tenant(ach.company.tenant_id):
        assert not models.Freeze.objects.exists()


def test_the_same_return_in_another_file_changes_nothing(ach: Ach) -> None:
    ach.answered(ach.returned(0))
    before = ach.facts(), ach.company.cases(), ach.journals()
    ach.hears(ach_file(ach.returned(0)).replace(b"0915C", b"0955D"))
    assert (ach.facts(), ach.company.cases(), ach.journals()) == before


@pytest.mark.parametrize("first", ["return", "quarrel"])
def test_a_return_of_a_return_is_a_case_below_it(ach: Ach, first: str) -> None:
    told = [ach_file(ach.returned(0)), ach_file(ach.quarrel(0).replace("0000003", "0000004"))]
    ach.hears(*(told if first == "return" else reversed(told)))
    with tenant(ach.company.tenant_id):
        parent = models.Case.objects.get(kind="return", stage="reversed")
        child = models.Case.objects.get(kind="return", stage="reported")
    assert child.parent_id == parent.id
    assert "dishonored (R68" in child.sentence
    assert ach.states[0] == "returned", "a quarrel moves nothing"


def test_a_correction_proposes_a_change_and_stops_the_next_payment(ach: Ach) -> None:
    ach.answered(ach.corrected(0))
    assert ach.attempts[0] == "delivered", "the payment itself was made"
    (change,) = changes(ach)
    assert (change.state, change.origin, change.code) == ("proposed", "nacha_noc", "C01")
    assert change.before["account"] == "24681357"
    assert change.after["account"] == "1918 1716"
    assert change.after["bank_code"] == change.before["bank_code"] == "091000019"
    assert change.before["iban"] == ach.company.payees["V1"]
    case = ach.case("correction")
    assert change.case_id == case.id
    assert case.due_at.date() == date(2026, 12, 1), "six banking days, Thanksgiving is none"
    ach.company.pay(1, "NEXT")
    assert ach.company.release() == []


def test_an_accepted_correction_frees_the_payee_with_a_new_account(ach: Ach) -> None:
    ach.answered(ach.corrected(0))
    company = ach.company
    (change,) = changes(ach)
    wanted = NewAccount(iban=company.payees["V2"])
    payee_changing.accept(
        company.acting(company.ann), company.ann, change.id, wanted, "rang the payee"
    )
    with tenant(company.tenant_id):
        newest = models.PayeeAccount.objects.order_by("-version").first()
        assert newest is not None
        assert (newest.iban, newest.version) == (company.payees["V2"], 2)
        assert newest.changed_by_person == UUID(company.ann.id)
        assert freezes.frozen_payee_numbers() == frozenset()
        assert models.Case.objects.get(kind="correction").state == "resolved"
    with pytest.raises(Refused) as caught:
        payee_changing.refuse(company.acting(company.bob), company.bob, change.id, "late")
    assert caught.value.code == "change_decided"


def test_a_correction_waits_for_who_is_sending_and_then_stops_the_payee(ach: Ach) -> None:
    """Whoever passed the gate before commits first; whoever comes after sees the correction."""
    company = ach.company
    passed, decided, heard = threading.Event(), threading.Event(), threading.Event()

    def send() -> None:
        with tenant(company.tenant_id):
            freezes.enter_gate()
            passed.set()
            decided.wait(20)
        connections.close_all()

    def hear() -> None:
        ach.answered(ach.corrected(0))
        heard.set()
        connections.close_all()

    sender, hearer = threading.Thread(target=send), threading.Thread(target=hear)
    sender.start()
    assert passed.wait(20)
    hearer.start()
    assert not heard.wait(1), "the correction does not overtake a sender inside the gate"
    decided.set()
    assert heard.wait(20)
    sender.join()
    hearer.join()


def test_a_file_to_the_old_account_does_not_leave_before_or_after_the_decision(ach: Ach) -> None:
    company = ach.company
    before = len(company.bank.received)
    ids = company.ask(company.request("OLD"), company.request("OTHER", payee="V3"))
    company.approve(ids)
    (first,) = company.release()
    ach.answered(ach.corrected(0))
    dispatch.attend(company.job, first)
    assert len(company.bank.received) == before, "not while it is undecided"
    (change,) = changes(ach)
    payee_changing.accept(
        company.acting(company.ann),
        company.ann,
        change.id,
        NewAccount(iban=company.payees["V2"]),
        "rang the payee",
    )
    company.clock.advance(minutes=5)
    dispatch.attend(company.job, first)
    assert company.submission(first).state == "abandoned"
    (second,) = company.release()
    dispatch.attend(company.job, second)
    (left,) = company.bank.received[before:]
    assert company.payees["V3"].encode() in left.content
    assert company.payees["V1"].encode() not in left.content
    assert company.states(ids) == ["held", "in_flight"], "approved again, or denied"


def test_a_file_that_did_not_arrive_is_not_tried_again_with_the_old_account(ach: Ach) -> None:
    company = ach.company
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    submission_id, ids = company.send(1, "LATE")
    ach.answered(ach.corrected(0))
    (change,) = changes(ach)
    wanted = NewAccount(iban=company.payees["V2"])
    payee_changing.accept(company.acting(company.ann), company.ann, change.id, wanted, "rang")
    before = len(company.bank.received)
    company.clock.advance(hours=5)
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == before
    assert company.submission(submission_id).state == "not_delivered"
    assert company.states(ids) == ["in_flight"], "a person decides, as for any file tried before"
    assert "the payee's account was changed since" in ach.case("enquiry").sentence


def test_a_refused_correction_lets_the_file_leave(ach: Ach) -> None:
    company = ach.company
    company.pay(1, "NEXT")
    (submission_id,) = company.release()
    ach.answered(ach.corrected(0))
    (change,) = changes(ach)
    payee_changing.refuse(company.acting(company.bob), company.bob, change.id, "a call says no")
    dispatch.attend(company.job, submission_id)
    assert company.submission(submission_id).state == "delivered"


def test_a_refused_correction_leaves_the_account_and_frees_the_payee(ach: Ach) -> None:
    ach.answered(ach.corrected(0))
    company = ach.company
    (change,) = changes(ach)
    with pytest.raises(Invalid):
        payee_changing.accept(
            company.acting(company.ann), company.ann, change.id, NewAccount(iban="NL00X"), "x"
        )
    with pytest.raises(Refused) as caught:
        payee_changing.refuse(company.acting(), NOBODY, change.id, "no")
    assert caught.value.code == "not_an_approver"
    payee_changing.refuse(company.acting(company.bob), company.bob, change.id, "a call says no")
    with tenant(company.tenant_id):
        assert freezes.frozen_payee_numbers() == frozenset()
        assert models.PayeeAccount.objects.filter(version=2).count() == 0


def test_one_correction_told_for_two_payments_is_one_proposal(ach: Ach) -> None:
    ach.answered(ach.corrected(0), ach.corrected(1))
    ach.answered(ach.corrected(0))
    assert len(changes(ach)) == 1
    assert ach.kinds() == ["correction"]
    ach.answered(ach.corrected(0, "C02", "121000358"))
    assert [change.code for change in changes(ach)] == ["C01", "C02"]
    assert changes(ach)[1].after["bank_code"] == "121000358"


def test_what_we_never_sent_is_a_case(ach: Ach) -> None:
    ach.answered(ach.returned(0).replace(ach.traces[0], "091000019999999"))
    assert ach.attempts == ["delivered"] * 2
    assert ach.kinds() == ["contradiction"]
    assert ach.facts() == [("nacha_return", "RTRN", "R03", "kept")], "kept all the same"


def test_no_bank_returns_for_another(ach: Ach) -> None:
    company = ach.company
    content = ach_file(ach.returned(0))
    answers.receive_message(company.job, company.erp_id, "b.ach", content)
    assert ach.attempts == ["delivered"] * 2
    assert ach.kinds() == ["contradiction"]


def test_more_than_was_paid_is_a_contradiction(ach: Ach) -> None:
    ach.answered(ach.returned(0, minor=ach.amounts[0] + 1))
    assert ach.attempts[0] == "delivered"
    assert ach.kinds() == ["contradiction"]


def test_the_credit_of_the_statement_is_the_same_return(ach: Ach) -> None:
    with tenant(ach.company.tenant_id):
        rate = {"base": "USD", "quote": "EUR", "day": date(2026, 11, 19), "rate": "0.9"}
        models.Rate.objects.create(
            id=ach.company.world.ids.new(), tenant_id=ach.company.tenant_id, source="t", **rate
        )
    ach.hears(ach.camt("053", ach.debit(0)))
    ach.answered(ach.returned(0))
    ach.hears(ach.camt("053", ach.back(0, reason="R03"), message_id="N2"))
    assert ach.order(0).returned_minor == ach.amounts[0]
    assert ach.kinds() == ["return"]
