"""What a statement explains: our payments by our keys, no guess."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.match import Proposal, Target
from nostro.domain.money import Money
from nostro.matching.booking import POSSIBLE, PROVEN, Line, Payment, propose

PAYER = "NL91ABNA0417164300"


def money(text: str) -> Money:
    """`12.30` in euro, `12.30/USD` in another currency."""
    number, _, currency = text.partition("/")
    return Money.parse(number, currency or "EUR")


def line(
    amount: str,
    key: str = "",
    *,
    batch: str = "",
    count: int = 0,
    text: str = "",
    who: str = PAYER,
    name: str = "",
) -> Line:
    return Line(
        id=f"{amount} {key}{batch}{text}", amount=money(amount), end_to_end_id=key,
        payment_information_id=batch, batch_count=count, counterparty_iban=who,
        counterparty_name=name, remittance=text,
    )  # fmt: skip


def payment(order: str, amount: str, batch: str = "B1", *, live: bool = True) -> Payment:
    return Payment(
        order_id=order, end_to_end_id=f"E-{order}", payment_information_id=batch,
        amount=money(amount), live=live,
    )  # fmt: skip


def told(proposals: Sequence[Proposal]) -> list[str]:
    """Each proposal as `percent target=amount ...`."""
    return [
        " ".join(
            [
                str(p.probability_millionths // 10_000),
                *(f"{a.target_id}={a.amount}" for a in p.allocations),
            ]
        )
        for p in proposals
    ]


PAYMENTS = [payment("o1", "10"), payment("o2", "20"), payment("o3", "30", live=False)]
OURS: dict[str, tuple[list[Line], list[str]]] = {
    "exact": ([line("-10", "E-o1")], ["100 o1=10.00 EUR"]),
    "wrong amount": ([line("-10.01", "E-o1")], ["50 o1=10.00 EUR"]),
    "wrong currency": ([line("-10/USD", "E-o1")], ["50 o1=10.00 EUR"]),
    "money in with our key": ([line("10", "E-o1")], []),
    "not our key": ([line("-10", "E-o9")], []),
    "NOTPROVIDED": ([line("-10", "NOTPROVIDED")], []),
    "no key": ([line("-10")], []),
    "booked twice": (
        [line("-10", "E-o1"), line("-10", "E-o1")], ["100 o1=10.00 EUR", "50 o1=10.00 EUR"]
    ),
    "a wrong one first": (
        [line("-9", "E-o1"), line("-10", "E-o1")], ["50 o1=10.00 EUR", "100 o1=10.00 EUR"]
    ),
    "rejected, yet booked": ([line("-30", "E-o3")], ["50 o3=30.00 EUR"]),
    "batch minus rejected": ([line("-30", batch="B1")], ["100 o1=10.00 EUR o2=20.00 EUR"]),
    "batch with a rejected line": ([line("-60", batch="B1")], []),
    "batch less a charge": ([line("-30.50", batch="B1")], []),
    "batch in another currency": ([line("-30/USD", batch="B1")], []),
    "batch as money in": ([line("30", batch="B1")], []),
    "another batch": ([line("-30", batch="B9")], []),
    "batch that names one key": (
        [line("-30", "E-o1", batch="B1", count=2)], ["100 o1=10.00 EUR o2=20.00 EUR"]
    ),
    "batch booked twice": (
        [line("-30", batch="B1")] * 2, ["100 o1=10.00 EUR o2=20.00 EUR"]
    ),
    "one alone, the rest as batch": (
        [line("-10", "E-o1"), line("-20", batch="B1")], ["100 o1=10.00 EUR", "100 o2=20.00 EUR"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_our_payments(name: str) -> None:
    lines, expected = OURS[name]
    found = propose(lines, PAYMENTS)
    assert told(found) == expected
    assert all(a.target is Target.ORDER for p in found for a in p.allocations)
    assert all(p.evidence for p in found)


def test_a_whole_batch() -> None:
    lines = [line("-30", batch="B1")]
    assert told(propose(lines, PAYMENTS[:2])) == ["100 o1=10.00 EUR o2=20.00 EUR"]


def test_a_batch_of_two_currencies_is_no_sum() -> None:
    mixed = [payment("o1", "10"), payment("o2", "20/USD")]
    assert propose([line("-30", batch="B1")], mixed) == []


def test_payments_without_a_batch_are_no_batch() -> None:
    """A line that names no batch explains nothing, even if the amounts happen to fit."""
    loose = [payment("o1", "10", batch=""), payment("o2", "20", batch="")]
    assert propose([line("-30")], loose) == []


LINES = st.builds(
    line,
    st.sampled_from(["-10", "-20", "-30", "10", "50", "100", "150", "-10/USD", "90/USD"]),
    st.sampled_from(["", "E-o1", "E-o2", "E-o3", "NOTPROVIDED"]),
    batch=st.sampled_from(["", "B1", "B9"]),
    count=st.integers(0, 2),
)


@given(st.lists(LINES, max_size=12))
def test_what_is_proven_adds_up_and_is_used_once(lines: list[Line]) -> None:
    booked = list(lines)
    proposals = propose(booked, PAYMENTS)
    by_id = {each.id: each for each in booked}
    proven = [p for p in proposals if p.probability_millionths == PROVEN]
    used = [a.target_id for p in proven for a in p.allocations]
    assert len(used) == len(set(used))
    for proposal in proven:
        amount = by_id[proposal.transaction_id].amount
        assert {a.amount.currency for a in proposal.allocations} == {amount.currency}
        assert sum(a.amount.minor for a in proposal.allocations) == abs(amount.minor)
    assert {p.probability_millionths for p in proposals} <= {PROVEN, POSSIBLE}


def test_nothing_from_nothing() -> None:
    assert propose([], PAYMENTS) == []
    assert propose([line("-10", "E-o1"), line("10", text="INV-1001")], []) == []
