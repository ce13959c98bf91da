"""What is decided of a file: each state and each fact that changes the decision, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product

import msgspec
import pytest

from nostro.domain.attempt import AttemptState
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused, Unavailable
from nostro.domain.order import OrderState
from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import (
    ENQUIRIES,
    LEASE,
    NO_IS_BELIEVED_AFTER,
    NO_IS_BELIEVED_AT_ENQUIRY,
    RETRIES,
    SEND_LASTS_AT_MOST,
    SEND_PATIENCE,
    Contract,
    Outcome,
    Payments,
    Step,
)
from nostro.domain.policies.objections import Objection, Standing, objection
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from nostro.workflows import tick

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1),
)  # fmt: skip
S, M, A = SubmissionState, SubmissionMove, AttemptState
OURS = Payments({A.PREPARED: 2})
LOST = Payments({A.UNKNOWN: 2})
PLAIN = Contract()
REPEATABLE = Contract(repeatable_for=DAY)


class File(msgspec.Struct, kw_only=True):
    """What is known of one file."""

    state: SubmissionState
    state_since: datetime = NOW
    dispatched_at: datetime | None = None
    next_action_at: datetime | None = NOW
    tries: int = 0
    enquiries: int = 0
    status_asked: int = 0


def decide(
    file: File,
    payments: Payments = OURS,
    *,
    now: datetime = NOW,
    contract: Contract = PLAIN,
    stopped: bool = False,
    outdated: bool = False,
) -> Step:
    return dispatching.next_step(file, payments, now, contract, stopped=stopped, outdated=outdated)


@pytest.mark.parametrize("state", [S.BUILT, S.SIGNED, S.NOT_DELIVERED])
def test_what_may_leave_leaves_unless_something_speaks_against_it(state: SubmissionState) -> None:
    assert decide(File(state=state)) is Step.SEND
    assert decide(File(state=state), stopped=True) is Step.HOLD
    stopped_payment = Payments({A.PREPARED: 1, A.CANCELLED_STOP: 1})
    assert decide(File(state=state), stopped_payment) is Step.SET_ASIDE
    assert decide(File(state=state), stopped_payment, stopped=True) is Step.SET_ASIDE
    freed = Payments({A.DISPATCHING: 1, A.NOT_DELIVERED: 1})
    assert decide(File(state=state, tries=1), freed) is Step.SET_ASIDE
    booked = Payments({A.DISPATCHING: 1, A.EXECUTED: 1})
    assert decide(File(state=state, tries=1), booked) is Step.BELIEVE
    later = File(state=state, next_action_at=NOW + LEASE + SECOND)
    assert decide(later) is Step.WAIT, "the bank asked for a pause"


def test_what_is_outdated_is_taken_apart_only_if_it_was_never_tried() -> None:
    for state in (S.BUILT, S.SIGNED):
        assert decide(File(state=state), outdated=True) is Step.TAKE_APART
        assert decide(File(state=state), outdated=True, stopped=True) is Step.HOLD
    tried = Payments({A.DISPATCHING: 2})
    assert decide(File(state=S.NOT_DELIVERED, tries=1), tried, outdated=True) is Step.SET_ASIDE
    restored = File(state=S.NOT_DELIVERED)
    assert decide(restored, LOST, outdated=True) is Step.SET_ASIDE, "tries were forgotten"
    may_have_left = File(state=S.UNKNOWN, tries=1, dispatched_at=NOW)
    assert decide(may_have_left, LOST, outdated=True) is Step.ASK
    assert decide(may_have_left, LOST, contract=REPEATABLE, outdated=True) is Step.ASK
    for state in (S.DISPATCHING, S.DELIVERED, S.ACKNOWLEDGED, S.REFUSED, S.ABANDONED):
        file = File(state=state, tries=1)
        assert decide(file, outdated=True) is decide(file)


def test_a_payment_that_we_cancelled_in_a_file_that_did_not_arrive_is_no_word_of_the_bank() -> None:
    cancelled = Payments({A.DISPATCHING: 1, A.CANCELLED_STOP: 1})
    assert decide(File(state=S.NOT_DELIVERED, tries=1), cancelled) is Step.SET_ASIDE
    assert decide(File(state=S.UNKNOWN, tries=1), cancelled) is Step.BELIEVE, "the bank's camt.029"
    booked = Payments({A.EXECUTED: 1, A.CANCELLED_STOP: 1})
    assert decide(File(state=S.NOT_DELIVERED, tries=1), booked) is Step.BELIEVE


HOLDS = Standing(
    order_state=OrderState.SCHEDULED,
    leaves_on=NOW.date(),
    latest_date=NOW.date(),
    approved=True,
    entitled=True,
    account_is_current=True,
)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"order_state": OrderState.IN_FLIGHT}, None),
        ({"order_state": OrderState.HELD}, Objection.NOT_WAITING),
        ({"order_state": OrderState.CANCELLED}, Objection.NOT_WAITING),
        ({"leaves_on": NOW.date() + DAY}, Objection.TOO_LATE),
        ({"approved": False, "entitled": False}, Objection.NOT_APPROVED),
        ({"entitled": False}, Objection.APPROVER_LEFT),
        ({"account_is_current": False}, Objection.ACCOUNT_CHANGED),
    ],
)
def test_what_speaks_against_a_payment_that_waited(
    changed: dict[str, object], why: Objection | None
) -> None:
    assert objection(msgspec.structs.replace(HOLDS, **changed)) is why


def test_an_unfit_connection_is_tried_less_and_less_often_but_each_hour() -> None:
    file, pauses = File(state=S.NOT_DELIVERED, dispatched_at=NOW), []
    at = NOW
    for _ in range(12):
        after = dispatching.unfit_again_at(file, at)
        pauses.append(after - at)
        at = after
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (MINUTE, HOUR)
    assert dispatching.unfit_again_at(file, NOW - DAY) == NOW - DAY + MINUTE, "set back"


def test_a_wake_up_of_the_tick_is_never_too_early() -> None:
    assert LEASE == tick.LEASE
    assert decide(File(state=S.BUILT, next_action_at=NOW + tick.LEASE)) is Step.SEND


def test_a_sender_has_its_time_and_then_is_given_up() -> None:
    sending = File(state=S.DISPATCHING, tries=1)
    assert decide(sending, now=NOW + SEND_PATIENCE - SECOND) is Step.WAIT
    assert decide(sending, now=NOW + SEND_PATIENCE) is Step.LOSE_TRACK
    assert decide(sending, now=NOW - HOUR) is Step.WAIT, "the clock was set back"


def test_what_is_in_doubt_is_asked_about_and_never_sent() -> None:
    lost = File(state=S.UNKNOWN, tries=1, dispatched_at=NOW)
    for stopped in (False, True):
        assert decide(lost, LOST, stopped=stopped) is Step.ASK
    assert decide(lost, Payments({A.UNKNOWN: 1, A.EXECUTED: 1})) is Step.BELIEVE


def test_a_repetition_is_by_contract_only_and_within_its_time() -> None:
    lost = File(state=S.UNKNOWN, tries=1, dispatched_at=NOW)
    assert decide(lost, LOST, contract=REPEATABLE) is Step.REPEAT
    assert decide(lost, LOST, contract=REPEATABLE, stopped=True) is Step.ASK
    last = NOW + DAY - SEND_PATIENCE - SEND_LASTS_AT_MOST
    assert decide(lost, LOST, contract=REPEATABLE, now=last) is Step.REPEAT
    assert decide(lost, LOST, contract=REPEATABLE, now=last + SECOND) is Step.ASK
    assert decide(lost, LOST, contract=REPEATABLE, now=NOW - SECOND) is Step.ASK, "set back"
    never = msgspec.structs.replace(lost, dispatched_at=None)
    assert decide(never, LOST, contract=REPEATABLE) is Step.ASK, "restored: first send forgotten"
    tired = msgspec.structs.replace(lost, tries=len(RETRIES) + 1)
    assert decide(tired, LOST, contract=REPEATABLE) is Step.ASK
    freed = Payments({A.UNKNOWN: 1, A.NOT_DELIVERED: 1})
    assert decide(lost, freed, contract=REPEATABLE) is Step.ASK


def test_what_is_at_its_end_needs_nothing() -> None:
    for state in (S.REFUSED, S.ABANDONED):
        assert decide(File(state=state)) is Step.NOTHING
    for state in (S.DELIVERED, S.ACKNOWLEDGED):
        assert decide(File(state=state)) is Step.FOLLOW_UP


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Unavailable("x", "x"), Outcome.NOTHING_DONE),
        (Refused("x", "x"), Outcome.REFUSED),
        (Invalid("x", "x"), Outcome.REFUSED),
        (InDoubt("x", "x"), Outcome.IN_DOUBT),
        (NostroError("x", "x"), Outcome.IN_DOUBT),
    ],
)
def test_a_failure_that_nobody_classified_is_a_doubt(
    failure: NostroError, outcome: Outcome
) -> None:
    assert dispatching.outcome_of(failure) is outcome


# state, outcome, newest send?, repeated? -> the move, or none.
SENDS = """
dispatching   taken        new once   -> deliver
dispatching   nothing_done new once   -> not_deliver
dispatching   refused      new once   -> refuse
dispatching   in_doubt     new once   -> lose_track
dispatching   nothing_done new repeat -> lose_track
dispatching   refused      new repeat -> lose_track
dispatching   taken        new repeat -> deliver
unknown       taken        new once   -> deliver
unknown       nothing_done new once   -> not_deliver
unknown       nothing_done new repeat -> none
unknown       in_doubt     new once   -> none
dispatching   nothing_done old once   -> none
dispatching   refused      old once   -> none
dispatching   in_doubt     old once   -> lose_track
not_delivered in_doubt     old once   -> lose_track
not_delivered taken        old once   -> deliver
delivered     taken        old once   -> none
acknowledged  taken        new once   -> none
acknowledged  in_doubt     new once   -> none
refused       taken        new once   -> none
abandoned     in_doubt     old once   -> none
"""


@pytest.mark.parametrize("line", SENDS.strip().splitlines())
def test_what_the_outcome_of_a_send_moves(line: str) -> None:
    told, _, move = line.partition("->")
    state, outcome, age, repeated = told.split()
    found = dispatching.move_after_send(
        S(state), Outcome(outcome), latest=age == "new", repeated=repeated == "repeat"
    )
    assert found == (None if move.strip() == "none" else SubmissionMove(move.strip()))


def test_only_moves_that_the_table_has() -> None:
    for state, outcome, latest, repeated in product(S, Outcome, (True, False), (True, False)):
        move = dispatching.move_after_send(state, outcome, latest=latest, repeated=repeated)
        assert move is None or SUBMISSION.allows(state, move)
    for state in S:
        after = state
        for move in dispatching.moves_after_restore(state):
            after = SUBMISSION.after(after, move)
        assert after not in (S.BUILT, S.SIGNED, S.NOT_DELIVERED, S.DISPATCHING)


def test_a_no_is_believed_late_and_after_it_was_said_again() -> None:
    often = NO_IS_BELIEVED_AT_ENQUIRY - 1
    lost, late = File(state=S.UNKNOWN, tries=1, enquiries=often), NOW + NO_IS_BELIEVED_AFTER
    answer = dispatching.move_after_enquiry
    assert answer(lost, LOST, late, False) is M.NOT_DELIVER
    assert answer(lost, LOST, late - SECOND, False) is None
    seldom = msgspec.structs.replace(lost, enquiries=often - 1)
    assert answer(seldom, LOST, late, False) is None, "a clock may have jumped"
    assert answer(lost, LOST, late, None) is None, "silence is no answer"
    assert answer(seldom, LOST, NOW, True) is M.DELIVER
    for state in (A.DELIVERED, A.ACCEPTED, A.EXECUTED, A.REJECTED, A.RETURNED):
        heard_of = Payments({A.UNKNOWN: 1, state: 1})
        assert answer(lost, heard_of, late, False) is M.DELIVER


def test_one_jump_of_the_clock_leaves_enough_of_the_ladder() -> None:
    """Whichever pause between the enquiries a jump swallows, the others last long enough."""
    pauses, at = [], NOW
    for asked in range(NO_IS_BELIEVED_AT_ENQUIRY):
        after = dispatching.ask_again_at(asked, at, False)
        pauses.append(after - at)
        at = after
    assert sum(pauses, timedelta()) - max(pauses) >= NO_IS_BELIEVED_AFTER


def test_the_ladder_ends_at_a_person_and_goes_on() -> None:
    assert not dispatching.needs_a_person(len(ENQUIRIES) - 1)
    assert dispatching.needs_a_person(len(ENQUIRIES))
    assert dispatching.ask_again_at(99, NOW) == NOW + DAY


def test_retries_end() -> None:
    assert dispatching.retry_at(1, NOW) == NOW + RETRIES[0]
    assert dispatching.retry_at(1, NOW, HOUR) == NOW + HOUR, "the bank's own pause"
    assert dispatching.retry_at(len(RETRIES), NOW) == NOW + RETRIES[-1]
    assert dispatching.retry_at(len(RETRIES) + 1, NOW) is None


def test_a_sender_that_slept_does_not_begin() -> None:
    assert not dispatching.is_too_late_to_begin(NOW, NOW + SEND_PATIENCE - SECOND)
    assert dispatching.is_too_late_to_begin(NOW, NOW + SEND_PATIENCE)
    assert dispatching.is_too_late_to_begin(NOW, NOW - SECOND)


def test_what_became_of_it_is_due_with_the_statement_or_a_day_after_delivery() -> None:
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert dispatching.answer_due_at(NOW, date(2026, 11, 23)) == monday
    assert dispatching.answer_due_at(monday, date(2026, 11, 23)) == monday + DAY


def test_a_file_is_followed_up_until_every_payment_is_at_its_end() -> None:
    delivered, due = File(state=S.DELIVERED), NOW + DAY
    done = Payments({A.EXECUTED: 3, A.REJECTED: 1})
    assert dispatching.follow_up(delivered, done, NOW, PLAIN, due).look_again_at is None
    silent = Payments({A.EXECUTED: 3, A.DELIVERED: 1})
    plain = dispatching.follow_up(delivered, silent, NOW, PLAIN, due)
    assert plain == dispatching.FollowUp(look_again_at=due)
    asking = dispatching.follow_up(delivered, silent, NOW, Contract(reports_status=True), due)
    assert asking.ask_status
    assert asking.look_again_at == NOW + ENQUIRIES[1]
    overdue = dispatching.follow_up(delivered, silent, due, PLAIN, due)
    assert overdue.overdue
    assert overdue.look_again_at == due + DAY


def test_silence_is_acceptance_only_where_the_bank_says_so_and_after_its_time() -> None:
    delivered, due = File(state=S.DELIVERED), NOW + 2 * DAY
    silent, contract = Payments({A.DELIVERED: 1}), Contract(silent_after=DAY)
    early = dispatching.follow_up(delivered, silent, NOW + DAY - SECOND, contract, due)
    assert not early.accept
    assert early.look_again_at == NOW + DAY
    assert dispatching.follow_up(delivered, silent, NOW + DAY, contract, due).accept
    assert not dispatching.follow_up(delivered, silent, NOW + DAY, PLAIN, due).accept
    pending = Payments({A.PENDING_AT_BANK: 1})
    assert not dispatching.follow_up(delivered, pending, NOW + DAY, contract, due).accept


def test_there_is_always_a_next_look() -> None:
    """Whatever is promised and however late it is: a file with open payments is never forgotten."""
    for asks, silent, days in product((True, False), (timedelta(), HOUR), range(4)):
        contract = Contract(reports_status=asks, silent_after=silent)
        for one, other in permutations((A.DELIVERED, A.UNKNOWN, A.ACCEPTED, A.EXECUTED), 2):
            file, now = File(state=S.DELIVERED), NOW + days * DAY
            found = dispatching.follow_up(file, Payments({one: 1, other: 1}), now, contract, NOW)
            assert found.look_again_at is not None
            assert found.look_again_at > now
        assert dispatching.first_look_at(NOW, contract, NOW + DAY) > NOW
