"""What requests to cancel payments and their answers share: parties, cases, reasons, payments.

Parts of ISO 20022 camt.055, camt.056 and camt.029; by local names, over all versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nostro.domain.cancellation import CaseParty, InvestigationCase
from nostro.domain.problem import error
from nostro.formats.iso20022.answers.status_parts import REASON, amount_of, day_of, rest_of, tell
from nostro.formats.iso20022.xml.messages import Record, Shape

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T.+)\Z")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
NO_ONE = CaseParty()


def _party(record: Record) -> CaseParty:
    bank = any(record.get(slot) for slot in ("bank_name", "bank_bic", "bank_number"))
    prefix = "bank_" if bank else ""
    untold = [slot for slot in ("name", "bic", "number") if bank and record.get(slot)]
    # In the first version of camt.029 the party is a BIC, without anything around it.
    bic = next((text for path, text in record.rest if not path), record.get(f"{prefix}bic"))
    rest = [(path, text) for path, text in record.rest if path]
    return CaseParty(
        name=record.get(f"{prefix}name"),
        bic=bic,
        number=record.get(f"{prefix}number"),
        bank=bank,
        codes=(*rest, *((slot, record.get(slot)) for slot in untold)),
    )


def party(name: str) -> Shape:
    """The shape of a party that is a company (Pty) or a bank (Agt)."""
    fields = {"Pty/Nm": "name", "Pty/Id/OrgId/Othr/Id": "number"}
    for kind in ("AnyBIC", "BICOrBEI"):
        fields[f"Pty/Id/OrgId/{kind}"] = "bic"
    for kind in ("BICFI", "BIC"):
        fields[f"Agt/FinInstnId/{kind}"] = "bank_bic"
    fields["Agt/FinInstnId/ClrSysMmbId/MmbId"] = "bank_number"
    fields["Agt/FinInstnId/Nm"] = "bank_name"
    return Shape(name=name, fields=fields, make=_party, keeps=True)


def one(record: Record, name: str) -> Any:
    """The first object of a name, or None."""
    return next(iter(record.objects(name)), None)


def _case(record: Record) -> InvestigationCase:
    if record.parent is not None:
        record.parent.rest += [(f"Case/{path}", text) for path, text in record.rest]
    return InvestigationCase(
        case_id=record.get("case_id"),
        creator=one(record, "creator") or NO_ONE,
        reopened=yes(record, "reopened"),
    )


CASE = Shape(
    name="case",
    fields={"Id": "case_id", "ReopCaseIndctn": "reopened"},
    make=_case,
    inner={"Cretr": party("creator")},
    keeps=True,
)


def yes(record: Record, slot: str) -> bool | None:
    """True, false, or None: nothing said, or a text that is neither, which is kept."""
    text = record.get(slot)
    if text and text not in _BOOLEANS:
        record.rest.append((slot, text))
    return _BOOLEANS.get(text)


def assignment(record: Record) -> dict[str, Any]:
    """Who sends the message to whom, and when."""
    return {
        "assignment_id": record.get("assignment_id"),
        "created_at": record.get("created"),
        "assigner": one(record, "assigner") or NO_ONE,
        "assignee": one(record, "assignee") or NO_ONE,
        "case": one(record, "case"),
        "location": record.location(),
    }


ASSIGNMENT = {"Assgnmt/Id": "assignment_id", "Assgnmt/CreDtTm": "created"}
ASSIGNED = {"Assgnmt/Assgnr": party("assigner"), "Assgnmt/Assgne": party("assignee")}


def original_message(record: Record) -> dict[str, Any]:
    """Which message is meant, as the one who sent it named it."""
    return {
        "original_message_id": record.get("message_id"),
        "original_message_name": record.get("message_name"),
        "original_created_at": record.get("original_created"),
    }


ORIGINAL_MESSAGE = {
    "OrgnlMsgId": "message_id",
    "OrgnlMsgNmId": "message_name",
    "OrgnlCreDtTm": "original_created",
}


def below(path: str, fields: dict[str, str]) -> dict[str, str]:
    return {f"{path}/{name}": slot for name, slot in fields.items()}


def payment(record: Record, answered: bool = False) -> dict[str, Any] | None:
    """What is told of one payment; None, with the problem `reference_missing`, if it has no id.

    An answer may name its own id only: then the message that it is about tells the payment.
    """
    get = record.texts.get
    slots = ("end_to_end_id", "instruction_id", "uetr", "transaction_id", "clearing_reference")
    ids = {slot: get(slot, "") for slot in slots}
    if not (any(ids.values()) or (answered and get("cancellation_id"))):
        happened = f"{record.words()} names no payment: it has no id at all."
        can_do = "Ask the sender which payment is meant; the others were read."
        tell(record, error("reference_missing", happened, can_do, record.location(), record.raw()))
        return None
    found = _TIME.match(get("execution", ""))
    return {
        **ids,
        **original_message(record),
        "cancellation_id": get("cancellation_id", ""),
        "case": one(record, "case"),
        "amount": amount_of(record, "amount"),
        "requested_date": day_of(record, "execution"),
        "requested_time": found[1][1:] if found else "",
        "collection_date": day_of(record, "collection"),
        "settlement_amount": amount_of(record, "settlement"),
        "settlement_date": day_of(record, "settled"),
        "reasons": tuple(record.objects("reason")),
        "codes": rest_of(record),
        "location": record.location(),
    }


_PAYMENT = {
    "CxlId": "cancellation_id",
    "CxlStsId": "cancellation_id",
    "OrgnlInstrId": "instruction_id",
    "OrgnlEndToEndId": "end_to_end_id",
    "OrgnlTxId": "transaction_id",
    "OrgnlClrSysRef": "clearing_reference",
    "OrgnlUETR": "uetr",
    "OrgnlInstdAmt": "amount",
    "OrgnlReqdExctnDt": "execution",
    "OrgnlReqdExctnDt/Dt": "execution",
    "OrgnlReqdExctnDt/DtTm": "execution",
    "OrgnlReqdColltnDt": "collection",
    "OrgnlIntrBkSttlmAmt": "settlement",
    "OrgnlIntrBkSttlmDt": "settled",
    "TxCxlSts": "status",
    **below("OrgnlGrpInf", ORIGINAL_MESSAGE),
}


def payment_shape(make: Callable[[Record], Any]) -> Shape:
    """One payment of a request or an answer; its reasons are called CxlRsnInf or CxlStsRsnInf."""
    return Shape(
        name="payment",
        fields=_PAYMENT,
        make=make,
        inner={"Case": CASE, "RslvdCase": CASE, "CxlRsnInf": REASON, "CxlStsRsnInf": REASON},
        keeps=True,
        hot=True,
    )
