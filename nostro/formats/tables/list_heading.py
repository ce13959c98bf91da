"""What the rows around a bank's list tell: the account, its owner, its currency, its balances."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location
from nostro.domain.statement import Balance, BalanceType
from nostro.formats.profiles.lists import BankList
from nostro.formats.tables.cells import amounts, day_of
from nostro.formats.tables.list_rows import ListRow


class HeadingFacts:
    """What the layout's heading labels found above the titles and in footers."""

    def __init__(self, layout: BankList) -> None:
        self.layout = layout
        self.amount_of = amounts(layout)
        self.labels = [
            (field, label.casefold())
            for field, label in msgspec.structs.asdict(layout.heading).items()
            if label
        ]
        self.told: dict[str, tuple[int, list[str]]] = {}

    def take(self, row: ListRow) -> None:
        """Remember a row that begins with one of the labels."""
        cells = [cell.strip() for cell in row.cells if cell.strip()]
        first = cells[0].casefold()
        for field, label in self.labels:
            if first.startswith(label):
                behind = cells[0][len(label) :].strip(" :\t")
                self.told[field] = (row.line, [*([behind] if behind else []), *cells[1:]])

    def _text(self, field: str) -> str:
        values = self.told.get(field, (0, []))[1]
        return values[-1] if values else ""

    @property
    def account(self) -> str:
        return "".join(self._text("account").split())

    @property
    def account_name(self) -> str:
        return self._text("account_name")

    @property
    def owner(self) -> str:
        return self._text("owner")

    @property
    def currency(self) -> str:
        text = self._text("currency")
        return self.layout.signs.get(text, text).upper()

    def balances(self, currency: str) -> Iterator[Balance]:
        """Opening and closing balance as far as rows state them, with a day."""
        for field, code in (("opening", BalanceType.OPBD), ("closing", BalanceType.CLBD)):
            line, values = self.told.get(field, (0, []))
            amount = self._amount(values, currency)
            day = self._day(values)
            if amount is not None and day is not None:
                place = Location(line=line)
                label = getattr(self.layout.heading, field)
                yield Balance(code=code, amount=amount, day=day, bank_code=label, location=place)

    def _amount(self, values: list[str], currency: str) -> Money | None:
        """The amount in the cells behind a label: alone, or with its currency in the next cell."""
        for start in range(len(values)):
            for end in (len(values), start + 1):
                try:
                    plain, beside = self.amount_of(" ".join(values[start:end]))
                    return Money.parse(plain, beside or currency)
                except Invalid:
                    continue
        return None

    def _day(self, values: list[str]) -> date | None:
        for word in " ".join(values).replace(":", " ").split():
            try:
                return day_of(word, self.layout.dates)[0]
            except Invalid:
                continue
        return None
