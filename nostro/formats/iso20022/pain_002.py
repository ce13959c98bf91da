"""What the bank says about a payment file we sent: accepted, rejected and why, line by line.

ISO 20022 pain.002.001.02 to .15 (CustomerPaymentStatusReport), by local names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.bank_status import (
    DUPLICATE_REASONS,
    BatchStatus,
    StatusReport,
    TransactionStatus,
)
from nostro.domain.problem import Problem, Severity
from nostro.formats import Format, Profile
from nostro.formats.iso20022.messages import Record, Shape, declared, identifies, records

_REASON = {
    "StsRsnInf/Rsn/Cd": "reasons*",
    "StsRsnInf/Rsn/Prtry": "reasons*",
    "StsRsnInf/AddtlInf": "texts*",
    "StsRsnInf/AddtlStsRsnInf": "texts*",  # As it was called in version 02.
}


def _group(path: str) -> dict[str, str]:
    return {
        f"{path}/OrgnlMsgId": "original_message_id",
        f"{path}/GrpSts": "status",
        **{f"{path}/{below}": slot for below, slot in _REASON.items()},
    }


def _reason(record: Record) -> tuple[str, str]:
    """The reason that decides, and all words of the bank.

    A reason that means "duplicate" comes first wherever it stands: it turns a rejection into a
    doubt, and taking a doubt for a rejection could pay twice.
    """
    codes = list(dict.fromkeys(record.all("reasons")))
    if not codes:
        return "", " ".join(record.all("texts"))
    first = next((code for code in codes if code in DUPLICATE_REASONS), codes[0])
    others = ", ".join(code for code in codes if code != first)
    return first, " ".join([*([f"(also {others})"] if others else []), *record.all("texts")])


def _transaction(record: Record) -> TransactionStatus:
    reason, text = _reason(record)
    batch = record.parent.get("batch") if record.parent else ""
    return TransactionStatus(
        original_end_to_end_id=record.get("end_to_end_id"),
        original_payment_information_id=record.get("batch") or batch,
        original_instruction_id=record.get("instruction_id"),
        original_uetr=record.get("uetr"),
        status=record.get("status"),
        reason=reason,
        reason_text=text,
        line=record.line,
    )


def _batch(record: Record) -> tuple[BatchStatus, list[TransactionStatus]]:
    reason, text = _reason(record)
    status = BatchStatus(
        original_payment_information_id=record.get("batch"),
        status=record.get("status"),
        reason=reason,
        reason_text=text,
    )
    return status, record.objects("transaction")


def _report(record: Record) -> StatusReport:
    reason, text = _reason(record)
    batches = record.objects("batch")
    inside = [transaction for _, transactions in batches for transaction in transactions]
    return StatusReport(
        message_id=record.get("message_id"),
        created_at=record.get("created"),
        original_message_id=record.get("original_message_id"),
        group_status=record.get("status"),
        group_reason=reason,
        group_reason_text=text,
        batches=tuple(status for status, _ in batches),
        transactions=(*inside, *record.objects("transaction")),
        problems=_problems(record),
    )


def _problems(record: Record) -> tuple[Problem, ...]:
    if record.get("original_message_id"):
        return ()
    return (
        Problem(
            code="original_message_missing",
            severity=Severity.WARNING,
            sentence="The report does not say which of our messages it is about.",
            can_do="It can only be applied by the ids of single payments; ask the bank otherwise.",
            location=record.location(),
        ),
    )


_TRANSACTION = Shape(
    name="transaction",
    fields={
        "OrgnlInstrId": "instruction_id",
        "OrgnlEndToEndId": "end_to_end_id",
        "OrgnlUETR": "uetr",
        "OrgnlPmtInfId": "batch",
        "TxSts": "status",
        **_REASON,
    },
    make=_transaction,
)
_BATCH = Shape(
    name="batch",
    fields={"OrgnlPmtInfId": "batch", "PmtInfSts": "status", **_REASON},
    make=_batch,
    inner={"TxInfAndSts": _TRANSACTION},
)
_REPORT = Shape(
    name="report",
    fields={
        "GrpHdr/MsgId": "message_id",
        "GrpHdr/CreDtTm": "created",
        **_group("OrgnlGrpInfAndSts"),
        **_group("OrgnlGrpInf"),
    },
    make=_report,
    inner={"OrgnlPmtInfAndSts": _BATCH, "TxInfAndSts": _TRANSACTION},
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[StatusReport]:
    """Yield the one StatusReport of a pain.002 file.

    A batch that gives no status of its own has status "". Raises Invalid with a location for
    whatever `iso20022.records` refuses: `empty_file`, `doctype_refused`, `file_cut`,
    `not_well_formed`, `not_text`, `wrong_message`.
    """
    yield from records(stream, "CstmrPmtStsRpt", _REPORT, declared(profile))


FORMAT = Format(
    name="pain_002",
    media_type="application/xml",
    standard="ISO 20022 pain.002.001.02 to .15",
    identify=identifies("pain.002"),
    read=read,
)
