"""What a customer wants looked at: unusual amounts by an oracle, accounts, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median_low
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.party import PayeeAccount
from nostro.domain.payment import Rail
from nostro.domain.policies.approval_steps import Matter, Where
from nostro.domain.policies.checks import Effect
from nostro.domain.policies.payee_checks import (
    BLOCKED,
    FIRST,
    SHARED,
    UNUSUAL,
    Block,
    FirstPayment,
    PayeeChecks,
    PayeeHistory,
    Paying,
    findings,
    usual_of,
)

IBAN = "NL91ABNA0417164300"


def paying(minor: int = 100_00, **more: Any) -> Paying:
    matter = Matter(
        amount=Money(minor, "EUR"), entity_id="e1", account_id="a1", payee_number="V1",
        rail=Rail.SEPA_CREDIT_TRANSFER, source="erp",
    )  # fmt: skip
    return Paying(**{"matter": matter, "account": IBAN, "known": None, **more})


def known(*, confirmed: bool, iban: str = IBAN) -> PayeeAccount:
    return PayeeAccount(
        id="pa1", payee_id="p1", payee_number="V1", payee_name="S", version=1, iban=iban, bic="",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC), changed_by="ERP", confirmed=confirmed,
    )  # fmt: skip


def codes(rules: PayeeChecks, history: PayeeHistory | None = None, **more: Any) -> list[str]:
    return [one.code for one in findings(paying(**more), rules, history or PayeeHistory())]


def test_nothing_is_looked_at_until_somebody_wants_it() -> None:
    assert codes(PayeeChecks()) == []
    assert not PayeeChecks().ask_history


@pytest.mark.parametrize(
    ("wanted", "account", "waits"),
    [
        (FirstPayment.ALL, known(confirmed=True), True),
        (FirstPayment.UNCONFIRMED, known(confirmed=True), False),
        (FirstPayment.UNCONFIRMED, known(confirmed=True, iban="DE89370400440532013000"), True),
        (FirstPayment.UNCONFIRMED, known(confirmed=False), True),
        (FirstPayment.UNCONFIRMED, None, True),
        (FirstPayment.NO, None, False),
    ],
)
def test_a_first_payment(wanted: FirstPayment, account: PayeeAccount | None, waits: bool) -> None:
    rules = PayeeChecks(first_payment=wanted)
    assert codes(rules, known=account) == ([FIRST] if waits else [])
    paid = PayeeHistory(paid_accounts=frozenset({(IBAN, False)}))
    assert codes(rules, paid, known=account) == []
    assert codes(rules, known=account, account="") == []


def test_of_confidential_payments_the_others_learn_nothing() -> None:
    rules = PayeeChecks(first_payment=FirstPayment.ALL, usual_times=3)
    hidden = PayeeHistory(
        paid_accounts=frozenset({(IBAN, True)}), amounts={("V1", "EUR", True): (1,) * 9}
    )
    assert codes(rules, hidden) == [FIRST]
    assert codes(rules, hidden, confidential=True) == [UNUSUAL]


def test_an_account_of_several_payees() -> None:
    history = PayeeHistory(payees_of={IBAN: ("V1", "V2", "V3", "V4", "V5")})
    (told,) = findings(paying(), PayeeChecks(shared_account=True), history)
    assert (told.code, told.effect) == (SHARED, Effect.HOLD)
    assert told.sentence == "The account is also that of payee V2, V3, V4 and 1 more."
    alone = PayeeHistory(payees_of={IBAN: ("V1",)})
    assert codes(PayeeChecks(shared_account=True), alone) == []


@given(st.lists(st.integers(1, 10**9), min_size=5, max_size=24), st.integers(1, 20), st.data())
def test_what_is_usual(amounts: list[int], times: int, data: st.DataObject) -> None:
    middle, most = usual_of(amounts, times)
    assert middle == median_low(amounts)
    spread = median_low(abs(one - middle) for one in amounts)
    assert most == middle + times * max(spread, middle // 10, 1)
    assert usual_of(sorted(amounts, reverse=True), times) == (middle, most)
    history = PayeeHistory(amounts={("V1", "EUR", False): tuple(amounts)})
    minor = data.draw(st.integers(1, 2 * most))
    found = codes(PayeeChecks(usual_times=times), history, minor=minor)
    assert found == ([UNUSUAL] if minor > most else [])


def test_one_large_payment_does_not_make_large_ones_usual() -> None:
    assert usual_of([100, 102, 98, 101, 99, 1_000_000], 5) == (100, 150)


def test_too_few_payments_say_nothing() -> None:
    history = PayeeHistory(amounts={("V1", "EUR", False): (1, 1, 1, 1)})
    assert codes(PayeeChecks(usual_times=1), history) == []


def test_several_blocks_are_one_reason_and_the_harder_counts() -> None:
    held = Block(name="Lawsuit", where=Where(payee_numbers=("V1",)))
    refused = Block(name="No ERP", where=Where(sources=("erp",)), effect=Effect.INVALID)
    other = Block(name="Other", where=Where(payee_numbers=("V2",)))
    (told,) = findings(paying(), PayeeChecks(blocks=(held, other)), PayeeHistory())
    assert (told.code, told.effect) == (BLOCKED, Effect.HOLD)
    assert told.sentence == "Payments like this are held here: Lawsuit."
    (told,) = findings(paying(), PayeeChecks(blocks=(held, other, refused)), PayeeHistory())
    assert told.effect is Effect.INVALID
    assert told.sentence == "Payments like this are not made here: Lawsuit, No ERP."
