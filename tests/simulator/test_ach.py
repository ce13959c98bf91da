"""The simulated bank over ACH: what it takes and refuses, and that its answers can be read."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import msgspec
import pytest

from nostro import formats
from nostro.domain.ach_return import NotificationOfChange, ReturnedEntry
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.problem import Problem
from nostro.formats import Profile
from nostro.formats.american import nacha
from nostro.formats.american.nacha_layout import check_digit
from nostro.simulator.bank import Bank
from nostro.simulator.books import OpenAccount
from nostro.simulator.script import Script, read_script
from nostro.simulator.taking import Fate, Verdict
from tests.formats.samples import write
from tests.simulator.files import MONDAY, TODAY

OURS, OPENING = "246813570", Money(1_000_000, "USD")
ODFI, RDFI = "091000019", "021000021"


def entry(number: int, minor: int = 100_00) -> Payment:
    return Payment(
        end_to_end_id=f"REF{number}",
        amount=Money(minor, "USD"),
        counterparty=Party(name=f"Payee {number}"),
        counterparty_account=BankAccount(number=f"55500{number}", scheme="BBAN", kind="CACC"),
        counterparty_agent=Agent(clearing_system="USABA", member_id=RDFI),
        rail_reference=f"{ODFI[:8]}{number:07d}",
        transaction_code="22",
    )


def ach_file(*entries: Payment, reference: str = "MSG00001") -> bytes:
    batch = PaymentBatch(
        batch_id="0000001",
        method=Method.TRANSFER,
        requested_date=TODAY,
        own=Party(name="VESTERHOLT INC", identifier="1234567890", scheme="CUST"),
        own_agent=Agent(clearing_system="USABA", member_id=ODFI[:8]),
        service_class="220",
        local_instrument="CCD",
        entry_description="PAYMENT",
        payments=entries,
    )
    made = PaymentFile(
        message_id=reference,
        created_at="2026-11-23T09:00",
        initiator=Party(name="VESTERHOLT INC", identifier="1234567890", scheme="CUST"),
        forwarding_agent=Agent(name="GREAT LAKES", clearing_system="USABA", member_id=ODFI),
        codes=(("file_id_modifier", "A"),),
        batches=(batch,),
    )
    return write("nacha", made)


def a_bank(**more: object) -> Bank:
    return Bank(3, now=MONDAY, accounts=[OpenAccount(OURS, OPENING)], **more)  # type: ignore[arg-type]


def read(content: bytes) -> list[object]:
    return list(formats.reader(nacha.FORMAT)(BytesIO(content), Profile()))


def answers(bank: Bank) -> list[object]:
    """What our own reader makes of the bank's ACH files; a problem is a failure."""
    found: list[object] = []
    for message in bank.messages():
        if message.name.endswith(".ach"):
            records = read(message.content)
            assert not [one for one in records if isinstance(one, Problem)], records
            found += [
                one for one in records if isinstance(one, ReturnedEntry | NotificationOfChange)
            ]
    return found


def test_entries_come_back_as_the_script_says_and_the_money_with_them() -> None:
    bank = a_bank(script=Script(payments={"REF1": "R03", "REF2": "C01 1918171"}))
    taken = bank.submit(ach_file(entry(1), entry(2), entry(3)), now=MONDAY)
    assert (taken.verdict, taken.message_id) == (Verdict.TAKEN, "MSG00001")
    bank.run(MONDAY + timedelta(hours=1))
    assert bank.balance(OURS) == OPENING - Money(300_00, "USD")
    bank.run(MONDAY + timedelta(days=3))
    returned, changed = answers(bank)
    assert isinstance(returned, ReturnedEntry)
    assert (returned.reason, returned.entry.amount) == ("R03", Money(100_00, "USD"))
    assert (returned.original_trace, returned.original_rdfi) == (f"{ODFI[:8]}0000001", RDFI[:8])
    assert returned.entry.end_to_end_id == "REF1"
    assert isinstance(changed, NotificationOfChange)
    assert (changed.change_code, changed.account_number) == ("C01", "1918171")
    assert changed.original_trace == f"{ODFI[:8]}0000002"
    assert bank.balance(OURS) == OPENING - Money(200_00, "USD")


@pytest.mark.parametrize(
    ("why", "content"),
    [
        ("a total of another file", ach_file(entry(1)).replace(b"0000010000", b"0000010001", 1)),
        ("a routing number that is none", ach_file(entry(1)).replace(RDFI.encode(), b"021000022")),
        ("cut", ach_file(entry(1))[:300]),
        ("not covered", ach_file(entry(1, OPENING.minor + 1))),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_of_it_is_paid(why: str, content: bytes) -> None:
    bank = a_bank()
    answer = bank.submit(content, now=MONDAY)
    assert (answer.fate, answer.verdict) == (Fate.ANSWERED, Verdict.REFUSED), why
    bank.run(MONDAY + timedelta(days=2))
    assert (bank.balance(OURS), bank.executions()) == (OPENING, {})


def test_a_bank_with_two_accounts_in_dollars_refuses_what_names_none() -> None:
    bank = Bank(3, now=MONDAY, accounts=[OpenAccount(OURS, OPENING), OpenAccount("42", OPENING)])
    answer = bank.submit(ach_file(entry(1)), now=MONDAY)
    assert answer.verdict is Verdict.REFUSED
    assert "2 accounts in dollars" in answer.text


def test_a_file_that_comes_twice_is_paid_twice_unless_the_bank_deduplicates() -> None:
    for deduplicates, times in ((False, 2), (True, 1)):
        bank = a_bank(deduplicates=deduplicates)
        for _ in range(2):
            bank.submit(ach_file(entry(1)), now=MONDAY)
        bank.run(MONDAY + timedelta(days=1))
        assert bank.executions() == {("MSG00001", "REF1"): times}


def test_the_dice_return_entries_too_and_every_answer_can_be_read() -> None:
    bank = a_bank(personality="late_return=500")
    bank.submit(ach_file(*(entry(n, 1_00 + n) for n in range(1, 41))), now=MONDAY)
    bank.run(MONDAY + timedelta(days=9))
    back = [one for one in answers(bank) if isinstance(one, ReturnedEntry)]
    assert 5 < len(back) < 35
    told = sum(one.entry.amount.minor for one in back)
    paid = sum(1_00 + n for n in range(1, 41))
    assert bank.balance(OURS).minor == OPENING.minor - paid + told


def test_words_of_ach_in_a_script() -> None:
    told = read_script(b"payment REF1: R01\npayee 5550002: C01 1918171")
    assert told.for_payment("REF1", "") == {"ach": "R01"}
    assert told.for_payment("X", "5550002") == {"ach": "C01 1918171"}
    assert check_digit(RDFI[:8]) == RDFI[8]
    assert msgspec.to_builtins(told)["payees"] == {"5550002": "C01 1918171"}
