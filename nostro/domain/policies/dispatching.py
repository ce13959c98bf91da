"""What to do next with a file of payments, and what each outcome means: decisions, nothing else.

The workflows do what is decided here and the simulation of tests/simulation does the same, so the
rules that keep a payment from leaving twice are told, and tested, in one place (payment lifecycle,
sections 5 and 6.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from nostro.domain.attempt import RANK, AttemptState
from nostro.domain.errors import Invalid, NostroError, Refused, Unavailable
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState

_NEVER = timedelta()
# How long the outcome of a send may take to be committed before its row counts as abandoned.
SEND_PATIENCE = timedelta(minutes=2)
# No channel may take longer to hand bytes over, counted from its first one.
SEND_LASTS_AT_MOST = timedelta(minutes=10)
# "It never had it" is believed this long after we lost track of the send: until then bytes may
# still be on their way, or in the bank's own queue.
NO_IS_BELIEVED_AFTER = SEND_LASTS_AT_MOST
# And only when it was asked so often: a clock that jumps shortens one pause, not all of them.
NO_IS_BELIEVED_AT_ENQUIRY = 5
# A bank that says "no" is asked again soon; one that says nothing less and less often.
ASK_AGAIN_AFTER_NO = timedelta(minutes=10)
# The ladder of enquiries (10 s to a day, from losing track), and at its end a person.
ENQUIRIES = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(days=1),
)
# Tries after a proven non-delivery: same bytes, same message id.
RETRIES = ENQUIRIES[:6]
# Whoever is woken has the row's timer set this far ahead, so that nobody else is woken meanwhile.
LEASE = timedelta(seconds=60)
STOPPED_LOOK_AGAIN_AFTER = timedelta(minutes=1)
CANNOT_BEGIN_AGAIN_AFTER = timedelta(minutes=10)
# A connection that a person must mend is tried again soon at first, then less and less often, so
# that a wrong password does not lock us out; at least each hour, so that nobody waits for long.
UNFIT_AGAIN_AFTER_AT_LEAST = timedelta(minutes=1)
UNFIT_AGAIN_AFTER_AT_MOST = timedelta(hours=1)
# What became of a payment is on the statement of its day, which is here at noon of the next bank
# day; a file that is given to the bank late has a whole day besides.
STATEMENT_IS_HERE_AT = time(12, tzinfo=UTC)
ANSWER_WITHIN = timedelta(days=1)
OVERDUE_LOOK_AGAIN_AFTER = timedelta(days=1)

_S, _M = SubmissionState, SubmissionMove
_MAY_SEND = SUBMISSION.sources(_M.DISPATCH)
# The states from which its bytes may leave: nobody may touch its payments while that is decided.
STILL_OURS = _MAY_SEND | {_S.UNKNOWN}
_AT_THE_BANK = frozenset({_S.DELIVERED, _S.ACKNOWLEDGED})
_SILENT = (AttemptState.DELIVERED, AttemptState.RECEIVED)
# What an attempt may be while its bytes may still leave.
_UNHEARD_OF = frozenset({AttemptState.PREPARED, AttemptState.DISPATCHING, AttemptState.UNKNOWN})
_CANCELLED = (AttemptState.CANCELLED_STOP, AttemptState.CANCELLED_REROUTE)


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel's bank promises. Zero durations: it does not promise that."""

    reports_status: bool = False
    repeatable_for: timedelta = _NEVER
    silent_after: timedelta = _NEVER


class Payments(msgspec.Struct, frozen=True):
    """The payments in one file: how many attempts are in which state. Empty for other files."""

    counts: Mapping[AttemptState, int]

    @property
    def open(self) -> bool:
        """Is one of them not at its end?"""
        return any(RANK[state] < RANK[AttemptState.EXECUTED] for state in self.counts)

    @property
    def heard_of(self) -> bool:
        """Has the bank said of one of them that it has it, or what became of it?"""
        return any(state not in (*_UNHEARD_OF, AttemptState.NOT_DELIVERED) for state in self.counts)

    @property
    def may_leave(self) -> bool:
        """Is none of them stopped, or free to be paid by another file?"""
        return _UNHEARD_OF.issuperset(self.counts)

    @property
    def silent(self) -> bool:
        """Is there one that the bank has and has said nothing of?"""
        return any(state in self.counts for state in _SILENT)


class Seen(Protocol):
    """What is known of a file when it is decided what to do with it.

    `state_since` is when it came into its state, `dispatched_at` when it was first sent, whatever
    became of that. `tries` counts sends, `enquiries` questions since track of it was last lost.
    """

    @property
    def state(self) -> SubmissionState: ...
    @property
    def state_since(self) -> datetime: ...
    @property
    def dispatched_at(self) -> datetime | None: ...
    @property
    def next_action_at(self) -> datetime | None: ...
    @property
    def tries(self) -> int: ...
    @property
    def enquiries(self) -> int: ...
    @property
    def status_asked(self) -> int: ...


class Step(StrEnum):
    SEND = "send"
    REPEAT = "repeat"  # In doubt, but by contract the same bytes count once.
    ASK = "ask"
    LOSE_TRACK = "lose_track"  # Its sender is gone; then ask.
    BELIEVE = "believe"  # A payment of it was heard of, so the bank has the file.
    FOLLOW_UP = "follow_up"  # The bank has it: what became of its payments?
    HOLD = "hold"  # A stop is in force: nothing leaves; look again soon.
    SET_ASIDE = "set_aside"  # A payment of it was stopped or freed: these bytes must not leave.
    TAKE_APART = "take_apart"  # Never tried, and a payment of it may not leave any more.
    WAIT = "wait"  # Somebody is at it, or it was called before its time.
    NOTHING = "nothing"


def next_step(
    seen: Seen,
    payments: Payments,
    now: datetime,
    contract: Contract,
    *,
    stopped: bool,
    outdated: bool = False,
) -> Step:
    """The next thing that a file needs. `stopped`: a stop or a quarantine keeps it from leaving.
    `outdated`: what was approved of one of its payments does not hold any more
    (policies/objections).

    Safe to ask at any time: whoever calls twice or too early is told to wait.
    """
    if seen.state is _S.DISPATCHING:
        return Step.WAIT if now < seen.state_since + SEND_PATIENCE else Step.LOSE_TRACK
    if seen.state in _AT_THE_BANK:
        return Step.FOLLOW_UP
    if seen.state not in STILL_OURS:
        return Step.NOTHING
    if payments.heard_of and seen.tries and not _cancelled_here(seen, payments):
        return Step.BELIEVE
    if called_early(seen, now):
        return Step.WAIT
    stays = stopped or outdated or not payments.may_leave
    if seen.state is _S.UNKNOWN:
        return Step.ASK if stays or not _may_repeat(seen, now, contract) else Step.REPEAT
    return _send(seen, payments, stopped, outdated)


def _send(seen: Seen, payments: Payments, stopped: bool, outdated: bool) -> Step:
    """A file that was tried once is not made anew, however sure we are that it never arrived: its
    payments would leave under another message id. It stays, and a person decides."""
    if not payments.may_leave:
        return Step.SET_ASIDE
    if stopped:
        return Step.HOLD
    if not outdated:
        return Step.SEND
    return Step.TAKE_APART if was_never_tried(seen) else Step.SET_ASIDE


def _cancelled_here(seen: Seen, payments: Payments) -> bool:
    """Of a file that surely did not arrive we cancel payments ourselves: no word of the bank."""
    known = (*_UNHEARD_OF, AttemptState.NOT_DELIVERED, *_CANCELLED)
    return seen.state is _S.NOT_DELIVERED and all(state in known for state in payments.counts)


def was_never_tried(seen: Seen) -> bool:
    """Then its payments may leave in another file instead."""
    return seen.state in (_S.BUILT, _S.SIGNED) and seen.tries == 0


def lets_bytes_leave(step: Step) -> bool:
    """Then whether a stop is in force has to be known first."""
    return step in (Step.SEND, Step.REPEAT)


def called_early(seen: Seen, now: datetime) -> bool:
    """Was nobody sent for this row? Its timer is further ahead than a wake-up sets it."""
    return seen.next_action_at is not None and seen.next_action_at > now + LEASE


def _may_repeat(seen: Seen, now: datetime, contract: Contract) -> bool:
    """Would the same bytes, even by the slowest hand-over, arrive while they count only once?

    The promise runs from the first send of all. A clock that was set back proves nothing.
    """
    first = seen.dispatched_at
    if first is None or seen.tries > len(RETRIES) or now < first:
        return False
    return now + SEND_PATIENCE + SEND_LASTS_AT_MOST <= first + contract.repeatable_for


def is_too_late_to_begin(claimed_at: datetime, now: datetime) -> bool:
    """A sender that slept between its claim and its first byte: the file is others' by now."""
    return not claimed_at <= now < claimed_at + SEND_PATIENCE


class Outcome(StrEnum):
    """What one send came to, as the channel knows it."""

    TAKEN = "taken"
    NOTHING_DONE = "nothing_done"  # Proof: the bank has nothing of this send.
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


def outcome_of(failure: NostroError) -> Outcome:
    """Which outcome a channel's failure stands for; what nobody classified is in doubt."""
    if isinstance(failure, Unavailable):
        return Outcome.NOTHING_DONE
    if isinstance(failure, Refused | Invalid):
        return Outcome.REFUSED
    return Outcome.IN_DOUBT


_MOVE_OF = {
    Outcome.TAKEN: _M.DELIVER,
    Outcome.NOTHING_DONE: _M.NOT_DELIVER,
    Outcome.REFUSED: _M.REFUSE,
    Outcome.IN_DOUBT: _M.LOSE_TRACK,
}


def move_after_send(
    state: SubmissionState, outcome: Outcome, *, latest: bool, repeated: bool
) -> SubmissionMove | None:
    """The move that the outcome of one send asks for, or None: it changes nothing any more.

    `latest`: nobody has sent the file again since. `repeated`: it was sent while an earlier send
    was in doubt. What one send did not do proves nothing about another one: a "no" to a repetition
    leaves the first in doubt, and a "no" to an old send says nothing of the newest.
    """
    if outcome in (Outcome.NOTHING_DONE, Outcome.REFUSED):
        if not latest:
            return None
        if repeated:
            outcome = Outcome.IN_DOUBT
    move = _MOVE_OF[outcome]
    return move if SUBMISSION.allows(state, move) else None


def left_again_in_doubt(states: Iterable[SubmissionState]) -> bool:
    """Did a file leave again after track of a send had been lost? Then two copies of it may be at
    the bank, and its refusal of a file says nothing of the other one.

    `states` are those that the file has had, in their order.
    """
    lost = False
    for state in states:
        if lost and state is _S.DISPATCHING:
            return True
        lost = lost or state is _S.UNKNOWN
    return False


def retry_at(tries: int, now: datetime, asked: timedelta | None = None) -> datetime | None:
    """When to send again after a proven non-delivery; None: often enough, a person decides.

    `asked` is the pause that the bank asked for.
    """
    if tries > len(RETRIES):
        return None
    return now + (asked or RETRIES[max(tries, 1) - 1])


def unfit_again_at(seen: Seen, now: datetime) -> datetime:
    """When to try a connection again that a person must mend: after as long again as the file has
    waited for it, within bounds. Such a try does not count as one."""
    waited = now - (seen.dispatched_at or seen.state_since)
    return now + min(max(waited, UNFIT_AGAIN_AFTER_AT_LEAST), UNFIT_AGAIN_AFTER_AT_MOST)


def move_after_enquiry(
    seen: Seen, payments: Payments, now: datetime, known: bool | None
) -> SubmissionMove | None:
    """What an answer means for a file in doubt. Yes is yes, silence is silence, and "it never had
    it" is believed late, after it was said again and again, and never when it was heard of."""
    if known or payments.heard_of:
        return _M.DELIVER
    if known is None:
        return None
    waited = now - seen.state_since >= NO_IS_BELIEVED_AFTER
    return _M.NOT_DELIVER if waited and seen.enquiries + 1 >= NO_IS_BELIEVED_AT_ENQUIRY else None


def ask_again_at(enquiries: int, now: datetime, known: bool | None = None) -> datetime:
    """When to ask the next time, after so many enquiries, the last of them answered so."""
    pause = ENQUIRIES[min(enquiries, len(ENQUIRIES) - 1)]
    return now + (min(pause, ASK_AGAIN_AFTER_NO) if known is False else pause)


def needs_a_person(enquiries: int) -> bool:
    """Has the ladder of enquiries come to its end?"""
    return enquiries >= len(ENQUIRIES)


def moves_after_restore(state: SubmissionState) -> tuple[SubmissionMove, ...]:
    """What a restored database must take for possible: whatever it had not sent, or knew not to
    have arrived, may have been sent since the backup. All that is in doubt is asked about from the
    first rung on, so `state_since` and `enquiries` begin anew, also where there is no move."""
    if state is _S.UNKNOWN or state not in STILL_OURS:
        return (_M.LOSE_TRACK,) if state is _S.DISPATCHING else ()
    return (_M.LOSE_TRACK,) if state is _S.NOT_DELIVERED else (_M.DISPATCH, _M.LOSE_TRACK)


def answer_due_at(delivered_at: datetime, statement_day: date) -> datetime:
    """When we must know what became of every payment of a file.

    `statement_day` is the bank day after the last day on which one of them is executed.
    """
    return max(delivered_at + ANSWER_WITHIN, datetime.combine(statement_day, STATEMENT_IS_HERE_AT))


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """What is due of a file that the bank has, and when to look again (None: it is at its end)."""

    ask_status: bool = False
    accept: bool = False  # Silence has become acceptance.
    overdue: bool = False
    look_again_at: datetime | None = None


def follow_up(
    seen: Seen, payments: Payments, now: datetime, contract: Contract, answer_due: datetime
) -> FollowUp:
    """What to do for a file that the bank has."""
    if not payments.open:
        return FollowUp()
    ask = contract.reports_status and not called_early(seen, now)
    accepts_at = _accepts_at(seen, payments, contract)
    accept = accepts_at is not None and accepts_at <= now
    asked = seen.status_asked + 1 if ask else seen.status_asked
    return FollowUp(
        ask_status=ask,
        accept=accept,
        overdue=answer_due <= now,
        look_again_at=_look_again_at(
            now, contract, asked, answer_due, None if accept else accepts_at
        ),
    )


def first_look_at(delivered_at: datetime, contract: Contract, answer_due: datetime) -> datetime:
    """When to look after a file for the first time once the bank has it."""
    silent_at = delivered_at + contract.silent_after if contract.silent_after else None
    return _look_again_at(delivered_at, contract, 0, answer_due, silent_at)


def _accepts_at(seen: Seen, payments: Payments, contract: Contract) -> datetime | None:
    if not contract.silent_after or not payments.silent:
        return None
    return seen.state_since + contract.silent_after


def _look_again_at(
    now: datetime,
    contract: Contract,
    asked: int,
    answer_due: datetime,
    accepts_at: datetime | None,
) -> datetime:
    """The first of what may happen next: always in the future, so that no file is forgotten."""
    times = [at for at in (answer_due, accepts_at) if at and at > now]
    if contract.reports_status:
        times.append(now + ENQUIRIES[min(asked, len(ENQUIRIES) - 1)])
    return min(times, default=now + OVERDUE_LOOK_AGAIN_AFTER)
