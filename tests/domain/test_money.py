"""Money is exact or refused: round trips, refusals, sums that never mix, one place that rounds."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import DIGITS_MAX, Money, convert, exponent_of, total

CURRENCIES = st.sampled_from(sorted(EXPONENT))
MONEY = st.builds(Money, st.integers(-(10**DIGITS_MAX) + 1, 10**DIGITS_MAX - 1), CURRENCIES)


@given(MONEY)
def test_text_round_trips(money: Money) -> None:
    assert Money.parse(money.number(), money.currency) == money
    assert str(money) == f"{money.number()} {money.currency}"
    plain = money.grouped().replace(",", "").replace("\u2212", "-")
    assert plain == money.number()


@given(MONEY, st.integers(0, 5))
def test_surplus_zeros_say_nothing(money: Money, zeros: int) -> None:
    number = money.number()
    longer = number + ("" if "." in number else ".") + "0" * zeros
    assert Money.parse(longer, money.currency) == money


READ = """
12.30    EUR 1230       | 12.3     EUR 1230   | 12.      EUR 1200  | +7      EUR 700
-0.01    EUR -1         | 0        EUR 0      | 007.50   EUR 750   | 1500    JPY 1500
1500.00  JPY 1500       | 1.234    KWD 1234   | 1.2      KWD 1200  | 0.0001  CLF 1
40000.1234 CLF 400001234 | 1.2000000 EUR 120  | -0       EUR 0     | 999999999999999999 JPY 999999999999999999
"""  # noqa: E501


@pytest.mark.parametrize("row", READ.replace("\n", "|").strip("|").split("|"))
def test_reads(row: str) -> None:
    text, currency, minor = row.split()
    assert Money.parse(text, currency) == Money(int(minor), currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.005", "EUR", "amount_too_fine"),
        ("0.5", "JPY", "amount_too_fine"),
        ("1.2345", "KWD", "amount_too_fine"),
        ("1.00001", "CLF", "amount_too_fine"),
        ("0.000000000000000001", "EUR", "amount_too_fine"),
        ("1" * 18, "EUR", "amount_too_large"),
        ("1" * 16, "KWD", "amount_too_large"),
        ("1" * 30, "EUR", "amount_too_large"),
        ("99999999999999999999.00", "EUR", "amount_too_large"),
        ("1" * 30 + "x", "EUR", "amount_not_a_number"),
        ("NaN", "EUR", "amount_not_a_number"),
        ("Infinity", "EUR", "amount_not_a_number"),
        ("1E9", "EUR", "amount_not_a_number"),
        ("1E+999999999", "EUR", "amount_not_a_number"),
        ("1,234.50", "EUR", "amount_not_a_number"),
        ("1.234,50", "EUR", "amount_not_a_number"),
        ("1'234", "CHF", "amount_not_a_number"),
        ("1_000", "EUR", "amount_not_a_number"),
        ("0x10", "EUR", "amount_not_a_number"),
        (" 1", "EUR", "amount_not_a_number"),
        ("1\n", "EUR", "amount_not_a_number"),
        ("--1", "EUR", "amount_not_a_number"),
        ("\u22121", "EUR", "amount_not_a_number"),
        ("", "EUR", "amount_not_a_number"),
        (".", "EUR", "amount_not_a_number"),
        ("ten", "EUR", "amount_not_a_number"),
        ("\u0661\u0662", "EUR", "amount_not_a_number"),  # Arabic-Indic digits.
        ("\uff11\uff12", "EUR", "amount_not_a_number"),  # Full-width digits.
        ("\u00b2", "EUR", "amount_not_a_number"),
        ("10", "EURO", "unknown_currency"),
        ("10", "eur", "unknown_currency"),
        ("10", "", "unknown_currency"),
        ("10", "XAU", "unknown_currency"),
        ("10", "DEM", "unknown_currency"),
    ],
)
def test_refuses_what_it_cannot_hold(text: str, currency: str, code: str) -> None:
    with pytest.raises(Invalid) as told:
        Money.parse(text, currency)
    assert told.value.code == code
    assert told.value.can_do


@given(st.text(max_size=30), CURRENCIES)
def test_any_text_is_read_back_or_refused(text: str, currency: str) -> None:
    try:
        read = Money.parse(text, currency)
    except Invalid:
        return
    assert Fraction(text.rstrip(".")) == Fraction(read.minor, 10 ** exponent_of(currency))


def test_exponents() -> None:
    told = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "ISK": 0, "TND": 3, "HUF": 2}
    assert {code: exponent_of(code) for code in told} == told
    assert all(len(code) == 3 and code.isupper() for code in EXPONENT)


@given(st.lists(MONEY, max_size=30))
def test_sums_stay_in_their_currency(amounts: list[Money]) -> None:
    sums = total(amounts)
    assert list(sums) == sorted({amount.currency for amount in amounts})
    for currency, amount in sums.items():
        assert amount.currency == currency
        own = [each.minor for each in amounts if each.currency == currency]
        assert amount.minor == sum(own)


@given(MONEY, MONEY)
def test_adding_is_exact_or_refused(left: Money, right: Money) -> None:
    if left.currency == right.currency:
        assert (left + right) - right == left
        assert left + -left == Money(0, left.currency)
        return
    with pytest.raises(Invalid, match="cannot be added"):
        left + right
    with pytest.raises(Invalid, match="cannot be added"):
        left - right


CONVERTED = """
100.00 EUR 1.0842  USD 108.42 | 1.00 EUR 0.005   USD 0.00 | 1.00 EUR 0.015   USD 0.02
1.00 EUR   0.025   USD 0.02   | 1.00 EUR 0.0251  USD 0.03 | -1.00 EUR 0.015  USD -0.02
10.00 EUR  162.55  JPY 1626   | 10.00 EUR 162.45 JPY 1624 | 1500 JPY 0.00615 EUR 9.22
1.00 EUR   0.33333 KWD 0.333  | 1.000 KWD 3.005  EUR 3.00 | 1.0000 CLF 38000.5 CLP 38000
"""


@pytest.mark.parametrize("row", CONVERTED.replace("\n", "|").strip("|").split("|"))
def test_converts_half_to_even(row: str) -> None:
    number, currency, rate, target, expected = row.split()
    assert convert(Money.parse(number, currency), Decimal(rate), target) == Money.parse(
        expected, target
    )


RATES = st.decimals("0.000001", "999999", places=10)


@given(MONEY, RATES, CURRENCIES)
def test_converting_is_off_by_half_a_unit_at_most(money: Money, rate: Decimal, to: str) -> None:
    """Whatever the decimal context of the thread: large amounts are not rounded twice."""
    with localcontext() as context:
        context.prec = 4
        got = convert(money, rate, to)
    exact = (
        Fraction(money.minor)
        * Fraction(rate)
        * Fraction(10) ** (exponent_of(to) - exponent_of(money.currency))
    )
    assert got.currency == to
    assert abs(got.minor - exact) <= Fraction(1, 2)
    if abs(got.minor - exact) == Fraction(1, 2):
        assert got.minor % 2 == 0


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1E+999999", "1E-999999"])
def test_refuses_what_is_no_rate(rate: str) -> None:
    with pytest.raises(Invalid) as told:
        convert(Money(100, "EUR"), Decimal(rate), "USD")
    assert told.value.code == "rate_unusable"
