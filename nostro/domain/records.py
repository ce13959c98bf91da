"""Every kind of record that files are read into and written from, by the name it has in JSON.

One line of JSON a record: {"record": "entry", "amount": {"minor": 1250, "currency": "EUR"}, ...}.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from nostro.domain.ach_return import NotificationOfChange, ReturnedEntry
from nostro.domain.bank_status import StatusReport
from nostro.domain.cancellation import CancellationAnswer, CancellationRequest
from nostro.domain.check_exception import PresentedCheck
from nostro.domain.credit_note import CreditNoteLine
from nostro.domain.errors import Invalid
from nostro.domain.input_file import InputFile
from nostro.domain.issued_check import IssuedCheck, IssueFile, IssueFileHeader, IssueFileTrailer
from nostro.domain.journal import JournalEvent
from nostro.domain.lockbox import LockboxDeposit, LockboxItem, LockboxTrailer
from nostro.domain.open_item import OpenItem
from nostro.domain.payment import PaymentRequest, RunTotals
from nostro.domain.payment_file import (
    Payment,
    PaymentBatchHeader,
    PaymentFile,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.payment_status import PaymentStatus
from nostro.domain.problem import Problem, RejectedLine
from nostro.domain.remittance import RemittanceAdvice
from nostro.domain.statement import Entry, Statement, StatementHeader, StatementTrailer
from nostro.domain.told_remittance import Remittance
from nostro.domain.transport_acknowledgement import TransportAcknowledgement

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def name_of(kind: type) -> str:
    """What a kind of record is called in JSON: PaymentBatchHeader is "payment_batch_header"."""
    return _WORD.sub("_", kind.__name__).lower()


RECORDS: dict[str, type[msgspec.Struct]] = {
    name_of(kind): kind
    for kind in (
        StatementHeader,
        Entry,
        StatementTrailer,
        PaymentFileHeader,
        PaymentBatchHeader,
        Payment,
        PaymentFileTrailer,
        ReturnedEntry,
        NotificationOfChange,
        IssueFileHeader,
        IssuedCheck,
        IssueFileTrailer,
        PresentedCheck,
        StatusReport,
        CancellationRequest,
        CancellationAnswer,
        TransportAcknowledgement,
        RemittanceAdvice,
        Remittance,
        LockboxDeposit,
        LockboxItem,
        LockboxTrailer,
        PaymentRequest,
        RunTotals,
        RejectedLine,
        CreditNoteLine,
        OpenItem,
        JournalEvent,
        PaymentStatus,
        InputFile,
        Statement,
        PaymentFile,
        IssueFile,
        Problem,
    )
}
_ENCODER = msgspec.json.Encoder()


def to_json(record: msgspec.Struct) -> bytes:
    """One record as one line of JSON, without the line end; "record" names its kind."""
    name = name_of(type(record))
    told = {field: getattr(record, field) for field in record.__struct_fields__}
    return _ENCODER.encode({"record": name, **told})


def from_json(line: bytes) -> Any:
    """The record that a line of JSON holds; unknown fields are refused. Raises Invalid."""
    try:
        told: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        kind = RECORDS[told.pop("record")]
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        if unknown := sorted(told.keys() - fields):
            raise msgspec.ValidationError(f"there is no field {unknown[0]!r}")
        return msgspec.convert(told, kind)
    except KeyError as error:
        known = ", ".join(sorted(RECORDS))
        happened = f"The line does not say what kind of record it is ({error})."
        can_do = f'Name it in "record": one of {known}.'
        raise Invalid("record_kind_missing", happened, "Nothing was written.", can_do) from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        happened = f"The line is not a record we know: {error}."
        can_do = "Compare it with the schema of its kind in docs/schema."
        raise Invalid("record_wrong", happened, "Nothing was written.", can_do) from None
