"""One row of a bank's list as an entry: nothing dropped, no sign guessed, all cells by field."""

from __future__ import annotations

from datetime import date
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.identifier import iban
from nostro.domain.money import Money
from nostro.domain.problem import Location
from nostro.domain.statement import Charge, Entry, EntryStatus, TransactionDetail
from nostro.formats.profiles.lists import BankList
from nostro.formats.tables.cells import amounts, day_of
from nostro.formats.tables.list_rows import ListRow

_FIX = "Correct it at the source and export again."
_OWN = {
    "reference": "bank_reference",
    "entry_reference": "entry_reference",
    "customer_reference": "customer_reference",
    "code": "proprietary_code",
}
_DIRECT = (
    "end_to_end_id",
    "mandate_id",
    "creditor_id",
    "transaction_id",
    "check_number",
    "purpose",
    "counterparty_bic",
)


class EntryMaker:
    """Makes entries of the rows of one list; `places` says where each field stands."""

    def __init__(
        self, layout: BankList, places: dict[str, tuple[int, ...]], titles: list[str], currency: str
    ) -> None:
        self.layout = layout
        self.places = places
        self.currency = currency
        self.titles = titles
        self.amount_of = amounts(layout)
        self.place = {field: several[0] for field, several in places.items()}
        self.direct = [(field, self.place[field]) for field in _DIRECT if field in places]
        self.own = [(name, self.place[field]) for field, name in _OWN.items() if field in places]
        listed = {place for several in places.values() for place in several}
        self.unlisted = [place for place in range(len(titles)) if place not in listed]
        self.out = {word.casefold() for word in layout.directions.out}
        self.into = {word.casefold() for word in layout.directions.into}
        self.states = {
            word.casefold(): status
            for status, words in (
                (EntryStatus.BOOK, layout.states.booked),
                (EntryStatus.PDNG, layout.states.pending),
                (EntryStatus.INFO, layout.states.information),
            )
            for word in words
        }

    def text(self, row: ListRow, field: str) -> str:
        """A cell, trimmed; "" when the list or the row has no such column."""
        place = self.place.get(field)
        return row.cells[place].strip() if place is not None and place < len(row.cells) else ""

    def parts(self, row: ListRow, field: str) -> tuple[str, ...]:
        """The cells of a field with several columns, those that hold something."""
        places = self.places.get(field, ())
        cells = (row.cells[place].strip() for place in places if place < len(row.cells))
        return tuple(cell for cell in cells if cell)

    def title(self, field: str) -> str:
        places = self.places.get(field, ())
        return self.titles[places[0]] if places else ""

    def money(self, row: ListRow, field: str, currency: str = "") -> Money | None:
        """The amount in a column, signed as written; None for an empty cell."""
        cell = self._cell(row, field)
        if not cell:
            return None
        plain, beside = self.amount_of(cell)
        return Money.parse(plain, self._agreed(currency or self.text(row, "currency"), beside))

    def _cell(self, row: ListRow, field: str) -> str:
        """A cell as the workbook or text holds it, which may be more than its letters."""
        place = self.place.get(field)
        if place is None or place >= len(row.cells):
            return ""
        cell = row.cells[place]
        bare = cell.strip()
        return cell if bare == cell else bare

    def _agreed(self, column: str, beside: str) -> str:
        code = self.layout.signs.get(column, column).upper()
        if code and beside and code != beside:
            raise Invalid(
                "currencies_differ",
                f"The currency column says {code}, the amount says {beside}.",
                can_do=_FIX,
            )
        return code or beside or self.currency

    def entry(self, row: ListRow, path: str) -> Entry:
        """The row as an Entry; raises Invalid for what cannot be used."""
        codes: list[tuple[str, str]] = []
        amount, charges = self._with_fee(row, self._amount(row))
        booked, value = self._day(row, "booked", codes), self._day(row, "value", codes)
        status = self._status(row)
        if status is EntryStatus.BOOK and booked is None and value is None:
            raise _missing(self.title("booked") or self.title("value"))
        codes += self._unlisted(row)
        details = self._details(row, amount, codes)
        return Entry(
            amount=amount,
            status=status,
            booked=booked,
            value=value,
            transaction_code="",
            proprietary_issuer=self.layout.bank if "code" in self.places else "",
            reversal=False,
            text=" ".join(self.parts(row, "text")),
            details=details,
            charges=charges,
            codes=tuple(codes),
            location=Location(line=row.line, path=path),
            **self._own_texts(row),
        )

    def _own_texts(self, row: ListRow) -> dict[str, Any]:
        """The entry's references and code, those that the list has."""
        told = {"bank_reference": "", "entry_reference": "", "proprietary_code": ""}
        for name, place in self.own:
            if place < len(row.cells):
                told[name] = row.cells[place].strip()
        return told

    def _amount(self, row: ListRow) -> Money:
        if "amount" in self.places:
            found = self.money(row, "amount")
            if found is None:
                raise _missing(self.title("amount"))
            return found if self._goes_in(row) else -found
        debit, credit = self.money(row, "debit"), self.money(row, "credit")
        if debit is not None and self.layout.debits == "positive":
            debit = -debit
        both = [money for money in (debit, credit) if money is not None]
        moved = [money for money in both if money.minor] or both[:1]
        if len(moved) != 1:
            titles = f"{self.title('debit')} and {self.title('credit')}"
            if not moved:
                raise _missing(titles)
            happened = f"Both columns hold an amount: {titles}."
            raise Invalid("two_amounts", happened, can_do=_FIX)
        return moved[0]

    def _goes_in(self, row: ListRow) -> bool:
        """Whether a positive amount is money in, by the direction column or the layout."""
        if "direction" not in self.places:
            return self.layout.sign == "as_written"
        word = self.text(row, "direction").casefold()
        if word not in self.out and word not in self.into:
            raise Invalid(
                "unknown_direction",
                f"{self.title('direction')} says {word[:40]!r}: in or out is not known.",
                can_do="Add the word to `directions` of the layout.",
            )
        return word in self.into

    def _with_fee(self, row: ListRow, amount: Money) -> tuple[Money, tuple[Charge, ...]]:
        """The amount that moved, and the fee that the row names."""
        fee = self.money(row, "fee", amount.currency)
        if fee is None or not fee.minor:
            return amount, ()
        taken = -fee if self.layout.fees == "positive" else fee
        moved = amount if self.layout.fee_in_amount else amount + taken
        return moved, (Charge(amount=taken, included=True),)

    def _day(self, row: ListRow, field: str, codes: list[tuple[str, str]]) -> date | None:
        cell = self._cell(row, field)
        if not cell:
            return None
        day, timed = day_of(cell, self.layout.dates)
        if timed:
            codes.append((self.title(field), str(cell)))
        return day

    def _status(self, row: ListRow) -> EntryStatus | str:
        word = self.text(row, "state")
        if not word:
            return EntryStatus.BOOK
        return self.states.get(word.casefold(), word)

    def _unlisted(self, row: ListRow) -> list[tuple[str, str]]:
        """The cells of columns that are no field, under their titles."""
        cells, titles = row.cells, self.titles
        return [
            (titles[place], text)
            for place in self.unlisted
            if place < len(cells) and (text := cells[place].strip())
        ]

    def _details(
        self, row: ListRow, amount: Money, codes: list[tuple[str, str]]
    ) -> tuple[TransactionDetail, ...]:
        """The one payment of the row, when it tells more than the entry."""
        told: dict[str, Any] = {
            field: row.cells[place].strip()
            for field, place in self.direct
            if place < len(row.cells)
        }
        name, account = self._counterparty(row, amount, codes)
        told |= {"counterparty_name": name, "counterparty_iban": account}
        told["remittance"] = self.parts(row, "remittance")
        told["instructed"] = self._instructed(row, codes)
        if not any(told.values()):
            return ()
        return (TransactionDetail(amount=amount, location=Location(line=row.line), **told),)

    def _counterparty(
        self, row: ListRow, amount: Money, codes: list[tuple[str, str]]
    ) -> tuple[str, str]:
        """Name and IBAN of the other side; an account that is no IBAN goes to the codes."""
        name = self.text(row, "counterparty_name")
        other, own = ("payer", "payee") if amount.minor > 0 else ("payee", "payer")
        if text := self.text(row, own):
            codes.append((self.title(own), text))
        name = name or self.text(row, other)
        account = self.text(row, "counterparty_account")
        if account:
            try:
                return name, iban(account)
            except Invalid:
                codes.append((self.title("counterparty_account"), account))
        return name, ""

    def _instructed(self, row: ListRow, codes: list[tuple[str, str]]) -> Money | None:
        """The amount before conversion, unsigned; what is no amount stays as it is written."""
        currency = self.text(row, "instructed_currency")
        try:
            found = self.money(row, "instructed_amount", currency)
        except Invalid:
            codes.append((self.title("instructed_amount"), self.text(row, "instructed_amount")))
            found = None
        if found is None:
            if currency:
                codes.append((self.title("instructed_currency"), currency))
            return None
        return Money(abs(found.minor), found.currency)


def _missing(title: str) -> Invalid:
    return Invalid("field_missing", f"The cell {title} is empty.", can_do=_FIX)
