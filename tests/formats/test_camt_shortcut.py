"""The shortcut past the parser against the parser alone: the same records, or the same refusal."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.statement import ReportKind
from nostro.formats.iso20022.accounts.camt_reader import CamtOptions, shape_of
from nostro.formats.iso20022.xml.engine import Engine

SHAPE = shape_of("Stmt", ReportKind.PREVIOUS_DAY, CamtOptions())


class Pieces(BytesIO):
    """A network that hands over so many bytes at a time."""

    size = 7

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self.size, size if size and size > 0 else self.size))


def outcome(data: bytes, *, shortcut: bool, size: int = 1 << 20) -> list[Any]:
    stream = Pieces(data)
    stream.size = size
    engine = Engine(stream, "BkToCstmrStmt", SHAPE, None, shortcut=shortcut)
    found: list[Any] = []
    try:
        for record in engine:
            found.append(msgspec.to_builtins(record))
    except Invalid as refusal:
        return ["refused", refusal.code, refusal.location]
    return found


def same_both_ways(data: bytes, size: int = 1 << 20) -> list[Any]:
    slow = outcome(data, shortcut=False)
    assert outcome(data, shortcut=True) == slow
    assert outcome(data, shortcut=True, size=size) == slow
    return slow


# --- A grammar of entries, with everything in it that XML allows, and some that it does not -------

TEXTS = st.sampled_from(
    [
        *[
            "",
            " ",
            "12.50",
            "CRDT",
            "DBIT",
            "a",
            "M\u00fcller",
            "\U0001f4b6",
            "x\ny",
            "a\r\nb",
            "\r",
        ],
        *["&amp;", "&lt;b&gt;", "&#228;", "&#x20AC;", "&#13;", "&#10;", "&apos;&quot;", "&#32;a"],
        *["&#0;", "&#xD800;", "&#65534;", "&x;", "&amp", "& b", "&#9999999;", "&amp;lt;", "&AMP;"],
        *[
            "a>b",
            "]]>",
            "]]",
            "x>Amt>1>/Amt>y",
            "--",
            "!",
            "?",
            "\u00a0a\u00a0",
            "\t",
            "\x01",
            "\x0b",
        ],
        *["\x7f", "\x85", "\u2028", "\ufffd", "\ufffe", "\uffff", "a" * 300],
        *["<!-- c -->", "<!-- </Ntry> -->", "<!-- <Ntry> -->", "<![CDATA[<Ntry>&]]>", "<?p i?>"],
        *["<![CDATA[]]>", "<!--", "<![CDATA[", "<", "</", "<a", "a<b>c</b>d", "<b/>x", "x<b/>"],
        *["</Ntry><Ntry>", "<Ntry>", "</Ntry>", "<TxDtls>", "</TxDtls>", "<Strd></Strd>", "<Amt>1"],
    ]
)
NAMES = st.sampled_from(
    [
        *[
            "Amt",
            "CdtDbtInd",
            "Sts",
            "Cd",
            "BookgDt",
            "Dt",
            "AddtlNtryInf",
            "NtryDtls",
            "TxDtls",
            "Refs",
        ],
        *["EndToEndId", "RmtInf", "Ustrd", "Strd", "RfrdDocInf", "Nb", "Chrgs", "Rcrd", "Avlbty"],
        *["Unknown", "a:Amt", "a:b:c", "b.c-d_e", "Ntry", "SplmtryData", "1x", "\u00e9", "Am t"],
    ]
)
ATTRIBUTES = st.sampled_from(
    [
        *["", "", "", "", ' Ccy="EUR"', " Ccy='USD'", ' Ccy=" EUR "', ' Ccy="E>R"', ' Ccy="&amp;"'],
        *[
            ' Ccy="EUR" Ccy="USD"',
            ' x="1" y="2"',
            ' x="<"',
            ' xmlns="u"',
            ' xmlns:a="u"',
            " x",
            " x=1",
        ],
        *[' Ccy = "EUR"', '\nCcy="EUR"\n', ' x="a\nb"', " a:Ccy='EUR'", ' x="1"y="2"', " "],
    ]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(NAMES)
    attributes = draw(ATTRIBUTES)
    if draw(st.integers(0, 9)) == 0:
        return f"<{name}{attributes}/>"
    inside = draw(TEXTS)
    if depth < 3:
        below = draw(st.lists(elements(depth + 1), max_size=3))
        inside = draw(st.sampled_from(["", "\n  ", inside])) + "".join(below)
    end = draw(st.sampled_from([name] * 30 + ["Other", f"{name} ", f"{name}\n"]))
    return f"<{name}{attributes}>{inside}</{end}>"


DETAIL = (
    "<TxDtls><Refs><EndToEndId>{0}</EndToEndId></Refs><Amt Ccy='EUR'>1.00</Amt>{1}"
    "<RmtInf><Ustrd>{0}</Ustrd><Strd><RfrdDocInf><Nb>{0}</Nb></RfrdDocInf></Strd></RmtInf></TxDtls>"
)
ENTRY = (
    "<Ntry>{space}<Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>{extra}"
    "<Sts><Cd>BOOK</Cd></Sts><NtryDtls>{details}</NtryDtls><AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """Mostly a sound entry with one odd thing in it, so that the odd thing is what decides."""
    odd = draw(st.integers(0, 5))
    space = draw(st.sampled_from(["", "\n", "\r\n", " \t", "\r"]))
    details = [
        DETAIL.format(draw(TEXTS) if odd == 1 else "T", draw(elements()) if odd == 2 else "")
        for _ in range(draw(st.integers(0, 4)))
    ]
    joint = draw(
        st.sampled_from(["", "\n", "</NtryDtls><NtryDtls>", "<Btch><NbOfTxs>2</NbOfTxs></Btch>"])
    )
    made = ENTRY.format(
        space=space,
        amount="1.00" if odd != 3 else draw(TEXTS),
        extra=draw(elements()) if odd == 4 else "",
        details=joint.join(details),
        text=draw(TEXTS) if odd == 5 else "text",
    )
    prefix = draw(st.sampled_from(["", "", "", "n:", "1:"]))
    return (
        made.replace("Ntry>", "Ntry>")
        .replace("<Ntry>", f"<{prefix}Ntry>")
        .replace("</Ntry>", f"</{prefix}Ntry>")
    )


BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>1.00</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-19</Dt></Dt></Bal>"
)
BETWEEN = st.sampled_from(
    [
        *[
            "",
            "",
            "\n",
            "\r\n  ",
            "text",
            "<!-- <Ntry></Ntry> -->",
            "<![CDATA[<Ntry></Ntry>]]>",
            BALANCE,
        ],
        *[
            "<Other><Ntry><Amt>1</Amt></Ntry></Other>",
            "<?x <Ntry></Ntry> ?>",
            "<Stmt>",
            "]]>",
            "&amp;",
        ],
    ]
)
HEADS = st.sampled_from(
    [
        *["<?xml version='1.0'?>", "", "<?xml version='1.0' encoding='utf-8'?>\n", "\ufeff"],
        *[
            "<?xml version='1.0' encoding='iso-8859-1'?>",
            "<?xml version='1.0' encoding='us-ascii'?>",
        ],
    ]
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    inside = "".join(draw(BETWEEN) + one for one in draw(st.lists(entries(), max_size=5))) + draw(
        BETWEEN
    )
    whole = (
        f"{draw(HEADS)}<Document><BkToCstmrStmt><Stmt><Id>S</Id><CreDtTm>2026-11-20T02:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>\n{inside}</Stmt>"
        "</BkToCstmrStmt></Document>"
    )
    data = whole.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        put = draw(st.binary(max_size=3) | st.sampled_from([b"\xff", b"\xed\xa0\x80", b"<", b">"]))
        data = data[:at] + put + data[at + draw(st.integers(0, 5)) :]
    return data * draw(st.sampled_from([1, 1, 1, 1, 2]))


@given(data=messages(), size=st.integers(1, 200))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_shortcut_reads_what_the_parser_reads(data: bytes, size: int) -> None:
    same_both_ways(data, size)


def statement(*inside: str) -> bytes:
    return (
        "<Document><BkToCstmrStmt><Stmt><Id>S</Id><CreDtTm>2026-11-20T02:00:00</CreDtTm>"
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>\n"
        + "\n".join(inside)
        + "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


PLAIN = ENTRY.format(
    space="\n", amount="1.00", extra="", details=DETAIL.format("T", ""), text="text"
)


@pytest.mark.parametrize(
    "odd",
    [
        "x>Amt>1>/Amt>y",
        "<![CDATA[</Ntry>]]>",
        "<!-- </AddtlNtryInf></Ntry> -->",
        "&#60;/Ntry&#62;",
        "]]>",
        "a\x0cb",
        "\ufffe",
        "&#xFFFE;",
        "&nbsp;",
        "</AddtlNtryInf><Amt Ccy='EUR'>999.00</Amt><AddtlNtryInf>",
        "</AddtlNtryInf></Ntry><Ntry><Amt Ccy='EUR'>9.00</Amt><AddtlNtryInf>",
        "</Stmt>",
        "<a b='c>d'/>",
        "<a b='c' b='d'/>",
    ],
)
def test_texts_that_try_to_become_tags_do_not(odd: str) -> None:
    """Many plain entries first, so that their plan and pattern are there to be fooled."""
    inside = [PLAIN] * 5 + [PLAIN.replace("text", odd), PLAIN]
    same_both_ways(statement(*inside), 11)


def test_places_are_those_of_the_file() -> None:
    """Lines and columns stay right behind entries that the parser never saw."""
    for ends in ("\n", "\r\n", "\r", ""):
        data = statement(*[PLAIN] * 7, "  <Bal><Amt>&bad;</Amt></Bal>")
        data = data.replace(b"\n", ends.encode())
        found = same_both_ways(data)
        assert found[:2] == ["refused", "not_well_formed"]
        assert same_both_ways(data[: len(data) // 2])[1] == "file_cut"


def test_an_entry_of_many_details_is_one_entry() -> None:
    many = "\n".join(DETAIL.format(f"T{number}", "") for number in range(3000))
    entry = ENTRY.format(space="", amount="3000.00", extra="", details=many, text="text")
    found = same_both_ways(statement(PLAIN, entry, PLAIN), 5000)
    assert len(found[2]["details"]) == 3000
    assert found[2]["details"][2999]["location"]["line"] == 3003
    assert found[2]["details"][2999]["location"]["path"] == "statement 1, entry 2, transaction 3000"


def test_lines_that_the_parser_never_saw_are_no_text() -> None:
    """Files of millions of lines: what stands for passed entries must not pile up."""
    lines = "\n" * 3000
    found = outcome(statement(*[PLAIN.replace("\n", lines)] * 400, BALANCE), shortcut=True)
    assert len(found) == 402
    assert found[-1]["balances"][0]["location"]["line"] == 2 + 400 * 3001
