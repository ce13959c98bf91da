"""Requests to take payments back, and answers to them: every version, both ways, nothing lost."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro import formats
from nostro.domain.bank_status import StatusReason
from nostro.domain.cancellation import (
    CancellationAnswer,
    CancellationRequest,
    CancelledBatch,
    CancelledMessage,
    CancelledPayment,
    CaseParty,
    InvestigationCase,
    Outcome,
    outcome_of,
    payments_of,
)
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.records import from_json, to_json
from nostro.formats import Profile
from nostro.formats.iso20022.answers import camt_029, camt_055, camt_056
from nostro.formats.iso20022.answers.camt_055_writer import _plain
from nostro.formats.iso20022.validation.schema import problems, schemas

VERSIONS = [f"camt.055.001.{number}" for number in camt_055.FORMAT.versions]
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
US = CaseParty(name="Vesterholt & Co", bic="BKAUATWW")
BANK = CaseParty(bic="BKAUATWW", name="Musterbank", number="20000", bank=True)
UETR = "9f2b6c1e-5d0a-4f7e-8a3b-2c1d0e9f8a7b"


def read(form: formats.Format, data: bytes) -> list[Any]:
    return list(formats.documents(form, BytesIO(data), Profile()))


def write(request: CancellationRequest, version: str = "camt.055.001.08") -> bytes:
    return formats.writer(camt_055.FORMAT)(request, Profile(options={"version": version}))


def payment(**changes: Any) -> CancelledPayment:
    fields = {
        "end_to_end_id": "E-1",
        "instruction_id": "I-1",
        "cancellation_id": "C-1-1",
        "amount": Money(1025, "EUR"),
        "requested_date": date(2026, 11, 20),
        "reasons": (StatusReason(code="DUPL", texts=("paid twice", "see E-0"), originator="AP"),),
    }
    return CancelledPayment(**{**fields, **changes})


def request(*payments: CancelledPayment, **changes: Any) -> CancellationRequest:
    batch = CancelledBatch(
        batch_id="P-1",
        original_message_id="M-1",
        original_message_name="pain.001.001.09",
        original_transactions=2,
        original_control_sum="20.50",
        payments=payments or (payment(),),
    )
    fields = {
        "assignment_id": "A-1",
        "created_at": "2026-11-20T08:00:00",
        "assigner": US,
        "assignee": BANK,
        "case": InvestigationCase(case_id="CASE-1", creator=US, reopened=False),
        "messages": (CancelledMessage(batches=(batch,)),),
    }
    return CancellationRequest(**{**fields, **changes})


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_reads_back_as_written(version: str) -> None:
    asked = request()
    data = write(asked, version)
    (found,) = read(camt_055.FORMAT, data)
    assert _plain(found) == _plain(asked)
    assert write(found, version) == data
    assert formats.find()["camt_055"].identify(data) == 100
    assert b"<NbOfTxs>1</NbOfTxs><CtrlSum>10.25</CtrlSum></CtrlData>" in data
    (named,) = payments_of(found)
    assert named.location.path == "message 1, batch 1, payment 1"
    again = from_json(to_json(found))
    assert again == found


def test_every_version_that_has_a_schema_is_written() -> None:
    for module in (camt_029, camt_055, camt_056):
        kind = module.FORMAT.name.replace("_", ".")
        held = [name[-2:] for name in schemas() if name.startswith(kind)]
        assert list(module.FORMAT.versions) == held


TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=35,
).filter(lambda text: text == text.strip())
MAYBE = st.just("") | TEXT
DAYS = st.dates(date(1970, 1, 1), date(2099, 12, 31))
MONEY = st.builds(
    Money,
    st.integers(0, 10**15),
    st.sampled_from(["EUR", "JPY", "KWD", "CHF"]),
)
COMPANIES = st.builds(
    CaseParty, name=TEXT, bic=st.sampled_from(["", "BKAUATWW", "DEUTDEFF500"]), number=MAYBE
)
BANKS = st.builds(CaseParty, name=MAYBE, bic=st.just("BKAUATWW"), number=MAYBE, bank=st.just(True))
CASES = st.none() | st.builds(
    InvestigationCase,
    case_id=TEXT,
    creator=COMPANIES | BANKS,
    reopened=st.none() | st.booleans(),
)
CODES = st.sampled_from(["DUPL", "CUST", "FRAD", "TECH"])
REASONS = st.lists(
    st.builds(StatusReason, code=CODES, texts=st.lists(TEXT, max_size=2).map(tuple))
    | st.builds(StatusReason, code=TEXT, proprietary=st.just(True), originator=MAYBE),
    max_size=2,
).map(tuple)
NUMBERS = st.none() | st.integers(0, 10**9)
ORIGINAL = {
    "original_message_id": TEXT,
    "original_message_name": TEXT,
    "original_created_at": st.sampled_from(["", "2026-11-19T10:00:00+01:00"]),
}
PART = {
    "cancellation_id": MAYBE,
    "case": CASES,
    "original_transactions": NUMBERS,
    "original_control_sum": st.sampled_from(["", "20.5", "0"]),
    "reasons": REASONS,
}


def timed(payment: CancelledPayment) -> CancelledPayment:
    if payment.requested_date is None:
        return msgspec.structs.replace(payment, requested_time="")
    return payment


PAYMENTS = st.builds(
    CancelledPayment,
    end_to_end_id=TEXT,
    instruction_id=MAYBE,
    uetr=st.sampled_from(["", UETR]),
    cancellation_id=MAYBE,
    case=CASES,
    amount=st.none() | MONEY,
    requested_date=st.none() | DAYS,
    requested_time=st.sampled_from(["", "10:30:00", "10:30:00.5+02:00"]),
    collection_date=st.none() | DAYS,
    reasons=REASONS,
).map(timed)
SOME = st.lists(PAYMENTS, min_size=1, max_size=3).map(tuple)
BATCHES = st.builds(CancelledBatch, batch_id=TEXT, **ORIGINAL, **PART, payments=SOME) | st.builds(
    CancelledBatch, batch_id=TEXT, **PART, whole=st.just(True)
)
MESSAGES = st.builds(CancelledMessage, **ORIGINAL, **PART, whole=st.just(True)) | st.builds(
    CancelledMessage, batches=st.lists(BATCHES, min_size=1, max_size=2).map(tuple)
)
REQUESTS = st.builds(
    CancellationRequest,
    assignment_id=TEXT,
    created_at=st.sampled_from(["2026-11-20T08:00:00", "2026-11-20T08:00:00Z"]),
    assigner=COMPANIES,
    assignee=BANKS,
    case=CASES,
    messages=st.lists(MESSAGES, min_size=1, max_size=2).map(tuple),
)


@given(asked=REQUESTS, version=st.sampled_from(VERSIONS[7:]))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_asked_is_what_reads_back(asked: CancellationRequest, version: str) -> None:
    data = write(asked, version)
    assert problems(data) == []
    (found,) = read(camt_055.FORMAT, data)
    assert _plain(found) == _plain(asked)
    assert write(found, version) == data


def refusal(asked: Any, version: str = "camt.055.001.08") -> Invalid:
    with pytest.raises(Invalid) as caught:
        write(asked, version)
    return caught.value


def message(**changes: Any) -> CancellationRequest:
    fields: dict[str, Any] = {"original_message_id": "M-1", "original_message_name": "pain.001"}
    return request(messages=(CancelledMessage(**fields, **changes),))


@pytest.mark.parametrize(
    ("asked", "code", "place"),
    [
        ("not a request", "wrong_document", ""),
        (request(between_banks=True), "wrong_document", ""),
        (request(messages=()), "nothing_to_cancel", "message 1"),
        (message(), "nothing_to_cancel", "message 1"),
        (message(batches=(CancelledBatch(batch_id="P"),)), "nothing_to_cancel", "message 1, batch"),
        (
            message(whole=True, batches=(CancelledBatch(batch_id="P", whole=True),)),
            "whole_and_parts",
            "message 1",
        ),
        (request(payment(end_to_end_id=" E")), "text_not_writable", "' E'"),
        (request(payment(end_to_end_id="E\n1")), "text_not_writable", "'E\\n1'"),
        (request(payment(end_to_end_id="E" * 36)), "schema_violation", "TxInf/OrgnlEndToEndId"),
        (request(payment(amount=Money(-1, "EUR"))), "schema_violation", "TxInf/OrgnlInstdAmt"),
        (request(payment(transaction_id="T")), "not_carried", ""),
        (request(payment(codes=(("a", "b"),))), "not_carried", ""),
        (request(payment(end_to_end_id="", instruction_id="")), "not_carried", ""),
        (request(payment(amount=Money(1, "XXQ"))), "unknown_currency", ""),
        (request(payment(reasons=(StatusReason(proprietary=True),))), "not_carried", ""),
        (message(whole=True, payments=()), "", ""),
    ],
)
def test_what_cannot_be_asked_exactly_is_refused(asked: Any, code: str, place: str) -> None:
    if not code:
        assert write(asked)
        return
    refused = refusal(asked)
    assert refused.code == code
    assert place in refused.location
    assert refused.can_do


def test_what_a_version_has_no_place_for_is_refused() -> None:
    assert refusal(request(), "camt.055.001.14").code == "unknown_version"
    assert refusal(request(payment(uetr=UETR)), "camt.055.001.07").code == "schema_violation"
    timely = payment(requested_time="10:30:00")
    assert refusal(request(timely), "camt.055.001.05").code == "schema_violation"
    assert write(request(timely), "camt.055.001.06")


def test_control_sums_are_exact_over_currencies() -> None:
    asked = request(
        payment(amount=Money(1025, "EUR")),
        payment(end_to_end_id="E-2", amount=Money(100, "JPY")),
        payment(end_to_end_id="E-3", amount=Money(1234, "KWD")),
    )
    assert b"<NbOfTxs>3</NbOfTxs><CtrlSum>111.484</CtrlSum></CtrlData>" in write(asked)


def test_totals_that_do_not_fit_are_told() -> None:
    data = write(request())
    for wrong, code in (
        (data.replace(b"<NbOfTxs>1<", b"<NbOfTxs>7<"), "count_differs"),
        (data.replace(b"<CtrlSum>10.25<", b"<CtrlSum>10.24<"), "sum_differs"),
        (data.replace(b"<CtrlSum>10.25<", b"<CtrlSum>ten<"), "sum_differs"),
    ):
        (found,) = read(camt_055.FORMAT, wrong)
        assert [problem.code for problem in found.problems] == [code]
    (found,) = read(camt_055.FORMAT, data.replace(b"<CtrlSum>10.25<", b"<CtrlSum>10.250<"))
    assert found.problems == ()


def test_a_request_between_banks_in_an_envelope() -> None:
    data = f"""<M xmlns="urn:net" xmlns:h="urn:iso:std:iso:20022:tech:xsd:head.001.001.01"
 xmlns:c="urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"><AppHdr><h:CreDt/></AppHdr>
<c:FIToFIPmtCxlReq><c:Assgnmt><c:Id>A-1</c:Id><c:Assgnr><c:Agt><c:FinInstnId><c:BICFI>BKAUATWW
</c:BICFI></c:FinInstnId></c:Agt></c:Assgnr><c:Assgne><c:Agt><c:FinInstnId><c:ClrSysMmbId>
<c:MmbId>021000021</c:MmbId></c:ClrSysMmbId></c:FinInstnId></c:Agt></c:Assgne>
<c:CreDtTm>2026-11-20T08:00:00</c:CreDtTm></c:Assgnmt><c:CtrlData><c:NbOfTxs>2</c:NbOfTxs>
</c:CtrlData><c:Undrlyg><c:TxInf><c:CxlId>C-1</c:CxlId><c:OrgnlGrpInf><c:OrgnlMsgId>M-1
</c:OrgnlMsgId><c:OrgnlMsgNmId>pacs.008.001.08</c:OrgnlMsgNmId></c:OrgnlGrpInf><c:OrgnlTxId>T-1
</c:OrgnlTxId><c:OrgnlUETR>{UETR}</c:OrgnlUETR><c:OrgnlIntrBkSttlmAmt Ccy="USD">7.5
</c:OrgnlIntrBkSttlmAmt><c:OrgnlIntrBkSttlmDt>2026-11-19</c:OrgnlIntrBkSttlmDt><c:CxlRsnInf><c:Rsn>
<c:Cd>FRAD</c:Cd></c:Rsn></c:CxlRsnInf></c:TxInf><c:TxInf><c:CxlId>C-2</c:CxlId></c:TxInf>
</c:Undrlyg></c:FIToFIPmtCxlReq></M>""".encode()
    assert formats.find()["camt_056"].identify(data) == 100
    (found,) = read(camt_056.FORMAT, data)
    assert found.between_banks
    assert found.assignee == CaseParty(number="021000021", bank=True)
    (named,) = payments_of(found)
    assert (named.transaction_id, named.uetr, named.original_message_id) == ("T-1", UETR, "M-1")
    assert (named.settlement_amount, named.settlement_date) == (
        Money(750, "USD"),
        date(2026, 11, 19),
    )
    assert [problem.code for problem in found.problems] == ["reference_missing", "count_differs"]
    assert "<c:CxlId>C-2</c:CxlId>" in found.problems[0].raw


def answer(version: str) -> str:
    number = int(version[-2:])
    bic = "BICFI" if number > 3 else "BIC"
    code = "ARDT" if number > 6 else "CUST"
    party = f"<Agt><FinInstnId><{bic}>BKAUATWW</{bic}></FinInstnId></Agt>"
    case = f"<Id>CASE-1</Id><Cretr>{party}</Cretr>"
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><RsltnOfInvstgtn>
<Assgnmt><Id>R-1</Id><Assgnr>{party}</Assgnr><Assgne>{party}</Assgne>
<CreDtTm>2026-11-20T08:00:00</CreDtTm></Assgnmt><RslvdCase>{case}</RslvdCase>
<Sts><Conf>CNCL</Conf></Sts>
<CxlDtls><OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>
<GrpCxlSts>PACR</GrpCxlSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P-1</OrgnlPmtInfId>
<PmtInfCxlSts>PACR</PmtInfCxlSts><NbOfTxsPerCxlSts><DtldNbOfTxs>1</DtldNbOfTxs><DtldSts>RJCR</DtldSts>
</NbOfTxsPerCxlSts>
<TxInfAndSts><CxlStsId>S-1</CxlStsId><OrgnlEndToEndId>E-1</OrgnlEndToEndId><TxCxlSts>RJCR</TxCxlSts>
<CxlStsRsnInf><Rsn><Cd>{code}</Cd></Rsn><AddtlInf>already returned</AddtlInf></CxlStsRsnInf>
<OrgnlInstdAmt Ccy="EUR">10.25</OrgnlInstdAmt></TxInfAndSts>
</OrgnlPmtInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>"""


@pytest.mark.parametrize("number", camt_029.FORMAT.versions[1:])
def test_every_version_of_an_answer_is_read_whole(number: str) -> None:
    version = f"camt.029.001.{number}"
    data = answer(version).encode()
    assert problems(data) == []
    (found,) = read(camt_029.FORMAT, data)
    assert isinstance(found, CancellationAnswer)
    assert found.case == InvestigationCase(
        case_id="CASE-1", creator=CaseParty(bic="BKAUATWW", bank=True)
    )
    assert found.status == "CNCL"
    assert [told.status for told in (*found.messages, *found.batches)] == ["PACR", "PACR"]
    assert [(c.status, c.transactions) for c in found.batches[0].counts] == [("RJCR", 1)]
    (told,) = found.payments
    assert (told.status, told.end_to_end_id, told.amount) == ("RJCR", "E-1", Money(1025, "EUR"))
    assert (told.original_message_id, told.original_batch_id) == ("M-1", "P-1")
    assert [reason.texts for reason in told.reasons] == [("already returned",)]
    assert found.problems == ()
    assert formats.find()["camt_029"].identify(data) == 100


def test_the_first_version_of_an_answer() -> None:
    data = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.01"><camt.029.001.01>
<Assgnmt><Id>R-1</Id><Assgnr>BKAUATWW</Assgnr><Assgne>DEUTDEFF</Assgne>
<CreDtTm>2008-11-20T08:00:00</CreDtTm></Assgnmt><RslvdCase><Id>C</Id><Cretr>DEUTDEFF</Cretr>
</RslvdCase><Sts><Conf>CNCL</Conf></Sts></camt.029.001.01></Document>"""
    assert problems(data) == []
    (found,) = read(camt_029.FORMAT, data)
    assert (found.assigner.bic, found.case.creator.bic, found.status) == (
        "BKAUATWW",
        "DEUTDEFF",
        "CNCL",
    )


def test_words_of_an_answer() -> None:
    assert outcome_of("CNCL") is Outcome.CANCELLED
    assert outcome_of("RJCR") is Outcome.REFUSED
    assert outcome_of("PDCR") is Outcome.PENDING
    assert outcome_of("PECR") is Outcome.PARTLY
    assert outcome_of("XXXX") is None


@pytest.mark.parametrize("message", ["camt.029", "camt.055", "camt.056"])
def test_real_files_are_read(message: str) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    form = formats.find()[message.replace(".", "_")]
    for path in sorted((CORPUS / message).rglob("*.xml")):
        data = path.read_bytes()
        assert formats.identify(data[: formats.HEAD_BYTES]).name == form.name
        (found,) = read(form, data)
        assert found.assignment_id
