"""Netting as a promise: nothing is mixed, nothing exceeds what there is, nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.machine import Machine
from nostro.domain.money import Money
from nostro.domain.netting import (
    NETTING,
    NettingMove,
    NettingState,
    OpenNote,
    Payable,
    Proposal,
)
from nostro.domain.policies.netting import proposals

DAY = date(2026, 11, 20)
_KEYS = (st.sampled_from(["DE", "NL"]), st.sampled_from(["V1", "V2"]))
_MONEY = st.builds(Money, st.integers(1, 500), st.sampled_from(["EUR", "USD"]))
_SOURCES = st.sampled_from(["erp", "ap-tool"])


def payable(n: int, minor: int = 100, **more: object) -> Payable:
    told = {
        "order_id": f"o{n:04}", "number": f"P-{n:04}", "source": "erp", "reference": f"R{n}",
        "entity_id": "DE", "payee_number": "V1", "amount": Money(minor, "EUR"), "day": DAY,
    }  # fmt: skip
    return Payable(**{**told, **more})  # type: ignore[arg-type]


def note(n: int, minor: int = 30, **more: object) -> OpenNote:
    told = {
        "note_id": f"n{n:04}", "source": "erp", "reference": f"C{n}", "entity_id": "DE",
        "payee_number": "V1", "left": Money(minor, "EUR"), "issued_on": None,
    }  # fmt: skip
    return OpenNote(**{**told, **more})  # type: ignore[arg-type]


_MANY = st.lists(st.tuples(_MONEY, *_KEYS, _SOURCES, st.integers(0, 3)), max_size=8)


def _world(payments: list[Any], notes: list[Any]) -> tuple[list[Payable], list[OpenNote]]:
    return (
        [
            payable(n, amount=amount, entity_id=entity, payee_number=payee, source=source,
                    day=DAY + timedelta(days=days))
            for n, (amount, entity, payee, source, days) in enumerate(payments)
        ],
        [
            note(n, left=left, entity_id=entity, payee_number=payee, source=source)
            for n, (left, entity, payee, source, _) in enumerate(notes)
        ],
    )  # fmt: skip


WORLDS = st.builds(_world, _MANY, _MANY)


def key(one: Payable | OpenNote) -> tuple[str, str, str]:
    money = one.amount if isinstance(one, Payable) else one.left
    return one.entity_id, one.payee_number, money.currency


def key_of(one: Proposal) -> tuple[str, str, str]:
    return one.entity_id, one.payee_number, one.currency


@given(WORLDS)
def test_nothing_is_mixed_and_nothing_exceeds_what_there_is(
    world: tuple[list[Payable], list[OpenNote]],
) -> None:
    payments, notes = world
    paid = {one.order_id: one for one in payments}
    owed = {one.note_id: one for one in notes}
    found = proposals(payments, notes)
    for one in found:
        assert all(key(paid[line.order_id]) == key_of(one) for line in one.payments)
        assert all(key(owed[line.note_id]) == key_of(one) for line in one.notes)
        assert all(0 < line.less <= line.minor for line in one.payments)
        assert all(0 < line.used <= line.minor for line in one.notes)
        assert sum(line.less for line in one.payments) == sum(line.used for line in one.notes)
        assert one.net.minor >= 0
        assert one.net + one.less == one.total
        for line in one.payments:
            assert paid[line.order_id].amount == Money(line.minor, one.currency)
    named = Counter(line.order_id for one in found for line in one.payments)
    named.update(line.note_id for one in found for line in one.notes)
    assert not named or max(named.values()) == 1


@given(WORLDS)
def test_as_much_is_netted_as_both_sides_have(
    world: tuple[list[Payable], list[OpenNote]],
) -> None:
    payments, notes = world
    found = {key_of(one): one.less.minor for one in proposals(payments, notes)}
    for group in {key(one) for one in notes}:
        due = sum(one.amount.minor for one in payments if key(one) == group)
        owed = sum(one.left.minor for one in notes if key(one) == group)
        assert found.get(group, 0) == min(due, owed)


@given(WORLDS, st.randoms())
def test_the_order_in_which_they_are_read_does_not_matter(
    world: tuple[list[Payable], list[OpenNote]], dice: object
) -> None:
    payments, notes = world
    before = [one.digest for one in proposals(payments, notes)]
    dice.shuffle(payments)  # type: ignore[attr-defined]
    dice.shuffle(notes)  # type: ignore[attr-defined]
    assert [one.digest for one in proposals(payments, notes)] == before


def test_two_payments_less_a_credit_note() -> None:
    (one,) = proposals([payable(1, 100), payable(2, 50)], [note(1, 120)])
    assert [(line.minor, line.after) for line in one.payments] == [(100, 0), (50, 30)]
    assert (one.net.minor, one.stays.minor) == (30, 0)


def test_its_own_source_comes_first_and_only_touched_payments_are_named() -> None:
    early = payable(1, 100, source="ap-tool")
    (one,) = proposals([early, payable(2, 80, day=DAY + timedelta(days=5))], [note(1, 60)])
    assert [line.number for line in one.payments] == ["P-0002"]
    assert one.sources == ("erp",)
    (both,) = proposals([early, payable(2, 40)], [note(1, 60)])
    assert {line.number: line.after for line in both.payments} == {"P-0001": 80, "P-0002": 0}
    assert both.sources == ("ap-tool", "erp")


def test_what_is_left_of_a_note_stays() -> None:
    (one,) = proposals([payable(1, 100)], [note(1, 130), note(2, 5)])
    assert (one.net.minor, one.stays.minor, len(one.notes)) == (0, 30, 1)


def test_a_proposal_ends_as_it_should() -> None:
    machine: Machine[NettingState, NettingMove] = NETTING
    assert machine.after(NettingState.PROPOSED, NettingMove.SEND) is NettingState.SENT
    assert not machine.allows(NettingState.PROPOSED, NettingMove.TAKE)
    assert machine.ends() == {NettingState.TAKEN, NettingState.DISMISSED}
