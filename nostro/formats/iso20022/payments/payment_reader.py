"""Payment files as records: the header, each batch, each payment, and what does not add up.

ISO 20022 pain.001 and pain.008 of any version. One payment that cannot be read hides no other;
totals that do not fit say so (`control_sum_mismatch`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    Mandate,
    Method,
    Payment,
    PaymentBatchHeader,
    PaymentFileHeader,
    PaymentFileTrailer,
)
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats import Profile
from nostro.formats.iso20022.control_sum import decimal, finest
from nostro.formats.iso20022.payments.payment_parts import Told, remitted
from nostro.formats.iso20022.xml.leaves import END, HEAD, Piece, Unit, units
from nostro.formats.iso20022.xml.messages import declared
from nostro.formats.verdicts import REMEMBERED_MAX

_PLAIN = re.compile(r"[0-9]{1,18}(\.[0-9]{0,17})?\Z")
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
_MADE_AGAIN = "Have the file made again by its source."
_BATCH_TWICE = "Ask its source whether it came twice: the bank may refuse it, or pay it twice."
_SEPA = "SEPA"
_AMENDED = "AmdmntInfDtls"
_INFORMATION = "RgltryRptg/Dtls/Inf"
_SCHEME = "Id/PrvtId/Othr/SchmeNm/Prtry"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the two messages: element names, which side is ours, the method."""

    names: tuple[str, ...]
    piece: Piece
    prefixes: dict[str, str]
    methods: frozenset[Method]
    payment_creditor_id: str = ""  # Where a single payment names its creditor id.


class _Total:
    """What a batch or the file adds up to; `known` is false once an amount could not be read."""

    def __init__(self) -> None:
        self.payments = 0
        self.units = 0
        self.known = True


class _Reading:
    """The state of one message while its units go by."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.prefixes = {
            **message.prefixes,
            **{f"{name}.id": f"{path}/Id" for name, path in message.prefixes.items()},
        }
        self.begin(Unit("file", 1, 1, None))

    def begin(self, unit: Unit) -> None:
        self.version = str(unit.groups.get("", {}).get("version", ""))
        self.header_given = False
        self.file_said: dict[str, str] = {}
        self.batch_said: dict[str, str] = {}
        self.batch_day: date | None = None
        self.batch_lines: dict[int, int] = {}
        self.file_total = _Total()
        self.batch_total = _Total()
        self.sums: dict[str, int] = {}

    def records(self, phase: str, unit: Unit) -> Iterator[Any]:
        if unit.name == "payment":
            yield self._payment_or_problem(unit)
        elif unit.name == "batch":
            yield from self._batch(unit) if phase == HEAD else self._batch_end(unit)
        elif unit.name == "group header":
            yield from self._header(unit)
        elif phase == HEAD:
            self.begin(unit)
        else:
            yield from self._file_end(unit)

    # --- The file ------------------------------------------------------------------------------

    def _header(self, unit: Unit) -> Iterator[Any]:
        told = Told(unit, self.prefixes)
        group = unit.groups.pop("", {})
        self.file_said = {key: group.pop(key, "") for key in ("count", "sum")}
        self.header_given = True
        yield PaymentFileHeader(
            message_id=group.get("message_id", ""),
            created_at=group.get("created_at", ""),
            initiator=told.party("initiator"),
            forwarding_agent=told.agent("forwarding_agent"),
            version=self.version,
            codes=told.left(),
            location=unit.location(),
        )

    def _file_end(self, unit: Unit) -> Iterator[Any]:
        if not self.header_given:
            yield from self._header(Unit("group header", 1, unit.line, unit))
        yield from self._misplaced(unit, "The file")
        where = Location(line=unit.line, path="group header")
        yield from _check(self.file_said, self.file_total, "The file", where)
        yield PaymentFileTrailer(
            payments=self.file_total.payments,
            sums=tuple(Money(minor, currency) for currency, minor in sorted(self.sums.items())),
            location=unit.location(),
        )

    def _misplaced(self, unit: Unit, what: str) -> Iterator[Problem]:
        """Whatever a unit says after its payments can reach no record any more."""
        left = [(key, str(text)) for group in unit.groups.values() for key, text in group.items()]
        for name, text in [*left, *unit.verbatim()]:
            if name == "version":
                continue
            yield warning(
                "element_out_of_place",
                f"{what} says {name} ({text[:40]!r}) after its payments; it was not used.",
                "Look at the original if it matters.",
                unit.location(),
                raw=text,
            )

    # --- Batches -------------------------------------------------------------------------------

    def _batch(self, unit: Unit) -> Iterator[Any]:
        if not self.header_given:
            yield from self._header(Unit("group header", 1, unit.line, unit.parent))
        told = Told(unit, self.prefixes)
        group = unit.groups.pop("", {})
        self.batch_total = _Total()
        self.batch_said = {key: group.pop(key, "") for key in ("count", "sum")}
        self.batch_said["day"] = day = group.pop("day", "")
        self.batch_day = _date(day[:10])
        if self.batch_day is None:
            return  # Each of its payments says so: none of them can be paid.
        batch_id = group.pop("batch_id", "")
        yield from self._again(batch_id, unit)
        yield PaymentBatchHeader(
            batch_id=batch_id,
            method=self._method(told, group),
            requested_date=self.batch_day,
            requested_time=day[10:].removeprefix("T"),
            batch_booking=_booking(told, group),
            service_level=told.coded("", group, "PmtTpInf/SvcLvl"),
            category_purpose=told.coded("", group, "PmtTpInf/CtgyPurp"),
            creditor_id=_creditor_id(told, "CdtrSchmeId"),
            own=told.party("own"),
            own_account=told.account("own_account"),
            own_agent=told.agent("own_agent"),
            ultimate_own=told.party("ultimate_own"),
            charges_account=told.account("charges_account"),
            codes=told.left(),
            location=unit.location(),
            **group,
        )

    def _again(self, batch_id: str, unit: Unit) -> Iterator[Problem]:
        """`duplicate_batch` for an id that one of the last 10,000 batches of the file had."""
        if not batch_id:
            return
        digest = hash(batch_id)
        if before := self.batch_lines.get(digest):
            happened = f"Batch {unit.number} has the id of one in line {before} ({batch_id[:40]})."
            yield warning("duplicate_batch", happened, _BATCH_TWICE, unit.location(), raw=batch_id)
            return
        if len(self.batch_lines) >= REMEMBERED_MAX:
            del self.batch_lines[next(iter(self.batch_lines))]
        self.batch_lines[digest] = unit.line

    def _method(self, told: Told, group: dict[str, str]) -> Method:
        text = group.pop("method", "")
        method = next((one for one in Method if one == text), None)
        if method is None and text:
            told.codes.append(("PmtMtd", text))  # TRA: a transfer with advice to the debtor.
        return method or min(self.message.methods, key=lambda one: one != Method.TRANSFER)

    def _batch_end(self, unit: Unit) -> Iterator[Any]:
        if not unit.headed:
            yield from self._batch(unit.head())
        name = f"Batch {unit.number}"
        yield from self._misplaced(unit, name)
        yield from _check(self.batch_said, self.batch_total, name, unit.location())
        self.file_total.payments += self.batch_total.payments
        self.file_total.units += self.batch_total.units
        self.file_total.known &= self.batch_total.known

    # --- Payments ------------------------------------------------------------------------------

    def _payment_or_problem(self, unit: Unit) -> Payment | Problem:
        group = unit.groups.pop("", {})
        reference = str(group.get("end_to_end_id") or group.get("instruction_id") or "")
        total = self.batch_total
        total.payments += 1
        try:
            amount, equivalent = _amounts(group)
        except Invalid as wrong:
            total.known = False
            return _unusable(unit, wrong.code, f"has no amount to pay. {wrong.happened}", reference)
        total.units += finest(equivalent or amount)
        if self.batch_day is None:
            happened = f"has no date that can be read ({self.batch_said['day'][:40]!r})."
            return _unusable(unit, "date_unreadable", happened, reference)
        self.sums[amount.currency] = self.sums.get(amount.currency, 0) + amount.minor
        return self._payment(unit, group, amount, equivalent)

    def _payment(
        self, unit: Unit, group: dict[str, Any], amount: Money, equivalent: Money | None
    ) -> Payment:
        told = Told(unit, self.prefixes)
        inner = unit.inner
        documents, reference, kind = (
            remitted(told, inner["document"]) if "document" in inner else ((), "", "")
        )
        regulatory = group.pop("regulatory", "")
        made: dict[str, Any] = {
            "amount": amount,
            "equivalent": equivalent,
            "documents": documents,
            "creditor_reference": reference,
            "creditor_reference_kind": kind,
            "remittance": tuple(group.pop("remittance", ())),
            "service_level": told.coded("", group, "PmtTpInf/SvcLvl"),
            "category_purpose": told.coded("", group, "PmtTpInf/CtgyPurp"),
            "purpose": told.coded("", group, "Purp"),
            "instructions_to_agent": _instructions(told, group),
            "end_to_end_id": group.pop("end_to_end_id", ""),
            "mandate": _mandate(told),
            "location": unit.location(),
        }
        if self.message.payment_creditor_id:
            made["creditor_id"] = _creditor_id(told, self.message.payment_creditor_id)
        made |= _sides(told)
        codes = told.left()
        if regulatory:
            made["regulatory"], codes = _regulatory(regulatory, codes)
        return Payment(codes=codes, **made, **group)


def _sides(told: Told) -> dict[str, Any]:
    """Everybody a payment names. Most are absent: their fields keep their defaults."""
    groups = told.groups
    made: dict[str, Any] = {
        "counterparty": told.party("counterparty"),
        "counterparty_account": told.account("counterparty_account"),
    }
    for name in ("ultimate_debtor", "ultimate_creditor"):
        if name in groups or f"{name}.address" in groups or f"{name}.id" in groups:
            made[name] = told.party(name)
    for name in ("counterparty_agent", "intermediary"):
        if name in groups or f"{name}.address" in groups:
            made[name] = told.agent(name)
    return made


def _instructions(told: Told, group: dict[str, Any]) -> tuple[str, ...]:
    """What the other bank shall do: a code, a slash and text."""
    if text := group.pop("to_agent", ""):  # A direct debit has one, without a code.
        return (f"/{text}",)
    units_found = told.unit.inner.get("to_agent", ())
    for more in units_found:
        at = f"[{more.number}]" if more.number > 1 else ""
        told.codes += [(f"InstrForCdtrAgt{at}/{name}", text) for name, text in more.verbatim()]
    return tuple(map(_to_agent, units_found))


def _unusable(unit: Unit, code: str, happened: str, reference: str) -> Problem:
    where = unit.location()
    words = " of ".join(reversed(where.path.split(", "))).capitalize()
    return error(code, f"{words} {happened}", _MADE_AGAIN, where, raw=reference)


def _amounts(group: dict[str, Any]) -> tuple[Money, Money | None]:
    """What is paid; or 0 in the currency to be paid, and what it shall cost (EqvtAmt)."""
    text, currency = group.pop("amount", None), group.pop("amount@", "")
    if text is not None:
        return _positive(Money.parse(text, currency)), None
    text, currency = group.pop("equivalent", None), group.pop("equivalent@", "")
    if text is None:
        raise Invalid("amount_missing", "It has neither InstdAmt nor EqvtAmt.")
    paid = Money.parse("0", group.pop("transfer_currency", ""))
    return paid, _positive(Money.parse(text, currency))


def _positive(amount: Money) -> Money:
    if amount.minor < 0:
        raise Invalid("amount_negative", f"{amount} is negative.")
    return amount


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _booking(told: Told, group: dict[str, str]) -> bool | None:
    text = group.pop("batch_booking", "")
    if text and text not in _TRUE | _FALSE:
        told.codes.append(("BtchBookg", text))
    return True if text in _TRUE else False if text in _FALSE else None


def _creditor_id(told: Told, path: str) -> str:
    group = told.groups.pop("creditor_id", None)
    if group is None:
        return ""
    return _schemed(told, f"{path}/{_SCHEME}", group.get("id", ""), group.get("scheme", ""))


def _schemed(told: Told, path: str, identifier: str, scheme: str) -> str:
    """A creditor id is of the scheme SEPA unless the codes say of which, or "" of none."""
    if (identifier and scheme != _SEPA) or (scheme and not identifier):
        told.codes.append((path, scheme))
    return identifier


def _mandate(told: Told) -> Mandate | None:
    group = told.groups.pop("mandate", None)
    if group is None:
        return None
    path = told.prefixes["mandate"]
    scheme, day = group.pop("original_scheme", ""), group.get("signed_on", "")
    if original := group.get("original_creditor_id", ""):
        _schemed(told, f"{path}/{_AMENDED}/OrgnlCdtrSchmeId/{_SCHEME}", original, scheme)
    group["signed_on"] = _date(day)
    if day and group["signed_on"] is None:
        told.codes.append((f"{path}/DtOfSgntr", day))
    changed = any(key.startswith("original_") for key in group) or any(
        name.startswith(f"{path}/{_AMENDED}") for name, _ in told.unit.verbatim()
    )
    amended = group.pop("amended", "")
    if amended and (amended in _TRUE) is not changed:
        told.codes.append((f"{path}/AmdmntInd", amended))
    return Mandate(mandate_id=group.pop("mandate_id", ""), **group)


def _to_agent(unit: Unit) -> str:
    group = unit.groups.get("", {})
    text = group.get("InstrInf", "")
    return f"{group.get('Cd', '')}{'/' if text else ''}{text}"


def _regulatory(
    first: str, codes: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Plain information has a field; a report that says more stays whole among the codes."""
    told = [(name, text) for name, text in codes if name.startswith("RgltryRptg")]
    others = tuple(code for code in codes if code not in told)
    if all(name.startswith(f"{_INFORMATION}[") for name, _ in told):
        return (first, *(text for _, text in told)), others
    return (), (*others, *told, (_INFORMATION, first))


def _check(said: dict[str, str], total: _Total, what: str, where: Location) -> Iterator[Problem]:
    """Compare what is said (NbOfTxs, CtrlSum; both optional) with what is there."""
    count, told = said.get("count", ""), said.get("sum", "")
    code = "control_sum_mismatch"
    if count and not (count.isascii() and count.isdigit() and int(count[:15]) == total.payments):
        happened = f"{what} says that it holds {count[:20]} payments; it holds {total.payments}."
        yield error(code, happened, _MADE_AGAIN, where, raw=count)
    holds = decimal(total.units)
    fits = _PLAIN.match(told) and Decimal(told) == Decimal(holds)
    if told and total.known and not fits:
        happened = f"{what} says that its amounts add up to {told[:40]}; they add up to {holds}."
        yield error(code, happened, _MADE_AGAIN, where, raw=told)


def read(stream: BinaryIO, profile: Profile, message: Message) -> Iterator[Any]:
    """The records of a payment file, see `pain_001.read` and `pain_008.read`."""
    reading = _Reading(message)
    for phase, unit in units(stream, message.names, message.piece, declared(profile)):
        if phase in (HEAD, END):
            yield from reading.records(phase, unit)
