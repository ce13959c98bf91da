"""Bookings and balances of SWIFT statements: :61: with its :86:, and :60a:, :62a:, :64:, :65:.

SWIFT Standards MT, MT940 and MT950 field specifications. RC is the reversal of a credit and so
takes money away; RD gives it back; EC and ED (MT942) are expected and not yet booked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.money import DIGITS_MAX, Money
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import (
    Balance,
    Charge,
    Entry,
    EntryStatus,
    TransactionDetail,
)
from nostro.formats.swift import swift_dates
from nostro.formats.swift.narrative import Told, amount_of, decode, non_swift
from nostro.formats.swift.swift_dates import Dates, dates_of, day_of

Narrative = Literal["auto", "german", "keywords", "slash", "non_swift", "labels", "plain"]
NO_REFERENCE = "NONREF"
_MINOR_END = 10**DIGITS_MAX
_STATUS = {"E": EntryStatus.PDNG, **dict.fromkeys("RCD", EntryStatus.BOOK)}
MARK_SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1, "EC": 1, "ED": -1}

# Value date, entry date, mark, funds code, amount, type, references, supplement.
_LINE = re.compile(
    r"([0-9]{6})([0-9]{4})? *(R?[CD]|E[CD])([A-Z])? *([0-9]+(?:,[0-9]*)?) *"
    r"(?:([A-Z][A-Z0-9 ]{3})([^\n]*))?(?:\n(.*))?\Z",
    re.DOTALL,
)
_BALANCE = re.compile(r"\s*([CD])([0-9]{6})\s?([A-Z]{3})?\s?([0-9]+(?:,[0-9]*)?)\s*\Z")
_ORIGINAL = re.compile(r"/OCMT/([A-Z]{3}[0-9,]+)")
_CHARGE = re.compile(r"/CHGS/([A-Z]{3}[0-9,]+)")
BALANCE_CODES = {
    "60F": ("OPBD", False),
    "60M": ("OPBD", True),
    "62F": ("CLBD", False),
    "62M": ("CLBD", True),
    "64": ("CLAV", False),
    "65": ("FWAV", False),
}
_ASK = "Ask the bank for a corrected statement; the original text is with this problem."
_ODD = {
    swift_dates.AFTER_MONTH_END: (
        "lies after the end of its month (as interest is reckoned); the last day was taken.",
        "Nothing, if the day is right.",
    ),
    swift_dates.UNREADABLE: (
        "is not a date; it was left empty.",
        "Look at the bank's own statement.",
    ),
    swift_dates.FAR: (
        "is years away from the statement's own dates.",
        "Check it with the bank: the year may be wrong.",
    ),
}


class StatementOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What banks do differently in MT940, MT942 and MT950.

    `narrative`: the dialect of :86: (reading: "auto" looks at each; writing: "plain", "german" or
    "slash", how details are told that are not in the entry's text; "auto" is plain). `reversal`:
    "flipped" for a bank that writes RC where money came in. `currency`: of a file that names none.
    `leave_out` (writing): names of fields that the format cannot carry and that may be left out
    knowingly, of the statement, its entries and their details ("created_at", "transaction_code").
    `transliterate` (writing): letters that SWIFT does not carry are replaced ("ü" by "u", "&" by
    "+"). `derive_reference` (writing): a statement id that does not fit :20: becomes its first 8
    letters and digits and 8 digits of its SHA-256; references of bookings that do not fit are left
    out. `summarise` (writing): of a booking that :86: has no room for, as much as fits is told.
    """

    narrative: Narrative = "auto"
    reversal: Literal["standard", "flipped"] = "standard"
    currency: str = ""
    leave_out: tuple[str, ...] = ()
    transliterate: bool = False
    derive_reference: bool = False
    summarise: bool = False


class Context(NamedTuple):
    """What a booking takes from its statement: currency and the year of its dates."""

    currency: str
    year: int
    signs: dict[str, int]
    narrative: str


def odd_date(odd: str, what: str, text: str, location: Location) -> Problem:
    """A warning about a date that was read or left empty all the same."""
    code = {
        swift_dates.AFTER_MONTH_END: "date_after_month_end",
        swift_dates.UNREADABLE: "date_unreadable",
        swift_dates.FAR: "date_far",
    }[odd]
    happened, can_do = _ODD[odd]
    return warning(code, f"The {what} {text[:20]!r} {happened}", can_do, location, text)


def _far(text: str, location: Location) -> Problem:
    """The error for a booking that is left without a date; its amount counts."""
    happened = f"The date {text!r} is years away from the statement's own dates; it was left empty."
    can_do = "Ask the bank for the true date; the amount was read, but has no day to be booked on."
    return error("date_far", happened, can_do, location, text)


def minor_of(text: str, currency: str) -> int | None:
    """1234,5 as minor units; None if the text is finer than the currency or too large."""
    whole, _, part = text.partition(",")
    if len(whole) > DIGITS_MAX:
        whole = whole.lstrip("0")
        if len(whole) > DIGITS_MAX:
            return None
    exponent = EXPONENT[currency]
    if len(part) != exponent:
        if part[exponent:].strip("0"):
            return None
        part = part[:exponent].ljust(exponent, "0")
    minor = int(whole + part)
    return minor if minor < _MINOR_END else None


def too_large(digits: str, currency: str) -> bool:
    """Whether that, and not its decimals, is why `minor_of` gave None."""
    return len(digits.partition(",")[0].lstrip("0")) + EXPONENT[currency] > DIGITS_MAX


def unknown_currency(currency: str, location: Location, raw: str) -> Problem:
    """The error for an amount whose currency is missing or not one of ISO 4217 today."""
    if currency:
        happened = f"{currency} is not a currency in use: its decimals are not known."
        return error("unknown_currency", happened, _ASK, location, raw)
    return error(
        "currency_missing",
        "Nothing in the statement names the currency of this amount.",
        'Name it in the profile: option "currency".',
        location,
        raw,
    )


def entry_of(
    line: int, text: str, narrative: Sequence[tuple[str, str]], path: str, context: Context
) -> tuple[Entry | Problem, list[Problem]]:
    """One :61: with its narrative (tag and text of :86: or :NS:): the entry, or why there is none.

    Codes: `entry_unreadable`, `amount_too_fine`, `amount_too_large`, `unknown_currency`,
    `currency_missing`; warnings `date_after_month_end`, `date_unreadable`, `date_far`,
    `tag_out_of_place`, `line_broken`.
    """
    location, currency = Location(line, "", path), context.currency
    odd: list[Problem] = []
    found = _LINE.match(text) or _mended(text, location, odd)
    if found is None or currency not in EXPONENT:
        return _unusable(found is None, text, narrative, currency, location), odd
    value, booked, mark, funds, digits, kind, references, more = found.groups()
    if (minor := minor_of(digits, currency)) is None:
        return _no_amount(digits, currency, location, _raw(text, narrative)), odd
    dates = dates_of(value, booked or "", context.year)
    customer, bank = _references(references or "")
    amount = Money(minor * context.signs[mark], currency)
    words = _text(narrative) if narrative else ""
    told = _narrative(narrative[0][0], words, context) if narrative else None
    issuer = "DK" if told and "gvc" in told else "SWIFT"
    # By position: a call with more than fifteen keywords costs five times as much.
    # fmt: off
    return Entry(
        amount, _STATUS[mark[0]], dates.booked, dates.value, bank, "", "", _code(kind, told),
        mark[0] == "R", words, () if told is None else (_detail(told, amount, location),), location,
        "", "", 0, issuer, customer, funds or "", (),
        _charges(more, currency) if more else (), _instructed(more, currency) if more else None,
        None, _oddities(dates, more, location, odd) if dates.odd or more else (),
    ), odd
    # fmt: on


def _mended(text: str, location: Location, odd: list[Problem]) -> re.Match[str] | None:
    """A booking whose first line was broken in two, put together."""
    found = _LINE.match(text.replace("\n", "", 1))
    if found is not None:
        happened = "The booking line was broken in two; it was put together."
        odd.append(warning("line_broken", happened, "Nothing, if it closes.", location, text))
    return found


def _unusable(
    unreadable: bool,
    text: str,
    narrative: Sequence[tuple[str, str]],
    currency: str,
    location: Location,
) -> Problem:
    raw = _raw(text, narrative)
    if not unreadable:
        return unknown_currency(currency, location, raw)
    happened = f"The booking {text[:60]!r} is not a :61: that can be read."
    return error("entry_unreadable", happened, _ASK, location, raw)


def _no_amount(digits: str, currency: str, location: Location, raw: str) -> Problem:
    """Why `minor_of` gave none: too large, or too fine."""
    if too_large(digits, currency):
        happened = f"The amount {digits[:40]} is larger than any bank's ({DIGITS_MAX} digits)."
        return error("amount_too_large", happened, _ASK, location, raw)
    happened = f"The amount {digits[:40]} has more digits than {currency} allows."
    return error("amount_too_fine", happened, _ASK, location, raw)


def _oddities(
    dates: Dates, more: str | None, location: Location, odd: list[Problem]
) -> tuple[tuple[str, str], ...]:
    """Warnings about dates and supplement, and their texts as codes."""
    for why, told in dates.odd:
        far = why == swift_dates.FAR
        odd.append(_far(told, location) if far else odd_date(why, "date", told, location))
    codes = [("61", told) for _, told in dates.odd]
    if more:
        codes.append(("61/9", more))
        if more.startswith(":"):
            happened = f"{more[:4]!r} stands where no such field may be; it was taken for text."
            can_do = "Nothing, if the statement closes; the bank's export is faulty."
            odd.append(warning("tag_out_of_place", happened, can_do, location, more))
    return tuple(codes)


def _references(text: str) -> tuple[str, str]:
    """Customer's and bank's reference without padding; "" for none and for NONREF."""
    customer, _, bank = text.partition("//")
    customer, bank = customer.strip(), bank.strip()
    return "" if customer == NO_REFERENCE else customer, "" if bank == NO_REFERENCE else bank


def _code(kind: str | None, told: Told | None) -> str:
    """SWIFT's transaction type, with the German transaction code behind it: NTRF+166."""
    bare = kind.strip() if kind else ""
    gvc = told.pop("gvc", "") if told else ""
    return f"{bare}+{gvc}" if gvc else bare


def _text(narrative: Sequence[tuple[str, str]]) -> str:
    """All of :86: as the bank wrote it, line by line."""
    if len(narrative) == 1:
        return narrative[0][1]
    return "\n".join(text for _, text in narrative)


def _raw(text: str, narrative: Sequence[tuple[str, str]]) -> str:
    return "\n".join([f":61:{text}", *(f":{tag}:{told}" for tag, told in narrative)])


def _instructed(text: str, currency: str) -> Money | None:
    """/OCMT/ of the supplementary details: the amount before conversion or charges."""
    found = _ORIGINAL.search(text)
    return amount_of(found[1], currency) if found else None


def _charges(text: str, currency: str) -> tuple[Charge, ...]:
    """/CHGS/ of the supplementary details: charges taken."""
    found = _CHARGE.search(text)
    taken = amount_of(found[1], currency) if found else None
    return (Charge(amount=-taken, kind="CHGS"),) if taken else ()


def _narrative(tag: str, text: str, context: Context) -> Told:
    if tag == "NS":
        return non_swift(text, context.currency)
    return decode(text, context.narrative, context.currency)


def _detail(told: dict[str, Any], amount: Money, location: Location) -> TransactionDetail:
    told["codes"], told["location"] = tuple(told["codes"]), location
    return TransactionDetail(amount, **told)


class Unchecked(NamedTuple):
    """A balance as its field says it, before what surrounds it tells what is missing."""

    tag: str
    day: date | None
    amount: Money
    location: Location


def balance_of(
    line: int, tag: str, text: str, path: str, context: Context
) -> tuple[Unchecked | Problem, list[Problem]]:
    """One balance field, or the error that says why there is none; and what was odd about it.

    Codes: `balance_unreadable`, `unknown_currency`, `currency_missing`, `amount_too_fine`,
    `amount_too_large`;
    warnings `balance_currency_missing`, `date_after_month_end`, `date_unreadable`, `date_far`.
    """
    location = Location(line=line, path=path)
    first, _, _ = text.partition("\n")
    found = _BALANCE.match(first)
    if found is None:
        happened = f"The balance :{tag}:{first[:40]} cannot be read."
        return error("balance_unreadable", happened, _ASK, location, text), []
    mark, day_text, named, digits = found.groups()
    currency, odd = named or context.currency, []
    if currency not in EXPONENT:
        return unknown_currency(currency, location, text), []
    if not named:
        happened = f"The balance :{tag}: names no currency; {currency} was taken."
        can_do = "Trust it only if the statement closes."
        odd.append(warning("balance_currency_missing", happened, can_do, location, text))
    minor = minor_of(digits, currency)
    if minor is None:
        return _no_amount(digits, currency, location, text), []
    found_day = day_of(day_text, context.year)
    if found_day.odd:
        odd.append(odd_date(found_day.odd, "balance date", day_text, location))
    amount = Money(-minor if mark == "D" else minor, currency)
    return Unchecked(tag, found_day.day, amount, location), odd


def balance_on(unchecked: Unchecked, day: date) -> Balance:
    """The balance, once its day is known."""
    code, interim = BALANCE_CODES[unchecked.tag]
    return Balance(
        code=code,
        amount=unchecked.amount,
        day=day,
        bank_code=unchecked.tag,
        interim=interim,
        location=unchecked.location,
    )
