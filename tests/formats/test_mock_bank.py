"""An independent bank program takes the payment files we write, and we read what it writes."""

from __future__ import annotations

import datetime

import pytest

from nostro.domain.balance_gate import balance_verdict
from nostro.domain.money import Money
from nostro.domain.payment_file import NO_AGENT
from nostro.domain.statement import Closing
from tests.formats.payments import batch, cross_border, payment, payment_file
from tests.formats.samples import IBAN, OTHER_IBAN, read, write

messages = pytest.importorskip("mockbank.messages", reason="needs mock-bank")
checks = pytest.importorskip("mockbank.validate", reason="needs mock-bank")

DAY = datetime.date(2026, 11, 19)
AT = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)


@pytest.mark.parametrize("version", ["pain.001.001.09", "pain.001.001.03"])
def test_the_bank_finds_no_fault_in_our_file(version: str) -> None:
    structured = payment(
        end_to_end_id="E2E-2",
        remittance=(),
        creditor_reference="RF18539007547034",
        creditor_reference_kind="SCOR",
        counterparty_agent=NO_AGENT,
    )
    file = payment_file(
        batch(payment(), structured, own_agent=NO_AGENT),
        cross_border(
            payment(end_to_end_id="E2E-3", amount=Money(700, "USD")), batch_id="NOSTRO-1-B2"
        ),
    )
    there, *_, findings = checks.inspect(write("pain_001", file, version=version), today=DAY)
    assert not findings
    assert [(p.end_to_end_id, p.amount, p.currency) for p in there.payments] == [
        ("E2E-1", 123450, "EUR"),
        ("E2E-2", 123450, "EUR"),
        ("E2E-3", 700, "USD"),
    ]


def test_its_refusal_reads_as_a_report() -> None:
    row = {
        "msg_id": "NOSTRO-1",
        "message": "pain.001.001.09",
        "pmt_inf_id": "B1",
        "end_to_end_id": "E2E-1",
        "instruction_id": "",
        "reason": "AC04",
        "reason_text": "account closed",
    }
    (report,) = read("pain_002", messages.write_pain002_rejections([row], "R1", AT))
    (line,) = report.transactions
    assert report.original_message_id == "NOSTRO-1"
    assert (line.original_end_to_end_id, line.status, line.reason) == ("E2E-1", "RJCT", "AC04")
    assert line.original_payment_information_id == "B1"


def test_its_statement_closes() -> None:
    paid = {
        "id": 1,
        "amount": 500,
        "currency": "EUR",
        "msg_id": "NOSTRO-1",
        "end_to_end_id": "E2E-1",
        "pmt_inf_id": "B1",
        "instruction_id": "",
        "creditor_name": "Papier Huber",
        "creditor_iban": OTHER_IBAN,
        "creditor_bic": "",
    }
    back = {**paid, "id": 2, "credit": 1, "return_reason": "AC04"}
    account = {"iban": IBAN, "currency": "EUR", "name": "Vesterholt Group"}
    data = messages.write_camt053(account, DAY, 5, 900, 900, [paid, back], "S1", AT, datetime.UTC)
    (found,) = read("camt_053", data)
    assert balance_verdict(found).verdict is Closing.CLOSES
    assert not found.problems
    assert [entry.amount.minor for entry in found.entries] == [-500, 500]
    returned = found.entries[1].details[0]
    assert (returned.return_reason, returned.counterparty_name) == ("AC04", "Papier Huber")
