"""What a bank says about our payment files: every version, every word, nothing lost."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest

from nostro import formats
from nostro.domain.attempt import AttemptMove
from nostro.domain.bank_status import StatusReport, move_of
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.formats import Profile
from nostro.formats.iso20022.answers import pain_002
from nostro.formats.iso20022.validation.schema import problems

VERSIONS = [f"pain.002.001.{number}" for number in pain_002.FORMAT.versions]


def read(text: str, **options: Any) -> list[StatusReport]:
    profile = Profile(options=options)
    return list(formats.documents(pain_002.FORMAT, BytesIO(text.encode()), profile))


def report(version: str, inside: str, group: str = "<GrpSts>PART</GrpSts>") -> str:
    old = version.endswith(".02")
    element = version if old else "CstmrPmtStsRpt"
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{element}>
<GrpHdr><MsgId>R-1</MsgId><CreDtTm>2026-11-20T08:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>
<OrgnlNbOfTxs>3</OrgnlNbOfTxs><OrgnlCtrlSum>30.5</OrgnlCtrlSum>{group}
</OrgnlGrpInfAndSts>
{inside}
</{element}></Document>
"""


def line(version: str) -> str:
    """One payment with all that this version can say of it."""
    number = int(version[-2:])
    reason = ("StsRsn", "AddtlStsRsnInf") if number == 2 else ("Rsn", "AddtlInf")
    amount = "ChrgsAmt" if number == 2 else "Amt"
    bic = "BICFI" if number > 3 else "BIC"
    payer = "ChrgsPty" if number == 2 else ("Pty" if number == 3 else "Agt")
    told = "" if number == 2 else "<AcctSvcrRef>BANK-7</AcctSvcrRef><ClrSysRef>CLR-7</ClrSysRef>"
    uetr = "<OrgnlUETR>9f2b6c1e-5d0a-4f7e-8a3b-2c1d0e9f8a7b</OrgnlUETR>" if number > 9 else ""
    day = (
        "<ReqdExctnDt><Dt>2026-11-20</Dt></ReqdExctnDt>"
        if number > 7
        else ("<ReqdExctnDt>2026-11-20</ReqdExctnDt>")
    )
    open_party, close_party = ("<Pty>", "</Pty>") if number > 8 else ("", "")
    return (
        "<TxInfAndSts><StsId>S-1</StsId><OrgnlInstrId>I-1</OrgnlInstrId>"
        f"<OrgnlEndToEndId>E-1</OrgnlEndToEndId>{uetr}<TxSts>RJCT</TxSts>"
        f"<StsRsnInf><{reason[0]}><Cd>AC04</Cd></{reason[0]}>"
        f"<{reason[1]}>account</{reason[1]}><{reason[1]}>closed</{reason[1]}></StsRsnInf>"
        f"<StsRsnInf><{reason[0]}><Prtry>X7</Prtry></{reason[0]}></StsRsnInf>"
        f"<ChrgsInf><{amount} Ccy='EUR'>1.50</{amount}><{payer}><FinInstnId><{bic}>BKAUATWW"
        f"</{bic}></FinInstnId></{payer}></ChrgsInf>"
        f"<AccptncDtTm>2026-11-20T07:59:00</AccptncDtTm>{told}"
        f"<OrgnlTxRef><Amt><InstdAmt Ccy='EUR'>10.25</InstdAmt></Amt>{day}"
        f"<Cdtr>{open_party}<Nm>Papier Huber</Nm>{close_party}</Cdtr><CdtrAcct><Id>"
        "<IBAN>AT611904300234573201</IBAN></Id></CdtrAcct></OrgnlTxRef></TxInfAndSts>"
    )


def inside(version: str, lines: str) -> str:
    if version.endswith(".02"):
        return lines
    return (
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P-1</OrgnlPmtInfId><OrgnlNbOfTxs>2</OrgnlNbOfTxs>"
        f"<OrgnlCtrlSum>20.25</OrgnlCtrlSum>{lines}</OrgnlPmtInfAndSts>"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read_whole(version: str) -> None:
    text = report(version, inside(version, line(version)))
    assert problems(text.encode()) == []
    (found,) = read(text)
    assert (found.message_id, found.original_message_id) == ("R-1", "M-1")
    assert (found.original_transactions, found.original_control_sum) == (3, "30.5")
    (told,) = found.transactions
    assert (told.status, told.reason, told.reason_text) == (
        "RJCT",
        "AC04",
        "(also X7) account closed",
    )
    assert [(r.code, r.proprietary, r.texts) for r in told.reasons] == [
        ("AC04", False, ("account", "closed")),
        ("X7", True, ()),
    ]
    assert told.original_end_to_end_id == "E-1"
    assert told.original_payment_information_id == ("" if version.endswith("02") else "P-1")
    assert told.original_amount == Money(1025, "EUR")
    assert told.original_date == date(2026, 11, 20)
    assert told.original_creditor == "Papier Huber"
    assert told.original_creditor_account == "AT611904300234573201"
    assert told.accepted_at == "2026-11-20T07:59:00"
    assert [(c.amount, c.agent) for c in told.charges] == [(Money(150, "EUR"), "BKAUATWW")]
    if not version.endswith("02"):
        assert (told.bank_reference, told.clearing_reference) == ("BANK-7", "CLR-7")
        assert found.batches[0].original_transactions == 2
    assert found.problems == ()
    assert told.location.line == told.line == 6


def test_counts_and_originators_and_what_has_no_field() -> None:
    group = (
        "<GrpSts>PART</GrpSts><StsRsnInf><Orgtr><Id><OrgId><AnyBIC>BKAUATWW</AnyBIC></OrgId></Id>"
        "</Orgtr><Rsn><Cd>AM10</Cd></Rsn></StsRsnInf>"
        "<NbOfTxsPerSts><DtldNbOfTxs>2</DtldNbOfTxs><DtldSts>ACSC</DtldSts>"
        "<DtldCtrlSum>20.25</DtldCtrlSum></NbOfTxsPerSts>"
        "<NbOfTxsPerSts><DtldNbOfTxs>1</DtldNbOfTxs><DtldSts>XXXX</DtldSts></NbOfTxsPerSts>"
    )
    one = (
        "<TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId><TxSts>WAIT</TxSts><OrgnlTxRef><Amt>"
        "<EqvtAmt><Amt Ccy='EUR'>5</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt></Amt></OrgnlTxRef>"
        "</TxInfAndSts>"
    )
    (found,) = read(report("pain.002.001.12", inside("pain.002.001.12", one), group))
    assert [(c.status, c.transactions, c.control_sum) for c in found.counts] == [
        ("ACSC", 2, "20.25"),
        ("XXXX", 1, ""),
    ]
    assert found.group_reasons[0].originator == "BKAUATWW"
    told = found.transactions[0]
    assert told.status == "WAIT"
    assert told.codes == (
        ("OrgnlTxRef/Amt/EqvtAmt/Amt@Ccy", "EUR"),
        ("OrgnlTxRef/Amt/EqvtAmt/Amt", "5"),
        ("OrgnlTxRef/Amt/EqvtAmt/CcyOfTrf", "USD"),
    )


def test_a_payment_without_any_id_is_left_out_and_the_others_are_read() -> None:
    good = "<TxInfAndSts><OrgnlEndToEndId>E-{}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>\n"
    bad = "<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>\n"
    lines = good.format(1) + bad + good.format(3)
    (found,) = read(report("pain.002.001.03", inside("pain.002.001.03", lines)))
    assert [told.original_end_to_end_id for told in found.transactions] == ["E-1", "E-3"]
    (problem,) = found.problems
    assert (problem.code, problem.severity) == ("reference_missing", "error")
    assert str(problem.location) == "line 7, batch 1, transaction 2"
    assert problem.raw == bad.strip()


def test_what_cannot_be_used_is_told_and_kept() -> None:
    one = (
        "<TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId><ChrgsInf><Amt Ccy='EUR'>x</Amt>"
        "<Agt><FinInstnId><BICFI>BKAUATWW</BICFI></FinInstnId></Agt></ChrgsInf><OrgnlTxRef><Amt>"
        "<InstdAmt Ccy='JPY'>10.5</InstdAmt></Amt><ReqdExctnDt>soon</ReqdExctnDt></OrgnlTxRef>"
        "</TxInfAndSts>"
    )
    (found,) = read(report("pain.002.001.10", inside("pain.002.001.10", one), ""))
    assert [problem.code for problem in found.problems] == [
        "amount_unreadable",
        "amount_unreadable",
        "date_unreadable",
        "status_missing",
    ]
    (told,) = found.transactions
    assert (told.original_amount, told.original_date, told.charges) == (None, None, ())
    assert told.codes == (
        ("charge/amount", "EUR x"),
        ("charge/agent", "BKAUATWW"),
        ("amount", "JPY 10.5"),
        ("execution", "soon"),
    )


def test_two_original_messages_in_one_report_are_two_reports() -> None:
    version = "pain.002.001.10"
    two = report(version, inside(version, line(version))).replace(
        "</CstmrPmtStsRpt>",
        "<OrgnlGrpInfAndSts><OrgnlMsgId>M-2</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
        + inside(version, "<TxInfAndSts><OrgnlEndToEndId>E-2</OrgnlEndToEndId></TxInfAndSts>")
        + "</CstmrPmtStsRpt>",
    )
    first, second = read(two)
    assert [told.original_end_to_end_id for told in first.transactions] == ["E-1"]
    assert [told.original_end_to_end_id for told in second.transactions] == ["E-2"]
    assert (first.group_status, second.group_status) == ("PART", "RJCT")
    assert second.original_message_id == "M-2"


@pytest.mark.parametrize(
    ("group", "lines", "codes"),
    [
        ("", "", ["status_missing"]),
        ("", "<TxInfAndSts><OrgnlInstrId>I</OrgnlInstrId></TxInfAndSts>", ["status_missing"]),
        ("<GrpSts>ACCP</GrpSts>", "<TxInfAndSts><OrgnlInstrId>I</OrgnlInstrId></TxInfAndSts>", []),
    ],
)
def test_a_report_that_says_nothing_is_told(group: str, lines: str, codes: list[str]) -> None:
    (found,) = read(report("pain.002.001.03", inside("pain.002.001.03", lines), group))
    assert [problem.code for problem in found.problems] == codes


def test_a_bank_s_habits_are_data() -> None:
    version = "pain.002.001.03"
    text = report(version, inside(version, line(version)))
    (plain,) = read(text)
    assert (plain.unlisted, plain.meanings) == ("", ())
    (told,) = read(text, unlisted="accepted", statuses={"OKAY": "execute", "ACCP": ""})
    assert told.unlisted == "accepted"
    meanings = dict(told.meanings)
    assert move_of("OKAY", "", meanings) is AttemptMove.EXECUTE
    assert move_of("ACCP", "", meanings) is None
    assert move_of("RCVD", "", meanings) is AttemptMove.RECEIVE
    for wrong in ({"unlisted": "yes"}, {"statuses": {"X": "dance"}}, {"other": "1"}):
        with pytest.raises(Invalid) as caught:
            read(text, **wrong)
        assert caught.value.code == "profile_option_wrong"


def test_an_envelope_and_prefixes_change_nothing() -> None:
    version = "pain.002.001.10"
    text = report(version, inside(version, line(version)))
    wrapped = f"<E xmlns='urn:bank'><AppHdr/>{text}</E>".replace("\n", " ")
    plain, other = read(text)[0], read(wrapped)[0]
    assert plain.transactions[0].reasons == other.transactions[0].reasons
    assert formats.find()["pain_002"].identify(wrapped.encode()) == 100
