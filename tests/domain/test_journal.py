"""A journal balances or is refused; who posts what is one rule for each event."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.journal import (
    ERP_POSTS_PAYMENT_RUN,
    BusinessEvent,
    JournalEvent,
    JournalLine,
    PostingAction,
    PostingOwner,
    check_balance,
)
from nostro.domain.money import Money


def journal(*lines: tuple[str, str]) -> JournalEvent:
    """Lines given as (document, functional), each like `12.30 EUR`; debit is positive."""
    return JournalEvent(
        id="j", event=BusinessEvent.PAYMENT_SETTLED, owner=PostingOwner.NOSTRO,
        action=PostingAction.POST, entity_code="E", posting_date=date(2026, 11, 2), reference="R",
        text="",
        lines=tuple(
            JournalLine(
                ledger_account="1",
                document=Money.parse(*document.split()),
                functional=Money.parse(*functional.split()),
            )
            for document, functional in lines
        ),
    )  # fmt: skip


EUR, OUT = "10.00 EUR", "-10.00 EUR"
BALANCED = {
    "plain": [(EUR, EUR), (OUT, OUT)],
    "three lines": [(EUR, EUR), ("-4.00 EUR", "-4.00 EUR"), ("-6.00 EUR", "-6.00 EUR")],
    "foreign": [("11.00 USD", EUR), ("-11.00 USD", OUT)],
    "two documents' currencies through clearing": [
        ("11.00 USD", EUR), ("-11.00 USD", OUT), ("1500 JPY", EUR), ("-1500 JPY", OUT),
    ],
    "nothing to post": [],
}  # fmt: skip
UNBALANCED = {
    "one side": [(EUR, EUR)],
    "a cent": [(EUR, EUR), (OUT, "-9.99 EUR")],
    "document alone": [(EUR, EUR), ("-9.99 EUR", OUT)],
    "same numbers, other currency": [(EUR, EUR), ("-10.00 USD", OUT)],
    "two functional currencies": [(EUR, EUR), (OUT, OUT), (EUR, "1 USD"), (OUT, "-1 USD")],
}


@pytest.mark.parametrize("name", BALANCED)
def test_balanced(name: str) -> None:
    check_balance(journal(*BALANCED[name]))


@pytest.mark.parametrize("name", UNBALANCED)
def test_unbalanced(name: str) -> None:
    with pytest.raises(Invalid) as told:
        check_balance(journal(*UNBALANCED[name]))
    assert told.value.code == "journal_does_not_balance"


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=12), st.integers(-5, 5))
def test_any_split_of_one_sum_balances_and_a_cent_more_does_not(parts: list[int], off: int) -> None:
    def line(minor: int) -> tuple[str, str]:
        return (str(Money(minor, "USD")), str(Money(2 * minor, "EUR")))

    told = journal(*(line(part) for part in parts), line(-sum(parts) + off))
    if off:
        with pytest.raises(Invalid):
            check_balance(told)
    else:
        check_balance(told)


def test_an_erp_that_posted_its_run_is_never_told_to_post_it_again() -> None:
    rules = ERP_POSTS_PAYMENT_RUN
    assert set(rules) == set(BusinessEvent)
    assert rules[BusinessEvent.PAYMENT_SENT].action is PostingAction.NONE
    for event in (BusinessEvent.PAYMENT_REJECTED, BusinessEvent.PAYMENT_RETURNED):
        assert rules[event].owner is PostingOwner.ERP
        assert rules[event].action is PostingAction.RESET_AND_REVERSE
    ours = {event for event, rule in rules.items() if rule.owner is PostingOwner.NOSTRO}
    cash = {BusinessEvent.RETURN_BOOKED, BusinessEvent.CHARGES_BOOKED}
    cash |= {BusinessEvent.RECEIPT_UNDONE}
    assert ours == cash | {BusinessEvent.PAYMENT_SETTLED, BusinessEvent.RECEIPT_MATCHED}
