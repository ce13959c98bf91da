"""The head of a SWIFT statement: whose account, which number and page, from when, in what money.

SWIFT Standards MT, MT940, MT942 and MT950: fields 20, 21, 25, 28C, 13D, 34F, 60a; :NS: of German
"MT940 S".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from nostro.domain.currency import EXPONENT
from nostro.domain.identifier import IBAN_LENGTH
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import ReportKind, StatementHeader
from nostro.formats.swift.fin import message_type, sender_of
from nostro.formats.swift.swift_dates import day_of, moment_of

ENVELOPE = frozenset(("{1}", "{2}", "{3}"))
HEAD = ENVELOPE | {"20", "21", "25", "25P", "28", "28C", "13", "13D", "34F", "60F", "60M", "NS"}
_KEPT_HEAD = ("{1}", "{2}", "{3}", "21", "34F", "NS")
_TYPES = ("", "940", "942", "950")
_NUMBERED = re.compile(r"\s*([0-9]{1,18})(?:/([0-9]{1,18}))?\s*\Z")
_ACCOUNT_IBAN = re.compile(r"([A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}?)([A-Z]{3})?\Z")
_ACCOUNT_CURRENCY = re.compile(r"(.*[0-9])\s?([A-Z]{3})\Z")
_BANK = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z")
_FLOOR = re.compile(r"([A-Z]{3})[CD]?\s?[0-9]")


class Account:
    """:25: taken apart: bank code or BIC before a slash, currency behind the number."""

    def __init__(self, text: str) -> None:
        first, _, bic = text.strip().partition("\n")
        parts = first.strip().split("/")
        last = parts.pop() if len(parts) > 1 and parts[-1] in EXPONENT else ""
        bank, number = (parts[0], "/".join(parts[1:])) if len(parts) > 1 else ("", parts[0])
        self.bank_bic = bic.strip() or (bank if _BANK.match(bank) else "")
        self.bank_code = "" if _BANK.match(bank) else bank
        self.number, currency = _number_of(number)
        self.currency = currency or last
        self.altered = bool(self.currency)


def _number_of(text: str) -> tuple[str, str]:
    """An account number and the currency written behind it, if any."""
    bare = "".join(text.split())
    iban = _ACCOUNT_IBAN.match(bare)
    if iban and IBAN_LENGTH.get(iban[1][:2]) == len(iban[1]) and (iban[2] or "EUR") in EXPONENT:
        return iban[1], iban[2] or ""
    found = _ACCOUNT_CURRENCY.match(text)
    if found and found[2] in EXPONENT:
        return found[1], found[2]
    return text, ""


class Page:
    """One message while it is read: its head until something else comes, then its sums."""

    def __init__(self) -> None:
        self.head: dict[str, tuple[int, str]] = {}
        self.repeated: list[tuple[str, str]] = []
        self.begun = False
        self.closed_by = ""
        self.sums: dict[str, tuple[int, str]] = {}
        self.counts = [0, 0]
        self.totals = [0, 0]

    def put(self, line: int, tag: str, text: str) -> None:
        """A field of the head; a second one of the same tag (:34F: for debits and credits)."""
        if tag in self.head:
            self.repeated.append((tag, text))
        else:
            self.head[tag] = (line, text)

    def text(self, *tags: str) -> str:
        return next((self.head[tag][1].strip() for tag in tags if tag in self.head), "")

    def line(self) -> int:
        return min((line for line, _ in self.head.values()), default=0)

    def is_empty(self) -> bool:
        return not self.begun and self.head.keys() <= ENVELOPE

    def opened_by(self) -> str:
        return "60M" if "60M" in self.head and "60F" not in self.head else "60F"

    def numbered(self) -> tuple[int | None, int | None]:
        """Statement number and page; None for what the bank does not number (0)."""
        found = _NUMBERED.match(self.text("28C", "28"))
        if not found:
            return None, None
        return int(found[1]) or None, int(found[2]) if found[2] else None

    def surroundings(self, account: Account) -> tuple[str, int]:
        """The currency of the statement, and the year that its two-digit years are near to."""
        opening = self.text("60F", "60M")
        day = day_of(opening[1:7]).day or day_of(self.text("13D", "13")[:6]).day
        named = opening[7:10] if opening[7:10].isalpha() else ""
        floor = _FLOOR.match(self.text("34F"))
        currency = named or (floor[1] if floor else "") or account.currency
        return currency, day.year if day else 0

    def kind(self) -> ReportKind:
        interim = ("34F" in self.head or "13D" in self.head) and not self.text("60F", "60M")
        is_942 = message_type(self.text("{2}")) == "942"
        return ReportKind.INTRADAY if is_942 or interim else ReportKind.PREVIOUS_DAY

    def created(self) -> datetime | None:
        return moment_of(self.text("13D", "13"))

    def codes(self, account: Account) -> list[tuple[str, str]]:
        """What of the head has no field of its own."""
        codes = [(tag, self.head[tag][1]) for tag in _KEPT_HEAD if tag in self.head]
        if account.altered:
            codes.append(("25", self.text("25", "25P")))
        return [*codes, *self.repeated]


def header_of(page: Page, account: Account, currency: str, number: int) -> StatementHeader:
    """The header that a message begins; `number` is which statement of the file it is."""
    sequence, page_number = page.numbered()
    names = {line[:2]: line[2:].strip() for line in reversed(page.text("NS").split("\n"))}
    return StatementHeader(
        statement_id=page.text("20"),
        account=account.number,
        currency=currency,
        kind=page.kind(),
        sequence=sequence,
        created_at=page.created(),
        from_day=None,
        to_day=None,
        location=Location(line=page.line(), path=f"statement {number}"),
        page=page_number,
        account_name=names.get("23", ""),
        owner_name=names.get("22", ""),
        bank_bic=account.bank_bic or sender_of(page.text("{1}"), page.text("{2}")),
        bank_code=account.bank_code,
    )


def head_problems(page: Page, header: StatementHeader) -> Iterator[Problem]:
    """What is odd in the head: `message_type_odd`, `account_missing`, `sequence_unreadable`,
    `created_unreadable`, `page_missing`."""
    where = header.location
    kind, numbered = message_type(page.text("{2}")), page.text("28C", "28")
    if kind not in _TYPES:
        happened = f"A message MT{kind} stands among statements; it was read as one."
        yield warning("message_type_odd", happened, "Check what the bank sent.", where)
    if not header.account:
        happened = "The statement names no account (:25:)."
        yield error("account_missing", happened, "Ask the bank for a corrected statement.", where)
    if numbered and not _NUMBERED.match(numbered):
        happened = f"The statement number {numbered[:20]!r} is not a number."
        can_do = "Nothing; gaps cannot be noticed by number."
        yield warning("sequence_unreadable", happened, can_do, where, numbered)
    if (created := page.text("13D", "13")) and header.created_at is None:
        happened = f"The time of the report {created[:20]!r} cannot be read; it was left empty."
        can_do = "Nothing: the time of receipt is kept."
        yield warning("created_unreadable", happened, can_do, where, created)
    if page.opened_by() == "60M":
        happened = "The statement begins with a later page (:60M:); its earlier pages do"
        yield page_missing(f"{happened} not stand before it in this file.", where)


def closing_missing(where: Location) -> Problem:
    """MT940 and MT950 end with :62F: or :62M:; without it nothing tells whether all is there."""
    happened = "The statement has no closing balance (:62F:); its end may be missing."
    can_do = "Compare it with the balance that the bank shows, or fetch the file again."
    return warning("closing_balance_missing", happened, can_do, where)


def page_missing(happened: str, where: Location) -> Problem:
    """A page that is not there, where the balances still tell all that is known."""
    return warning("page_missing", happened, "Read the pages together, in one file.", where)
