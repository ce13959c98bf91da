"""Which message it is, and whether our schemas are the official ones."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats.iso20022.xml.messages import message_of
from tests.formats.samples import read

SCHEMAS = Path(formats.__file__).parent / "iso20022" / "schemas"
SPACE = "urn:iso:std:iso:20022:tech:xsd:"


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (f"<Document xmlns='{SPACE}camt.053.001.14'>", "camt.053"),
        (f"<x:Document xmlns:x='{SPACE}camt.052.001.08'>", "camt.052"),
        (
            f"<E><AppHdr xmlns='{SPACE}head.001.001.02'/><Document xmlns='{SPACE}pain.002.001.10'>",
            "pain.002",
        ),
        ("<Document xmlns='http://bank.example/de/pain.001.001.03.ch.02.xsd'>", "pain.001"),
        ("<Document><CstmrCdtTrfInitn>", "pain.001"),
        ("<Document xmlns='urn:sepa'><CstmrPmtStsRpt>", "pain.002"),
        (
            f"<E><AppHdr xmlns='{SPACE}head.001.001.02'><MsgDefIdr>camt.053.001.08</MsgDefIdr>",
            "camt.053",
        ),
        ("<!DOCTYPE x><Document><BkToCstmrStmt>", "camt.053"),
        ("<html><body>", ""),
        ("RUN_ID;ITEM", ""),
        ("", ""),
    ],
)
def test_the_message_is_told_by_its_head(head: str, message: str) -> None:
    assert message_of(head.encode()) == message
    assert message_of(head.encode("utf-16")) == message or message in ("", "camt.053")


def test_an_unknown_file_is_refused_with_what_we_read() -> None:
    with pytest.raises(Invalid) as caught:
        formats.identify(b"%PDF-1.7")
    assert caught.value.code == "unknown_file_type"


@pytest.mark.parametrize("name", ["camt_053", "pain_001", "pain_002"])
def test_a_message_is_not_read_as_another(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(name, b"<Document><PmtRtr/></Document>")
    assert caught.value.code == "wrong_message"
    assert caught.value.location == "line 1"


def test_a_status_report_may_leave_things_out() -> None:
    (report,) = read("pain_002", b"<Document><CstmrPmtStsRpt><GrpHdr/></CstmrPmtStsRpt></Document>")
    assert [problem.code for problem in report.problems] == [
        "original_message_missing",
        "status_missing",
    ]
    assert report.transactions == ()


def test_the_schemas_are_those_of_the_notice() -> None:
    noted = dict(
        re.findall(r"\| (\S+\.xsd) \|.*`([0-9a-f]{64})` \|", (SCHEMAS / "NOTICE.md").read_text())
    )
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SCHEMAS.glob("*.xsd")
    }
    assert there == noted
