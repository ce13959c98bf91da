"""Payment files: what a bank is told to pay, written and read back before it is sent.

ISO 20022 pain.001 of any version is read (also from an ERP that makes its own files); .09 and .03
are written. The law: what was written reads back as `line_of` every instruction, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment import SentLine
from nostro.formats import Format, Profile
from nostro.formats.iso20022.messages import Record, Shape, declared, identifies, records
from nostro.formats.iso20022.pain_001_writer import VERSIONS, decimal, finest, plain_sum, write
from nostro.formats.iso20022.schema import validate

__all__ = ["FORMAT", "VERSIONS", "plain_sum", "read", "validate", "write"]

_NOT_USED = "The file was not used."
_PLAIN = re.compile(r"[0-9]{1,18}(\.[0-9]{0,17})?\Z")


def _address_fields(path: str) -> dict[str, str]:
    return {
        f"{path}/StrtNm": "street",
        f"{path}/BldgNb": "building",
        f"{path}/PstCd": "post_code",
        f"{path}/TwnNm": "town",
        f"{path}/Ctry": "country",
    }


_TRANSACTION_FIELDS = {
    "PmtId/EndToEndId": "end_to_end_id",
    "Amt/InstdAmt": "amount",
    "Amt/EqvtAmt/Amt": "equivalent",
    "ChrgBr": "charges",
    "CdtrAgt/FinInstnId/BICFI": "bic",
    "CdtrAgt/FinInstnId/BIC": "bic",
    "Cdtr/Nm": "name",
    **_address_fields("Cdtr/PstlAdr"),
    "CdtrAcct/Id/IBAN": "account",
    "CdtrAcct/Id/Othr/Id": "account",
    "RmtInf/Ustrd": "remittance*",
    "RmtInf/Strd/CdtrRefInf/Ref": "reference",
}
_BATCH_FIELDS = {
    "PmtInfId": "batch",
    "NbOfTxs": "count",
    "CtrlSum": "sum",
    "ReqdExctnDt": "day",
    "ReqdExctnDt/Dt": "day",
    "ReqdExctnDt/DtTm": "day",
    "DbtrAcct/Id/IBAN": "account",
    "DbtrAcct/Id/Othr/Id": "account",
    "ChrgBr": "charges",
}


class _Total(NamedTuple):
    payments: int
    units: int


def _wrong(record: Record, code: str, happened: str) -> Invalid:
    can_do = "Have the file made again by its source."
    where = str(record.location()) or f"line {record.line}"
    return Invalid(code, happened, _NOT_USED, can_do, location=where)


def _sent(record: Record) -> SentLine:
    batch = record.parent or record  # Never without a batch: the shape below says so.
    name = record.words()
    if record.get("equivalent"):
        happened = f"{name} asks the bank to convert an amount; only amounts as paid are read."
        raise _wrong(record, "equivalent_amount", happened)
    if not record.get("amount"):
        raise _wrong(record, "amount_missing", f"{name} has no instructed amount.")
    try:
        amount = Money.parse(record.get("amount"), record.get("amount@"))
    except Invalid as error:
        happened = f"{name} has a wrong amount. {error.happened}"
        raise _wrong(record, error.code, happened) from None
    batch.inner.setdefault("totals", []).append(amount)
    try:
        day = date.fromisoformat(batch.get("day")[:10])
    except ValueError:
        happened = f"{name} has no execution date that can be read ({batch.get('day')[:40]!r})."
        raise _wrong(record, "date_unreadable", happened) from None
    return SentLine(
        payment_information_id=batch.get("batch"),
        end_to_end_id=record.get("end_to_end_id"),
        amount=amount,
        debtor_iban=batch.get("account"),
        creditor_name=record.get("name"),
        creditor_iban=record.get("account"),
        creditor_bic=record.get("bic"),
        creditor_address=PostalAddress(
            street=record.get("street"),
            building=record.get("building"),
            post_code=record.get("post_code"),
            town=record.get("town"),
            country=record.get("country"),
        ),
        execution_date=day,
        charge_bearer=record.get("charges") or batch.get("charges"),
        remittance=" ".join(record.all("remittance")),
        creditor_reference=record.get("reference"),
    )


def _batch_total(record: Record) -> _Total:
    amounts: list[Money] = record.objects("totals")
    total = _Total(len(amounts), sum(finest(amount) for amount in amounts))
    _check_total(record, total, record.words())
    return total


def _file_total(record: Record) -> None:
    totals: list[_Total] = record.objects("batch")
    total = _Total(sum(t.payments for t in totals), sum(t.units for t in totals))
    _check_total(record, total, "The file")


def _check_total(record: Record, total: _Total, what: str) -> None:
    """Compare what is said (NbOfTxs, CtrlSum; both optional in a batch) with what is there."""
    count, said = record.get("count"), record.get("sum")
    if count and not (count.isascii() and count.isdigit() and int(count[:15]) == total.payments):
        happened = f"{what} says that it holds {count[:20]} payments; it holds {total.payments}."
        raise _wrong(record, "control_sum_mismatch", happened)
    holds = decimal(total.units)
    if said and not (_PLAIN.match(said) and Decimal(said) == Decimal(holds)):
        happened = f"{what} says that its amounts add up to {said[:40]}; they add up to {holds}."
        raise _wrong(record, "control_sum_mismatch", happened)


_TRANSACTION = Shape(name="payment", fields=_TRANSACTION_FIELDS, make=_sent, yields=True)
_BATCH = Shape(
    name="batch", fields=_BATCH_FIELDS, make=_batch_total, inner={"CdtTrfTxInf": _TRANSACTION}
)
_FILE = Shape(
    name="file",
    fields={"GrpHdr/NbOfTxs": "count", "GrpHdr/CtrlSum": "sum"},
    make=_file_total,
    inner={"PmtInf": _BATCH},
)


def read(stream: BinaryIO, profile: Profile) -> Iterator[SentLine]:
    """Yield one SentLine for each payment (CdtTrfTxInf) of a pain.001 file of any version.

    The law: what `write` wrote is read back as `line_of` of every instruction, in order. Address
    lines (AdrLine) have no place in a SentLine. Raises Invalid with a location for whatever
    `iso20022.records` refuses, and: `control_sum_mismatch` (counts too; only known at the end of a
    batch, so use nothing before the iterator has ended by itself), `amount_missing`,
    `equivalent_amount`, `amount_not_a_number`, `amount_too_fine`, `amount_too_large`,
    `unknown_currency`, `date_unreadable`.
    """
    yield from records(stream, "CstmrCdtTrfInitn", _FILE, declared(profile))


FORMAT = Format(
    name="pain_001",
    media_type="application/xml",
    standard="ISO 20022 pain.001.001.09 and .03 (written), any version (read)",
    identify=identifies("pain.001"),
    read=read,
    write=write,
)
