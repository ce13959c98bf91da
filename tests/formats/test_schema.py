"""Whether a file is in the form that its official schema asks for, and if not, where."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest

from nostro.domain.errors import Invalid
from nostro.formats.iso20022.validation import schema
from nostro.formats.iso20022.validation.schema import PROBLEMS_MAX, problems, schemas, validate

SPACE = "urn:iso:std:iso:20022:tech:xsd:"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
HEAD = (
    "<AppHdr xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.02'><Fr><OrgId/></Fr><To><OrgId/>"
    "</To><BizMsgIdr>B-1</BizMsgIdr><MsgDefIdr>pain.002.001.03</MsgDefIdr>"
    "<CreDt>2026-11-20T08:00:00Z</CreDt></AppHdr>"
)


def report(inside: str = "", message_id: str = "M-1", group: str = "") -> str:
    return f"""<Document xmlns="{SPACE}pain.002.001.03">
<CstmrPmtStsRpt>
<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T08:00:00</CreDtTm>{group}</GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>O-1</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>
<GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts>{inside}
</CstmrPmtStsRpt>
</Document>
"""


def amount(text: str, currency: str = " Ccy='EUR'") -> str:
    return (
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId><TxInfAndSts><OrgnlTxRef><Amt>"
        f"<InstdAmt{currency}>{text}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>"
        "</OrgnlPmtInfAndSts>"
    )


@pytest.mark.parametrize("name", schemas())
def test_each_schema_can_be_used(name: str) -> None:
    data = f"<Document xmlns='{SPACE}{name}'/>".encode()
    if name.startswith("head."):
        data = data.replace(b"Document", b"AppHdr")
    (problem,) = problems(data)
    assert problem.code == "schema_violation"
    assert " is not complete: it lacks " in problem.sentence


def test_a_message_as_it_should_be() -> None:
    assert problems(report().encode()) == []
    validate(report().encode())


@pytest.mark.parametrize(
    ("text", "sentence", "line", "path"),
    [
        (
            report(group="<Foo/>"),
            "Foo is not allowed here in GrpHdr; expected: InitgPty, FwdgAgt, DbtrAgt, CdtrAgt.",
            3,
            "GrpHdr/Foo",
        ),
        (
            report().replace("<GrpSts>ACCP</GrpSts>", "<GrpSts>ACCP</GrpSts><OrgnlMsgId/>"),
            "OrgnlMsgId is not allowed here in OrgnlGrpInfAndSts;"
            " expected: StsRsnInf, NbOfTxsPerSts.",
            5,
            "OrgnlGrpInfAndSts/OrgnlMsgId[2]",
        ),
        (
            report(inside="<OrgnlPmtInfAndSts/>"),
            "OrgnlPmtInfAndSts is not complete: it lacks OrgnlPmtInfId.",
            5,
            "OrgnlPmtInfAndSts",
        ),
        (
            report(message_id="M" * 36),
            "MsgId has 36 characters; at most 35 are allowed.",
            3,
            "GrpHdr/MsgId",
        ),
        (report(message_id=""), "MsgId is empty.", 3, "GrpHdr/MsgId"),
        (
            report().replace("ACCP", "ACCEPTED"),
            "GrpSts is 'ACCEPTED'; allowed: ACTC, RCVD, PART, RJCT, PDNG, ACCP, ACSP, ACSC, ACWC.",
            5,
            "OrgnlGrpInfAndSts/GrpSts",
        ),
        (
            report().replace("2026-11-20T08:00:00", "20.11.2026"),
            "CreDtTm is '20.11.2026'; has to be a date and time such as 2026-11-20T14:30:00.",
            3,
            "GrpHdr/CreDtTm",
        ),
        (
            report(amount("12,30")),
            "InstdAmt is '12,30'; has to be a plain number such as 1234.50.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("1.123456")),
            "InstdAmt is '1.123456'; at most 5 digits after the point are allowed.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("1234567890123456789")),
            "InstdAmt is '1234567890123456789'; at most 18 digits are allowed.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("-1")),
            "InstdAmt is '-1'; it has to be at least 0.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("1", "")),
            "InstdAmt lacks the attribute Ccy.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("1", " Ccy='EUR' Cur='EUR'")),
            "The attribute Cur of InstdAmt is not allowed.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(amount("1", " Ccy='euro'")),
            "Ccy of InstdAmt is 'euro'; it has to look like [A-Z]{3,3}.",
            5,
            "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlTxRef/Amt/InstdAmt",
        ),
        (
            report(message_id="<b>M</b>"),
            "MsgId holds elements where only a text is allowed.",
            3,
            "GrpHdr/MsgId",
        ),
        (report(inside="x"), "CstmrPmtStsRpt holds text between its elements.", 2, ""),
    ],
)
def test_each_kind_of_breach_in_plain_words(text: str, sentence: str, line: int, path: str) -> None:
    found = {problem.sentence: problem for problem in problems(text.encode())}
    problem = found[sentence]
    assert problem.location.line == line
    assert problem.location.path == "Document/CstmrPmtStsRpt" + (f"/{path}" if path else "")
    lines = text.splitlines()
    assert lines[line - 1][int(problem.location.column) - 1] == "<"


def test_all_problems_with_their_places_also_in_one_long_line() -> None:
    one = "<TxInfAndSts><TxSts>OK</TxSts></TxInfAndSts>"
    batch = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{one * 900}</OrgnlPmtInfAndSts>"
    text = report(inside=batch).replace("\n", "")
    found = problems(text.encode())
    assert len(found) == 900
    assert len({problem.location.column for problem in found}) == 900
    assert found[2].location.path.endswith("OrgnlPmtInfAndSts/TxInfAndSts[3]/TxSts")
    assert {problem.sentence[:17] for problem in found} == {"TxSts is 'OK'; al"}


def test_far_apart_in_a_long_file() -> None:
    good = "<TxInfAndSts><TxSts>ACSC</TxSts></TxInfAndSts>\n"
    bad = good.replace("ACSC", "OK")
    inside = bad + good * 9000 + bad + good * 9000 + bad
    batch = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>\n{inside}</OrgnlPmtInfAndSts>"
    found = problems(report(inside=batch).encode())
    assert [problem.location.line for problem in found] == [6, 9007, 18008]
    assert [problem.location.column for problem in found] == ["14", "14", "14"]
    assert "TxInfAndSts[18003]/TxSts" in found[2].location.path


def test_too_many_problems_are_cut_with_a_word_about_it() -> None:
    one = "<TxInfAndSts><TxSts>OK</TxSts></TxInfAndSts>\n"
    inside = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>" + one * 5000
    found = problems(report(inside + "</OrgnlPmtInfAndSts>").encode())
    assert len(found) == PROBLEMS_MAX + 1
    assert found[-1].code == "more_problems"


def test_an_envelope_with_a_header_and_two_documents() -> None:
    text = f"<E xmlns='urn:bank'><Box>{HEAD}{report()}</Box><Box>{report()}</Box></E>"
    assert problems(text.encode()) == []
    wrong = text.replace("<BizMsgIdr>B-1</BizMsgIdr>", "").replace("ACCP", "YES")
    found = problems(wrong.encode())
    assert [problem.sentence.partition(";")[0] for problem in found] == [
        "MsgDefIdr is not allowed here in AppHdr",
        "GrpSts is 'YES'",
        "GrpSts is 'YES'",
    ]
    assert found[2].location.path.startswith("E/Box[2]/Document/")


def test_envelopes_without_a_namespace_or_with_the_message_s_own() -> None:
    for envelope in ("<E>", f"<E xmlns='{SPACE}pain.002.001.03'>", f"<p:E xmlns:p='{SPACE}x'>"):
        end = "</p:E>" if "p:" in envelope else "</E>"
        assert problems(f"{envelope}{report()}{end}".encode()) == []
        (problem,) = problems(f"{envelope}{report(message_id='')}{end}".encode())
        assert problem.sentence == "MsgId is empty."


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_other_encodings(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>" + report(message_id="ü" * 40)
    (problem,) = problems(text.encode(encoding))
    assert problem.sentence == "MsgId has 40 characters; at most 35 are allowed."
    assert problem.location.line == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (report().replace("pain.002.001.03", "pain.002.001.99"), "pain.002.001.99"),
        (report().replace(f"{SPACE}pain.002.001.03", "urn:swiss"), "urn:swiss"),
        (report().replace(f' xmlns="{SPACE}pain.002.001.03"', ""), "a message without namespace"),
        ("<E xmlns='urn:tch'><Something/></E>", "urn:tch"),
        (f"<E>{report()}<Document xmlns='urn:other'/></E>", "urn:other"),
    ],
)
def test_what_has_no_schema_is_said_not_passed(text: str, shown: str) -> None:
    (problem,) = problems(text.encode())
    assert problem.code == "schema_unknown"
    assert problem.sentence == f"We hold no official schema of {shown}."
    assert "pain.001.001.02 to .13" in problem.can_do
    assert problem.location.line


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "empty_file", (1, "")),
        (b"<!DOCTYPE x>" + report().encode(), "doctype_refused", (1, "")),
        (report().encode()[:-20], "file_cut", (6, "1")),
        (report().replace("</GrpHdr>", "</Grp>").encode(), "not_well_formed", (3, "67")),
        (report().replace("<MsgId>", "<x:MsgId>").encode(), "not_well_formed", (3, "9")),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "not_text", (1, "")),
    ],
)
def test_what_is_no_message_at_all(data: bytes, code: str, place: tuple[int, str]) -> None:
    (problem,) = problems(data)
    assert problem.code == code
    assert problem.location.line == place[0]
    if place[1]:
        assert problem.location.column == place[1]
    with pytest.raises(Invalid) as caught:
        validate(data)
    assert caught.value.code == code


def test_nesting_without_end_is_refused_in_bounded_time() -> None:
    deep = f"<Document xmlns='{SPACE}pain.002.001.03'>" + "<a>" * 100_000 + "</a>" * 100_000
    (problem,) = problems(deep.encode() + b"</Document>")
    assert problem.sentence == "a is not allowed here in Document; expected: CstmrPmtStsRpt."


def test_a_stream_that_cannot_go_back() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert len(problems(Pipe(report(message_id="").encode()))) == 1


def test_the_first_problem_is_raised() -> None:
    with pytest.raises(Invalid) as caught:
        validate(report(message_id="").encode())
    assert caught.value.code == "schema_violation"
    assert caught.value.location == "line 3, column 9, Document/CstmrPmtStsRpt/GrpHdr/MsgId"


def test_a_schema_is_compiled_once() -> None:
    schema._schema.cache_clear()
    for _ in range(3):
        problems(report().encode())
    assert schema._schema.cache_info().misses == 1


def test_real_files_have_the_verdicts_that_were_found_otherwise() -> None:
    """Counted with lxml's tree validation, file by file (reference on the corpus, section 3).

    Not counted there but here as of unknown form: national variants of pain.001 and pain.008.
    """
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    verdicts: dict[str, Counter[str]] = {}
    for kind in ("camt.052", "camt.053", "camt.054", "pain.001", "pain.002", "pain.008"):
        for path in sorted((CORPUS / kind).rglob("*.xml")):
            with path.open("rb") as stream:
                codes = {problem.code for problem in problems(stream)}
            code = min(codes, default="valid")
            verdicts.setdefault(kind, Counter())[code] += 1
    expected = {
        "camt.052": {"valid": 80, "schema_violation": 8},
        "camt.053": {"valid": 21, "schema_violation": 69},
        "camt.054": {"valid": 28, "schema_violation": 3},
        "pain.001": {"valid": 15, "schema_violation": 7, "schema_unknown": 4},
        "pain.002": {"valid": 6, "schema_violation": 2, "schema_unknown": 9},
        "pain.008": {"schema_unknown": 3},
    }
    assert {kind: dict(found) for kind, found in verdicts.items()} == expected


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<!--" + "x" * 3_000_000 + "-->", "text_too_long"),
        ("<MsgId>" + "x" * 3_000_000 + "</MsgId>", "text_too_long"),
        ("<a>" * 300_000 + "</a>" * 300_000, "nesting_too_deep"),
    ],
)
def test_what_would_take_memory_without_end_is_refused(inside: str, code: str) -> None:
    (problem,) = problems(report(group=inside).encode())
    assert problem.code == code
