"""Payments made twice: how invoices are written alike, what is told, and whom it is not told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.duplicates import (
    DuplicateRules,
    EarlierPayment,
    PaidBefore,
    findings,
    invoice_key,
    signature,
    swapped,
)

IBAN, OTHER = "NL91ABNA0417164300", "DE89370400440532013000"
DAY, RULES = date(2026, 10, 1), DuplicateRules()


def payment(**changes: Any) -> EarlierPayment:
    fields: dict[str, Any] = {
        "number": "P-1", "source": "sap", "payee_number": "V1", "account": IBAN,
        "amount": Money(100_00, "EUR"), "requested_date": DAY, "state": OrderState.SETTLED,
        "invoices": ("INV-1", "INV-2"),
    }  # fmt: skip
    return EarlierPayment(**{**fields, **changes})


def mine(**changes: Any) -> EarlierPayment:
    later = DAY + timedelta(days=33)
    return payment(**{"number": "P-2", "source": "netsuite", "requested_date": later, **changes})


def found(
    new: EarlierPayment, *earlier: EarlierPayment, rules: DuplicateRules = RULES
) -> list[Finding]:
    return list(findings(new, PaidBefore(earlier), rules))


@pytest.mark.parametrize(
    "written",
    ["INV-000123", "inv 123", "Inv. No. 123", "RE123", "RG-Nr. 00123", "1 2 3", "123", "00123",
     "１２３", "Rechnung 123", "#123", "FA/123", "INV123", "no.123"],
)  # fmt: skip
def test_one_invoice_however_it_is_written(written: str) -> None:
    assert invoice_key(written) == "123"
    assert [
        one.refers_to for one in found(mine(invoices=(written,)), payment(invoices=("123",)))
    ] == ["P-1"]


@pytest.mark.parametrize(
    "written", ["1234", "12", "A123", "123A", "REX123", "321", "132", "2123", "RENT 123"]
)
def test_other_invoices_stay_other_ones(written: str) -> None:
    assert invoice_key(written) != "123"
    assert found(mine(invoices=(written,)), payment(invoices=("123",))) == []


texts = st.text(
    st.sampled_from("INVREGOoNr0123456789-/. _#１äß"), min_size=0, max_size=14
) | st.text(max_size=10)


@given(texts)
def test_a_key_is_its_own_key_but_for_what_prefixes_hide(text: str) -> None:
    key = invoice_key(text, ())
    assert invoice_key(key, ()) == key
    assert invoice_key(text.upper(), ()) == invoice_key(text.lower(), ()) or not text.isascii()
    assert invoice_key(f" {text} ", ()) == key


@given(texts, texts)
def test_whatever_may_be_the_same_has_the_same_signature(one: str, other: str) -> None:
    """So the database, which looks for signatures, loses nothing."""
    mine, theirs = invoice_key(one), invoice_key(other)
    if mine == theirs or swapped(mine, theirs):
        assert signature(one) == signature(other)


@given(st.text(st.sampled_from("0123456789"), min_size=4, max_size=12), st.integers(0, 10))
def test_two_swapped_signs(text: str, at: int) -> None:
    at %= len(text) - 1
    other = f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    assert swapped(text, other) == (text != other)
    assert not swapped(text, text)
    assert not swapped(text, f"{text}0")


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "the same": ({}, {}, 2),
    "one of two invoices": ({"invoices": ("INV-1",)}, {}, 1),
    "another payee and account": ({}, {"payee_number": "V2", "account": OTHER}, 0),
    "another number, the same account": ({}, {"payee_number": "V2"}, 2),
    "two cheques": ({"account": ""}, {"payee_number": "V2", "account": ""}, 0),
    "another account of the payee": ({}, {"account": OTHER}, 2),
    "another invoice": ({"invoices": ("INV-11",)}, {}, 0),
    "another amount": ({}, {"amount": Money(100_01, "EUR")}, 0),
    "another currency": ({}, {"amount": Money(100_00, "USD")}, 0),
    "in the window": ({"requested_date": DAY + timedelta(days=400)}, {}, 2),
    "after the window": ({"requested_date": DAY + timedelta(days=401)}, {}, 0),
    "asked for later, paid earlier": ({"requested_date": DAY - timedelta(days=400)}, {}, 2),
    "signs swapped": ({"invoices": ("10243",)}, {"invoices": ("10234",)}, 1),
    "signs swapped long ago": (
        {"invoices": ("10243",), "requested_date": DAY + timedelta(days=46)},
        {"invoices": ("10234",)}, 0,
    ),
    "one without invoice": ({"invoices": ()}, {}, 0),
    "both without, other days": ({"invoices": ()}, {"invoices": ()}, 0),
    "both without, one day": ({"invoices": (), "requested_date": DAY}, {"invoices": ()}, 1),
    "both without, other texts": (
        {"invoices": (), "requested_date": DAY, "text": "rent Oct"},
        {"invoices": (), "text": "rent Sep"}, 0,
    ),
    "both without, one text": (
        {"invoices": (), "requested_date": DAY, "text": "rent"}, {"invoices": ()}, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_a_duplicate(name: str) -> None:
    ours, theirs, count = CASES[name]
    told = found(mine(**ours), payment(**theirs))
    assert [one.code for one in told] == ["duplicate_suspected"] * count
    assert all(one.refers_to == "P-1" for one in told)
    assert not any(account in one.sentence for one in told for account in (IBAN, OTHER))


def test_the_customer_may_say_otherwise() -> None:
    bare = payment(invoices=())
    assert (
        found(
            mine(invoices=(), requested_date=DAY), bare, rules=DuplicateRules(without_invoice=False)
        )
        == []
    )
    near = mine(invoices=("10243",)), payment(invoices=("10234",))
    assert found(*near, rules=DuplicateRules(swapped_days=0)) == []
    assert found(mine(invoices=("XY-1",)), rules=RULES) == []
    own = DuplicateRules(prefixes=("XY",))
    assert len(found(mine(invoices=("XY-1",)), payment(invoices=("1",)), rules=own)) == 1


def others(count: int, **changes: Any) -> list[EarlierPayment]:
    """A supplier who charges one price: so many invoices over it, none of them like another."""
    return [payment(number=f"P-1{at}", invoices=(f"5{at}77",), **changes) for at in range(count)]


def test_where_an_amount_is_routine_only_the_very_invoice_counts() -> None:
    new, near = mine(invoices=("10243",)), payment(invoices=("10234",))
    assert [one.refers_to for one in found(new, near, *others(3))] == ["P-1"]
    assert found(new, near, *others(4)) == []
    very = payment(number="P-9", invoices=("INV 010243",))
    assert [one.refers_to for one in found(new, near, very, *others(9))] == ["P-9"]
    assert len(found(new, near, *others(9), rules=DuplicateRules(routine_from=0))) == 1


def test_what_makes_no_amount_routine() -> None:
    new, near = mine(invoices=("10243",)), payment(invoices=("10234",))
    again = [payment(number=f"P-2{at}", invoices=("10234",)) for at in range(9)]
    assert len(found(new, near, *again)) == 5
    assert len(found(new, near, *others(9, amount=Money(100_01, "EUR")))) == 1
    assert len(found(new, near, *others(9, payee_number="V2", account=OTHER))) == 1
    assert len(found(new, near, *others(9, requested_date=DAY - timedelta(days=13)))) == 1
    hidden = others(9, confidential=True)
    assert len(found(new, near, *hidden)) == 1
    assert found(mine(invoices=("10243",), confidential=True), near, *hidden) == []


def test_both_payments_are_named() -> None:
    (told,) = found(
        mine(invoices=("RE 0001",), payee_number="V9"),
        payment(invoices=("INV-1",), amount=Money(100_00, "EUR")),
    )
    assert told.sentence == (
        "Invoice INV-1 was already paid: 100.00 EUR on 1 Oct 2026 (P-1 of sap). This is P-2 of"
        " netsuite. It names RE 0001. There the payee is V1, with the same account."
    )


def test_amounts_are_grouped() -> None:
    large = Money(1_234_567_00, "EUR")
    told = found(mine(amount=large), payment(amount=large))
    assert "1,234,567.00 EUR on 1 Oct 2026" in told[0].sentence


def test_of_a_confidential_payment_nothing_is_told_but_that_it_is_there() -> None:
    (told,) = found(mine(invoices=("RE 1",), payee_number="V9"), payment(confidential=True))
    assert (told.code, told.refers_to) == ("duplicate_suspected", "")
    assert told.sentence == "Invoice RE 1 has a confidential payment already; ask who is cleared."


def test_nobody_learns_by_guessing_what_is_paid_confidentially() -> None:
    hidden = payment(invoices=(), confidential=True)
    guessed = mine(invoices=(), requested_date=DAY)
    assert found(guessed, hidden) == []
    assert len(found(mine(invoices=(), requested_date=DAY, confidential=True), hidden)) == 1
    near = payment(invoices=("10234",), confidential=True)
    assert found(mine(invoices=("10243",)), near) == []


@pytest.mark.parametrize(
    ("state", "said", "where"),
    [
        (OrderState.HELD, "is already being paid", ", held until a person has looked"),
        (OrderState.AWAITING_APPROVAL, "is already being paid", ", waiting for approval"),
        (OrderState.SCHEDULED, "is already being paid", ", approved, not sent yet"),
        (OrderState.IN_FLIGHT, "is already being paid", ", with the bank"),
        (OrderState.EXECUTED, "was already paid", ""),
        (OrderState.SETTLED, "was already paid", ""),
        (OrderState.RETURNED, "was already paid and came back", ""),
    ],
)
def test_only_what_was_paid_is_called_paid(state: OrderState, said: str, where: str) -> None:
    (told,) = found(mine(invoices=("INV-1",)), payment(state=state))
    what = f"Invoice INV-1 {said}: 100.00 EUR on 1 Oct 2026 (P-1 of sap{where})."
    assert told.sentence == f"{what} This is P-2 of netsuite."


def test_of_many_the_first_are_told_and_the_others_counted() -> None:
    many = [payment(number=f"P-{number}", invoices=("INV-1",)) for number in range(10, 22)]
    told = found(mine(invoices=("INV-1",)), *many)
    assert len(told) == 5
    assert told[-1].sentence.endswith("7 more earlier payments are like it.")
