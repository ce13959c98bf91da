"""Writes requests to the own bank to take payments back (ISO 20022 camt.055.001.01 to .13).

Strict: what is written reads back equal and fits its official schema, or nothing is written.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from nostro.domain.bank_status import StatusReason
from nostro.domain.cancellation import (
    CancellationRequest,
    CancelledBatch,
    CancelledMessage,
    CancelledPayment,
    CaseParty,
    InvestigationCase,
    payments_of,
)
from nostro.domain.errors import Invalid
from nostro.domain.money import exponent_of
from nostro.formats import Profile, options_of
from nostro.formats.iso20022.answers.cancellation_reader import reader_of
from nostro.formats.iso20022.control_sum import plain_sum
from nostro.formats.iso20022.validation.schema import validate

_LAST = 13
# The choice of a date or a date and time, and BICs of 2014, came with these versions.
_DATE_CHOICE, _BICFI = 6, 2
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOTHING = "Nothing was written."
_PLACES = ("location", "problems")


def versions() -> tuple[str, ...]:
    """The versions that can be written, oldest first."""
    return tuple(f"camt.055.001.{number:02}" for number in range(1, _LAST + 1))


class CancellationOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`version`: which version the bank takes; most take .08 (the EPC's guidelines of 2023)."""

    version: str = "camt.055.001.08"


def write(request: Any, profile: Profile) -> bytes:
    """The bytes of one camt.055.

    Raises Invalid: `wrong_document`, `unknown_version`, `nothing_to_cancel`, `whole_and_parts`,
    `text_not_writable`, `not_carried` (what this version has no place for), or as
    `schema.validate`, with the place in the message.
    """
    version = options_of(profile, CancellationOptions).version
    if not isinstance(request, CancellationRequest) or request.between_banks:
        raise _refused("wrong_document", "This is no request of a customer to cancel payments.")
    if version not in versions():
        raise _refused("unknown_version", f"{version} is no version of camt.055.")
    _check_targets(request)
    data = _Writer(version).request(request).encode()
    validate(data)
    _check_equal(request, data)
    return data


def _refused(code: str, happened: str, can_do: str = "", location: str = "") -> Invalid:
    advice = can_do or f"We write requests to cancel as {versions()[0]} to .{_LAST}."
    return Invalid(code, happened, _NOTHING, advice, location=location)


def _check_targets(request: CancellationRequest) -> None:
    """Something is cancelled, and what is cancelled whole is not cancelled in parts as well."""
    for number, message in enumerate(request.messages, start=1):
        where = f"message {number}"
        parts = [*message.batches, *message.payments]
        _check_target(where, message.whole, bool(parts))
        for count, batch in enumerate(message.batches, start=1):
            _check_target(f"{where}, batch {count}", batch.whole, bool(batch.payments))
    if not request.messages:
        _check_target("message 1", None, False)


def _check_target(where: str, whole: bool | None, parts: bool) -> None:
    if whole and parts:
        happened = "The request cancels something whole, and parts of it as well."
        raise _refused("whole_and_parts", happened, "Leave out one of the two.", where)
    if not whole and not parts:
        happened = "The request does not say what to cancel."
        can_do = "Name payments, or mark the batch or the message as whole."
        raise _refused("nothing_to_cancel", happened, can_do, where)


def _plain(value: Any) -> Any:
    """An object without the places where it was read."""
    if isinstance(value, msgspec.Struct):
        names = (name for name in value.__struct_fields__ if name not in _PLACES)
        return [type(value).__name__, *((name, _plain(getattr(value, name))) for name in names)]
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _check_equal(request: CancellationRequest, data: bytes) -> None:
    """What a version has no place for would be lost without a word: so nothing is written."""
    *_, found = reader_of("CstmrPmtCxlReq", between_banks=False)(BytesIO(data), Profile())
    if _plain(found) != _plain(request):
        happened = "The request holds something that a camt.055 cannot carry as it is."
        can_do = (
            "Leave out what only exists between banks, codes without a field, empty reasons, and"
            " parties with fields of both a bank and a company."
        )
        raise _refused("not_carried", happened, can_do)


class _Writer:
    """One message of one version; texts are escaped, and refused where XML cannot carry them."""

    def __init__(self, version: str) -> None:
        number = int(version[-2:])
        self.version = version
        self.choice = number >= _DATE_CHOICE
        self.bank_bic, self.company_bic = (
            ("BICFI", "AnyBIC") if number >= _BICFI else ("BIC", "BICOrBEI")
        )

    def request(self, request: CancellationRequest) -> str:
        named = payments_of(request)
        amounts = [payment.amount for payment in named if payment.amount]
        for amount in amounts:
            exponent_of(amount.currency)  # Refuses a currency that there is not.
        total = f"<CtrlSum>{plain_sum(amounts)}</CtrlSum>" if len(amounts) == len(named) else ""
        control = f"<CtrlData><NbOfTxs>{len(named)}</NbOfTxs>{total}</CtrlData>\n" if named else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{self.version}"><CstmrPmtCxlReq>\n'
            f"<Assgnmt>{self.text('Id', request.assignment_id)}"
            f"{self.party('Assgnr', request.assigner)}{self.party('Assgne', request.assignee)}"
            f"{self.text('CreDtTm', request.created_at)}</Assgnmt>\n"
            f"{self.case(request.case)}{control}"
            f"{''.join(map(self.message, request.messages))}</CstmrPmtCxlReq></Document>\n"
        )

    def text(self, tag: str, text: str) -> str:
        if text != text.strip() or _UNWRITABLE.search(text):
            happened = f"{tag} has spaces around it, or characters that XML cannot carry."
            raise _refused("text_not_writable", happened, "Take them out.", repr(text[:60]))
        return f"<{tag}>{escape(text)}</{tag}>" if text else ""

    def party(self, tag: str, party: CaseParty) -> str:
        name, number = self.text("Nm", party.name), party.number
        if party.bank:
            member = self.text("MmbId", number)
            clearing = f"<ClrSysMmbId>{member}</ClrSysMmbId>" if member else ""
            inside = f"{self.text(self.bank_bic, party.bic)}{clearing}{name}"
            return f"<{tag}><Agt><FinInstnId>{inside}</FinInstnId></Agt></{tag}>"
        other = f"<Othr>{self.text('Id', number)}</Othr>" if number else ""
        ids = f"{self.text(self.company_bic, party.bic)}{other}"
        told = f"<Id><OrgId>{ids}</OrgId></Id>" if ids else ""
        return f"<{tag}><Pty>{name}{told}</Pty></{tag}>"

    def case(self, case: InvestigationCase | None) -> str:
        if case is None:
            return ""
        creator = self.party("Cretr", case.creator)
        again = self.flag("ReopCaseIndctn", case.reopened)
        return f"<Case>{self.text('Id', case.case_id)}{creator}{again}</Case>"

    def flag(self, tag: str, flag: bool | None) -> str:
        return "" if flag is None else f"<{tag}>{'true' if flag else 'false'}</{tag}>"

    def reason(self, reason: StatusReason) -> str:
        who = f"<Orgtr>{self.text('Nm', reason.originator)}</Orgtr>" if reason.originator else ""
        code = self.text("Prtry" if reason.proprietary else "Cd", reason.code)
        why = f"<Rsn>{code}</Rsn>" if code else ""
        texts = "".join(self.text("AddtlInf", text) for text in reason.texts)
        return f"<CxlRsnInf>{who}{why}{texts}</CxlRsnInf>"

    def reasons(self, reasons: tuple[StatusReason, ...]) -> str:
        return "".join(map(self.reason, reasons))

    def original(self, told: CancelledMessage | CancelledBatch) -> str:
        return (
            f"{self.text('OrgnlMsgId', told.original_message_id)}"
            f"{self.text('OrgnlMsgNmId', told.original_message_name)}"
            f"{self.text('OrgnlCreDtTm', told.original_created_at)}"
        )

    def part(self, told: CancelledMessage | CancelledBatch, whole: str) -> str:
        count = "" if told.original_transactions is None else str(told.original_transactions)
        return (
            f"{self.text('NbOfTxs', count)}{self.text('CtrlSum', told.original_control_sum)}"
            f"{self.flag(whole, told.whole)}{self.reasons(told.reasons)}"
        )

    def message(self, message: CancelledMessage) -> str:
        inside = (
            f"{self.text('GrpCxlId', message.cancellation_id)}{self.case(message.case)}"
            f"{self.original(message)}{self.part(message, 'GrpCxl')}"
        )
        group = f"<OrgnlGrpInfAndCxl>{inside}</OrgnlGrpInfAndCxl>\n" if inside else ""
        return f"<Undrlyg>{group}{''.join(map(self.batch, message.batches))}</Undrlyg>\n"

    def batch(self, batch: CancelledBatch) -> str:
        original = self.original(batch)
        group = f"<OrgnlGrpInf>{original}</OrgnlGrpInf>" if original else ""
        return (
            f"<OrgnlPmtInfAndCxl>{self.text('PmtCxlId', batch.cancellation_id)}"
            f"{self.case(batch.case)}{self.text('OrgnlPmtInfId', batch.batch_id)}{group}"
            f"{self.part(batch, 'PmtInfCxl')}\n"
            f"{''.join(map(self.payment, batch.payments))}</OrgnlPmtInfAndCxl>"
        )

    def payment(self, payment: CancelledPayment) -> str:
        amount = payment.amount
        told = f"{payment.requested_date or ''}"
        if payment.requested_time:
            told += f"T{payment.requested_time}"
        day = self.text("OrgnlReqdExctnDt", told)
        if told and self.choice:
            kind = "DtTm" if payment.requested_time else "Dt"
            day = f"<OrgnlReqdExctnDt>{self.text(kind, told)}</OrgnlReqdExctnDt>"
        money = (
            f'<OrgnlInstdAmt Ccy="{amount.currency}">{amount.number()}</OrgnlInstdAmt>'
            if amount
            else ""
        )
        return (
            f"<TxInf>{self.text('CxlId', payment.cancellation_id)}{self.case(payment.case)}"
            f"{self.text('OrgnlInstrId', payment.instruction_id)}"
            f"{self.text('OrgnlEndToEndId', payment.end_to_end_id)}"
            f"{self.text('OrgnlUETR', payment.uetr)}{money}{day}"
            f"{self.text('OrgnlReqdColltnDt', str(payment.collection_date or ''))}"
            f"{self.reasons(payment.reasons)}</TxInf>\n"
        )
