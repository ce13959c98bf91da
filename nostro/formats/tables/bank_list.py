"""Rows of a bank's list as statements: heading, titles, entries, balances, one account at a time.

Shared by the lists in delimited text (bank_csv) and in workbooks (bank_xlsx).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator

import msgspec

from nostro.domain.balance_gate import BalanceGate
from nostro.domain.errors import Invalid
from nostro.domain.money import Money, exponent_of
from nostro.domain.problem import Location, Problem, Severity, error, warning
from nostro.domain.statement import (
    Balance,
    BalanceType,
    BalanceVerdict,
    Closing,
    Entry,
    EntryStatus,
    ReportKind,
    StatementHeader,
    StatementTrailer,
)
from nostro.formats import Profile, options_of
from nostro.formats.profiles.lists import BankList, load, names
from nostro.formats.tables.list_balances import RunningBalances
from nostro.formats.tables.list_entry import EntryMaker
from nostro.formats.tables.list_heading import HeadingFacts
from nostro.formats.tables.list_rows import (
    TITLE_LINES_MAX,
    ListRow,
    numbered_places,
    places_of,
    title,
)
from nostro.formats.verdicts import Endings

_AMOUNTS = ("amount", "debit", "credit")
_NOT_USED = "Nothing of the file was used."


class ListOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person adds to a bank's list.

    `layout` is the name of a layout, or a layout itself; "" finds it by the titles. `account` and
    `currency` are for lists that do not name theirs.
    """

    layout: str | BankList = ""
    account: str = ""
    currency: str = ""


def asked(profile: Profile) -> tuple[ListOptions, BankList | None]:
    """The options, and the layout that they or the profile's name ask for."""
    options = options_of(profile, ListOptions)
    if options.currency:
        exponent_of(options.currency)  # Refused at once, not in each row.
    if isinstance(options.layout, BankList):
        return options, options.layout
    wanted = options.layout or (profile.name if profile.name in names() else "")
    return options, load(wanted) if wanted else None


def unknown_layout(line: str) -> Invalid:
    return Invalid(
        "unknown_layout",
        "No layout that we know has its column titles in the first lines of this list.",
        _NOT_USED,
        "Name a layout with --profile, or write one: docs/formats/bank_csv.md shows how."
        f" We know: {', '.join(names())}.",
        location=line,
    )


class _Account:
    """The statement that the rows are of, until the account changes."""

    def __init__(self, header: StatementHeader) -> None:
        self.header = header
        self.gate = BalanceGate()
        self.entries = 0
        self.running: dict[str, RunningBalances] = {}
        self.stated: list[Balance] = []


class ListReader:
    """Makes the records of a list out of its rows."""

    def __init__(self, layout: BankList, options: ListOptions) -> None:
        self.layout = layout
        self.options = options
        self.facts = HeadingFacts(layout)
        self.footers = tuple(footer.casefold() for footer in layout.footers)
        self.heading_rows = 0
        self.titles: list[str] = []
        self.title_cells: list[str] = []
        self.maker: EntryMaker | None = None
        self.account: _Account | None = None
        self.endings = Endings()
        self.statements = 0
        self.unknown_states: set[str] = set()
        self.unreadable = 0
        self.last_line = 1

    def read(self, rows: Iterable[ListRow | Problem]) -> Iterator[object]:
        """The records; raises Invalid (`missing_columns`, `currency_unknown`, `empty_file`)."""
        for row in rows:
            if isinstance(row, Problem):
                yield self._unusable(row)
                continue
            self.last_line = row.line
            if any(cell.strip() for cell in row.cells):
                yield from self._row(row)
        if self.maker is None:
            raise self._no_titles()
        if self.account is None:
            yield self._opened("", Location(line=self.last_line)).header
        yield from self._closed()

    def _unusable(self, problem: Problem) -> Problem:
        """Count a row that cannot be used for its statement, which may not have begun yet."""
        if problem.severity is Severity.ERROR:
            if self.account is None:
                self.unreadable += 1
            else:
                self.account.gate.unreadable += 1
        return problem

    def _row(self, row: ListRow) -> Iterator[object]:
        maker = self.maker
        if maker is None:
            maker = self._begun(row)
            if maker is None:
                self.facts.take(row)
            if maker is None or self.layout.titles:
                return
        elif row.cells == self.title_cells:  # The next list in this file.
            yield from self._closed()
            return
        if self._is_footer(row):
            self.facts.take(row)
            return
        yield from self._entry(row, maker)

    def _is_footer(self, row: ListRow) -> bool:
        if not self.footers:
            return False
        first = next(cell for cell in row.cells if cell.strip()).strip().casefold()
        return first.startswith(self.footers)

    def _begun(self, row: ListRow) -> EntryMaker | None:
        """What makes entries, once the titles are found; a list without titles begins at once."""
        if self.layout.titles:
            self.heading_rows += 1
            places = places_of(row.cells, self.layout)
            if places is None:
                if self.heading_rows > TITLE_LINES_MAX:
                    raise self._no_titles()
                return None
            self.titles = [title(cell) for cell in row.cells]
            self.title_cells = row.cells
        else:
            places = numbered_places(self.layout)
            self.titles = [f"column {place + 1}" for place in range(len(row.cells))]
        self.maker = EntryMaker(self.layout, places, self.titles, self._currency())
        return self.maker

    def _no_titles(self) -> Invalid:
        wanted = ", ".join(sorted(self.layout.required())) or "none: its columns are numbered"
        return Invalid(
            "missing_columns",
            f"The first lines hold no titles of the layout {self.layout.name or 'given'}.",
            _NOT_USED,
            f"Choose the layout that fits the list. Titles of this one: {wanted}.",
            location=f"line {self.last_line}",
        )

    def _currency(self) -> str:
        return self.options.currency or self.facts.currency or self.layout.currency

    def _entry(self, row: ListRow, maker: EntryMaker) -> Iterator[object]:
        wrong = self._wrong_width(row)
        if wrong is not None:
            yield self._unusable(_problem(wrong, row, "", maker))
            return
        account = yield from self._account_of(row, maker)
        path = f"statement {self.statements}, entry {account.entries + 1}"
        try:
            if self._states_balance(row, maker, account):
                return
            entry = maker.entry(row, path)
            balance = maker.money(row, "balance", entry.amount.currency)
        except Invalid as refused:
            yield self._unusable(_problem(refused, row, path, maker))
            return
        account.entries += 1
        account.gate.add(entry)
        if entry.status == EntryStatus.BOOK and "balance" in maker.places:
            self._follow(account, entry, balance, maker.title("balance"))
        yield entry
        yield from self._about_state(entry, row)
        last = len(row.cells) - 1
        if row.cut and any(last in maker.places.get(field, ()) for field in _AMOUNTS):
            happened = "The last line has no end, and its amount stands last: it may be cut."
            can_do = "Compare it with what the bank shows, or fetch the list again."
            yield warning("file_end_missing", happened, can_do, Location(line=row.line, path=path))

    def _account_of(self, row: ListRow, maker: EntryMaker) -> Generator[object, None, _Account]:
        """The statement of the row: a new one begins where the account of the rows changes."""
        named = "".join(maker.text(row, "account").split())
        account = self.account
        if account is not None and named in ("", account.header.account):
            return account
        if account is not None:
            yield from self._closed()
        written = maker.text(row, "currency")
        currency = self.layout.signs.get(written, written).upper() or maker.currency
        if not currency:
            currency = maker.currency = self._currency_beside(row, maker)
        account = self._opened(named, Location(line=row.line), currency)
        yield account.header
        return account

    def _currency_beside(self, row: ListRow, maker: EntryMaker) -> str:
        """The currency that stands in the amount itself; without any, no amount means anything."""
        for field in ("amount", "debit", "credit"):
            cell = maker.text(row, field)
            try:
                if cell and (beside := maker.amount_of(cell)[1]):
                    return beside
            except Invalid:
                continue
        raise Invalid(
            "currency_unknown",
            "The list does not name its currency.",
            _NOT_USED,
            "Give it: --option currency=EUR (or `currency` in the layout).",
            location=f"line {row.line}",
        )

    def _wrong_width(self, row: ListRow) -> Invalid | None:
        width, cells = len(self.titles), len(row.cells)
        surplus = cells > width and any(cell.strip() for cell in row.cells[width:])
        if not surplus and (cells >= width or self.layout.ragged):
            return None
        return Invalid(
            "wrong_column_count",
            f"The line has {cells} cells; the titles have {width}.",
            can_do="Look for a delimiter inside a text that is not quoted.",
        )

    def _states_balance(self, row: ListRow, maker: EntryMaker, account: _Account) -> bool:
        """Whether the row is no entry but states a balance, which is then kept."""
        states = self.layout.states
        if not states.opening and not states.closing:
            return False
        word = maker.text(row, "state").casefold()
        for code, words in (
            (BalanceType.OPBD, states.opening),
            (BalanceType.CLBD, states.closing),
        ):
            if word and word in {known.casefold() for known in words}:
                balance = maker.entry(row, "")
                day = balance.booked or balance.value
                if day is None:
                    raise Invalid("field_missing", "The balance has no date.")
                account.stated.append(
                    Balance(
                        code=code,
                        amount=balance.amount,
                        day=day,
                        bank_code=maker.text(row, "state"),
                        location=Location(line=row.line),
                    )
                )
                return True
        return False

    def _follow(self, account: _Account, entry: Entry, balance: Money | None, title: str) -> None:
        currency = entry.amount.currency
        if currency not in account.running:
            account.running[currency] = RunningBalances(currency, title)
        account.running[currency].add(entry, balance)

    def _about_state(self, entry: Entry, row: ListRow) -> Iterator[Problem]:
        word = entry.status
        if word in EntryStatus.__members__ or word in self.unknown_states:
            return
        self.unknown_states.add(word)
        yield warning(
            "unknown_state",
            f"The state {word[:40]!r} is not known; rows with it count as not booked.",
            "Add the word to `states` of the layout.",
            Location(line=row.line),
        )

    def _opened(self, account: str, location: Location, currency: str = "") -> _Account:
        self.statements += 1
        facts = self.facts
        header = StatementHeader(
            statement_id="",
            account=account or self.options.account or facts.account or self.layout.account,
            currency=currency or self._currency(),
            kind=ReportKind.PREVIOUS_DAY,
            sequence=None,
            created_at=None,
            from_day=None,
            to_day=None,
            account_name=facts.account_name,
            owner_name=facts.owner,
            location=location,
        )
        self.account = _Account(header)
        self.account.gate.unreadable, self.unreadable = self.unreadable, 0
        return self.account

    def _closed(self) -> Iterator[object]:
        """The end of a statement: its balances and whether it closes."""
        account = self.account
        if account is None:
            return
        self.account = None
        order = self.layout.order
        balances = list(account.stated)
        for running in account.running.values():
            balances += running.found(order)
            problem = running.problem(order)
            if problem is not None and not account.gate.unreadable:
                yield problem
        if not balances and (currency := account.header.currency):
            balances += self.facts.balances(currency)
        trailer = StatementTrailer(
            balances=tuple(balances),
            entry_count=account.entries,
            verdict=_verdict(account.gate, balances),
            location=Location(line=self.last_line),
        )
        yield from self.endings.statement(account.header, trailer, account.gate)


def _verdict(gate: BalanceGate, balances: list[Balance]) -> BalanceVerdict:
    if not balances and not gate.unreadable:
        return BalanceVerdict(verdict=Closing.NOT_CHECKABLE, reason="the list carries no balances")
    return gate.verdict(balances, ReportKind.PREVIOUS_DAY)


def _problem(refused: Invalid, row: ListRow, path: str, maker: EntryMaker) -> Problem:
    """Why a row cannot be used, as data; the other rows are read."""
    return error(
        refused.code,
        refused.happened,
        refused.can_do,
        Location(line=row.line, column=refused.field and maker.title(refused.field), path=path),
        row.raw[:2000],
    )
