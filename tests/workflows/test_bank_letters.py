"""The letter to the bank says what we have stored about the file: ids, digests, times, payments."""

from __future__ import annotations

import hashlib
import re

import pytest

from nostro.domain.errors import InDoubt, Refused
from nostro.domain.policies.recall import RecallReason
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import bank_letter, cancelling, dispatch
from nostro.workflows.cancelling import Wish
from tests.letters.test_bank_letter import read
from tests.workflows.company import Company


def words(content: bytes) -> str:
    return re.sub(r"\s+", " ", read(content, "pdftotext", "-layout"))


def test_an_enquiry_about_a_file_in_doubt(company: Company) -> None:
    company.bank.outcomes = [InDoubt("cut", "The connection was cut.")]
    submission_id, ids = company.send(2)
    told = words(bank_letter.enquiry(company.acting(company.cy), submission_id))
    (outgoing,) = company.bank.received
    rows = company.orders(ids)
    for part in (
        outgoing.message_id,
        outgoing.file_name,
        hashlib.sha256(outgoing.content).hexdigest(),
        f"{len(outgoing.content):,} bytes",
        "DE Müller GmbH",
        "Cy Treasurer",
        "Test partner",
        company.accounts["DE-EUR"],
        "2 payments, in all 200.01 EUR",
        "Connection lost",
        "Left us",
        *(row.instruction.end_to_end_id for row in rows),
    ):
        assert part in told, part


def test_a_recall_names_only_what_is_asked_back(company: Company) -> None:
    _, ids = company.send(3)
    wish = Wish(reason=RecallReason.DUPLICATE, text="sent twice")
    done = cancelling.take_back(company.acting(), company.maker, ids[:2], wish)
    told = words(bank_letter.recall(company.acting(company.cy), done.recalled[ids[0]]))
    names = [row.instruction.end_to_end_id for row in company.orders(ids)]
    assert "2 payments" in told
    assert [name in told for name in names] == [True, True, False]
    assert bank_letter.case_number(done.recalled[ids[0]]) in told
    assert "Recall asked for" in told


def test_what_carries_no_payments_has_no_letter(company: Company) -> None:
    _, (order_id,) = company.send()
    wish = Wish(reason=RecallReason.CUSTOMER, text="x")
    done = cancelling.take_back(company.acting(), company.maker, [order_id], wish)
    with tenant(company.tenant_id):
        request_id = models.Case.objects.get(id=done.recalled[order_id]).request_id
    assert request_id
    dispatch.attend(company.job, request_id)
    with pytest.raises(Refused) as caught:
        bank_letter.enquiry(company.acting(), request_id)
    assert caught.value.code == "no_payment_file"
    with pytest.raises(Refused) as caught:
        bank_letter.enquiry(company.acting(), company.bank_id)
    assert caught.value.code == "submission_unknown"
    with pytest.raises(Refused) as caught:
        bank_letter.recall(company.acting(), company.bank_id)
    assert caught.value.code == "case_unknown"
