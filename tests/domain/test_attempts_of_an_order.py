"""Orders and their attempts shaken together: never two live attempts, never an unapproved one."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nostro.domain.attempt import (
    ATTEMPT,
    FREES_THE_ORDER,
    ORDER_MOVE_OF,
    AttemptMove,
    AttemptState,
    Verdict,
    judge,
)
from nostro.domain.order import ORDER, OrderMove, OrderState

PEOPLE = (
    OrderMove.VALIDATE, OrderMove.HOLD, OrderMove.RELEASE_HOLD, OrderMove.REQUEST_APPROVAL,
    OrderMove.APPROVE, OrderMove.DENY, OrderMove.EDIT, OrderMove.SCHEDULE, OrderMove.CANCEL,
    OrderMove.EXPIRE,
)  # fmt: skip
WORDS = tuple(move for move in AttemptMove if move is not AttemptMove.DISPATCH)


class OneOrder(RuleBasedStateMachine):
    """People move the order, the worker makes and dispatches attempts, the bank says anything."""

    def __init__(self) -> None:
        super().__init__()
        self.order = ORDER.start
        self.attempts: list[AttemptState] = []
        self.approved = False
        self.dispatches = 0

    @rule(data=st.data())
    def people(self, data: st.DataObject) -> None:
        allowed = [move for move in PEOPLE if ORDER.allows(self.order, move)]
        if not allowed:
            return
        move = data.draw(st.sampled_from(allowed))
        self.order = ORDER.after(self.order, move)
        if move in (OrderMove.APPROVE, OrderMove.EDIT):
            self.approved = move is OrderMove.APPROVE

    @precondition(lambda self: self.order is OrderState.DRAFT)
    @rule()
    def straight_through(self) -> None:
        """Most payments meet no obstacle; without this most examples would never be sent."""
        for word in ("validate", "request_approval", "approve", "schedule"):
            self.order = ORDER.after(self.order, OrderMove(word))
        self.approved = True

    @precondition(lambda self: self.order is OrderState.SCHEDULED)
    @rule()
    def prepare(self) -> None:
        """The partial unique index in words: only freed attempts may stand beside a new one."""
        if all(state in FREES_THE_ORDER for state in self.attempts):
            self.attempts.append(ATTEMPT.start)

    @precondition(lambda self: AttemptState.PREPARED in self.attempts)
    @rule()
    def dispatch(self) -> None:
        if not ORDER.allows(self.order, OrderMove.DISPATCH):
            return  # A person was quicker: the order is locked first, and it says no.
        at = self.attempts.index(AttemptState.PREPARED)
        assert self.approved, "dispatched without approval of what it now is"
        self.dispatches += 1
        self._moved(at, ATTEMPT.after(self.attempts[at], AttemptMove.DISPATCH))

    @precondition(lambda self: self.attempts)
    @rule(move=st.sampled_from(WORDS), data=st.data())
    def word(self, move: AttemptMove, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.attempts) - 1))
        before = self.attempts[at]
        verdict, after = judge(before, move)
        if verdict is Verdict.APPLIED:
            self._moved(at, after)
        else:
            assert after is before

    def _moved(self, at: int, after: AttemptState) -> None:
        self.attempts[at] = after
        move = ORDER_MOVE_OF.get(after)
        if move and ORDER.allows(self.order, move):
            self.order = ORDER.after(self.order, move)

    @invariant()
    def at_most_one_lives(self) -> None:
        assert sum(state not in FREES_THE_ORDER for state in self.attempts) <= 1

    @invariant()
    def a_paid_attempt_has_a_paid_order(self) -> None:
        paid = {OrderState.EXECUTED, OrderState.SETTLED, OrderState.RETURNED}
        if {AttemptState.EXECUTED, AttemptState.RETURNED} & set(self.attempts):
            assert self.order in paid

    @invariant()
    def nothing_unknown_is_sent_again(self) -> None:
        freed = sum(state in FREES_THE_ORDER for state in self.attempts)
        assert self.dispatches <= freed + 1


OneOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestOneOrder = OneOrder.TestCase
