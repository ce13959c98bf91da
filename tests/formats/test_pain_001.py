"""What the payment file writer refuses, and what its reader notices."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import Batch, ChargeBearer
from nostro.formats.iso20022.pain_001 import plain_sum, validate
from tests.formats.samples import (
    ADDRESS,
    batch,
    cross_border,
    instruction,
    payment_file,
    read,
    write,
)


def refused(file: Any, **options: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        write("pain_001", file, **options)
    assert caught.value.did == "The file was not written."
    return caught.value


def refused_reading(data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read("pain_001", data)
    assert caught.value.location
    return caught.value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"creditor_name": "A" * 71}, "text_too_long"),
        ({"creditor_name": ""}, "text_missing"),
        ({"creditor_name": "Müller"}, "text_not_sepa"),
        ({"creditor_name": "A & B"}, "text_not_sepa"),
        ({"creditor_name": " A"}, "text_edge_space"),
        ({"remittance": "A" * 141}, "text_too_long"),
        ({"remittance": "line\nbreak"}, "text_not_sepa"),
        ({"end_to_end_id": "A" * 36}, "text_too_long"),
        ({"end_to_end_id": "/A"}, "reference_slashes"),
        ({"end_to_end_id": "A//B"}, "reference_slashes"),
        ({"creditor_iban": "AT611904300234573202"}, "invalid_iban"),
        ({"creditor_iban": "AT61 1904 3002 3457 3201"}, "invalid_iban"),
        ({"creditor_bic": "COBA"}, "invalid_bic"),
        ({"creditor_bic": "bkauatww"}, "invalid_bic"),
        ({"creditor_address": PostalAddress(town="Bonn")}, "address_incomplete"),
        ({"creditor_address": PostalAddress(country="DE")}, "address_incomplete"),
        ({"creditor_address": PostalAddress(town="Bonn", country="D")}, "invalid_country"),
        ({"amount": Money(0, "EUR")}, "amount_not_positive"),
        ({"amount": Money(-1, "EUR")}, "amount_not_positive"),
        ({"amount": Money(100_000_000_000, "EUR")}, "amount_too_large"),
        ({"amount": Money(1, "CHF")}, "sepa_needs_euro"),
        ({"creditor_reference": "RF18539007547034"}, "remittance_twice"),
        (
            {"creditor_reference": "RF19539007547034", "remittance": ""},
            "invalid_creditor_reference",
        ),
        ({"creditor_reference": "RF18 53900754", "remittance": ""}, "invalid_creditor_reference"),
    ],
)
def test_refuses_rather_than_changes(changes: dict[str, Any], code: str) -> None:
    error = refused(payment_file(batch(instruction(**changes))))
    assert error.code == code
    assert error.location.startswith("payment ")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (payment_file(message_id=""), "text_missing"),
        (payment_file(created_at="today"), "invalid_created_at"),
        (payment_file(created_at="2026-11-19"), "invalid_created_at"),
        (payment_file(batch(charge_bearer=ChargeBearer.SHAR)), "charge_bearer_not_allowed"),
        (payment_file(cross_border(charge_bearer=ChargeBearer.SLEV)), "charge_bearer_not_allowed"),
        (payment_file(batch(), batch()), "duplicate_batch_id"),
        (payment_file(batch(instruction(), instruction())), "duplicate_end_to_end_id"),
        (
            payment_file(cross_border(instruction(creditor_address=PostalAddress()))),
            "address_incomplete",
        ),
    ],
)
def test_refuses_files_and_batches(file: Any, code: str) -> None:
    assert refused(file).code == code


def test_refuses_an_empty_file_and_an_unknown_version() -> None:
    empty = msgspec.structs.replace(batch(), instructions=())
    assert refused(payment_file(empty)).code == "empty_payment_file"
    assert refused(payment_file(), version="pain.001.001.11").code == "unknown_version"


def test_longer_names_go_across_borders() -> None:
    name = "A" * 140
    file = payment_file(cross_border(instruction(creditor_name=name)))
    assert read("pain_001", write("pain_001", file))[0].creditor_name == name


def text_of(*batches: Batch, **options: str) -> str:
    data = write("pain_001", payment_file(*batches), **options)
    validate(data)
    return data.decode()


def test_what_a_sepa_batch_looks_like() -> None:
    text = text_of(batch(debtor_bic=""))
    assert "<SvcLvl><Cd>SEPA</Cd></SvcLvl>" in text
    assert "<ChrgBr>SLEV</ChrgBr>" in text
    assert "<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>" in text
    assert "<ReqdExctnDt><Dt>2026-11-20</Dt></ReqdExctnDt>" in text
    assert "<BICFI>BKAUATWW</BICFI>" in text
    assert "AdrLine" not in text
    assert f"<TwnNm>{ADDRESS.town}</TwnNm><Ctry>DE</Ctry>" in text


def test_what_the_old_version_looks_like() -> None:
    text = text_of(batch(), version="pain.001.001.03")
    assert "<ReqdExctnDt>2026-11-20</ReqdExctnDt>" in text
    assert "<BIC>BKAUATWW</BIC>" in text


def test_across_borders_there_is_no_sepa_service_level() -> None:
    text = text_of(cross_border(instruction(amount=Money(1500, "JPY"))))
    assert "SvcLvl" not in text
    assert '<InstdAmt Ccy="JPY">1500</InstdAmt>' in text


def test_the_control_sum_adds_currencies_as_plain_decimals() -> None:
    amounts = [Money(150, "EUR"), Money(1000, "JPY"), Money(1, "KWD"), Money(1, "CLF")]
    assert plain_sum(amounts) == "1001.5011"
    assert plain_sum([Money(100, "EUR")]) == "1.00"
    assert plain_sum([]) == "0.00"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<CtrlSum>1234.50", "<CtrlSum>1234.51"),
        ("<CtrlSum>1234.50", "<CtrlSum>many"),
        ("<NbOfTxs>1<", "<NbOfTxs>2<"),
        ("<NbOfTxs>1<", "<NbOfTxs>one<"),
        ('"EUR">1234.50', '"EUR">1234.49'),
    ],
)
@pytest.mark.parametrize("level", ["batch", "file"])
def test_wrong_counts_and_sums_are_noticed(old: str, new: str, level: str) -> None:
    text = text_of(batch())
    at = text.index(old) if level == "file" else text.rindex(old)
    changed = text[:at] + new + text[at + len(old) :]
    assert refused_reading(changed.encode()).code == "control_sum_mismatch"


def test_a_control_sum_may_be_written_another_way() -> None:
    text = text_of(batch()).replace("<CtrlSum>1234.50<", "<CtrlSum>1234.5<")
    assert len(read("pain_001", text.encode())) == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<Dt>2026-11-20</Dt>", "<Dt>soon</Dt>", "date_unreadable"),
        ("InstdAmt", "OtherAmt", "amount_missing"),
        (
            '<InstdAmt Ccy="EUR">1234.50</InstdAmt>',
            "<EqvtAmt><Amt>1</Amt></EqvtAmt>",
            "equivalent_amount",
        ),
        (">1234.50</InstdAmt>", ">1e3</InstdAmt>", "amount_not_a_number"),
        ('Ccy="EUR"', 'Ccy="ABC"', "unknown_currency"),
    ],
)
def test_what_cannot_be_paid_as_written_is_refused(old: str, new: str, code: str) -> None:
    error = refused_reading(text_of(batch()).replace(old, new).encode())
    assert error.code == code
    assert error.location == "line 4, batch 1, payment 1"


def test_the_schema_is_checked_with_a_line() -> None:
    data = write("pain_001", payment_file())
    for wrong, code in (
        (data.replace(b"TRF", b"FRT"), "schema_violation"),
        (data.replace(b"pain.001.001.09", b"pain.001.001.99"), "schema_unknown"),
        (b"<!DOCTYPE x>" + data.partition(b"\n")[2], "doctype_refused"),
        (data[:-20], "file_cut"),
        (
            data.replace(b"<PmtMtd>", b"<x:PmtMtd>").replace(b"</PmtMtd>", b"</x:PmtMtd>"),
            "not_well_formed",
        ),
    ):
        with pytest.raises(Invalid) as caught:
            validate(wrong)
        assert caught.value.code == code
        assert caught.value.location.startswith("line ")
