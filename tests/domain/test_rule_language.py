"""The language of rules: what it means (as CEL does), what it refuses and where, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.rules.expression import DEPTH_MAX, LIST_MAX, PARTS_MAX, Kind, read
from nostro.domain.rules.tokens import TEXT_MAX

VOCABULARY: Mapping[str, Kind] = {
    "amount": Kind.MONEY,
    "amount_minor": Kind.NUMBER,
    "currency": Kind.TEXT,
    "payee_country": Kind.TEXT,
    "invoices": Kind.NUMBER,
    "requested_date": Kind.DAY,
    "intercompany": Kind.TRUTH,
}
FACTS: Mapping[str, Any] = {
    "amount": Money(1_000_000, "EUR"),
    "amount_minor": 1_000_000,
    "currency": "EUR",
    "payee_country": "CH",
    "invoices": 2,
    "requested_date": date(2026, 12, 31),
    "intercompany": False,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("  \n", True),
        ("true", True),
        ('currency == "EUR"', True),
        ("currency == 'USD' || payee_country in ['CH', \"LI\"]", True),
        ('currency != "EUR" && true', False),
        ('amount >= eur("10000.00")', True),
        ('amount > eur("10000.00")', False),
        ('eur("10000.00") == amount', True),
        ('amount > usd("1.00")', False),
        ('amount < usd("1.00")', False),
        ('amount != usd("10000.00")', True),
        ('amount in [eur("1.00"), eur("10000.00")]', True),
        ('requested_date <= day("2026-12-31") && requested_date > day("2026-12-30")', True),
        ("!intercompany && invoices > 1", True),
        ("!(intercompany || invoices > 1)", False),
        ("invoices > -1", True),
        ("intercompany == false", True),
        ('payee_country.startsWith("C") && currency.endsWith("R")', True),
        ('currency.contains("US")', False),
        ('currency == "a\\"b"', False),
        ("false && true || true", True),
        ("(((invoices))) == 2", True),
    ],
)
def test_what_it_means(text: str, holds: bool) -> None:
    assert read(text, VOCABULARY).holds(FACTS) is holds


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("amonut > 3", 1, "asks about amonut, which is not known"),
        ("true || amonut > 3", 9, "asks about amonut, which is not known"),
        ('amount > "x"', 8, "compares a sum of money with a text by >"),
        ("false && amount > 3", 17, "compares a sum of money with a whole number by >"),
        ('amount > eur("1.001")', 14, "more decimals than EUR allows"),
        ('amount > eur("NaN")', 14, "is not a plain decimal number"),
        ("amount > eur(1)", 14, "something that is no text in quotes"),
        ("amount > 1.5", 10, "a number that is not whole"),
        ("amount >", 9, "has its end where a value is missing"),
        ("invoices", 1, "asks for no condition"),
        ("invoices && true", 1, "asks for no condition"),
        ("1 < invoices < 3", 14, "compares twice in a row"),
        ('currency > "A"', 10, "asks by > which text is larger"),
        ('currency = "EUR"', 10, "a sign that no rule has: '='"),
        ('currency == "EUR', 13, "a text that does not end"),
        ('currency == "EUR" and true', 19, "goes on with 'and'"),
        ('currency in "EUR"', 13, "'[' is missing"),
        ("currency in [1]", 14, "has 1 in a list of texts"),
        ("currency in [payee_country]", 14, "has payee_country in a list of texts"),
        ("currency in []", 14, "a value is missing"),
        ("[1].exists(x, x > 0)", 1, "has '[' where a value is missing"),
        ("all(1)", 1, "goes through lists"),
        ("system(1)", 1, "calls system, which is not known"),
        ('requested_date > day("2026-02-30")', 22, "is no day"),
        ('invoices.startsWith("1")', 10, "asks startsWith of a whole number"),
        ('currency.matches("(a+)+$")', 10, "asks matches of a text"),
        ("(true", 6, "')' is missing"),
        ("invoices > 1234567890123456789", 12, "a number of 19 digits"),
        ("amount > EUR", 10, "asks about EUR, which is not known"),
        ('currency == "\n"', 13, "a text that does not end"),
    ],
)
def test_what_is_refused_and_where(text: str, at: int, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text, VOCABULARY)
    assert refused.value.code == "rule_not_understood"
    assert refused.value.location == f"character {at}"
    assert says in refused.value.happened
    assert refused.value.can_do


def test_what_there_is_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        read("amonut > 3", VOCABULARY)
    assert refused.value.can_do.startswith("Did you mean amount? There are: amount, amount_minor,")


@pytest.mark.parametrize(
    "text",
    [
        "true || " * TEXT_MAX + "true",
        "(" * (DEPTH_MAX + 1) + "true" + ")" * (DEPTH_MAX + 1),
        "!" * (DEPTH_MAX + 1) + "true",
        " || ".join(["true"] * (PARTS_MAX + 1)),
        f"invoices in [{','.join(['1'] * (LIST_MAX + 1))}]",
        "(" * 900,
    ],
)
def test_the_limits(text: str) -> None:
    with pytest.raises(Invalid):
        read(text, VOCABULARY)


def test_the_first_part_that_is_not_so_is_told_as_written() -> None:
    rule = read('currency == "EUR" && (invoices > 5 || intercompany) && false', VOCABULARY)
    assert rule.failing(FACTS) == "(invoices > 5 || intercompany)"
    assert rule.failing({**FACTS, "invoices": 6}) == "false"
    assert rule.names == {"currency", "invoices", "intercompany"}
    either = read("intercompany || invoices > 5", VOCABULARY)
    assert either.failing(FACTS) == "intercompany || invoices > 5"


_TEXTS = st.sampled_from(["EUR", "CH", "", "E", "it's", 'a "b"'])
_NUMBERS = st.integers(-5, 5)


def _spelled(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _leaves() -> st.SearchStrategy[str]:
    text = st.one_of(st.sampled_from(["currency", "payee_country"]), _TEXTS.map(_spelled))
    number = st.one_of(st.sampled_from(["amount_minor", "invoices"]), _NUMBERS.map(str))
    same = st.sampled_from(["==", "!="])
    order = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    texts = st.lists(_TEXTS.map(_spelled), min_size=1, max_size=3).map(", ".join)
    method = st.sampled_from(["startsWith", "endsWith", "contains"])
    return st.one_of(
        st.sampled_from(["true", "false", "intercompany"]),
        st.builds("{} {} {}".format, text, same, text),
        st.builds("{} {} {}".format, number, order, number),
        st.builds("{} in [{}]".format, text, texts),
        st.builds("{}.{}({})".format, text, method, _TEXTS.map(_spelled)),
    )


def _conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        _leaves(),
        lambda inner: st.one_of(
            st.builds("({})".format, inner),
            st.builds("!({})".format, inner),
            st.builds("{} && {}".format, inner, inner),
            st.builds("{} || {}".format, inner, inner),
        ),
        max_leaves=8,
    )


@given(
    text=_conditions(),
    facts=st.fixed_dictionaries(
        {
            "currency": _TEXTS,
            "payee_country": _TEXTS,
            "amount_minor": _NUMBERS,
            "invoices": _NUMBERS,
            "intercompany": st.booleans(),
        }
    ),
)
def test_it_means_what_it_means_in_cel(text: str, facts: dict[str, Any]) -> None:
    """Held against a CEL engine that we did not write."""
    assert read(text, VOCABULARY).holds(facts) == cel.evaluate(text, facts)


@given(st.text(alphabet="aE19 \"'()[]<>=!&|.,-_\\\nin", max_size=60) | _conditions().map(str.upper))
def test_any_text_is_read_or_refused_and_what_was_read_never_fails(text: str) -> None:
    try:
        rule = read(text, VOCABULARY)
    except Invalid:
        return  # Any other error is a defect of ours.
    assert rule.holds(FACTS) in (True, False)
    assert (rule.failing(FACTS) == "") is rule.holds(FACTS)
