"""The linked machines played at random: any word of a bank, any outcome, any delay, in any order.

Hypothesis looks for a series of steps that breaks a promise and hands back the shortest. In CI the
series are always the same; SOAK=1 plays many more, new ones each time.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nostro.domain.attempt import (
    ATTEMPT,
    FREES_THE_ORDER,
    ORDER_MOVE_OF,
    RANK,
    AttemptMove,
    AttemptState,
    Verdict,
)
from nostro.domain.case import CASE, RECALL_MOVE_OF, STAGES, CaseKind, CaseMove, CaseState
from nostro.domain.errors import NotAllowed
from nostro.domain.match import MATCH, MatchMove, MatchState
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import Contract, Outcome, Payments, Step
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from tests.simulation.store import File

SOAK = bool(os.environ.get("SOAK"))
PROFILE = settings(
    max_examples=3000 if SOAK else 100,
    stateful_step_count=60,
    derandomize=not SOAK,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PAUSES = [
    *(timedelta(seconds=1), timedelta(minutes=2), timedelta(minutes=11), timedelta(hours=5), DAY),
    timedelta(minutes=-20),
]
# Whatever a bank, or a person with evidence, may say of one payment.
WORDS = sorted(set(AttemptMove) - {AttemptMove.DISPATCH, AttemptMove.LOSE_TRACK})
UNPAID = FREES_THE_ORDER | {AttemptState.CANCELLED_STOP}
_A, _O = AttemptState, OrderState
# What an order may be while its newest attempt is in a state.
AGREES = {
    _A.PREPARED: {_O.SCHEDULED},
    **{
        state: {_O.IN_FLIGHT}
        for state in _A
        if RANK[_A.DISPATCHING] <= RANK[state] < RANK[_A.EXECUTED]
    },
    _A.EXECUTED: {_O.EXECUTED, _O.SETTLED, _O.PARTIALLY_RETURNED},
    _A.NOT_DELIVERED: {_O.FAILED, _O.SCHEDULED},  # Scheduled: given up before it began to leave.
    _A.REJECTED: {_O.REJECTED},
    _A.CANCELLED_STOP: {_O.CANCELLED},
    _A.CANCELLED_REROUTE: {_O.SCHEDULED},
    _A.RETURNED: {_O.RETURNED, _O.RECALLED},
}


class Send:
    """Bytes that left, or did not: the bank has them from that moment or never."""

    def __init__(self, file: File, arrived: bool, repeated: bool) -> None:
        self.file, self.tries, self.arrived, self.repeated = file, file.tries, arrived, repeated


class PaymentsAtABank(RuleBasedStateMachine):
    """Files of payments whose bank says anything at all of them, and tells the truth of a send."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.stopped = START, False
        self.files: list[File] = []
        self.sends: list[Send] = []
        self.running: list[Send] = []
        self.places: list[tuple[File, int]] = []  # The newest attempt of each order.
        self.matches: list[MatchState] = []
        self.confirmed: set[int] = set()
        self.before: dict[tuple[int, int], AttemptState] = {}
        self.doubted = False
        self.contract = Contract()
        self.steps = self.quiet_for = 0
        self.stops = False

    @initialize(
        count=st.integers(1, 3),
        reports=st.booleans(),
        repeatable=st.sampled_from([timedelta(), DAY]),
        quiet_for=st.sampled_from([0, 8, 25]),
        stops=st.booleans(),
    )
    def begin(  # The bank says nothing for so many steps, that sends and enquiries get far.
        self, count: int, reports: bool, repeatable: timedelta, quiet_for: int, stops: bool
    ) -> None:
        self.contract = Contract(reports_status=reports, repeatable_for=repeatable)
        self.quiet_for, self.stops = quiet_for, stops
        self._build([_O.SCHEDULED] * count)
        self.places = [(self.files[0], number) for number in range(count)]
        self.matches = [MatchState.UNMATCHED] * count

    def _build(self, orders: list[OrderState]) -> File:
        made = File(
            key=len(self.files), state=SubmissionState.BUILT, state_since=self.now,
            attempts=[_A.PREPARED] * len(orders), orders=orders, next_action_at=self.now,
        )  # fmt: skip
        self.files.append(made)
        return made

    # Ours.

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        self.now += pause

    @precondition(lambda self: self.stops)
    @rule()
    def press_or_lift_the_stop(self) -> None:
        self.stopped = not self.stopped

    @rule(which=st.integers(0, 3), arrives=st.booleans())
    def attend(self, which: int, arrives: bool) -> None:
        file = self.files[which % len(self.files)]
        step = self._decide(file)
        if dispatching.lets_bytes_leave(step):
            self._send(file, step, arrives)
        elif step is Step.BELIEVE:
            assert file.payments().heard_of
            file.move(SubmissionMove.DELIVER, self.now)
        elif step is Step.LOSE_TRACK:
            assert self.now >= file.state_since + dispatching.SEND_PATIENCE
            file.move(SubmissionMove.LOSE_TRACK, self.now)
            file.enquiries = 0
        elif step is Step.SET_ASIDE:
            file.cases.add("set aside")

    def _decide(self, file: File) -> Step:
        payments = file.payments()
        step = dispatching.next_step(file, payments, self.now, self.contract, stopped=False)
        if dispatching.lets_bytes_leave(step) and self.stopped:
            step = dispatching.next_step(file, payments, self.now, self.contract, stopped=True)
            assert not dispatching.lets_bytes_leave(step), "it leaves while a stop is in force"
        return step

    def _send(self, file: File, step: Step, arrives: bool) -> None:
        repeated = step is Step.REPEAT
        assert not set(file.attempts) & UNPAID, "a stopped or freed payment leaves"
        assert not file.payments().heard_of, "what the bank has told of leaves again"
        if repeated:
            assert file.dispatched_at is not None
            assert self.now < file.dispatched_at + self.contract.repeatable_for
        file.move(SubmissionMove.REPEAT if repeated else SubmissionMove.DISPATCH, self.now)
        file.tries += 1
        file.dispatched_at = file.dispatched_at or self.now
        file.next_action_at = self.now + dispatching.SEND_PATIENCE
        made = Send(file, arrives, repeated)
        self.sends.append(made)
        self.running.append(made)

    @rule(which=st.integers(0, 3), arrives=st.booleans())
    def attend_when_it_is_due(self, which: int, arrives: bool) -> None:
        file = self.files[which % len(self.files)]
        if file.next_action_at is not None:
            self.now = max(self.now, file.next_action_at)
        self.attend(which, arrives)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 3), lost=st.booleans(), refused=st.booleans())
    def hear_of_a_send(self, which: int, lost: bool, refused: bool) -> None:
        """Its sender says what became of it, perhaps long after others have asked."""
        send = self.running.pop(which % len(self.running))
        no = Outcome.REFUSED if refused else Outcome.NOTHING_DONE
        outcome = Outcome.IN_DOUBT if lost else Outcome.TAKEN if send.arrived else no
        self._take(send, outcome)

    def _take(self, send: Send, outcome: Outcome) -> None:
        file, latest = send.file, send.file.tries == send.tries
        step = dispatching.move_after_send(
            file.state, outcome, latest=latest, repeated=send.repeated
        )
        if step is None:
            return
        file.move(step, self.now)
        if step is SubmissionMove.LOSE_TRACK:
            file.enquiries, file.next_action_at = 0, self.now
            file.tries += not latest
        elif step is SubmissionMove.NOT_DELIVER:
            self._not_delivered(file)

    @rule(which=st.integers(0, 3), silent=st.booleans())
    def ask(self, which: int, silent: bool) -> None:
        file = self.files[which % len(self.files)]
        if self._decide(file) is not Step.ASK:
            return
        arrived = any(send.arrived for send in self.sends if send.file is file)
        known = None if silent else arrived
        step = dispatching.move_after_enquiry(file, file.payments(), self.now, known)
        if step is None:
            file.enquiries += 1
        elif step is SubmissionMove.DELIVER:
            assert arrived or file.payments().heard_of
            file.move(step, self.now)
        else:
            assert known is False
            file.move(step, self.now)
            self._not_delivered(file)

    def _not_delivered(self, file: File) -> None:
        file.next_action_at = dispatching.retry_at(file.tries, self.now)
        if file.next_action_at is None:
            file.cases.add("could not be delivered")
            file.move(SubmissionMove.ABANDON, self.now)

    @rule(which=st.integers(0, 3))
    def pay_by_another_route(self, which: int) -> None:
        """Only what was freed gets another attempt, and then one."""
        number = which % len(self.places)
        file, place = self.places[number]
        if file.orders[place] is _O.SCHEDULED and file.attempts[place] in FREES_THE_ORDER:
            self.places[number] = (self._build([_O.SCHEDULED]), 0)

    # The bank's.

    @precondition(lambda self: self.steps > self.quiet_for)
    @rule(which=st.integers(0, 3), word=st.sampled_from(WORDS))
    def hear_of_a_payment(self, which: int, word: AttemptMove) -> None:
        file, place = self.places[which % len(self.places)]
        before, order = file.attempts[place], file.orders[place]
        verdicts = file.move_attempts([place], word)
        self.doubted = word is AttemptMove.DOUBT
        if not verdicts[Verdict.APPLIED]:
            assert (file.attempts[place], file.orders[place]) == (before, order)
        if verdicts[Verdict.CONTRADICTS]:
            assert f"contradiction/{word}" in file.cases
        if word in ATTEMPT.moves[before]:
            assert not verdicts[Verdict.CONTRADICTS]

    @precondition(lambda self: self.steps > self.quiet_for)
    @rule(which=st.integers(0, 3), step=st.sampled_from(SubmissionMove))
    def hear_of_a_file(self, which: int, step: SubmissionMove) -> None:
        file = self.files[which % len(self.files)]
        told = step in (SubmissionMove.ACKNOWLEDGE, SubmissionMove.REFUSE)
        if told and SUBMISSION.allows(file.state, step):
            file.move(step, self.now)

    @precondition(lambda self: self.steps > self.quiet_for)
    @rule(which=st.integers(0, 3), step=st.sampled_from(MatchMove))
    def read_the_statement(self, which: int, step: MatchMove) -> None:
        """A booking executes and settles what was not ended unpaid; nothing else settles."""
        number = which % len(self.places)
        state = self.matches[number]
        if not MATCH.allows(state, step):
            with pytest.raises(NotAllowed):
                MATCH.after(state, step)
            return
        self.matches[number] = MATCH.after(state, step)
        file, place = self.places[number]
        if step is MatchMove.CONFIRM and file.attempts[place] not in UNPAID | {_A.PREPARED}:
            self.confirmed.add(number)
            file.move_attempts([place], AttemptMove.EXECUTE)
            file.move_order(place, OrderMove.SETTLE)

    @rule(which=st.integers(0, 3), step=st.sampled_from(OrderMove))
    def part_of_it_comes_back(self, which: int, step: OrderMove) -> None:
        file, place = self.places[which % len(self.places)]
        if file.attempts[place] is _A.EXECUTED and step is OrderMove.RETURN_PART:
            file.move_order(place, step)

    # Promises.

    @invariant()
    def time_goes_on(self) -> None:
        self.steps += 1

    @invariant()
    def no_attempt_goes_back(self) -> None:
        for file in self.files:
            for number, state in enumerate(file.attempts):
                key = file.key, number
                before = self.before.get(key, _A.PREPARED)
                if before is not state:
                    doubted = before in (_A.DELIVERED, _A.RECEIVED) and state is _A.UNKNOWN
                    assert RANK[state] >= RANK[before] or (doubted and self.doubted)
                    assert before not in ATTEMPT.ends(), f"{before} is an end"
                    assert (before, state) != (_A.UNKNOWN, _A.DISPATCHING), "resent in doubt"
                self.before[key] = state

    @invariant()
    def orders_agree_with_their_attempts(self) -> None:
        for file, place in self.places:
            state = file.attempts[place]
            assert file.orders[place] in AGREES[state], (state, file.orders[place])

    @invariant()
    def settled_means_cash(self) -> None:
        for number, (file, place) in enumerate(self.places):
            assert file.orders[place] is not _O.SETTLED or number in self.confirmed

    @invariant()
    def the_bank_has_a_file_once(self) -> None:
        """More than once only by its own contract."""
        for file in self.files:
            arrived = [send for send in self.sends if send.file is file and send.arrived]
            assert sum(not send.repeated for send in arrived) <= 1

    @invariant()
    def one_live_attempt_for_an_order(self) -> None:
        newest = {(id(file), place) for file, place in self.places}
        for file in self.files:
            for place, state in enumerate(file.attempts):
                assert (id(file), place) in newest or state in FREES_THE_ORDER


PaymentsAtABank.TestCase.settings = PROFILE
TestPaymentsAtABank = PaymentsAtABank.TestCase

# Stages from which a case of that kind never goes on.
LAST_STAGES = {
    CaseKind.RECALL: {"accepted"},
    CaseKind.RETURN: {"reissued", "closed"},
    CaseKind.REVERSAL: {"booked", "refused"},
    CaseKind.ENQUIRY: {"answered"},
}


class CasesOfAllKinds(RuleBasedStateMachine):
    """A case of each kind: worked on by people and messages, resolved, opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.state = dict.fromkeys(STAGES, CASE.start)
        self.stage = {kind: machine.start for kind, machine in STAGES.items()}
        self.ended: dict[CaseKind, str] = {}

    @rule(kind=st.sampled_from(sorted(STAGES)), step=st.sampled_from(CaseMove))
    def work(self, kind: CaseKind, step: CaseMove) -> None:
        before = self.state[kind]
        try:
            self.state[kind] = CASE.after(before, step)
        except NotAllowed:
            assert step.replace("_", " ") not in CASE.words(before).split(", ")
        else:
            assert before is not CaseState.RESOLVED or step is CaseMove.REOPEN

    @rule(kind=st.sampled_from(sorted(STAGES)), data=st.data())
    def go_on(self, kind: CaseKind, data: st.DataObject) -> None:
        machine = STAGES[kind]
        steps = sorted({step for moves in machine.moves.values() for step in moves})
        step = data.draw(st.sampled_from(steps))
        if machine.allows(self.stage[kind], step):
            self.stage[kind] = machine.after(self.stage[kind], step)

    @rule(state=st.sampled_from(SubmissionState))
    def the_request_travels(self, state: SubmissionState) -> None:
        """What becomes of the file that asks the bank never takes a recall back."""
        before, machine = self.stage[CaseKind.RECALL], STAGES[CaseKind.RECALL]
        step = RECALL_MOVE_OF.get(state)
        if step and machine.allows(before, step):
            self.stage[CaseKind.RECALL] = machine.after(before, step)
            assert before == "requested"

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for kind, stage in self.stage.items():
            assert self.ended.get(kind, stage) == stage
            if stage in LAST_STAGES[kind]:
                self.ended[kind] = stage
                assert not STAGES[kind].moves[stage]

    @invariant()
    def a_case_can_always_be_ended(self) -> None:
        for state in self.state.values():
            assert state is CaseState.RESOLVED or CASE.allows(state, CaseMove.RESOLVE)


CasesOfAllKinds.TestCase.settings = PROFILE
TestCasesOfAllKinds = CasesOfAllKinds.TestCase


@pytest.mark.parametrize("state", AttemptState)
def test_what_orders_may_be_follows_from_the_tables(state: AttemptState) -> None:
    """The table of this test against the one of the product: no end leaves its order in flight."""
    if step := ORDER_MOVE_OF.get(state):
        reached = {ORDER.after(source, step) for source in ORDER.sources(step)}
        assert reached & AGREES[state] or state is AttemptState.DISPATCHING
        assert OrderState.IN_FLIGHT not in AGREES[state] or state is AttemptState.DISPATCHING
    assert Payments({state: 1}).open is (RANK[state] < RANK[AttemptState.EXECUTED])
