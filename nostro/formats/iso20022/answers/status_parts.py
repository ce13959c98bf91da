"""What answers of a bank share: reasons, charges, counts, and what they repeat of our payments.

Parts of ISO 20022 pain.002 and camt.029; by local names, over all versions.
"""

from __future__ import annotations

from datetime import date

from nostro.domain.bank_status import StatusCharge, StatusCount, StatusReason
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Problem, warning
from nostro.formats.iso20022.xml.messages import Record, Shape

_DIGITS_MAX = 15
_CHECK = "Look at the bank's own report; the text is kept."


def tell(record: Record, problem: Problem) -> None:
    """Attach a problem to the message around a record."""
    around = record
    while around.parent is not None:
        around = around.parent
    around.inner.setdefault("problems", []).append(problem)


def amount_of(record: Record, slot: str) -> Money | None:
    """An amount as written; None with a problem when it is none (`amount_unreadable`)."""
    text = record.texts.get(slot)
    if not text:
        return None
    currency = record.texts.get(slot + "@", "")
    try:
        return Money.parse(text, currency)
    except Invalid as refusal:
        happened = f"{record.words()} has an amount that cannot be used. {refusal.happened}"
        tell(record, warning("amount_unreadable", happened, _CHECK, record.location()))
        record.rest.append((slot, f"{currency} {text}".strip()))
        return None


def day_of(record: Record, *slots: str) -> date | None:
    """The first of some dates or dates and times; None with a problem (`date_unreadable`)."""
    for slot in slots:
        text = record.texts.get(slot)
        if not text:
            continue
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            happened = f"{record.words()} has a date that is none ({text[:40]!r})."
            tell(record, warning("date_unreadable", happened, _CHECK, record.location()))
            record.rest.append((slot, text))
    return None


def number_of(record: Record, slot: str) -> int | None:
    """How many, or None: what is no number is kept as it is."""
    text = record.get(slot)
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX:
        return int(text)
    if text:
        record.rest.append((slot, text))
    return None


def rest_of(record: Record) -> tuple[tuple[str, str], ...]:
    """What no field took, verbatim: path below the record, and text."""
    return tuple(record.rest)


def _reason(record: Record) -> StatusReason:
    code = record.get("code")
    return StatusReason(
        code=code or record.get("proprietary"),
        proprietary=not code and bool(record.get("proprietary")),
        texts=tuple(record.all("texts")),
        originator=record.get("originator"),
        codes=rest_of(record),
    )


def _charge(record: Record) -> StatusCharge | None:
    amount = amount_of(record, "amount")
    agent, kind = record.get("agent"), record.get("kind")
    untold = [*record.rest] if amount else [*record.rest, ("agent", agent), ("kind", kind)]
    if record.parent is not None:
        record.parent.rest += [(f"charge/{path}", text) for path, text in untold if text]
    return StatusCharge(amount=amount, agent=agent, kind=kind) if amount else None


def _count(record: Record) -> StatusCount:
    return StatusCount(
        status=record.get("status"),
        transactions=number_of(record, "transactions"),
        control_sum=record.get("control_sum"),
    )


def _agents(path: str) -> dict[str, str]:
    below = ("BICFI", "BIC", "ClrSysMmbId/MmbId", "Nm")
    return {f"{path}/FinInstnId/{part}": "agent" for part in below}


def _originators(path: str) -> dict[str, str]:
    """A party by name, else by BIC (BICOrBEI up to version 09), else by another id."""
    ids = [f"Id/OrgId/{kind}" for kind in ("BICOrBEI", "AnyBIC", "BIC", "Othr/Id")]
    return {f"{path}/{part}": "originator" for part in ("Nm", *ids)}


REASON = Shape(
    name="reason",
    fields={
        "Rsn/Cd": "code",
        "Rsn/Prtry": "proprietary",
        "StsRsn/Cd": "code",  # As version 02 calls them.
        "StsRsn/Prtry": "proprietary",
        "AddtlInf": "texts*",
        "AddtlStsRsnInf": "texts*",
        **_originators("Orgtr"),
        **_originators("StsOrgtr"),
    },
    make=_reason,
    keeps=True,
)
CHARGE = Shape(
    name="charge",
    fields={
        "Amt": "amount",
        "ChrgsAmt": "amount",
        "Tp/Cd": "kind",
        "Tp/Prtry/Id": "kind",
        **_agents("Agt"),
        **_agents("Pty"),
        **_agents("ChrgsPty"),
    },
    make=_charge,
    keeps=True,
)
COUNT = Shape(
    name="count",
    fields={
        "DtldNbOfTxs": "transactions",
        "DtldSts": "status",
        "DtldCtrlSum": "control_sum",
    },
    make=_count,
)


def _account(path: str, slot: str) -> dict[str, str]:
    return {f"{path}/Id/IBAN": slot, f"{path}/Id/Othr/Id": slot, f"{path}/Id/BBAN": slot}


# Below OrgnlTxRef: what the bank repeats of our payment.
ORIGINAL: dict[str, str] = {
    "Amt/InstdAmt": "amount",
    "IntrBkSttlmAmt": "settlement",
    "IntrBkSttlmDt": "settled",
    "ReqdExctnDt": "execution",
    "ReqdExctnDt/Dt": "execution",
    "ReqdExctnDt/DtTm": "execution",
    "ReqdColltnDt": "collection",
    "Dbtr/Nm": "debtor",
    "Dbtr/Pty/Nm": "debtor",
    "Cdtr/Nm": "creditor",
    "Cdtr/Pty/Nm": "creditor",
    **_account("DbtrAcct", "debtor_account"),
    **_account("CdtrAcct", "creditor_account"),
    "MndtRltdInf/MndtId": "mandate_id",
    "MndtRltdInf/DrctDbtMndt/MndtId": "mandate_id",
    "RmtInf/Ustrd": "remittance*",
}
