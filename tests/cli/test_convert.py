"""From one format to another: real statements pass, and whoever converts is told what changed."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from nostro import formats
from nostro.cli.completing import choices, complete
from nostro.cli.leaving_out import written_without
from nostro.domain.errors import Invalid
from nostro.domain.statement import Statement
from nostro.formats import Profile
from nostro.formats.letters import ascii_lines
from nostro.formats.swift.fitting import derived_reference, swift_lines

GOLDEN = Path(__file__).parents[1] / "golden"
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
FORMATS = ("camt_053", "mt940", "bai2")
# What no converter may make up: a balance, an entry of another currency, a day a year away.
AGREED = {"balance_missing", "currencies_differ", "date_not_carried", "not_a_day_statement"}

MT940 = b"""\
:20:STARTDISPOSE0001
:25:37040044/532013000
:28C:7/1
:60F:C261119EUR1000,00
:61:2611201120C250,00NTRFREF1//BANK1
:86:/EREF/INVOICE 17/NAME/MUELLER/REMI/INVOICE 17
:61:2611201120D50,00NTRFNONREF
:62F:C261120EUR1200,00
-
"""
CAMT = (
    '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    "<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-21T06:00:00</CreDtTm></GrpHdr>"
    "<Stmt><Id>STATEMENT-2026-11-20-000001</Id><ElctrncSeqNb>7</ElctrncSeqNb>"
    "<CreDtTm>2026-11-21T06:00:00</CreDtTm>"
    "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    '<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10.00</Amt>'
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-19</Dt></Dt></Bal>"
    '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">15.00</Amt>'
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"
    '<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>A-REFERENCE-OF-24-LETTERS</AcctSvcrRef>"
    "<BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs>"
    '<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>'
    "Müller &amp; Söhne_1</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>Größe 4</Ustrd></RmtInf>"
    "</TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
).encode()


def read(data: bytes, name: str) -> list[Any]:
    return list(formats.documents(formats.find()[name], BytesIO(data), Profile()))


def converted(found: list[Any], to: str) -> bytes:
    form = formats.find()[to]
    found = complete(found, form)
    return written_without(found, form, Profile(options=choices(found, form)))


def converted_or_agreed(found: list[Any], to: str) -> bytes:
    try:
        return converted(found, to)
    except Invalid as refused:
        # The schema wants a balance; and a report during the day is no statement of a day.
        sentences = ("lacks one of RltdAcct, Intrst, Bal", "exactly: kind")
        if refused.code in AGREED or any(one in refused.happened for one in sentences):
            return b""
        raise


def test_umlauts_and_long_ids_go_to_mt940() -> None:
    data = converted(read(CAMT, "camt_053"), "mt940")
    (back,) = read(data, "mt940")
    assert back.statement_id == derived_reference("STATEMENT-2026-11-20-000001")
    assert back.sequence == 7
    (entry,) = back.entries
    assert (entry.customer_reference, entry.bank_reference) == ("E2E-1", "")
    assert entry.details[0].counterparty_name == "Muller + Sohne-1"
    assert entry.details[0].remittance == ("Grose 4",)


def test_derived_references_are_told_apart() -> None:
    one, other = (derived_reference(f"STATEMENT-2026-11-20-00000{n}") for n in (1, 2))
    assert one != other
    assert len(one) == len(other) == 16
    assert one == "STATEMEN" + one[8:]


def test_bai2_takes_the_day_of_the_closing_balance(capsys: pytest.CaptureFixture[str]) -> None:
    data = converted(read(CAMT, "camt_053"), "bai2")
    assert data.startswith(b"01,NOSTRO,NOSTRO,")
    (back,) = read(data, "bai2")
    assert f"{back.to_day}" == "2026-11-20"
    told = capsys.readouterr().err
    assert "closing balance" in told
    assert "NOSTRO" in told


def test_the_reference_of_61_comes_back() -> None:
    data = converted(read(MT940, "mt940"), "camt_053")
    assert b"<InstrId>REF1</InstrId>" in data
    assert b"<SubTp><Prtry>60F</Prtry></SubTp>" in data
    (back,) = read(converted(read(data, "camt_053"), "mt940"), "mt940")
    assert [one.customer_reference for one in back.entries] == ["REF1", ""]
    assert [one.bank_reference for one in back.entries] == ["BANK1", ""]


@pytest.mark.parametrize(("source", "to"), list(permutations(FORMATS, 2)))
def test_our_samples_are_refused_only_for_good_reasons(source: str, to: str) -> None:
    for path in sorted((GOLDEN / source).glob("*.in")):
        try:
            found = [one for one in read(path.read_bytes(), source) if isinstance(one, Statement)]
        except Invalid:
            continue
        data = converted_or_agreed(found, to)
        again = [one for one in read(data, to) if isinstance(one, Statement)] if data else []
        for one, back in zip(found if data else (), again, strict=True):
            booked = [e.amount for e in one.entries if to != "mt940" or e.status == "BOOK"]
            assert [e.amount for e in back.entries] == booked


def test_letters_are_replaced_and_nothing_else() -> None:
    assert swift_lines("Müller & Co\n\n:61:x  y\n-") == "Muller + Co\n.:61:x  y\n.-"
    assert ascii_lines("Köln_1 & Łódź\n x") == "Koln_1 & Lodz\n x"


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real files is not here")
@pytest.mark.parametrize("folder", ["camt.053", "mt940", "bai2"])
def test_real_statements_pass(folder: str) -> None:
    outcome: Counter[str] = Counter()
    for path in sorted((CORPUS / folder).rglob("*")):
        found = _statements(path) if path.is_file() else []
        for to in set(FORMATS) - {folder.replace(".", "_")} if found else ():
            try:
                converted(found, to)
                outcome["converted"] += 1
            except Invalid as refused:
                outcome[refused.code] += 1
    unexpected = sum(count for code, count in outcome.items() if code not in {"converted", *AGREED})
    assert outcome["converted"] > 5, outcome
    assert unexpected <= 2, outcome


def _statements(path: Path) -> list[Any]:
    data = path.read_bytes()
    try:
        form = formats.identify(data[: formats.HEAD_BYTES])
        found = read(data, form.name) if form.name in FORMATS else []
    except Invalid:
        return []
    return [one for one in found if isinstance(one, Statement)]
