"""One account of a BAI2 file: its balances and totals (record 03) and its entries (records 16)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from nostro.domain.money import DIGITS_MAX, Money
from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import Balance, Entry, EntryStatus
from nostro.formats.american.bai2_codes import (
    BALANCES,
    CREDIT,
    DEBIT,
    NEITHER,
    NON_MONETARY,
    OTHER_STATUS,
    TOTAL_CREDITS,
    TOTAL_DEBITS,
    is_status,
    type_code,
)
from nostro.formats.american.bai2_fields import Fields, ended, funds_of, minor_of
from nostro.formats.american.bai2_records import Entries, Record

ISSUER = "BAI"
_NO_FUNDS = ("Z", "")
_ADDED_AT_ONCE = 10_000
# A line of nothing, or with blanks at its end; the line end first, as it is found fastest.
_FILLED = re.compile(r"\n(?<=[\s,]\n)")
_ASK = "Ask the bank for a corrected file."
_IF_IT_CLOSES = "Trust it only if the statement closes."
_DIRECTIONS = {"credit": CREDIT, "debit": DEBIT, "information": NEITHER}


class Meaning:
    """What a type code makes of an entry.

    `usual` is that again, with what takes the amount of an entry that needs no care.
    """

    __slots__ = ("booked", "minors", "sign", "status", "transaction_code", "usual")

    def __init__(self, sign: int, status: str, transaction_code: str) -> None:
        self.sign = sign
        self.status = status
        self.transaction_code = transaction_code
        self.booked = status == EntryStatus.BOOK
        self.minors: list[int] = []
        self.usual = (sign, status, transaction_code, self.minors.append)


class Account:
    """Makes entries and balances of one account; what somebody must know gathers in `problems`.

    `booked` says whether the group's entries are to be booked at all. `sum` is the algebraic sum of
    the amounts as they are written, which the trailer's control total must equal.
    """

    def __init__(
        self,
        path: str,
        currency: str,
        day: date | None,
        booked: bool,
        own_codes: Mapping[str, str],
        between: str,
    ) -> None:
        self.path = path
        self.currency = currency
        self.day = day
        self.booked = booked
        self.own_codes = own_codes
        self.between = between
        self.problems: list[Problem] = []
        self.balances: list[Balance] = []
        self.codes: list[tuple[str, str]] = []
        self.meanings: dict[str, Meaning] = {}
        self.sum = 0
        self.summable = True
        self.entry_count = 0
        self.not_added = 0
        self.unreadable = 0
        self.sums = {CREDIT: [0, 0], DEBIT: [0, 0]}
        self.totals: dict[int, tuple[int | None, int]] = {}

    def location(self, line: int, entry: int = 0) -> Location:
        path = f"{self.path}, entry {entry}" if entry else self.path
        return Location(line=line, path=path)

    # ---- Record 03: balances and totals

    def status(self, fields: Fields, line: int) -> None:
        """The balances and totals that follow account and currency in record 03."""
        while fields.more():
            fields.taken.clear()
            code = fields.take()
            if not code:
                continue  # A defaulted group of fields, or a comma too many before the slash.
            amount = fields.take()
            count = fields.take()
            if minor_of(code) is None or len(code) != 3:
                happened = f"{code[:20]!r} stands where the type code of a balance is expected."
                raw = ",".join([*fields.taken, *fields.text()])
                self._refuse("type_code_unreadable", happened, line, raw)
                return
            self._one_status(code, amount, count, fields, line)

    def _one_status(self, code: str, amount: str, count: str, fields: Fields, line: int) -> None:
        minor = minor_of(amount) if amount else None
        if minor is None and amount:
            happened = f"The amount of type code {code} is not a whole number ({amount[:30]!r})."
            self._refuse("amount_unreadable", happened, line, ",".join(fields.taken))
        self.sum += minor or 0
        before = len(fields.taken)
        _, available = funds_of(fields, minor or 0, self.currency)
        if available is None:
            self._funds_unreadable(f"Type code {code}", fields.taken[before:], line)
        meaning = type_code(code)
        if minor is None or self.day is None or meaning is None or not is_status(meaning):
            told = ",".join(fields.taken[1:]).rstrip(",")
            self.codes.append((code, told))
            self._total(code, minor, count)
            return
        if count:
            self.codes.append((f"{code} count", count))
        if available is None:
            self.codes.append((f"{code} funds", ",".join(fields.taken[before:])))
        self.balances.append(
            Balance(
                code=BALANCES.get(code, OTHER_STATUS),
                amount=Money(minor, self.currency),
                day=self.day,
                bank_code=code,
                available=available or (),
                location=self.location(line),
            )
        )

    def _total(self, code: str, minor: int | None, count: str) -> None:
        if minor is not None and code in (TOTAL_CREDITS, TOTAL_DEBITS):
            sign = CREDIT if code == TOTAL_CREDITS else DEBIT
            self.totals[sign] = (minor_of(count) if count else None, abs(minor))

    def check_totals(self, line: int) -> None:
        """Type codes 100 and 400 against the entries, if there are entries of that direction."""
        for sign, (count, minor) in self.totals.items():
            found, total = self.sums[sign]
            if found and not self.unreadable and (total != minor or count not in (None, found)):
                word = "credits" if sign == CREDIT else "debits"
                stated = f"{Money(minor, self.currency)}"
                if count is not None:
                    stated += f" in {count}"
                happened = (
                    f"The bank states total {word} of {stated}, but its entries are"
                    f" {Money(total, self.currency)} in {found}."
                )
                can_do = "Ask the bank whether entries are missing."
                self._warn("summary_total_differs", happened, can_do, self.location(line))

    # ---- Record 16: entries

    def entries(self, records: Entries) -> Iterator[Entry | Problem]:
        """The entries of records 16: the usual ones here, fields continued in 88 in `_slowly`."""
        meanings, currency, day = self.meanings, self.currency, self.day
        path, number, longest = f"{self.path}, entry ", self.entry_count, DIGITS_MAX
        line, ascii_only = records.line, records.text.isascii()
        filled = self._is_filled(records.text)
        for number, body in enumerate(records.bodies, self.entry_count + 1):
            try:
                code, amount, funds, bank, customer, told = body.split(",", 5)
                sign, status, transaction_code, add = meanings[code].usual
            except (ValueError, KeyError):
                amount = ""
            if (
                (not amount.isdigit() or len(amount) > longest or funds not in _NO_FUNDS)
                or ("\n" in bank or "\n" in customer)
                or not (ascii_only or amount.isascii())
            ):
                lines, self.entry_count = body.count("\n") + 1, number
                yield from self._slowly(Record(line, "16", body, lines))
                line += lines
                continue
            text = told.replace("\n88,", "\n")
            minor = int(amount)
            add(minor)
            # fmt: off
            yield Entry(
                Money(sign * minor, currency), status, day, None, bank.strip(), "",
                transaction_code, code, False, self._text(text) if filled else text, (),
                Location(line, "", f"{path}{number}"), "", "", 0, ISSUER, customer.strip(), funds,
            )
            # fmt: on
            line += 1 + (len(told) - len(text)) // 3
        self.entry_count = number
        self.not_added += len(records.bodies)
        if self.not_added > _ADDED_AT_ONCE:
            self.add_up()

    def _is_filled(self, records: str) -> bool:
        """Whether a text among these may not be told as it is: filled up, ended by a slash."""
        return (
            self.between != "\n"
            or "/" in records
            or (records[-1:].isspace() or records[-1:] == ",")
            or _FILLED.search(records) is not None
        )

    def _text(self, text: str) -> str:
        return self.between.join([ended(line) for line in text.split("\n")]).strip("\n")

    def _slowly(self, record: Record) -> Iterator[Entry | Problem]:
        entry = self._carefully(record)
        yield from self.take_problems()
        if entry is not None:
            yield entry

    def take_problems(self) -> list[Problem]:
        """What was noticed since the last call."""
        found, self.problems = self.problems, []
        return found

    def add_up(self) -> None:
        """Add what waits with the type codes to the sums of the account; at its end at the latest.

        Many at once, which is quicker; and not all, as there is no end to the entries.
        """
        for meaning in self.meanings.values():
            total = sum(meaning.minors)
            self.sum += total
            if meaning.booked:
                self._booked(meaning.sign * total, len(meaning.minors))
            meaning.minors.clear()
        self.not_added = 0

    def _booked(self, minor: int, count: int) -> None:
        told = self.sums[CREDIT if minor >= 0 else DEBIT]
        told[0] += count
        told[1] += abs(minor)

    def _carefully(self, record: Record) -> Entry | None:
        """An entry whose fields need care: signs, funds types, fields in continuation records."""
        fields = Fields(record.body)
        code, amount = fields.take(), fields.take()
        meaning = self._meaning(code, record.line)
        if meaning is None:
            happened = f"{code[:20]!r} is not a type code of three digits."
            self._refuse_entry("type_code_unreadable", happened, amount, record)
            return None
        minor = minor_of(amount) if amount else self._amount_left_out(code, record)
        if minor is None:
            if amount:
                happened = f"The amount {amount[:30]!r} is not a whole number."
                self._refuse_entry("amount_unreadable", happened, amount, record)
            return None
        self.sum += minor
        signed = minor if minor < 0 else meaning.sign * minor
        if amount.startswith("-"):
            happened = "An entry has an amount with a minus sign; it was read as money out."
            self._warn("amount_signed", happened, _IF_IT_CLOSES, self._here(record.line))
        if meaning.booked:
            self._booked(signed, 1)
        return self._made(code, meaning, signed, fields, record.line)

    def _made(self, code: str, meaning: Meaning, minor: int, fields: Fields, line: int) -> Entry:
        fields.taken.clear()
        kind, available = funds_of(fields, minor, self.currency)
        codes: tuple[tuple[str, str], ...] = ()
        if available is None:
            self._funds_unreadable("An entry", fields.taken, line)
            codes = (("funds", ",".join(fields.taken)),)
        return Entry(
            amount=Money(minor, self.currency),
            status=meaning.status,
            booked=self.day,
            value=next((part.day for part in available or () if part.day), None),
            bank_reference=fields.take(),
            entry_reference="",
            transaction_code=meaning.transaction_code,
            proprietary_code=code,
            reversal=False,
            customer_reference=fields.take(),
            text=self.between.join(fields.text()).strip("\n"),
            details=(),
            location=self._here(line),
            proprietary_issuer=ISSUER,
            funds_code=kind,
            available=available or (),
            codes=codes,
        )

    def _amount_left_out(self, code: str, record: Record) -> int | None:
        if code == NON_MONETARY:
            return 0
        self._refuse_entry("amount_missing", "An entry has no amount.", "", record)
        return None

    def _meaning(self, code: str, line: int) -> Meaning | None:
        """What the code makes of entries; told once an account if it does not say a direction."""
        if code in self.meanings:
            return self.meanings[code]
        found = type_code(code)
        if found is None:
            return None  # And not remembered: there is no end to what is no type code.
        direction = _DIRECTIONS.get(self.own_codes.get(code, ""), found.direction)
        status = EntryStatus.BOOK if direction and self.booked else EntryStatus.INFO
        meaning = Meaning(direction or CREDIT, status, found.transaction_code)
        if not direction and code != NON_MONETARY and code not in self.own_codes:
            happened = (
                f"Type code {code} does not say whether its entries are credits or debits;"
                " they were read as information."
            )
            can_do = "Name its direction in the profile, if the bank tells it."
            self._warn("type_code_without_direction", happened, can_do, self._here(line))
        self.meanings[code] = meaning
        return meaning

    def _here(self, line: int) -> Location:
        return self.location(line, self.entry_count)

    def _refuse_entry(self, code: str, happened: str, amount: str, record: Record) -> None:
        self.unreadable += 1
        self.sum += minor_of(amount) or 0
        self.problems.append(error(code, happened, _ASK, self._here(record.line), record.text()))

    def _refuse(self, code: str, happened: str, line: int, raw: str) -> None:
        self.problems.append(error(code, happened, _ASK, self.location(line), raw))

    def _funds_unreadable(self, whose: str, taken: Sequence[str], line: int) -> None:
        happened = f"{whose} does not say in a known way when its funds can be used."
        can_do = "Nothing, if only the amount matters; else ask the bank."
        raw = ",".join(taken)
        self._warn("funds_unreadable", happened, can_do, self.location(line), raw)

    def _warn(self, code: str, happened: str, can_do: str, place: Location, raw: str = "") -> None:
        self.problems.append(warning(code, happened, can_do, place, raw))
