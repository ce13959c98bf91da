"""Usual entries made straight out of their texts, against the parser's: the same, to the letter."""

from __future__ import annotations

from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nostro.domain.statement import ReportKind
from nostro.formats.iso20022.accounts.camt_reader import CamtOptions, shape_of
from nostro.formats.iso20022.accounts.camt_usual import UsualEntry
from tests.formats.test_camt_shortcut import (
    BALANCE,
    DETAIL,
    ENTRY,
    outcome,
    same_both_ways,
    statement,
)

OWN = "DE89370400440532013000"
SIDES = ("Dbtr", "Cdtr")


def some(*texts: str) -> st.SearchStrategy[str]:
    """One of the texts, mostly the first: an entry of many odd things would hide each of them."""
    return st.sampled_from([texts[0]] * 15 * len(texts) + list(texts))


def told(draw: st.DrawFn, path: str, *texts: str) -> str:
    """An element, with the first text as a rule, or none; "A/B" is an element in an element."""
    text = draw(st.sampled_from(["-", *texts]) if len(texts) == 1 else some(*texts, "-"))
    if text == "-":
        return ""
    names = path.split("/")
    ends = "".join(f"</{name.split()[0]}>" for name in reversed(names))
    return "".join(f"<{name}>" for name in names) + text + ends


AMOUNTS = ("1.00", "2.50", "", "1", "1.000", ".50", "x", "1,00", "12345678901234567.00")
DAYS = ("2026-11-20", "2026-11-20Z", "2026-11-20T10:00:00", "", "20.11.2026", "2026-11-20 x")
RATE = "<CcyXchg><XchgRate>1.1</XchgRate></CcyXchg>"
CHARGE = "<Chrgs><Amt Ccy='EUR'>1.00</Amt></Chrgs>"
SIGNS = ("CRDT", "DBIT", "crdt", "")


def amount(draw: st.DrawFn, path: str) -> str:
    currency = draw(some(' Ccy="EUR"', ' Ccy="USD"', ' Ccy="JPY"', ' Ccy="XXQ"', ""))
    return told(draw, f"{path}Amt{currency}", *AMOUNTS)


def converted(draw: st.DrawFn) -> str:
    inside = "".join(
        f"<{kind}>{amount(draw, '')}{draw(some('', RATE))}</{kind}>"
        for kind in draw(st.sets(st.sampled_from(["TxAmt", "InstdAmt", "CntrValAmt"])))
    )
    return f"<AmtDtls>{inside}</AmtDtls>" if inside else ""


def bank_code(draw: st.DrawFn) -> str:
    inside = told(draw, "Domn/Cd", "PMNT") or (
        "<Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>"
    )
    own = told(draw, "Prtry/Issr", "DK") or told(draw, "Prtry/Cd", "NTRF+166", "")
    return draw(st.sampled_from(["", f"<BkTxCd>{inside}{own}</BkTxCd>"]))


def parties(draw: st.DrawFn) -> str:
    inside = agents = ""
    for side in draw(st.lists(st.sampled_from(SIDES), unique=True)):
        name = told(draw, "Nm", "Papier Huber", "")
        address = told(draw, "PstlAdr/AdrLine", "Weg 1", "") * draw(st.integers(1, 2))
        number = told(draw, "Id/OrgId/AnyBIC", "BANKDEFF")
        scheme = draw(st.sampled_from(["", "<SchmeNm><Prtry>SEPA</Prtry></SchmeNm>"]))
        private = draw(
            some("", f"<Id><PrvtId><Othr><Id>DE98ZZZ1</Id>{scheme}</Othr></PrvtId></Id>")
        )
        inside += f"<{side}>{name}{address}{number}{private}</{side}>"
        inside += told(draw, f"{side}Acct/Id/IBAN", OWN, "de02 1203", "")
        inside += told(draw, f"Ultmt{side}/Nm", "Ultimate")
        agents += told(draw, f"{side}Agt/FinInstnId/BIC", "COBADEFF", "")
    return f"<RltdPties>{inside}</RltdPties><RltdAgts>{agents}</RltdAgts>"


def remittance(draw: st.DrawFn) -> str:
    kind = told(draw, "Tp/CdOrPrtry/Cd", "SCOR")
    reference = f"<CdtrRefInf>{kind}{told(draw, 'Ref', 'RF18539', '')}</CdtrRefInf>"
    documents = told(draw, "RfrdDocInf/Nb", "R1", "")
    structured = draw(st.sampled_from(["", "", "", reference, reference, documents]))
    groups = f"<Strd>{structured}</Strd>" * draw(st.sampled_from([1, 1, 2])) if structured else ""
    texts = told(draw, "Ustrd", "Invoice &amp; more", "") * draw(st.integers(1, 2))
    return draw(some(f"<RmtInf>{texts}{groups}</RmtInf>", ""))


@st.composite
def details(draw: st.DrawFn) -> str:
    return (
        f"<TxDtls><Refs>{told(draw, 'EndToEndId', 'E1', '')}{told(draw, 'MndtId', 'M1')}"
        f"{told(draw, 'Prtry/Ref', 'P1', '')}</Refs>{amount(draw, '')}"
        f"{told(draw, 'CdtDbtInd', *SIGNS)}{converted(draw)}{bank_code(draw)}"
        f"{draw(some('', CHARGE))}{parties(draw)}"
        f"{told(draw, 'Purp/Cd', 'SUPP')}{remittance(draw)}"
        f"{told(draw, 'RtrInf/AddtlInf', 'returned', '') * 2}</TxDtls>\n"
    )


@st.composite
def entries(draw: st.DrawFn) -> str:
    batch = draw(st.sampled_from(["", told(draw, "Btch/NbOfTxs", "2", "many", "")]))
    inside = draw(st.lists(details(), max_size=3))
    value = draw(some("1.00", *AMOUNTS))
    return (
        f"<Ntry>{told(draw, 'NtryRef', '1')}"
        f"<Amt Ccy='{draw(some('EUR', 'JPY', 'XXQ'))}'>{value}</Amt>"
        f"<CdtDbtInd>{draw(some('CRDT', *SIGNS))}</CdtDbtInd>"
        f"{told(draw, 'RvslInd', 'true', 'false', 'TRUE', 'yes', '')}"
        f"<Sts>{draw(some('BOOK', 'PDNG', ''))}</Sts>{told(draw, 'BookgDt/Dt', *DAYS)}"
        f"{told(draw, 'ValDt/DtTm', *DAYS)}{bank_code(draw)}{converted(draw)}"
        f"<NtryDtls>{batch}{''.join(inside)}</NtryDtls>{told(draw, 'Other', 'kept')}</Ntry>"
    )


@given(inside=st.lists(entries(), max_size=3), often=st.integers(1, 4))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_usual_entries_are_those_of_the_parser(inside: list[str], often: int) -> None:
    """The balance comes first, as in real statements: then the header is out of the way."""
    for flips in (False, True):
        shape = shape_of("Stmt", ReportKind.PREVIOUS_DAY, CamtOptions(reversal_flips=flips))
        with patch("tests.formats.test_camt_shortcut.SHAPE", shape):
            same_both_ways(statement(BALANCE, *inside * often), 40)


USUAL = ENTRY.format(
    space="",
    amount="1.00",
    extra="<BookgDt><Dt>2026-11-20</Dt></BookgDt><BkTxCd><Prtry><Cd>1</Cd></Prtry></BkTxCd>",
    details="<TxDtls><Refs><EndToEndId>E</EndToEndId><Prtry>P</Prtry></Refs></TxDtls>",
    text="text",
)


@pytest.mark.parametrize("many", [1, 3])
def test_usual_entries_need_no_record(many: int) -> None:
    entry = USUAL.replace("<TxDtls>", "<TxDtls><Refs></Refs></TxDtls>" * (many - 1) + "<TxDtls>")
    made = []
    truly = UsualEntry.make

    def watched(*arguments: object) -> object:
        made.append(truly(*arguments))  # type: ignore[arg-type]
        return made[-1]

    with patch.object(UsualEntry, "make", watched):
        found = outcome(statement(BALANCE, *[entry] * 5), shortcut=True)
    assert [msgspec.to_builtins(one) for one in made] == found[1:-1]
    assert [len(one["details"]) for one in found[1:-1]] == [many] * 5


ODD = DETAIL.format("odd", "")


@pytest.mark.parametrize(
    "odd",
    [
        ODD.replace("<TxDtls>", "<TxDtls >"),
        ODD.replace("<TxDtls>", "<TxDtls\n>"),
        ODD.replace("TxDtls>", "b:TxDtls>"),
        f"<Other>{ODD}</Other>",
        f"<Other>{ODD}{ODD}</Other>",
        f"</NtryDtls>{ODD}<NtryDtls>",
    ],
)
@pytest.mark.parametrize("plain", [0, 1, 2])
def test_no_detail_is_passed_over_or_found_in_the_wrong_place(odd: str, plain: int) -> None:
    inside = DETAIL.format("T", "") * plain
    for both in (inside + odd, odd + inside):
        entry = ENTRY.format(space="", amount="1.00", extra="", details=both, text="text")
        same_both_ways(statement(BALANCE, *[entry] * 5), 50)
