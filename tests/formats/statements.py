"""Statements for hypothesis: what every statement format should carry, and what camt.053 can."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE
from nostro.domain.remittance import ReferredDocument
from nostro.domain.statement import (
    AvailableOn,
    Balance,
    Charge,
    CurrencyExchange,
    Entry,
    ReportKind,
    Statement,
    TransactionDetail,
)
from tests.formats.payments import IBAN, OTHER_IBAN

LETTERS = "ABCXYZabcxyz019 -.:+()/?,'"
DAYS = st.dates(date(2001, 1, 1), date(2079, 12, 31))
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "USD"])


def words(longest: int, letters: str = LETTERS) -> st.SearchStrategy[str]:
    """A text without spaces at its ends, or none."""
    return st.text(st.sampled_from(letters), max_size=longest).map(str.strip)


def texts(longest: int) -> st.SearchStrategy[str]:
    """As `words`, with letters that XML escapes and letters beyond ASCII."""
    return words(longest, LETTERS + "&<>\"'\u00fc\u20ac")


def money(currency: str, least: int = -(10**12)) -> st.SearchStrategy[Money]:
    return st.builds(Money, st.integers(least, 10**12), st.just(currency))


def balances(currency: str) -> st.SearchStrategy[Balance]:
    return st.builds(
        Balance,
        code=st.sampled_from(["OPBD", "CLBD", "CLAV", "PRCD", "ITBD"]),
        amount=money(currency),
        day=DAYS,
        interim=st.booleans(),
    )


def plain_entries(currency: str) -> st.SearchStrategy[Entry]:
    """Entries as every statement format has them: no details."""
    return st.builds(
        Entry,
        amount=money(currency),
        status=st.sampled_from(["BOOK", "PDNG"]),
        booked=st.none() | DAYS,
        value=st.none() | DAYS,
        bank_reference=words(35),
        entry_reference=words(35),
        transaction_code=st.sampled_from(["", "PMNT/RCDT/ESCT"]),
        proprietary_code=words(35),
        reversal=st.booleans(),
        text=texts(200),
        details=st.just(()),
        location=st.just(NOWHERE),
    )


def _document(currency: str) -> st.SearchStrategy[ReferredDocument]:
    amount = st.none() | money(currency, 0)
    return st.builds(
        ReferredDocument,
        number=words(34).map(lambda text: f"N{text}"),
        kind=st.sampled_from(["", "CINV", "CREN", "SOMETHING"]),
        day=st.none() | DAYS,
        due=amount,
        paid=amount,
        discount=amount,
        text=texts(100),
    )


@st.composite
def details(draw: st.DrawFn, currency: str, sign: int) -> TransactionDetail:
    """A detail on the same side as its entry."""
    name = draw(texts(70))
    return TransactionDetail(
        amount=Money(sign * draw(st.integers(1, 10**9)), currency),
        end_to_end_id=draw(words(35)),
        instruction_id=draw(words(35)),
        payment_information_id=draw(words(35)),
        message_id=draw(words(35)),
        bank_reference=draw(words(35)),
        transaction_id=draw(words(35)),
        clearing_reference=draw(words(35)),
        check_number=draw(words(35)),
        mandate_id=draw(words(35)),
        creditor_id=draw(st.sampled_from(["", "DE98ZZZ09999999999"])) if sign > 0 else "",
        counterparty_name=name,
        counterparty_iban=draw(st.sampled_from(["", OTHER_IBAN, "0012557"])),
        counterparty_bic=draw(st.sampled_from(["", "COBADEFFXXX"])),
        counterparty_address=tuple(draw(st.lists(texts(70).filter(bool), max_size=2))),
        counterparty_id=draw(words(35)) if sign > 0 else "",
        ultimate_counterparty_name=draw(texts(70)) if name else "",
        remittance=tuple(draw(st.lists(texts(140).filter(bool), max_size=3))),
        creditor_reference=draw(st.sampled_from(["", "RF18539007547034"])),
        documents=tuple(draw(st.lists(_document(currency), max_size=2))),
        purpose=draw(st.sampled_from(["", "SALA", "a purpose of ours"])),
        return_reason=draw(st.sampled_from(["", "AC04", "a reason of ours"])),
        return_text=draw(texts(100)),
        text=draw(texts(200)),
        instructed=draw(st.none() | money("USD", 0)),
    )


@st.composite
def entries(draw: st.DrawFn, currency: str) -> Entry:
    """Entries with details, charges and availability."""
    plain = draw(plain_entries(currency))
    sign = -1 if plain.amount.minor < 0 else 1
    charge = st.builds(
        Charge,
        amount=money(currency),
        bearer=st.sampled_from(["", "SHAR"]),
        kind=st.sampled_from(["", "a kind of ours"]),
    )
    available = st.builds(AvailableOn, amount=money(currency), day=DAYS)
    exchange = CurrencyExchange(source="USD", target="EUR", unit="EUR", rate="1.0866")
    instructed = draw(st.none() | money("USD", 0))
    told: dict[str, Any] = {name: getattr(plain, name) for name in plain.__struct_fields__}
    told |= {
        "details": tuple(draw(st.lists(details(currency, sign), max_size=3))),
        "payment_information_id": draw(words(35)),
        "message_id": draw(words(35)),
        "batch_count": draw(st.integers(0, 999)),
        "proprietary_issuer": draw(words(35)) if plain.proprietary_code else "",
        "available": tuple(draw(st.lists(available, max_size=2))),
        "charges": tuple(draw(st.lists(charge, max_size=2))),
        "instructed": instructed,
        "exchange": exchange if instructed is not None and draw(st.booleans()) else None,
    }
    return Entry(**told)


@st.composite
def statements(draw: st.DrawFn, *, rich: bool = True) -> Statement:
    """Any statement; without `rich` only what every format has (no details)."""
    currency = draw(CURRENCIES)
    each = entries(currency) if rich else plain_entries(currency)
    times = st.datetimes(datetime(2001, 1, 1), datetime(2079, 1, 1))  # noqa: DTZ001 - local times.
    days = draw(st.none() | DAYS)
    return Statement(
        statement_id=draw(words(35).map(lambda text: f"S{text}"[:35].strip())),
        account=draw(st.sampled_from([IBAN, "0012557"])),
        currency=currency,
        kind=ReportKind.PREVIOUS_DAY,
        sequence=draw(st.integers(0, 10**17)),
        created_at=draw(times | times.map(lambda time: time.replace(tzinfo=UTC))),
        from_day=days,
        to_day=days,
        location=NOWHERE,
        message_id=draw(words(35).map(lambda text: f"M{text}"[:35].strip())),
        account_name=draw(texts(70)) if rich else "",
        owner_name=draw(texts(140)) if rich else "",
        bank_bic=draw(st.sampled_from(["", "COBADEFFXXX"])) if rich else "",
        balances=tuple(draw(st.lists(balances(currency), min_size=1, max_size=3))),
        entries=tuple(draw(st.lists(each, max_size=4))),
        problems=(),
        text=draw(texts(400)) if rich else "",
    )
