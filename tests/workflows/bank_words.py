"""What a bank writes: status reports and statements, by hand, with exactly what a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from nostro.domain.money import Money

DAY = date(2026, 11, 20)


def reason(code: str) -> str:
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""


def pain_002(
    original: str,
    *,
    group: str = "",
    group_reason: str = "",
    lines: Sequence[tuple[str, str, str]] = (),
    batches: Sequence[tuple[str, str, str]] = (),
    message_id: str = "S1",
) -> bytes:
    """A status report. `lines` are (EndToEndId, status, reason), `batches` (PmtInfId, ...)."""
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    told = "".join(
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{key}</OrgnlPmtInfId><PmtInfSts>{word}</PmtInfSts>"
        f"{reason(code)}</OrgnlPmtInfAndSts>"
        for key, word, code in batches
    )
    if lines:
        told += "<OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId>" + "".join(
            f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{word}</TxSts>"
            f"{reason(code)}</TxInfAndSts>"
            for key, word, code in lines
        )
        told += "</OrgnlPmtInfAndSts>"
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
    <GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T10:00:00</CreDtTm></GrpHdr>
    <OrgnlGrpInfAndSts><OrgnlMsgId>{original}</OrgnlMsgId>
    <OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{status}{reason(group_reason)}</OrgnlGrpInfAndSts>
    {told}</CstmrPmtStsRpt></Document>""".encode()


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement; `minor` is signed. A batch names its PmtInfId and its count."""

    minor: int
    end_to_end_id: str = ""
    batch: str = ""
    count: int = 0
    reference: str = ""
    text: str = ""
    party: str = ""
    party_iban: str = ""
    day: date = DAY


def camt_053(
    iban: str,
    bookings: Sequence[Booking],
    *,
    statement_id: str = "ST-1",
    currency: str = "EUR",
    opening: int = 1_000_000,
    missing: int = 0,
    message_id: str = "CAMT",
) -> bytes:
    """A statement. `missing` is by how much its closing balance is wrong."""
    closing = opening + sum(booking.minor for booking in bookings) + missing
    entries = "".join(_entry(booking, currency) for booking in bookings)
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
    <GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T18:00:00</CreDtTm></GrpHdr>
    <Stmt><Id>{statement_id}</Id><CreDtTm>2026-11-20T18:00:00</CreDtTm>
    <Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>
    {_balance("OPBD", opening, currency)}{_balance("CLBD", closing, currency)}
    {entries}</Stmt></BkToCstmrStmt></Document>""".encode()


def _amount(minor: int, currency: str) -> str:
    return (
        f'<Amt Ccy="{currency}">{Money(abs(minor), currency).number()}</Amt>'
        f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>"
    )


def _balance(code: str, minor: int, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}"
        f"<Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def _entry(booking: Booking, currency: str) -> str:
    amount = _amount(booking.minor, currency)
    if booking.batch:
        details = (
            f"<Btch><PmtInfId>{booking.batch}</PmtInfId><NbOfTxs>{booking.count}</NbOfTxs></Btch>"
        )
    else:
        side = "Cdtr" if booking.minor < 0 else "Dbtr"
        account = (
            f"<{side}Acct><Id><IBAN>{booking.party_iban}</IBAN></Id></{side}Acct>"
            if booking.party_iban
            else ""
        )
        key = booking.end_to_end_id
        references = f"<Refs><EndToEndId>{key}</EndToEndId></Refs>" if key else ""
        text = f"<RmtInf><Ustrd>{booking.text}</Ustrd></RmtInf>" if booking.text else ""
        details = (
            f"<TxDtls>{references}{amount}<RltdPties><{side}><Pty><Nm>{booking.party or 'X'}</Nm>"
            f"</Pty></{side}>{account}</RltdPties>{text}</TxDtls>"
        )
    return (
        f"<Ntry>{amount}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{booking.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{booking.day}</Dt></ValDt><AcctSvcrRef>{booking.reference}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )
