"""The usual entry of a bank statement message, made straight out of its texts.

ISO 20022 camt.052/.053/.054. Entries of one bank share their tags, so what an entry of these tags
can hold at all is settled once (`Part`), and no record is made of it. What comes out is what
`camt_entry` and `camt_detail` make; whatever calls for a warning, a refusal or a closer look is
None here and left to them. The tests hold both ways against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import msgspec

from nostro.domain.money import Money
from nostro.domain.problem import Location
from nostro.domain.statement import Entry, TransactionDetail
from nostro.formats.iso20022.accounts.camt_detail import SEPA_CREDITOR, joined_code
from nostro.formats.iso20022.accounts.camt_fields import SIDES
from nostro.formats.iso20022.accounts.camt_parties import (
    ADDRESS,
    COUNTERPARTY,
    NO_FACTS,
    OTHER,
    SLOTS,
    Facts,
    counterparty,
    described,
    kept,
)
from nostro.formats.iso20022.accounts.camt_values import SIGN, count_of, plain_day, plain_money
from nostro.formats.iso20022.xml.shapes import Record
from nostro.formats.iso20022.xml.skeletons import Parsed, Part, Texts, picker

Codes = list[tuple[str, str]]
# All texts end in an empty one: the place of a slot that is not among them.
_NOWHERE = -1
_NO_DESCRIPTION = described(NO_FACTS)
# An amount that takes a closer look.
_ODD = Money(0, "")
_REVERSED = {"": False, "false": False, "0": False, "true": True, "1": True}
_AMOUNTS = ("instructed_amount", "transaction_amount", "counter_amount")
# Slots of AmtDtls beside amounts: how they were converted.
_CONVERSION = "conversion"
_RENAMED = {"proprietary_code": "proprietary", "proprietary_issuer": "issuer"}
_DETAIL_MADE = (
    "amount",
    *COUNTERPARTY,
    "counterparty_address",
    "remittance",
    "creditor_reference",
    "creditor_id",
    "transaction_code",
    "instructed",
    "counter_value",
    "return_text",
    "codes",
    "location",
)
_ENTRY_MADE = (
    "amount",
    "booked",
    "value",
    "reversal",
    "transaction_code",
    "batch_count",
    "instructed",
    "details",
    "codes",
    "location",
)


def usual_detail(part: Part) -> UsualDetail | None:
    """What makes the details with these tags, or None."""
    inner = part.inner
    if not _is_usual(part) or len(inner) > 1 or not all(map(_is_reference, inner)):
        return None
    return UsualDetail(part)


def usual_entry(part: Part, *, flips: bool) -> UsualEntry | None:
    """What makes the entries with these tags, or None. `flips`: see `camt_entry.entry_sign`."""
    details = all(isinstance(inner.usual, UsualDetail) for inner in part.inner)
    if not _is_usual(part) or not details or "amount" not in part.where:
        return None
    return None if "counter_amount" in part.where else UsualEntry(part, flips=flips)


def _is_usual(part: Part) -> bool:
    """Whether no slot may come twice, every amount has its currency, and nothing was converted."""
    amounts = {"amount", *_AMOUNTS}
    converted = [slot for slot in part.where if part.shape.groups.get(slot) == _CONVERSION]
    return (
        not any(one.slot for one in part.late)
        and amounts.issuperset(converted)
        and all(part.constants.get(f"{slot}@") for slot in amounts.intersection(part.where))
    )


def _is_reference(part: Part) -> bool:
    """A group of structured remittance (Strd) that holds the creditor's reference alone."""
    alone = not (part.many or part.inner or any(one.slot for one in part.late))
    return part.shape.name == "structured" and alone and {"reference"}.issuperset(part.where)


def _arranged(
    kind: type[msgspec.Struct], part: Part, made: Sequence[str]
) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Picks a struct's values, in order, out of (*texts, *made, None, ()); see `_NOWHERE`."""
    size = len(made) + 2
    places = []
    for field in msgspec.structs.fields(kind):
        name = field.name
        if name in made:
            place = made.index(name) - size
        elif field.default is None or field.default == ():
            place = -2 if field.default is None else -1
        else:
            place = part.where.get(_RENAMED.get(name, name), _NOWHERE - size)
        places.append(place)
    return itemgetter(*places)


def _many(part: Part, slot: str) -> Callable[[Texts], Texts]:
    return picker([place for name, place in part.many if name == slot])


def _kept(part: Part, values: Texts, prefix: str = "") -> Codes:
    """What no field takes: pairs of path and text."""
    codes = []
    for one in part.late:
        text = values[one.index] if one.constant is None else one.constant
        if text or one.constant is not None:
            codes.append((prefix + one.path, text))
    return codes


def _beside(text: str, currency: str) -> Money | None:
    """An amount beside the one that counts."""
    return (plain_money(text, currency) or _ODD) if text else None


class _BankCode:
    """The bank transaction code of an entry or a detail."""

    __slots__ = ("places",)

    def __init__(self, part: Part) -> None:
        get = part.where.get
        self.places = [get(slot, _NOWHERE) for slot in ("domain", "family", "subfamily")]

    def of(self, values: Texts) -> str:
        domain, family, subfamily = self.places
        if values[domain]:
            return joined_code(values[domain], values[family], values[subfamily])
        return ""


class UsualDetail:
    """Makes details (TransactionDetail) of one arrangement of tags."""

    def __init__(self, part: Part) -> None:
        where, constants = part.where, part.constants
        self.part = part
        self.direction = where.get("direction", _NOWHERE)
        # By preference: the detail's own, else one that is in the currency of its entry.
        self.amounts = [
            (where[slot], constants[f"{slot}@"], slot == "amount")
            for slot in ("amount", "transaction_amount", "instructed_amount")
            if slot in where
        ]
        self.instructed = where.get("instructed_amount", _NOWHERE)
        self.instructed_currency = constants.get("instructed_amount@", "")
        self.counter = where.get("counter_amount", _NOWHERE)
        self.counter_currency = constants.get("counter_amount@", "")
        self.code = _BankCode(part)
        self.issuer = where.get("issuer", _NOWHERE)
        self.sides = {
            side: picker([where.get(slot, _NOWHERE) for slot in SLOTS[side]]) for side in SIDES
        }
        self.addresses = {side: _many(part, ADDRESS[side]) for side in SIDES}
        self.private = "cdtr_private" in where
        self.mandate = where.get("mandate_id", _NOWHERE)
        self.scheme = where.get("cdtr_scheme", _NOWHERE)
        self.remittance = _many(part, "remittance")
        self.returned = _many(part, "return_text")
        self.reference = part.inner[0] if part.inner else None
        self.arranged = _arranged(TransactionDetail, part, _DETAIL_MADE)

    def make(
        self, values: Texts, sign: int, currency: str, own: str, location: Location
    ) -> TransactionDetail | None:
        """A detail of an entry with that sign and currency, on our account `own`."""
        if told := values[self.direction]:
            sign = SIGN.get(told, 0)
        amount = self._amount(values, sign, currency)
        instructed = _beside(values[self.instructed], self.instructed_currency)
        counter = _beside(values[self.counter], self.counter_currency)
        if not sign or amount is _ODD or instructed is _ODD or counter is _ODD:
            return None
        codes = _kept(self.part, values) if self.part.late else []
        if issuer := values[self.issuer]:
            codes.append(("BkTxCd/Prtry/Issr", issuer))
        creditor, other, address = self._parties(values, sign, own, codes)
        reference = self.reference
        if reference is not None and reference.late:
            codes += _kept(reference, values, "RmtInf/Strd/")
        returned = self.returned(values)
        made = (
            amount,
            *other,
            address,
            tuple(filter(None, self.remittance(values))),
            values[reference.where.get("reference", _NOWHERE)] if reference is not None else "",
            creditor,
            self.code.of(values),
            instructed,
            counter,
            " ".join(filter(None, returned)) if returned else "",
            tuple(codes),
            location,
        )
        return TransactionDetail(*self.arranged((*values, *made, None, ())))

    def _amount(self, values: Texts, sign: int, currency: str) -> Money | None:
        for place, given, is_own in self.amounts:
            text = values[place]
            if text and (is_own or given == currency):
                amount = plain_money(text, given)
                if amount is None:
                    return _ODD
                return amount if sign > 0 else Money(-amount.minor, given)
        return None

    def _parties(
        self, values: Texts, sign: int, own: str, codes: Codes
    ) -> tuple[str, tuple[str, ...], Texts]:
        """The creditor's identifier, COUNTERPARTY's values, and the counterparty's address."""
        facts: dict[str, Facts] = {side: pick(values) for side, pick in self.sides.items()}
        creditor = ""
        if self.private:
            *others, private = facts["Cdtr"]
            if private and (values[self.mandate] or values[self.scheme] == SEPA_CREDITOR):
                creditor = private
                facts["Cdtr"] = (*others, "")
        side = counterparty(sign, own, facts)
        other = OTHER[side]
        address = self.addresses[other](values)
        if address or facts[other] != NO_FACTS:
            codes += kept(other, facts[other], filter(None, address), own)
        told = described(facts[side]) if facts[side] != NO_FACTS else _NO_DESCRIPTION
        return creditor, told, tuple(filter(None, self.addresses[side](values)))


class UsualEntry:
    """Makes entries (Entry) of one arrangement of tags."""

    def __init__(self, part: Part, *, flips: bool) -> None:
        where, constants = part.where, part.constants
        self.part = part
        self.flips = flips
        self.direction = where.get("direction", _NOWHERE)
        self.amount = where["amount"]
        self.currency = constants["amount@"]
        self.status = where.get("status", _NOWHERE)
        self.booked = where.get("booked", _NOWHERE)
        self.value = where.get("value", _NOWHERE)
        self.reversal = where.get("reversal", _NOWHERE)
        self.batch = where.get("batch_count", _NOWHERE)
        self.instructed = where.get("instructed_amount", _NOWHERE)
        self.instructed_currency = constants.get("instructed_amount@", "")
        self.converted = where.get("transaction_amount", _NOWHERE)
        self.converted_currency = constants.get("transaction_amount@", "")
        self.code = _BankCode(part)
        self.arranged = _arranged(Entry, part, _ENTRY_MADE)

    def make(self, parsed: Parsed, statement: Record, number: int, own: str) -> Entry | None:
        """An entry on our account `own`, with its details."""
        values = parsed.texts
        sign = SIGN.get(values[self.direction])
        written = plain_money(values[self.amount], self.currency)
        reversal = _REVERSED.get(values[self.reversal].lower())
        if sign is None or written is None or reversal is None or not values[self.status]:
            return None
        if reversal and self.flips:
            sign = -sign
        days = self._days(values)
        batch = count_of(text) if (text := values[self.batch]) else 0
        if days is None or batch is None:
            return None
        money = written if sign > 0 else Money(-written.minor, written.currency)
        path = statement.below("entry", number)
        details = self._details(parsed, sign, own, path)
        instructed = _beside(values[self.instructed], self.instructed_currency)
        if details is None or instructed is _ODD or not _adds_up(details, money):
            return None
        codes = _kept(self.part, values) if self.part.late else []
        if text := values[self.converted]:
            codes.append(("AmtDtls/TxAmt/Amt", f"{text} {self.converted_currency}"))
        made = (
            money,
            *days,
            reversal,
            self.code.of(values),
            batch,
            instructed,
            details,
            tuple(codes),
            Location(line=parsed.line, path=path),
        )
        return Entry(*self.arranged((*values, *made, None, ())))

    def _days(self, values: Texts) -> tuple[date | None, date | None] | None:
        """Booking and value date; None when one is given that takes a closer look."""
        booked, value = values[self.booked], values[self.value]
        days = plain_day(booked) if booked else None, plain_day(value) if value else None
        odd = (booked and days[0] is None) or (value and days[1] is None)
        return None if odd else days

    def _details(
        self, parsed: Parsed, sign: int, own: str, path: str
    ) -> tuple[TransactionDetail, ...] | None:
        parts = [(one.part, one.texts, lines) for one, lines in parsed.taken]
        if not parts:
            parts = [(one, parsed.texts, parsed.lines(one.mark)) for one in self.part.inner]
        found = []
        for number, (part, values, lines) in enumerate(parts, start=1):
            usual: UsualDetail | None = part.usual
            if usual is None:
                return None
            location = Location(line=parsed.line + lines, path=f"{path}, transaction {number}")
            made = usual.make(values, sign, self.currency, own, location)
            if made is None:
                return None
            found.append(made)
        return tuple(found)


def _adds_up(details: tuple[TransactionDetail, ...], money: Money) -> bool:
    """Whether the details, if all give their amount in its currency, add up to the entry's."""
    total = 0
    for one in details:
        amount = one.amount
        if amount is None or amount.currency != money.currency:
            return True
        total += amount.minor
    return total == money.minor or not details
