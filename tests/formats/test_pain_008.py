"""Direct debits: what the writer refuses, and what a file looks like."""

from __future__ import annotations

from typing import Any

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import Mandate, Method, Party, without_locations
from nostro.formats.iso20022.validation.schema import validate
from tests.formats.payments import (
    CREDITOR_ID,
    DAY,
    batch,
    collecting,
    collection,
    payment_file,
)
from tests.formats.samples import read, write


def refused(file: Any, **options: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        write("pain_008", file, **options)
    assert caught.value.did == "The file was not written."
    assert caught.value.can_do
    return caught.value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mandate": None}, "mandate_missing"),
        ({"mandate": Mandate(mandate_id="", signed_on=DAY)}, "mandate_missing"),
        ({"mandate": Mandate(mandate_id="M")}, "mandate_missing"),
        ({"sequence_type": "RPRE"}, "sequence_type_wrong"),
        ({"local_instrument": "INST"}, "local_instrument_wrong"),
        ({"creditor_id": "DE99ZZZ09999999999"}, "invalid_creditor_id"),
        (
            {"mandate": Mandate(mandate_id="M", signed_on=DAY, original_creditor_id="DE1")},
            "invalid_creditor_id",
        ),
        ({"amount": Money(1, "CHF")}, "sepa_needs_euro"),
        ({"charge_bearer": "DEBT"}, "charge_bearer_not_allowed"),
        ({"counterparty": Party()}, "text_missing"),
        ({"check_number": "1"}, "not_in_message"),
        ({"equivalent": Money(1, "EUR")}, "not_in_message"),
        ({"method": Method.TRANSFER}, "not_in_message"),
        ({"instructions_to_agent": ("HOLD",)}, "not_in_message"),
    ],
)
def test_refuses_rather_than_changes(changes: dict[str, Any], code: str) -> None:
    error = refused(payment_file(collecting(collection(**changes))))
    assert error.code == code
    assert error.location.startswith("payment ")


def test_refuses_batches() -> None:
    assert refused(payment_file(collecting(creditor_id=""))).code == "creditor_id_missing"
    assert refused(payment_file(collecting(sequence_type=""))).code == "sequence_type_wrong"
    assert refused(payment_file(batch())).code == "method_not_of_message"
    timed = payment_file(collecting(requested_time="10:00:00"))
    assert refused(timed).code == "not_in_message"
    assert refused(payment_file(), version="pain.008.001.01").code == "unknown_version"


def text_of(*payments: Any, **options: str) -> str:
    data = write("pain_008", payment_file(collecting(*payments)), **options)
    validate(data)
    return data.decode()


def test_what_a_file_looks_like() -> None:
    text = text_of(collection(creditor_id=CREDITOR_ID, sequence_type="FNAL"))
    assert "<ReqdColltnDt>2026-11-20</ReqdColltnDt>" in text
    scheme = f"<Othr><Id>{CREDITOR_ID}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr>"
    assert text.count(scheme) == 2, "for the batch, and for this payment"
    assert "<MndtId>MANDATE-1</MndtId><DtOfSgntr>2026-11-20</DtOfSgntr></MndtRltdInf>" in text
    assert "<SeqTp>RCUR</SeqTp>" in text
    assert "<SeqTp>FNAL</SeqTp>" in text
    assert "<BIC>BKAUATWW</BIC>" in text_of(version="pain.008.001.02")


def test_a_mandate_that_changed_says_so() -> None:
    changed = Mandate(mandate_id="M-2", signed_on=DAY, original_mandate_id="M-1")
    text = text_of(collection(mandate=changed))
    details = "<AmdmntInfDtls><OrgnlMndtId>M-1</OrgnlMndtId></AmdmntInfDtls>"
    assert f"<AmdmntInd>true</AmdmntInd>{details}" in text
    moved = ("DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlDbtrAcct/Id/Othr/Id", "SMNDA")
    text = text_of(collection(codes=(moved,)))
    assert "<AmdmntInd>true</AmdmntInd><AmdmntInfDtls><OrgnlDbtrAcct>" in text


def test_another_creditor_scheme_is_kept() -> None:
    scheme = ("CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry", "CHDD")
    none = ("CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry", "")
    for code, there in ((scheme, True), (none, False)):
        swiss = collecting(
            service_level="", charge_bearer="", creditor_id="CH1300000000001", codes=(code,)
        )
        file = payment_file(swiss)
        data = write("pain_008", file)
        assert (b"<SchmeNm>" in data) is there
        (again,) = read("pain_008", data)
        assert without_locations(again).batches == file.batches
