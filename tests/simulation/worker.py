"""One worker of the simulation: does what nostro.workflows.dispatch does, with the same decisions.

Each `yield` is a moment at which others go on and at which it can be killed; a transaction counts
only from its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from nostro.domain.attempt import AttemptMove, AttemptState, Verdict
from nostro.domain.bank_status import move_of
from nostro.domain.errors import InDoubt, NostroError, Refused, Unavailable
from nostro.domain.order import OrderMove
from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import Outcome, Step
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from tests.simulation.bank import BOOK, MINUTE, RETURN, SECOND, Report
from tests.simulation.faults import Fault
from tests.simulation.store import File

if TYPE_CHECKING:
    from tests.simulation.story import Story

Pause = tuple[int, Fault | None]  # Milliseconds, and the fault that may strike at this moment.
Work = Generator[Pause, None, None]
STATEMENT_DAY = date(2026, 11, 23)
_SILENT = (AttemptState.DELIVERED, AttemptState.RECEIVED)


@dataclass(frozen=True)
class Decisions:
    """The shipped decisions; the naive variants replace one of them."""

    next_step: Callable[..., Step] = dispatching.next_step
    is_too_late_to_begin: Callable[..., bool] = dispatching.is_too_late_to_begin
    move_after_send: Callable[..., SubmissionMove | None] = dispatching.move_after_send
    move_after_enquiry: Callable[..., SubmissionMove | None] = dispatching.move_after_enquiry


class Worker:
    """Attends files and understands messages, one at a time."""

    def __init__(self, story: Story, name: int) -> None:
        self.story, self.name = story, name
        self.work: Work | None = None
        self.down = False
        self.started = 0  # Counts lives: what was planned for an earlier one is void.

    def __repr__(self) -> str:
        return f"worker {self.name}"

    # Transactions.

    def _lock(self, key: int) -> Generator[Pause, None, File]:
        store = self.story.store
        while store.locks.get(key):
            yield 20, None
        store.locks[key] = self
        return store.files[key].draft()

    def _commit(self, draft: File, strikes: Fault | None) -> Work:
        """The moment before the commit is one to die in."""
        yield 5, strikes
        self.story.store.commit(draft)
        self.story.store.release(self)

    # A file.

    def attend(self, key: int) -> Work:
        story = self.story
        yield story.dice.randrange(50), None
        while story.gate_closed:
            yield 20, None
        story.store.gate.add(self)
        draft = yield from self._lock(key)
        now, contract, payments = story.now(), story.contract, draft.payments()
        decide = story.decisions.next_step
        step = decide(draft, payments, now, contract, stopped=False)
        if dispatching.lets_bytes_leave(step) and story.is_stopped():
            step = decide(draft, payments, now, contract, stopped=True)
        if dispatching.lets_bytes_leave(step):
            yield from self._send(draft, step)
        elif step is Step.FOLLOW_UP:
            yield from self._follow_up(draft)
        elif step in (Step.ASK, Step.LOSE_TRACK):
            yield from self._ask(draft, step)
        else:
            self._put_off(draft, step)
            yield from self._commit(draft, None)

    def _put_off(self, draft: File, step: Step) -> None:
        now = self.story.now()
        if step is Step.BELIEVE:
            self._delivered(draft)
        elif step is Step.NOTHING:
            draft.next_action_at = None
        elif step is Step.HOLD:
            draft.next_action_at = now + dispatching.STOPPED_LOOK_AGAIN_AFTER
        elif step is Step.SET_ASIDE:
            draft.next_action_at = now + dispatching.OVERDUE_LOOK_AGAIN_AFTER
            draft.cases.add("set aside")

    def _send(self, draft: File, step: Step) -> Work:
        story, claimed_at = self.story, self.story.now()
        repeated = step is Step.REPEAT
        before = draft.draft()
        draft.move(SubmissionMove.REPEAT if repeated else SubmissionMove.DISPATCH, claimed_at)
        draft.tries += 1
        draft.dispatched_at = draft.dispatched_at or claimed_at
        draft.next_action_at = claimed_at + dispatching.SEND_PATIENCE
        key, tries = draft.key, draft.tries
        yield 5, Fault.KILLED_BEFORE_INTENT
        story.check_intent(before, repeated=repeated)
        story.store.commit(draft)
        story.store.release(self)
        yield 5, Fault.KILLED_AFTER_INTENT
        if story.strikes(Fault.SENDER_SLEEPS):
            yield story.dice.randrange(3 * MINUTE, 300 * MINUTE), None
        if story.decisions.is_too_late_to_begin(claimed_at, story.now()):
            return
        failure = yield from self._hand_over(key, len(draft.attempts))
        yield 5, Fault.KILLED_AFTER_SEND
        if story.strikes(Fault.ANSWER_SLEEPS):
            yield story.dice.randrange(20 * MINUTE, 90 * MINUTE), None
        current = yield from self._lock(key)
        outcome = dispatching.outcome_of(failure) if failure else Outcome.TAKEN
        latest = current.tries == tries
        move = story.decisions.move_after_send(
            current.state, outcome, latest=latest, repeated=repeated
        )
        if move:
            self._after_send(current, move, failure, latest)
        yield from self._commit(current, Fault.KILLED_BEFORE_OUTCOME)

    def _hand_over(self, key: int, count: int) -> Generator[Pause, None, NostroError | None]:
        """The network and the bank: returns the failure, as a channel would classify it."""
        story, dice = self.story, self.story.dice
        bank, fault = story.bank, story.next_network_fault()
        bank.began[key] = story.t
        lost = InDoubt("cut", "The connection was cut.")
        yield dice.randrange(20, 2 * SECOND), None
        if fault is Fault.CONNECT_REFUSED:
            return Unavailable("down", "Nobody listens.")
        if fault is Fault.THROTTLED:
            busy = Unavailable("busy", "Try later.")
            busy.retry_after_seconds = 77
            return busy
        if fault is Fault.REFUSED_WHOLE:
            return Refused("no", "The bank does not want it.")
        if fault is Fault.REQUEST_LOST:
            yield 30 * SECOND, None
            return lost
        if fault is Fault.BYTES_LATE:
            story.later(dice.randrange(1, 8) * MINUTE, lambda: story.arrive(key, count))
            return lost
        if fault is Fault.SERVER_ERROR and dice.random() < 0.5:
            return lost
        if fault is Fault.SLOW_SEND:
            yield dice.randrange(130 * SECOND, 8 * MINUTE), None
        story.arrive(key, count)
        if fault in (Fault.ACK_LOST, Fault.HALF_OPEN):
            yield (30 if fault is Fault.ACK_LOST else 280) * SECOND, None
        else:
            yield dice.randrange(20, SECOND), None
        return lost if fault in (Fault.ACK_LOST, Fault.HALF_OPEN, Fault.SERVER_ERROR) else None

    def _after_send(
        self, current: File, move: SubmissionMove, failure: NostroError | None, latest: bool
    ) -> None:
        now = self.story.now()
        if move is SubmissionMove.DELIVER:
            self._delivered(current)
        elif move is SubmissionMove.LOSE_TRACK:
            current.move(move, now)
            current.enquiries = 0
            current.tries += not latest
            current.next_action_at = dispatching.ask_again_at(0, now)
        elif move is SubmissionMove.NOT_DELIVER:
            asked = getattr(failure, "retry_after_seconds", None)
            pause = timedelta(seconds=asked) if asked else None
            self._not_delivered(current, dispatching.retry_at(current.tries, now, pause))
        else:
            current.move(move, now)
            current.next_action_at = None

    def _not_delivered(self, current: File, again_at: object) -> None:
        now = self.story.now()
        current.move(SubmissionMove.NOT_DELIVER, now)
        current.next_action_at = None
        if again_at and dispatching.retry_at(current.tries, now):
            current.next_action_at = again_at  # type: ignore[assignment]
            return
        current.cases.add("could not be delivered")
        current.move(SubmissionMove.ABANDON, now)

    def _delivered(self, draft: File) -> None:
        now = self.story.now()
        draft.move(SubmissionMove.DELIVER, now)
        due = dispatching.answer_due_at(now, STATEMENT_DAY)
        draft.answer_due_at, draft.status_asked = due, 0
        draft.next_action_at = dispatching.first_look_at(now, self.story.contract, due)

    # Asking.

    def _ask(self, draft: File, step: Step) -> Work:
        story, key = self.story, draft.key
        if step is Step.LOSE_TRACK:
            draft.move(SubmissionMove.LOSE_TRACK, story.now())
            draft.enquiries = 0
        draft.next_action_at = dispatching.ask_again_at(draft.enquiries, story.now())
        yield from self._commit(draft, None)
        yield from self._status(key)
        yield story.dice.randrange(20, SECOND), None
        known = story.bank.knows(key, story.t)
        yield 5, Fault.KILLED_WHILE_ASKING
        current = yield from self._lock(key)
        if current.state is not SubmissionState.UNKNOWN:
            story.store.release(self)
            return
        now = story.now()
        decide = story.decisions.move_after_enquiry
        move = decide(current, current.payments(), now, known)
        if move is SubmissionMove.DELIVER:
            self._delivered(current)
        elif move is SubmissionMove.NOT_DELIVER:
            self._not_delivered(current, now)
        else:
            current.enquiries += 1
            if dispatching.needs_a_person(current.enquiries):
                current.cases.add("ask the bank")
            current.next_action_at = dispatching.ask_again_at(current.enquiries, now, known)
        yield from self._commit(current, None)

    def _status(self, key: int) -> Work:
        if not self.story.contract.reports_status:
            return
        yield self.story.dice.randrange(20, SECOND), None
        if report := self.story.bank.status(key):
            yield from self.understand(report)

    def _follow_up(self, draft: File) -> Work:
        story, now, payments = self.story, self.story.now(), draft.payments()
        if draft.answer_due_at is None and payments.open:
            draft.answer_due_at = dispatching.answer_due_at(now, STATEMENT_DAY)
        due = draft.answer_due_at or now
        found = dispatching.follow_up(draft, payments, now, story.contract, due)
        if found.accept:
            quiet = [n for n, state in enumerate(draft.attempts) if state in _SILENT]
            draft.move_attempts(quiet, AttemptMove.ACCEPT)
        if found.overdue:
            draft.cases.add("overdue")
        draft.next_action_at = found.look_again_at
        draft.status_asked += found.ask_status
        yield from self._commit(draft, None)
        if found.ask_status:
            yield from self._status(draft.key)

    # What the bank says.

    def understand(self, report: Report) -> Work:
        """As workflows.status_reports and statement_matching: facts once, by rank."""
        yield self.story.dice.randrange(50), None
        if report.key is None:
            self.story.store.cases.add(f"unknown message {report.number}")
            return
        draft = yield from self._lock(report.key)
        if report.group == BOOK or report.group == RETURN:
            self._book(draft, report)
        else:
            self._apply(draft, report)
        draft.understood.add(report.number)
        yield from self._commit(draft, Fault.KILLED_UNDERSTANDING)

    def _book(self, draft: File, report: Report) -> None:
        step = AttemptMove.EXECUTE if report.group == BOOK else AttemptMove.RETURN
        draft.move_attempts(report.lines, step)
        if step is AttemptMove.EXECUTE:
            for number in report.lines:
                draft.move_order(number, OrderMove.SETTLE)

    def _apply(self, draft: File, report: Report) -> None:
        self._apply_group(draft, report)
        words: dict[tuple[str, str], list[int]] = {}
        for number in range(len(draft.attempts)):
            word = report.lines.get(number, (report.group, ""))
            fact = f"{report.number}|{number}|{word}"
            if word[0] and fact not in draft.facts:
                draft.facts.add(fact)
                words.setdefault(word, []).append(number)
        for (status, reason), numbers in words.items():
            step = move_of(status, reason)
            if step is None:
                continue
            verdicts = draft.move_attempts(numbers, step)
            if step is AttemptMove.DOUBT and verdicts[Verdict.APPLIED]:
                draft.cases.add("duplicate, says the bank")

    def _apply_group(self, draft: File, report: Report) -> None:
        refused = move_of(report.group, report.group_reason) is AttemptMove.REJECT
        step = SubmissionMove.REFUSE if refused and not report.lines else SubmissionMove.ACKNOWLEDGE
        if SUBMISSION.allows(draft.state, step):
            now = self.story.now()
            draft.move(step, now)
            draft.next_action_at = None if step is SubmissionMove.REFUSE else now
