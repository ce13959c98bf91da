"""The balance verdict: closes, does not close, or cannot be checked and says why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nostro.domain.balance_gate import balance_verdict, closing_of, opening_of
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location, warning
from nostro.domain.statement import (
    Balance,
    Closing,
    Entry,
    ReportKind,
    Statement,
    StatementHeader,
    StatementTrailer,
    assemble,
)

DAY = date(2026, 11, 2)


def money(text: str) -> Money:
    """`12.30` in euro, `12.30/USD` in another currency."""
    number, _, currency = text.partition("/")
    return Money.parse(number, currency or "EUR")


def entry(amount: Money, status: str = "BOOK") -> Entry:
    return Entry(
        amount=amount, status=status, booked=DAY, value=DAY, bank_reference="", entry_reference="",
        transaction_code="", proprietary_code="", reversal=False, text="", details=(),
        location=Location(),
    )  # fmt: skip


def statement(balances: list[tuple[str, Money]], entries: list[Entry]) -> Statement:
    return Statement(
        statement_id="S", account="X", currency="EUR", kind=ReportKind.PREVIOUS_DAY, sequence=1,
        created_at=None, from_day=DAY, to_day=DAY,
        balances=tuple(Balance(code=code, amount=amount, day=DAY) for code, amount in balances),
        entries=tuple(entries), problems=(), location=Location(),
    )  # fmt: skip


# balances | entries (status before a colon, else BOOK) | verdict | what the reason says
TABLE = """
OPBD 100 CLBD 100                | -                       | closes         | plus 0 booked
OPBD 100 CLBD 120.50             | 50 -29.50               | closes         | plus 2 booked
OPBD -10 CLBD -30                | -20                     | closes         | plus 1 booked
PRCD 100 CLBD 101                | 1                       | closes         | equals
PRCD 5 OPBD 100 CLBD 101         | 1                       | closes         | equals
OPBD 100 CLBD 101 CLAV 90        | 1                       | closes         | equals
OPBD 100 CLBD 100                | PDNG:7 INFO:8 FUTR:9    | closes         | plus 0 booked
OPBD 100 CLBD 101                | 1 PDNG:7                | closes         | plus 1 booked
OPBD 100 CLBD 101                | -                       | does_not_close | by 1.00 EUR
OPBD 100 CLBD 99.99              | 1                       | does_not_close | by -1.01 EUR
OPBD 100 CLBD 100                | XXXX:1                  | closes         | plus 0 booked
CLBD 100                         | 1                       | not_checkable  | no opening
OPBD 100                         | 1                       | not_checkable  | no closing
ITBD 100 ITAV 100                | 1                       | not_checkable  | no opening
ITBD 100 ITBD 101                | 1                       | closes         | plus 1 booked
ITBD 100 ITBD 102                | 1                       | not_checkable  | during the day
OPBD 1 CLBD 2 OPBD 5/USD CLBD 6/USD | 1 1/USD              | closes         | plus 2 booked
OPBD 1 CLBD 2 OPBD 5/USD CLBD 7/USD | 1 1/USD              | does_not_close | by 1.00 USD
OPAV 100 CLAV 101                | 1                       | not_checkable  | no opening
-                                | 1                       | not_checkable  | no opening
OPBD 100 CLBD 101/USD            | 1                       | not_checkable  | EUR, USD
OPBD 100 CLBD 101                | 1/JPY                   | not_checkable  | EUR, JPY
OPBD 100 CLBD 101                | 1 PDNG:1/JPY            | closes         | plus 1 booked
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_verdicts(row: str) -> None:
    told, booked, verdict, says = (cell.strip() for cell in row.split("|"))
    words = [] if told == "-" else told.split()
    balances = [(code, money(text)) for code, text in zip(words[::2], words[1::2], strict=True)]
    entries = []
    for word in [] if booked == "-" else booked.split():
        status, _, amount = word.rpartition(":")
        entries.append(entry(money(amount), status or "BOOK"))
    found = balance_verdict(statement(balances, entries))
    assert found.verdict == verdict
    assert says in found.reason
    assert (found.difference is None) == (verdict == "not_checkable")


def test_two_opening_balances_of_a_day_are_not_a_choice() -> None:
    told = statement(
        [("OPBD", money("100")), ("OPBD", money("50")), ("CLBD", money("101"))], [entry(money("1"))]
    )
    found = balance_verdict(told)
    assert found.verdict is Closing.NOT_CHECKABLE
    assert "two different opening balances" in found.reason


def test_a_statement_of_several_days_goes_from_the_first_to_the_last() -> None:
    days = [DAY, DAY, DAY + timedelta(1), DAY + timedelta(1)]
    told = statement(
        [("CLBD", money("101")), ("OPBD", money("100")), ("OPBD", money("101")),
         ("CLBD", money("103"))],
        [entry(money("1")), entry(money("2"))],
    )  # fmt: skip
    balances = tuple(replace(one, day=day) for one, day in zip(told.balances, days, strict=True))
    assert balance_verdict(replace(told, balances=balances)).verdict is Closing.CLOSES


def records_of(told: Statement) -> list[object]:
    fields = {name: getattr(told, name) for name in StatementHeader.__struct_fields__}
    trailer = StatementTrailer(
        balances=told.balances, entry_count=len(told.entries),
        verdict=balance_verdict(told), location=Location(line=9),
    )  # fmt: skip
    return [StatementHeader(**fields), *told.entries, trailer]


def test_what_is_said_of_the_file_before_its_first_statement_stays_with_it() -> None:
    told = statement([("OPBD", money("100")), ("CLBD", money("101"))], [entry(money("1"))])
    odd = warning("odd", "Odd.", "Look.", Location(line=1))
    (found,) = assemble([odd, *records_of(told), odd])
    assert isinstance(found, Statement)
    assert found.problems == (odd, odd)
    assert list(assemble([odd])) == [odd]


def test_an_entry_lost_between_reading_and_writing_is_noticed() -> None:
    told = statement(
        [("OPBD", money("100")), ("CLBD", money("103"))], [entry(money("1")), entry(money("2"))]
    )
    whole = records_of(told)
    assert list(assemble(whole)) == [told]
    with pytest.raises(Invalid, match="2 entries, but 1 came"):
        list(assemble([whole[0], *whole[2:]]))
    with pytest.raises(Invalid, match="with these entries it does not"):
        list(assemble([whole[0], entry(money("7")), *whole[2:]]))


AMOUNTS = st.integers(-(10**15), 10**15)


@given(AMOUNTS, st.lists(AMOUNTS, max_size=20), AMOUNTS)
def test_the_difference_is_what_is_missing(opening: int, booked: list[int], off: int) -> None:
    closing = opening + sum(booked) + off
    told = statement(
        [("OPBD", Money(opening, "EUR")), ("CLBD", Money(closing, "EUR"))],
        [entry(Money(minor, "EUR")) for minor in booked],
    )
    found = balance_verdict(told)
    assert found.difference == Money(off, "EUR")
    assert found.verdict == ("does_not_close" if off else "closes")
    assert (found.opening, found.closing) == (Money(opening, "EUR"), Money(closing, "EUR"))


def test_which_balances_count() -> None:
    told = statement([("PRCD", money("1")), ("OPBD", money("2")), ("CLBD", money("3"))], [])
    opening, closing = opening_of(told.balances), closing_of(told.balances)
    assert opening is not None
    assert closing is not None
    assert (opening.amount, closing.amount) == (money("2"), money("3"))
