"""What the simulated bank writes about files of payments and of recalls: pain.002 and camt.029.

ISO 20022 pain.002.001.10 and camt.029.001.09, as few elements as a bank sends; the simulator's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import msgspec

STATUS_REPORT = "pain.002.001.10"
RECALL_ANSWER = "camt.029.001.09"
ID_LETTERS_MAX = 35


class Word(msgspec.Struct, frozen=True):
    """A status word with its reason, either may be empty."""

    status: str = ""
    reason: str = ""


class StatusLine(msgspec.Struct, frozen=True, kw_only=True):
    """The word on one payment."""

    batch_id: str
    end_to_end_id: str
    instruction_id: str
    uetr: str
    word: Word
    reference: str = ""


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One pain.002: a word on the file, words on batches, words on payments; any may be absent."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_message_name: str
    group: Word = Word()
    batches: tuple[tuple[str, Word], ...] = ()
    lines: tuple[StatusLine, ...] = ()


class RecallLine(msgspec.Struct, frozen=True, kw_only=True):
    """The answer on one payment. `status` is CancellationIndividualStatus1Code."""

    original_message_id: str
    end_to_end_id: str
    uetr: str
    status: str
    reason: str = ""


class RecallMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One camt.029. `status`: ExternalInvestigationExecutionConfirmation1Code (CNCL, RJCR)."""

    message_id: str
    created_at: datetime
    bank_bic: str
    customer: str
    case_id: str
    status: str
    lines: tuple[RecallLine, ...]


def status_message(told: StatusMessage) -> bytes:
    order: dict[str, Word] = dict(told.batches)
    for line in told.lines:
        order.setdefault(line.batch_id, Word())
    batches = "".join(
        f"<OrgnlPmtInfAndSts>{_text('OrgnlPmtInfId', batch_id)}{_word('PmtInfSts', word)}"
        + "".join(_line(line) for line in told.lines if line.batch_id == batch_id)
        + "</OrgnlPmtInfAndSts>\n"
        for batch_id, word in order.items()
    )
    return (
        f"{_opening(STATUS_REPORT)}<CstmrPmtStsRpt><GrpHdr>{_text('MsgId', told.message_id)}"
        f"{_text('CreDtTm', told.created_at.isoformat())}</GrpHdr>\n"
        f"<OrgnlGrpInfAndSts>{_text('OrgnlMsgId', told.original_message_id)}"
        f"{_text('OrgnlMsgNmId', told.original_message_name)}{_word('GrpSts', told.group)}"
        f"</OrgnlGrpInfAndSts>\n{batches}</CstmrPmtStsRpt></Document>\n"
    ).encode()


def _line(line: StatusLine) -> str:
    return (
        f"\n<TxInfAndSts>{_text('OrgnlInstrId', line.instruction_id)}"
        f"{_text('OrgnlEndToEndId', line.end_to_end_id)}{_text('OrgnlUETR', line.uetr)}"
        f"{_word('TxSts', line.word)}{_text('AcctSvcrRef', line.reference)}</TxInfAndSts>"
    )


def recall_message(told: RecallMessage) -> bytes:
    customer = _text("Nm", told.customer or "Customer")
    case = ""
    if told.case_id:
        creator = f"<Cretr><Pty>{customer}</Pty></Cretr>"
        case = f"<RslvdCase>{_text('Id', told.case_id)}{creator}</RslvdCase>"
    return (
        f"{_opening(RECALL_ANSWER)}<RsltnOfInvstgtn><Assgnmt>{_text('Id', told.message_id)}"
        f"<Assgnr><Agt><FinInstnId>{_text('BICFI', told.bank_bic)}</FinInstnId></Agt></Assgnr>"
        f"<Assgne><Pty>{customer}</Pty></Assgne>"
        f"{_text('CreDtTm', told.created_at.isoformat())}</Assgnmt>{case}\n"
        f"<Sts><Conf>{told.status}</Conf></Sts>\n{_underlying(told.lines)}"
        "</RsltnOfInvstgtn></Document>\n"
    ).encode()


def _underlying(lines: Sequence[RecallLine]) -> str:
    inside = "".join(
        f"<TxInfAndSts><OrgnlGrpInf>{_text('OrgnlMsgId', line.original_message_id)}"
        "<OrgnlMsgNmId>pain.001</OrgnlMsgNmId></OrgnlGrpInf>"
        f"{_text('OrgnlEndToEndId', line.end_to_end_id)}{_text('OrgnlUETR', line.uetr)}"
        f"{_text('TxCxlSts', line.status)}"
        + (f"<CxlStsRsnInf>{_reason(line.reason)}</CxlStsRsnInf>" if line.reason else "")
        + "</TxInfAndSts>\n"
        for line in lines
    )
    return f"<CxlDtls>{inside}</CxlDtls>" if inside else ""


def _opening(version: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}">'
    )


def _text(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _word(name: str, word: Word) -> str:
    reason = f"<StsRsnInf>{_reason(word.reason)}</StsRsnInf>" if word.reason else ""
    return f"{_text(name, word.status)}{reason}"


def _reason(code: str) -> str:
    return f"<Rsn>{_text('Cd', code)}</Rsn>"
