"""What the writer of transfers refuses, and what its reader notices."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_AGENT,
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentFileTrailer,
    without_locations,
)
from nostro.domain.problem import Problem
from nostro.domain.remittance import ReferredDocument
from nostro.formats import Profile
from nostro.formats.iso20022.control_sum import plain_sum
from nostro.formats.iso20022.payments.payment_shortcut import Shortcut
from nostro.formats.iso20022.validation.schema import validate
from tests.formats.payments import (
    ADDRESS,
    DAY,
    OTHER_IBAN,
    QR_IBAN,
    QR_REFERENCE,
    batch,
    cross_border,
    payment,
    payment_file,
)
from tests.formats.samples import read, write

PAIN = formats.find()["pain_001"]


def refused(file: Any, **options: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        write("pain_001", file, **options)
    assert caught.value.did == "The file was not written."
    assert caught.value.can_do
    return caught.value


def refused_reading(data: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read("pain_001", data)
    assert caught.value.location
    return caught.value


def records(data: bytes) -> list[Any]:
    assert PAIN.read
    return list(PAIN.read(BytesIO(data), Profile()))


def creditor(name: str = "Papier Huber", **address: Any) -> dict[str, Any]:
    return {"counterparty": Party(name=name, address=Address(**address))}


def account(iban: str) -> dict[str, Any]:
    return {"counterparty_account": BankAccount(iban=iban)}


def structured(text: str, kind: str = "SCOR", iban: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {
        "creditor_reference": text, "creditor_reference_kind": kind, "remittance": (),
    }  # fmt: skip
    return {**told, **account(iban)} if iban else told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (creditor("A" * 71), "text_too_long"),
        (creditor(""), "text_missing"),
        (creditor("Müller"), "text_not_sepa"),
        (creditor("A & B"), "text_not_sepa"),
        (creditor(" A"), "text_edge_space"),
        ({"remittance": ("A" * 141,)}, "text_too_long"),
        ({"remittance": ("line\nbreak",)}, "text_not_sepa"),
        ({"end_to_end_id": "A" * 36}, "text_too_long"),
        ({"end_to_end_id": "/A"}, "reference_slashes"),
        ({"end_to_end_id": "A//B"}, "reference_slashes"),
        ({"end_to_end_id": ""}, "text_missing"),
        ({"instruction_id": "A" * 36}, "text_too_long"),
        (account("AT611904300234573202"), "invalid_iban"),
        (account("AT61 1904 3002 3457 3201"), "invalid_iban"),
        (account(""), "account_missing"),
        ({"counterparty_account": BankAccount(iban="AT61", number="1")}, "account_missing"),
        ({"counterparty_agent": Agent(bic="COBA")}, "invalid_bic"),
        ({"counterparty_agent": Agent(bic="bkauatww")}, "invalid_bic"),
        ({"counterparty_agent": Agent(clearing_system="USABA")}, "text_missing"),
        (creditor(town="Bonn"), "address_incomplete"),
        (creditor(country="DE"), "address_incomplete"),
        (creditor(town="Bonn", country="D"), "invalid_country"),
        (creditor(lines=("Hauptstrasse 12", "53111 Bonn")), "address_unstructured"),
        (creditor(country="DE", lines=("53111 Bonn",)), "address_unstructured"),
        (creditor(town="Bonn", country="DE", lines=("Hof",)), "address_hybrid_not_allowed"),
        (creditor(town="Bonn" * 9, country="DE"), "text_too_long"),
        ({"amount": Money(0, "EUR")}, "amount_not_positive"),
        ({"amount": Money(-1, "EUR")}, "amount_not_positive"),
        ({"amount": Money(100_000_000_000, "EUR")}, "amount_too_large"),
        ({"amount": Money(1, "CHF")}, "sepa_needs_euro"),
        ({"equivalent": Money(1, "EUR")}, "amount_not_positive"),
        ({"creditor_reference": "RF18539007547034"}, "remittance_twice"),
        ({"remittance": ("A", "B")}, "remittance_twice"),
        (structured("RF19539007547034"), "invalid_creditor_reference"),
        (structured("RF18 53900754"), "invalid_creditor_reference"),
        (structured(""), "text_missing"),
        (structured(QR_REFERENCE, "QRR"), "qr_reference_needs_qr_iban"),
        (structured(QR_REFERENCE[:-1] + "8", "QRR", QR_IBAN), "invalid_qr_reference"),
        (structured("RF18539007547034", "SCOR", QR_IBAN), "qr_iban_needs_qr_reference"),
        ({"uetr": "5A0E0A49-1F3C-4E36-8F0A-2F0C7C1B9A10"}, "invalid_uetr"),
        ({"uetr": "5a0e0a49-1f3c-1e36-8f0a-2f0c7c1b9a10"}, "invalid_uetr"),
        (
            {"ultimate_debtor": Party(identifier="529900T8BM49AURSDO56", scheme="LEI")},
            "invalid_lei",
        ),
        ({"ultimate_debtor": Party(name="A", scheme="CUST")}, "text_missing"),
        ({"charge_bearer": "SHAR"}, "charge_bearer_not_allowed"),
        ({"rail_reference": "0001"}, "not_in_message"),
        ({"transaction_code": "22"}, "not_in_message"),
        ({"sequence_type": "FRST"}, "not_in_message"),
        ({"method": Method.DIRECT_DEBIT}, "not_in_message"),
        ({"codes": (("Nowhere/Id", "1"),)}, "not_in_version"),
        ({"codes": (("Purp[", "1"),)}, "not_in_version"),
        ({"codes": (("Tax/RefNb", "\x01"),)}, "not_in_version"),
        ({"codes": (("Tax/SeqNb", "one"),)}, "schema_violation"),
    ],
)
def test_refuses_rather_than_changes(changes: dict[str, Any], code: str) -> None:
    error = refused(payment_file(batch(payment(**changes))))
    assert error.code == code
    assert error.location.startswith("payment ")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (payment_file(message_id=""), "text_missing"),
        (payment_file(created_at="today"), "invalid_created_at"),
        (payment_file(created_at="2026-11-19"), "invalid_created_at"),
        (payment_file(receiver="COBADEFF"), "not_in_message"),
        (payment_file(batch(charge_bearer="SHAR")), "charge_bearer_not_allowed"),
        (payment_file(cross_border(charge_bearer="SLEV")), "charge_bearer_not_allowed"),
        (payment_file(batch(), batch()), "duplicate_batch_id"),
        (payment_file(batch(payment(), payment())), "duplicate_end_to_end_id"),
        (
            payment_file(
                batch(payment(instruction_id="I"), payment(end_to_end_id="2", instruction_id="I"))
            ),
            "duplicate_instruction_id",
        ),
        (payment_file(batch(method=Method.DIRECT_DEBIT)), "method_not_of_message"),
        (payment_file(batch(creditor_id="X")), "not_in_message"),
        (payment_file(batch(entry_description="PAYROLL")), "not_in_message"),
        (payment_file(batch(requested_date=None)), "date_missing"),
        (payment_file(batch(own_account=BankAccount())), "account_missing"),
        (
            payment_file(
                cross_border(
                    payment(documents=(ReferredDocument(number="1", paid=Money(-1, "EUR")),))
                )
            ),
            "document_amount_negative",
        ),
    ],
)
def test_refuses_files_and_batches(file: Any, code: str) -> None:
    assert refused(file).code == code


def test_refuses_an_empty_file_and_an_unknown_version() -> None:
    empty = msgspec.structs.replace(batch(), payments=())
    assert refused(payment_file(empty)).code == "empty_payment_file"
    assert refused(payment_file(), version="pain.001.001.02").code == "unknown_version"


def test_what_a_version_has_no_place_for_is_refused() -> None:
    uetr = payment(uetr="5a0e0a49-1f3c-4e36-8f0a-2f0c7c1b9a10")
    room = payment(**creditor(town="Bonn", country="DE", room="5"))
    timed = batch(requested_time="10:00:00")
    for file in (payment_file(batch(uetr)), payment_file(batch(room)), payment_file(timed)):
        assert refused(file, version="pain.001.001.03").code == "not_in_version"
        assert write("pain_001", file)


def test_options_of_the_bank() -> None:
    hybrid = creditor(town="Bonn", country="DE", lines=("Hof 3", "Haus 2"))
    (again,) = read("pain_001", write("pain_001", payment_file(batch(payment(**hybrid))),
                                      hybrid_allowed=True))  # fmt: skip
    assert again.batches[0].payments[0].counterparty == hybrid["counterparty"]
    three = creditor(town="Bonn", country="DE", lines=("1", "2", "3"))
    file = payment_file(batch(payment(**three)))
    assert refused(file, hybrid_allowed=True).code == "address_too_many_lines"
    no_bank = payment_file(batch(payment(counterparty_agent=NO_AGENT)))
    assert refused(no_bank, bic_demanded=True).code == "bic_missing"
    cut = payment_file(batch(payment(end_to_end_id="A" * 20), payment(end_to_end_id="A" * 21)))
    assert write("pain_001", cut)
    assert refused(cut, reference_length=16).code == "reference_not_unique_when_cut"
    accented = payment_file(batch(payment(**creditor("Müller & Söhne <1>"))))
    (again,) = read("pain_001", write("pain_001", accented, characters="utf8"))
    assert again.batches[0].payments[0].counterparty.name == "Müller & Söhne <1>"
    control = payment_file(batch(payment(**creditor("A\x85B\nC"))))
    assert refused(control, characters="utf8").code == "text_with_control"
    with pytest.raises(Invalid, match="unknown field"):
        write("pain_001", payment_file(), iban="x")


def test_several_payments_without_an_id_are_fine() -> None:
    none = payment(end_to_end_id="NOTPROVIDED")
    assert write("pain_001", payment_file(batch(none, none)))


def test_longer_names_go_across_borders() -> None:
    name = "A" * 140
    (file,) = read(
        "pain_001", write("pain_001", payment_file(cross_border(payment(**creditor(name)))))
    )
    assert file.batches[0].payments[0].counterparty.name == name


def test_a_qr_bill_is_paid() -> None:
    bill = structured(QR_REFERENCE, "QRR", QR_IBAN)
    file = payment_file(cross_border(payment(amount=Money(100, "CHF"), **bill)))
    (again,) = read("pain_001", write("pain_001", file))
    assert without_locations(again).batches == file.batches


def text_of(*batches: PaymentBatch, **options: str) -> str:
    data = write("pain_001", payment_file(*batches), **options)
    validate(data)
    return data.decode()


def test_what_a_sepa_batch_looks_like() -> None:
    text = text_of(batch(own_agent=NO_AGENT))
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


def test_what_instant_and_cross_border_look_like() -> None:
    instant = text_of(batch(local_instrument="INST"))
    assert "<SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>INST</Cd></LclInstrm>" in instant
    text = text_of(cross_border(payment(amount=Money(1500, "JPY"))))
    assert "SvcLvl" not in text
    assert '<InstdAmt Ccy="JPY">1500</InstdAmt>' in text


def test_a_fault_that_the_schema_finds_names_its_payment() -> None:
    """Also beyond the first thousand, which are checked together."""
    many = [payment(end_to_end_id=f"E{n}") for n in range(1500)]
    many[1234] = payment(end_to_end_id="WRONG", codes=(("Tax/SeqNb", "one"),))
    error = refused(payment_file(batch(*many)))
    assert (error.code, error.location) == ("schema_violation", "payment WRONG")


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
        ("InstdAmt", "OtherAmt", "amount_missing"),
        ('<InstdAmt Ccy="EUR">1234.50', '<InstdAmt Ccy="EUR">-1.00', "amount_negative"),
        (">1234.50</InstdAmt>", ">1e3</InstdAmt>", "amount_not_a_number"),
        (">1234.50</InstdAmt>", ">1.505</InstdAmt>", "amount_too_fine"),
        ('Ccy="EUR"', 'Ccy="ABC"', "unknown_currency"),
    ],
)
def test_one_bad_payment_hides_no_other(old: str, new: str, code: str) -> None:
    text = text_of(batch(payment(), payment(end_to_end_id="E2E-2", amount=Money(1, "EUR"))))
    changed = text.replace(old, new, 1)
    if old == "InstdAmt":
        changed = changed.replace("</InstdAmt>", "</OtherAmt>", 1)
    _, _, problem, good, trailer = records(changed.encode())
    assert isinstance(problem, Problem)
    assert (problem.code, problem.raw) == (code, "E2E-1")
    assert str(problem.location) == "line 4, batch 1, payment 1"
    assert isinstance(good, Payment)
    assert trailer == PaymentFileTrailer(
        payments=2, sums=(Money(1, "EUR"),), location=trailer.location
    )


def test_a_batch_without_a_date_has_no_payments_to_use() -> None:
    text = text_of(batch(), batch(payment(end_to_end_id="2"), batch_id="B2"))
    changed = text.replace("<Dt>2026-11-20</Dt>", "<Dt>soon</Dt>", 1)
    codes = [r.code for r in records(changed.encode()) if isinstance(r, Problem)]
    assert codes == ["date_unreadable"]
    assert refused_reading(changed.encode()).code == "date_unreadable"


def test_what_is_said_too_late_is_said() -> None:
    text = text_of(batch())
    late = text.replace("</PmtInf>", "<BtchBookg>true</BtchBookg></PmtInf>")
    *_, problem, _ = records(late.encode())
    assert isinstance(problem, Problem)
    assert (problem.code, problem.raw) == ("element_out_of_place", "true")


def test_other_versions_and_prefixes_are_read() -> None:
    old = (
        '<x:Document xmlns:x="urn:swift:xsd:$pain.001.001.02"><x:pain.001.001.02>'
        "<x:GrpHdr><x:MsgId>1</x:MsgId><x:Grpg>MIXD</x:Grpg></x:GrpHdr><x:PmtInf>"
        "<x:ReqdExctnDt>2026-11-20</x:ReqdExctnDt><x:DbtrAcct><x:Id><x:BBAN>77</x:BBAN></x:Id>"
        "</x:DbtrAcct><x:CdtTrfTxInf><x:PmtId><x:EndToEndId>E</x:EndToEndId></x:PmtId><x:Amt>"
        '<x:InstdAmt Ccy="EUR">1.00</x:InstdAmt></x:Amt><x:CdtrAgt><x:FinInstnId><x:BIC>COBADEFF'
        "</x:BIC></x:FinInstnId></x:CdtrAgt></x:CdtTrfTxInf></x:PmtInf></x:pain.001.001.02>"
        "</x:Document>"
    )
    (file,) = read("pain_001", old.encode())
    assert file.version == "pain.001.001.02"
    assert file.codes == (("Grpg", "MIXD"),)
    (one,) = file.batches
    assert one.own_account == BankAccount(number="77", scheme="BBAN")
    assert one.payments[0].counterparty_agent == Agent(bic="COBADEFF")
    assert one.payments[0].counterparty == NOBODY
    assert one.requested_date == DAY


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


def the_long_way(monkeypatch: pytest.MonkeyPatch, file: Any, **options: Any) -> bytes | str:
    with monkeypatch.context() as patch:
        patch.setattr(Shortcut, "written", lambda *_: None)
        return outcome(file, **options)


def outcome(file: Any, **options: Any) -> bytes | str:
    try:
        return write("pain_001", file, **options)
    except Invalid as refusal:
        return refusal.code


SHORT = st.sampled_from(["A", "", "Müller", " A", "A\nB", "\n", "A" * 71, "A" * 141, "/A", "A//B"])


@given(data=st.data(), demanded=st.booleans(), sepa=st.booleans())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_both_ways_to_write_are_one(
    monkeypatch: pytest.MonkeyPatch, data: Any, demanded: bool, sepa: bool
) -> None:
    """The shortcut for typical payments writes, and refuses, what the long way does."""
    town = data.draw(st.sampled_from([("Bonn", "DE"), ("", ""), ("Bonn", ""), ("\n", "DE")]))
    agents_ = st.sampled_from([NO_AGENT, Agent(bic="COBADEFF"), Agent(bic="COBADEFF", name="A")])
    accounts_ = st.sampled_from([OTHER_IBAN, QR_IBAN, "AT611904300234573202", ""])
    odd = payment(
        end_to_end_id=data.draw(SHORT),
        counterparty=Party(
            name=data.draw(SHORT),
            address=Address(street=data.draw(SHORT), town=town[0], country=town[1]),
        ),
        counterparty_account=BankAccount(iban=data.draw(accounts_)),
        counterparty_agent=data.draw(agents_),
        amount=Money(data.draw(st.sampled_from([1, 0, 10**11])), data.draw(CURRENCIES)),
        remittance=data.draw(st.sampled_from([(), ("A",), ("",), ("A", "B"), (" ",)])),
    )
    good = payment(end_to_end_id="GOOD", counterparty_agent=Agent(bic="COBADEFF"))
    make = batch if sepa else cross_border
    file = payment_file(make(good, odd, payment(end_to_end_id="LAST")))
    options = {"bic_demanded": demanded}
    assert outcome(file, **options) == the_long_way(monkeypatch, file, **options)


CURRENCIES = st.sampled_from(["EUR", "JPY", "CHF"])
