"""What the bank says about a payment file we sent: accepted, rejected and why, line by line.

ISO 20022 pain.002.001.02 to .15 (CustomerPaymentStatusReport), by local names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

import msgspec

from nostro.domain.attempt import AttemptMove
from nostro.domain.bank_answer import detach
from nostro.domain.bank_status import (
    DUPLICATE_REASONS,
    BatchStatus,
    StatusReason,
    StatusReport,
    TransactionStatus,
)
from nostro.domain.problem import Problem, error, warning
from nostro.formats import Format, Profile, options_of
from nostro.formats.iso20022.answers.status_parts import (
    CHARGE,
    COUNT,
    ORIGINAL,
    REASON,
    amount_of,
    day_of,
    number_of,
    rest_of,
    tell,
)
from nostro.formats.iso20022.xml.messages import Record, Shape, declared, identifies, records

_NEWS = Literal["", "receive", "accept", "pend", "execute", "reject", "doubt", "cancel_stop"]


class StatusOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bank's habits: `unlisted` = "accepted" if it reports rejections only, and its own words.

    `statuses` says what a status word of this bank does to a payment; "" is nothing.
    """

    unlisted: Literal["", "accepted"] = ""
    statuses: dict[str, _NEWS] = {}


class _Group(msgspec.Struct, frozen=True):
    """What a report says of one of our messages as a whole."""

    record: Record
    reasons: list[StatusReason]


def _reason(reasons: list[StatusReason]) -> tuple[str, str]:
    """The reason that decides, and all words of the bank.

    A reason that means "duplicate" comes first wherever it stands: it turns a rejection into a
    doubt, and taking a doubt for a rejection could pay twice.
    """
    texts = [text for reason in reasons for text in reason.texts]
    codes = list(dict.fromkeys(reason.code for reason in reasons if reason.code))
    if not codes:
        return "", " ".join(texts)
    first = next((code for code in codes if code in DUPLICATE_REASONS), codes[0])
    others = ", ".join(code for code in codes if code != first)
    return first, " ".join([*([f"(also {others})"] if others else []), *texts])


def _transaction(record: Record) -> TransactionStatus | None:
    get = record.texts.get
    ids = [get(slot, "") for slot in ("end_to_end_id", "instruction_id", "uetr", "transaction_id")]
    if not any(ids):
        tell(record, _nameless(record))
        return None
    reasons = record.objects("reason")
    reason, text = _reason(reasons)
    batch = record.parent.get("batch") if record.parent else ""
    return TransactionStatus(
        original_end_to_end_id=ids[0],
        original_payment_information_id=get("batch", batch),
        original_instruction_id=ids[1],
        original_uetr=ids[2],
        status=get("status", ""),
        reason=reason,
        reason_text=text,
        line=record.line,
        status_id=get("status_id", ""),
        reasons=tuple(reasons),
        charges=tuple(record.objects("charge")),
        accepted_at=get("accepted_at", ""),
        bank_reference=get("bank_reference", ""),
        clearing_reference=get("clearing_reference", ""),
        original_transaction_id=ids[3],
        original_amount=amount_of(record, "amount"),
        original_date=day_of(record, "execution", "collection"),
        settlement_amount=amount_of(record, "settlement"),
        settlement_date=day_of(record, "settled"),
        original_debtor=get("debtor", ""),
        original_debtor_account=get("debtor_account", ""),
        original_creditor=get("creditor", ""),
        original_creditor_account=get("creditor_account", ""),
        original_mandate_id=get("mandate_id", ""),
        remittance=tuple(record.all("remittance")),
        codes=rest_of(record),
        location=record.location(),
    )


def _nameless(record: Record) -> Problem:
    return error(
        "reference_missing",
        f"{record.words()} names no payment: it has no id at all.",
        "Ask the bank which payment it means; the others were read.",
        record.location(),
        record.raw(),
    )


def _batch(record: Record) -> tuple[int, BatchStatus, list[TransactionStatus]]:
    reasons = record.objects("reason")
    reason, text = _reason(reasons)
    status = BatchStatus(
        original_payment_information_id=record.get("batch"),
        status=record.get("status"),
        reason=reason,
        reason_text=text,
        reasons=tuple(reasons),
        original_transactions=number_of(record, "transactions"),
        original_control_sum=record.get("control_sum"),
        counts=tuple(record.objects("count")),
        codes=rest_of(record),
        location=record.location(),
    )
    return _groups_before(record), status, record.objects("transaction")


def _group(record: Record) -> _Group:
    if record.parent is not None:
        record.parent.state = (record.parent.state or 0) + 1
    return _Group(_detached(record), record.objects("reason"))


def _detached(record: Record) -> Record:
    """The record with its counts, which the engine empties when it is done with it."""
    return msgspec.structs.replace(record, inner=dict(record.inner))


def _groups_before(record: Record) -> int:
    """Of which original message a part of a report is: the one named last before it."""
    return max(0, (record.parent.state or 0) - 1) if record.parent else 0


def _loose(record: Record) -> tuple[int, TransactionStatus] | None:
    """A transaction outside any batch, as version 02 has them all."""
    made = _transaction(record)
    return None if made is None else (_groups_before(record), made)


def _reports(record: Record) -> list[StatusReport]:
    """One report for each original message; there is one, unless the bank breaks the schema."""
    groups: list[_Group] = record.objects("group") or [_Group(record, [])]
    return [_report(record, group, number) for number, group in enumerate(groups)]


def _report(record: Record, group: _Group, number: int) -> StatusReport:
    batches = [found for found in record.objects("batch") if found[0] == number]
    lines = [line for _, _, inside in batches for line in inside]
    lines += [line for place, line in record.objects("transaction") if place == number]
    reason, text = _reason(group.reasons)
    told = group.record
    report = StatusReport(
        message_id=record.get("message_id"),
        created_at=record.get("created"),
        original_message_id=told.get("original_message_id"),
        group_status=told.get("status"),
        group_reason=reason,
        group_reason_text=text,
        batches=tuple(status for _, status, _ in batches),
        transactions=tuple(lines),
        problems=tuple(record.objects("problems")) if number == 0 else (),
        initiator=record.get("initiator"),
        original_message_name=told.get("message_name"),
        original_created_at=told.get("original_created"),
        original_transactions=number_of(told, "transactions"),
        original_control_sum=told.get("control_sum"),
        group_reasons=tuple(group.reasons),
        counts=tuple(told.objects("count")),
        codes=rest_of(record) + (rest_of(told) if told is not record else ()),
        location=record.location(),
    )
    return msgspec.structs.replace(report, problems=(*report.problems, *_problems(report)))


def _problems(report: StatusReport) -> Iterator[Problem]:
    if not report.original_message_id:
        yield warning(
            "original_message_missing",
            "The report does not say which of our messages it is about.",
            "It can only be applied by the ids of single payments; ask the bank otherwise.",
            report.location,
        )
    batches = {batch.original_payment_information_id: batch.status for batch in report.batches}
    silent = [
        line.location
        for line in report.transactions
        if not (line.status or batches.get(line.original_payment_information_id))
    ]
    said = any(batches.values()) or len(silent) < len(report.transactions)
    if not report.group_status and (silent or not said):
        yield warning(
            "status_missing",
            "The report names a payment, or a message, without saying its status at any level.",
            "Nothing follows from it; ask the bank what it means.",
            silent[0] if silent else report.location,
        )


_LINE = {
    "StsId": "status_id",
    "OrgnlInstrId": "instruction_id",
    "OrgnlEndToEndId": "end_to_end_id",
    "OrgnlTxId": "transaction_id",
    "OrgnlUETR": "uetr",
    "OrgnlPmtInfId": "batch",
    "TxSts": "status",
    "AccptncDtTm": "accepted_at",
    "AcctSvcrRef": "bank_reference",
    "ClrSysRef": "clearing_reference",
    **{f"OrgnlTxRef/{path}": slot for path, slot in ORIGINAL.items()},
}
_INSIDE = {"StsRsnInf": REASON, "ChrgsInf": CHARGE}
_TOTALS = {
    "OrgnlNbOfTxs": "transactions",
    "OrgnlCtrlSum": "control_sum",
}


def _shape(name: str, fields: dict[str, str], make: Any, **inner: Shape) -> Shape:
    hot = make in (_transaction, _loose)
    return Shape(name=name, fields=fields, make=make, inner=inner, keeps=True, hot=hot)


_TRANSACTION = _shape("transaction", _LINE, _transaction, **_INSIDE)
_LOOSE = _shape("transaction", _LINE, _loose, **_INSIDE)
_BATCH = _shape(
    "batch",
    {"OrgnlPmtInfId": "batch", "PmtInfSts": "status", **_TOTALS},
    _batch,
    StsRsnInf=REASON,
    NbOfTxsPerSts=COUNT,
    TxInfAndSts=_TRANSACTION,
)
_GROUP = _shape(
    "group",
    {
        "OrgnlMsgId": "original_message_id",
        "OrgnlMsgNmId": "message_name",
        "OrgnlCreDtTm": "original_created",
        "GrpSts": "status",
        **_TOTALS,
    },
    _group,
    StsRsnInf=REASON,
    NbOfTxsPerSts=COUNT,
)
_REPORT = _shape(
    "report",
    {
        "GrpHdr/MsgId": "message_id",
        "GrpHdr/CreDtTm": "created",
        "GrpHdr/InitgPty/Nm": "initiator",
    },
    _reports,
    OrgnlGrpInfAndSts=_GROUP,
    OrgnlGrpInf=_GROUP,  # As interbank reports call it; some banks send it to customers.
    OrgnlPmtInfAndSts=_BATCH,
    TxInfAndSts=_LOOSE,
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield the StatusReport of each original message that a pain.002 file reports on.

    What is wrong in a report is yielded right before it, as Problems.

    A level that gives no status of its own has status "". A payment without any id is left out,
    with the problem `reference_missing`; other problems (`original_message_missing`,
    `status_missing`, `amount_unreadable`, `date_unreadable`) are warnings.
    Raises Invalid with a location for whatever `messages.records` refuses.
    """
    options = options_of(profile, StatusOptions)
    words = sorted(options.statuses.items())
    meanings = tuple((word, AttemptMove(news) if news else None) for word, news in words)
    element = "CstmrPmtStsRpt|pain.002.001.02"
    for report in records(stream, element, _REPORT, declared(profile)):
        told = msgspec.structs.replace(report, unlisted=options.unlisted, meanings=meanings)
        yield from detach(told)


FORMAT = Format(
    name="pain_002",
    media_type="application/xml",
    standard="ISO 20022 pain.002.001.02 to .15",
    section="CustomerPaymentStatusReport",
    versions=tuple(f"{number:02}" for number in range(2, 16)),
    identify=identifies("pain.002"),
    options=StatusOptions,
    read=read,
)
