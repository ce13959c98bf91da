"""Limits against an oracle that adds everything up anew each time, and the words they have."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment import Rail
from nostro.domain.policies import limit_words
from nostro.domain.policies.approval_steps import Matter, Where
from nostro.domain.policies.checks import Effect
from nostro.domain.policies.payment_limits import (
    DaySums,
    Limit,
    PaymentLimits,
    Per,
    finding,
    still_asks,
)

DAY = date(2026, 11, 20)

currencies = st.sampled_from(["EUR", "USD"])
matters = st.builds(
    Matter,
    amount=st.builds(Money, st.integers(1, 100), currencies),
    entity_id=st.sampled_from(["e1", "e2"]),
    account_id=st.sampled_from(["a1", "a2"]),
    payee_number=st.sampled_from(["p1", "p2", "p3"]),
    rail=st.just(Rail.SEPA_CREDIT_TRANSFER),
    source=st.sampled_from(["erp", "hr"]),
)
payments = st.tuples(matters, st.integers(0, 2), st.booleans(), st.booleans())
wheres = st.builds(
    Where,
    entity_ids=st.sampled_from([(), ("e1",)]),
    payee_numbers=st.sampled_from([(), ("p1", "p2")]),
    sources=st.sampled_from([(), ("hr",)]),
)
limits = st.builds(
    Limit,
    name=st.just("limit"),
    most=st.builds(Money, st.integers(0, 250), currencies),
    per=st.sampled_from(Per),
    where=wheres,
    effect=st.sampled_from(Effect),
)


def oracle(limit: Limit, before: list[tuple[Matter, date]], matter: Matter, on: date) -> bool:
    """Whether the payment is above the limit, all payments before it added up anew."""
    if not limit.counts(matter):
        return False
    if limit.per is Per.PAYMENT:
        return matter.amount.minor > limit.most.minor
    same = [
        one.amount.minor
        for one, day in before
        if day == on
        and one.amount.currency == matter.amount.currency
        and limit.where.holds(one)
        and (limit.per is not Per.DAY_ACCOUNT or one.account_id == matter.account_id)
        and (limit.per is not Per.DAY_PAYEE or one.payee_number == matter.payee_number)
    ]
    return sum(same) + matter.amount.minor > limit.most.minor


@given(st.lists(limits, max_size=4), st.lists(payments, max_size=25))
def test_the_sums_are_what_adding_up_gives(
    asked: list[Limit], coming: list[tuple[Matter, int, bool, bool]]
) -> None:
    sums = DaySums(PaymentLimits(limits=tuple(asked)))
    before: list[tuple[Matter, date]] = []
    for matter, later, counts, confidential in coming:
        on = DAY + timedelta(days=later)
        broken = sums.broken(matter, on)
        assert [one for one, _ in broken] == [
            one for one in asked if oracle(one, before, matter, on)
        ]
        found = finding(matter, on, broken, confidential=confidential)
        assert (found is None) == (not broken)
        if found:
            refuses = any(one.effect is Effect.INVALID for one, _ in broken)
            assert (found.effect is Effect.INVALID) == refuses
            assert not still_asks(broken, found.refers_to)
            assert still_asks(broken, "")
        if counts:
            sums.add(matter, on, confidential=confidential)
            before.append((matter, on))


@given(matters, matters)
def test_the_sum_of_confidential_payments_is_told_to_none_of_the_others(
    first: Matter, second: Matter
) -> None:
    limit = Limit(name="Day", most=Money(0, second.amount.currency), per=Per.DAY)
    told = []
    for minor in (first.amount.minor, first.amount.minor + 1):
        sums = DaySums(PaymentLimits(limits=(limit,)))
        amount = Money(minor, second.amount.currency)
        sums.add(Matter(**{**_fields(first), "amount": amount}), DAY, confidential=True)
        found = finding(second, DAY, sums.broken(second, DAY), confidential=False)
        assert found
        told.append(found.sentence)
    assert told[0] == told[1]
    assert "confidential" in told[0]


def _fields(matter: Matter) -> dict[str, Any]:
    return {name: getattr(matter, name) for name in matter.__struct_fields__}


@given(limits)
def test_words_read_back_as_the_same_limit(limit: Limit) -> None:
    written = limit_words.write_limit(limit.most, limit.per)
    assert limit_words.read_limit(written) == (limit.most, limit.per)


@pytest.mark.parametrize(
    "text", ["", "10", "10.00 EUR", "10.00 EUR a week", "10.001 EUR a day", "-1.00 EUR a day"]
)
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        limit_words.read_limit(text)
    assert refused.value.code == "limit_unreadable"
    assert refused.value.field == "limits"


def test_what_is_no_effect() -> None:
    with pytest.raises(Invalid, match="neither hold nor refuse"):
        limit_words.read_effect("stop")
