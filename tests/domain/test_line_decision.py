"""A line is divided exactly, nothing is settled that is not open, and an undo gives all back."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.line_decision import (
    DecidedLine,
    Decision,
    OpenDocument,
    Part,
    allowance,
    check,
    left_over,
)
from nostro.domain.match import Adjustment, AdjustmentKind, MatchState
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm, still_open
from nostro.domain.party import Role
from nostro.domain.policies.match_differences import (
    DifferenceReason,
    DifferenceReasons,
    RoleLimit,
    check_limits,
)
from nostro.domain.policies.match_vetoes import Veto, may_post

DAY = date(2026, 11, 20)
_K = AdjustmentKind
ITEMS = 4
decisions = st.tuples(
    st.integers(-40, 40).filter(bool),
    st.lists(st.tuples(st.integers(0, ITEMS - 1), st.integers(-25, 25)), max_size=4),
    st.lists(
        st.tuples(st.sampled_from(sorted(_K)), st.integers(-10, 10), st.integers(0, ITEMS)),
        max_size=2,
    ),
    st.booleans(),
)


def line(minor: int, state: MatchState = MatchState.UNMATCHED) -> DecidedLine:
    return DecidedLine(id="t", amount=Money(minor, "EUR"), day=DAY, state=state)


def document(number: int, minor: int, discount: int = 0) -> OpenDocument:
    term = DiscountTerm(amount=Money(discount, "EUR"), until=DAY)
    return OpenDocument(
        id=str(number), document=f"RE-{number}", customer_number="K1",
        is_open=Money(minor, "EUR"), discount=term if discount else None,
    )  # fmt: skip


class Book:
    """What four documents were made out for and what matches settle of them: the whole state."""

    def __init__(self) -> None:
        self.whole = [30, 20, -15, 7]
        self.settled = [0] * ITEMS

    def items(self) -> dict[str, OpenDocument]:
        return {
            str(number): document(number, still_open(whole, whole, self.settled[number]))
            for number, whole in enumerate(self.whole)
        }

    def apply(self, decision: Decision, sign: int = 1) -> None:
        for part in decision.parts:
            self.settled[int(part.item_id)] += sign * part.amount.minor


def made(parts: list[tuple[int, int]], rest: list[tuple[str, int, int]]) -> Decision:
    return Decision(
        parts=tuple(Part(item_id=str(key), amount=Money(minor, "EUR")) for key, minor in parts),
        differences=tuple(
            Adjustment(
                kind=AdjustmentKind(kind), amount=Money(minor, "EUR"), code="X",
                item_id=str(key) if key < ITEMS else "", customer_number="K1",
            )
            for kind, minor, key in rest
        ),
    )  # fmt: skip


@given(st.lists(decisions, max_size=8))
def test_nothing_is_settled_twice_sums_balance_and_undo_gives_all_back(
    told: list[tuple[int, list[tuple[int, int]], list[tuple[str, int, int]], bool]],
) -> None:
    book = Book()
    done: list[tuple[Decision, list[int]]] = []
    for minor, parts, rest, exact in told:
        if exact:  # Most decisions of chance do not add up: this one is helped to.
            left = minor - sum(one for _, one in parts) - sum(one for _, one, _ in rest)
            rest = [*rest, (_K.WRITE_OFF, left, ITEMS)] if left else rest
        decision, before = made(parts, rest), list(book.settled)
        try:
            check(line(minor), decision, book.items())
        except NostroError:
            assert book.settled == before
            continue
        book.apply(decision)
        done.append((decision, before))
        parts_of = [one.amount.minor for one in decision.parts]
        assert minor == sum(parts_of) + sum(one.amount.minor for one in decision.differences)
    for whole, settled in zip(book.whole, book.settled, strict=True):
        assert 0 <= settled * (1 if whole > 0 else -1) <= abs(whole)
    for decision, before in reversed(done):
        book.apply(decision, -1)
        assert book.settled == before
    assert book.settled == [0] * ITEMS


def test_a_line_is_decided_once_and_only_when_it_is_cash() -> None:
    whole, items = made([(0, 30)], []), Book().items()
    check(line(30), whole, items)
    for state in (MatchState.MATCHED, MatchState.TENTATIVE):
        with pytest.raises(Refused, match="matched already"):
            check(line(30, state), whole, items)
    with pytest.raises(Refused, match="announced"):
        check(msgspec.structs.replace(line(30), is_booked=False), whole, items)


def test_another_currency_is_not_matched_by_hand() -> None:
    part = Part(item_id="0", amount=Money(30, "USD"))
    with pytest.raises(Invalid) as wrong:
        check(line(30), Decision(parts=(part,)), Book().items())
    assert wrong.value.code == "match_currency"


@pytest.mark.parametrize(
    ("kind", "minor", "key", "code"),
    [
        (_K.DISCOUNT, -2, 0, ""),
        (_K.DISCOUNT, 2, 0, "difference_unfit"),
        (_K.SHORT_PAY, -2, ITEMS, "difference_unfit"),
        (_K.FEE, -2, ITEMS, ""),
        (_K.FEE, 2, ITEMS, "difference_unfit"),
        (_K.OVER_PAY, 2, ITEMS, ""),
        (_K.OVER_PAY, -2, ITEMS, "difference_unfit"),
        (_K.ON_ACCOUNT, 2, ITEMS, ""),
        (_K.WRITE_OFF, -2, 1, "difference_unfit"),
    ],
)
def test_each_kind_of_difference_has_its_sign(
    kind: AdjustmentKind, minor: int, key: int, code: str
) -> None:
    decision = made([(0, 30)], [(kind, minor, key)])
    if not code:
        check(line(30 + minor), decision, Book().items())
        return
    with pytest.raises(NostroError) as wrong:
        check(line(30 + minor), decision, Book().items())
    assert wrong.value.code == code


def test_a_discount_within_its_terms_is_left_over_by_nobodys_limit() -> None:
    items = {"0": document(0, 30, discount=3)}
    assert allowance(items["0"], DAY) == 3
    assert allowance(items["0"], DAY + timedelta(days=1)) == 0
    assert left_over(line(27), made([(0, 30)], [(_K.DISCOUNT, -3, 0)]), items) == []
    beyond = left_over(line(25), made([(0, 30)], [(_K.DISCOUNT, -5, 0)]), items)
    assert beyond == [("X", _K.DISCOUNT, Money(2, "EUR"))]


def test_a_limit_counts_the_whole_decision_and_its_own_currency() -> None:
    limit = RoleLimit(role=Role.RECONCILER, up_to=Money(10, "EUR"))
    reason = DifferenceReason(
        code="X", kind=_K.FEE, title="Fees", ledger_account="6855", limits=(limit,)
    )
    told = DifferenceReasons(reasons=(reason,))
    roles = {Role.RECONCILER}
    check_limits(told, [("X", _K.FEE, Money(10, "EUR"))], roles, "Rita")
    for pieces, who in (
        ([Money(5, "EUR"), Money(6, "EUR")], roles),
        ([Money(1, "USD")], roles),
        ([Money(1, "EUR")], {Role.TREASURER}),
    ):
        with pytest.raises(Refused) as refused:
            check_limits(told, [("X", _K.FEE, one) for one in pieces], who, "Rita")
        assert refused.value.code == "difference_above_limit"


def test_a_reason_is_needed_unless_it_is_the_only_one_of_its_kind() -> None:
    one = DifferenceReason(code="A", kind=_K.FEE, title="A", ledger_account="1")
    other = msgspec.structs.replace(one, code="B")
    assert DifferenceReasons(reasons=(one,)).named("", _K.FEE) is one
    for known, code in (((one, other), ""), ((one,), "B"), ((), "")):
        with pytest.raises(Invalid) as wrong:
            DifferenceReasons(reasons=known).named(code, _K.FEE)
        assert wrong.value.code == "difference_reason_unknown"


def test_a_veto_names_a_rule_a_customer_or_both() -> None:
    assert may_post("exact", "K1", ())
    assert not may_post("exact", "K1", [Veto(customer_number="K1")])
    assert not may_post("sum", "K2", [Veto(rule="sum")])
    both = [Veto(rule="sum", customer_number="K1")]
    assert not may_post("sum", "K1", both)
    assert may_post("sum", "K2", both)
    assert may_post("exact", "K1", both)
