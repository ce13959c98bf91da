"""Tryton and the bank without us in the middle: the ends of the loop hold by themselves.

The whole needs the seeded bed: SOAK=1 builds it (about two minutes, once), and so does
`python -m tests.tryton.bed build`. Without it only Tryton itself is installed and asked.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.needs import absent
from tests.tryton import seed
from tests.tryton.bank import Bank
from tests.tryton.bed import BedError, TrytonBed
from tests.tryton.figures import (
    AFTER_PAY,
    AFTER_SETTLING,
    AFTER_STATUS,
    BAD,
    BANK_DAY,
    BILLED,
    DUE_UNTIL,
    GOOD_AMOUNTS,
    nothing_is_booked_twice,
    only_the_rejected_is_due,
)
from tests.tryton.loop import (
    bring_statement_back,
    bring_status_back,
    statuses_of,
    take_payment_file,
)
from tests.tryton.rpc import Item, Tryton
from tests.tryton.wire import TrytonError


def test_tryton_8_answers_from_its_own_environment() -> None:
    bed = TrytonBed()
    try:
        bed.build_environment()
    except BedError as error:
        absent(f"Tryton from PyPI ({error})")
    with bed.without_database() as wire:
        assert wire.series() == "8.0"


def test_the_loop_from_bill_to_posted_statement(bed: TrytonBed, bank: Bank) -> None:
    tryton = Tryton(bed.wire())
    assert sum(d.amount for d in tryton.due()) == BILLED

    content, payments = take_payment_file(bed, due_until=DUE_UNTIL, day=BANK_DAY)
    assert b"pain.001.001.03" in content
    assert b"<Ctry>NL</Ctry>" in content
    assert sorted(p.amount for p in tryton.payments(payments)) == [BAD, *GOOD_AMOUNTS]
    assert tryton.balances() == AFTER_PAY
    assert tryton.due(DUE_UNTIL) == [], "what is being paid is not offered again"

    answer = bank.send(content)
    assert answer.is_success, answer.text
    assert bank.send(content).status_code == 422, "the bank takes a file once"
    (pain002,) = bank.collect("pain.002", seed.OWN_IBAN)[:1]
    statuses = statuses_of(pain002)
    assert sorted(statuses.values()) == ["ACCP", "ACCP", "RJCT"]

    for _ in range(2):
        bring_status_back(bed, statuses, BANK_DAY)
        assert tryton.balances() == AFTER_STATUS
    assert tryton.balances(posted=True) == AFTER_PAY, "clearing is a draft until the statement"
    only_the_rejected_is_due(tryton)

    bank.advance()
    (camt053,) = bank.collect("camt.053", seed.OWN_IBAN)
    (statement,) = bring_statement_back(bed, camt053)
    assert bring_statement_back(bed, camt053) == []
    assert tryton.statement_state(statement) == "posted"
    assert tryton.balances() == AFTER_SETTLING
    assert tryton.balances(posted=True) == AFTER_SETTLING, "no draft is left behind"
    assert bank.balance(seed.OWN_IBAN) == AFTER_SETTLING.bank, "ERP and bank agree"
    nothing_is_booked_twice(tryton, payments)


def test_the_same_statement_cannot_clear_a_payment_twice(bed: TrytonBed, bank: Bank) -> None:
    tryton = Tryton(bed.wire())
    content, _ = take_payment_file(bed, due_until=DUE_UNTIL, day=BANK_DAY)
    bank.send(content)
    bring_status_back(bed, statuses_of(bank.collect("pain.002", seed.OWN_IBAN)[0]), BANK_DAY)
    bank.advance()
    (camt053,) = bank.collect("camt.053", seed.OWN_IBAN)
    bring_statement_back(bed, camt053)

    (again,) = tryton.import_statement(camt053)
    with pytest.raises(TrytonError):
        tryton.clear(again)
    with pytest.raises(TrytonError):
        tryton.post_statement(again)
    assert tryton.balances() == AFTER_SETTLING


def test_a_journal_entry_is_posted(bed: TrytonBed) -> None:
    tryton = Tryton(bed.wire())
    fee = Decimal("12.30")
    tryton.post_entry(BANK_DAY, "Bank fee", [Item(seed.EXPENSE, fee), Item(seed.BANK, -fee)])
    assert tryton.balances(posted=True).bank == seed.OPENING_BALANCE - fee
