"""One story: a few files of payments, up to three workers, a bank, and what goes wrong.

One seed makes one story, whatever machine runs it. Times are true milliseconds since its start;
our own clock may differ from them.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from nostro.domain.attempt import AttemptMove, AttemptState
from nostro.domain.order import OrderState
from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import STILL_OURS, Contract
from nostro.domain.submission import SUBMISSION, SubmissionMove, SubmissionState
from tests.simulation.bank import DAY, HOUR, MINUTE, SECOND, Bank, Manner, Report
from tests.simulation.faults import COMBINATIONS, Fault
from tests.simulation.store import File, Store
from tests.simulation.worker import Decisions, Work, Worker

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
END = 14 * DAY
FAULTS_IN_A_STORY = (0, 1, 2, 3, 4, 5, 6, 12, 25)
ON_THE_WAY = (
    Fault.REQUEST_LOST, Fault.ACK_LOST, Fault.HALF_OPEN, Fault.SERVER_ERROR, Fault.THROTTLED,
    Fault.CONNECT_REFUSED, Fault.REFUSED_WHOLE, Fault.SLOW_SEND, Fault.BYTES_LATE,
)  # fmt: skip
_FREED = (AttemptState.NOT_DELIVERED, AttemptState.CANCELLED_REROUTE)


class Broken(AssertionError):
    """A promise was broken in a story; says which seed tells it again."""


@dataclass(frozen=True)
class Told:
    """How a story ended: payments, which faults struck, how often the bank was given a file."""

    payments: int
    faults: Counter[Fault]
    sends: int


class Story:
    """Everything of one seed. `faults` chooses them by hand instead of by dice."""

    def __init__(
        self,
        seed: int,
        decisions: Decisions | None = None,
        faults: frozenset[Fault] | None = None,
    ) -> None:
        self.seed, self.dice = seed, Random(seed)
        self.decisions = decisions or Decisions()
        chosen = self.dice.sample(list(Fault), self.dice.choice(FAULTS_IN_A_STORY))
        if self.dice.random() < 0.3:
            chosen += sorted(self.dice.choice(COMBINATIONS))
        self.faults = frozenset(chosen) if faults is None else faults
        self.struck: Counter[Fault] = Counter()
        self.left = {fault: self.dice.randrange(1, 4) for fault in sorted(self.faults)}
        self.t, self.skew = 0, 0
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self.sends = 0
        self.last_tick = self.quarantined_until = 0
        self.stopped = self.quarantined = self.gate_closed = False
        self._set_the_stage()

    # The stage.

    def _set_the_stage(self) -> None:
        dice = self.dice
        manner = Manner(
            answers_enquiries=dice.random() < 0.85,
            reports_status=dice.random() < 0.4,
            repeatable_for=DAY if dice.random() < 0.2 else 0,
            silent_after=dice.randrange(4, 48) * HOUR if dice.random() < 0.15 else 0,
        )
        self.contract = Contract(
            reports_status=manner.reports_status,
            repeatable_for=timedelta(milliseconds=manner.repeatable_for),
            silent_after=timedelta(milliseconds=manner.silent_after),
        )
        self.bank = Bank(dice, self.faults, manner)
        self.store = Store(self._file(key) for key in range(dice.randrange(1, 4)))
        self.payments = sum(len(file.attempts) for file in self.store.files.values())
        self.workers = [Worker(self, number) for number in range(dice.randrange(1, 4))]
        self.jobs: deque[Callable[[Worker], Work]] = deque()
        self.network = [f for f in ON_THE_WAY if f in self.faults for _ in range(self.left[f])]
        dice.shuffle(self.network)
        self._announced = 0
        self._due: list[Report] = []
        self._plan_what_happens_by_time()

    def _file(self, key: int) -> File:
        dice = self.dice
        most = dice.choices((5, 60, 500), weights=(5, 3, 2))[0]
        count = dice.randrange(1, most + 1)
        return File(
            key, SubmissionState.BUILT, START, [AttemptState.PREPARED] * count,
            [OrderState.SCHEDULED] * count, START,
        )  # fmt: skip

    def _plan_what_happens_by_time(self) -> None:
        dice = self.dice
        plans: dict[Fault, tuple[int, Callable[[], None]]] = {
            Fault.DATABASE_CRASH: (20 * MINUTE, self._database_crash),
            Fault.CLOCK_FORWARD: (dice.choice((MINUTE, 20 * MINUTE, HOUR)), self._clock_forward),
            Fault.CLOCK_BACK: (dice.choice((MINUTE, 20 * MINUTE, HOUR)), self._clock_back),
            Fault.STOP_BUTTON: (10 * SECOND, self._press_stop),
            Fault.PAYMENT_STOPPED: (SECOND, self._stop_payment),
            Fault.RESTORED: (10 * MINUTE, self._back_up),
        }
        for fault, (within, what) in plans.items():
            if fault in self.faults:
                self.later(dice.randrange(1, within), what)
        if Fault.DATABASE_CRASH in self.faults:
            self.later(dice.randrange(1, 2 * SECOND), self._database_crash)

    # Time.

    def now(self) -> datetime:
        """What our own clock says."""
        return START + timedelta(milliseconds=self.t + self.skew)

    def later(self, pause: int, what: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self.events, (self.t + pause, self._order, what))

    def run(self) -> Told:
        """Tell it to its end; raises Broken when a promise is broken."""
        while True:
            tick_at = self._tick_at()
            if self.events and (tick_at is None or self.events[0][0] <= tick_at):
                at, _, what = heapq.heappop(self.events)
                if at > END:
                    break
                self.t = at
                what()
            elif tick_at is not None and tick_at <= END:
                self.t = max(self.t, tick_at)
                self._tick()
            else:
                break
        self._verify()
        return Told(self.payments, self.struck + self.bank.struck, self.sends)

    def _tick_at(self) -> int | None:
        due = [file.next_action_at for file in self.store.files.values() if file.next_action_at]
        if not due:
            return None
        first = (min(due) - START) // timedelta(milliseconds=1) - self.skew
        return max(first, self.last_tick + SECOND // 2)

    def _tick(self) -> None:
        """As workflows.tick: lease what is due, then wake it; a wake-up may be lost or double."""
        self.last_tick, now = self.t, self.now()
        for key, file in self.store.files.items():
            if file.next_action_at is None or file.next_action_at > now:
                continue
            if self.store.locks.get(key):
                continue
            file.next_action_at = now + dispatching.LEASE
            if self.strikes(Fault.WAKE_UP_LOST):
                continue
            twice = self.strikes(Fault.WAKE_UP_TWICE) or self.strikes(Fault.TWO_WORKERS)
            for _ in range(2 if twice else 1):
                self._enqueue(lambda worker, key=key: worker.attend(key))  # type: ignore[misc]

    # Workers.

    def _enqueue(self, job: Callable[[Worker], Work]) -> None:
        self.jobs.append(job)
        self._assign()

    def _assign(self) -> None:
        for worker in self.workers:
            if self.jobs and worker.work is None and not worker.down:
                worker.work = self.jobs.popleft()(worker)
                self._continue(worker, 0)

    def _continue(self, worker: Worker, pause: int) -> None:
        life = worker.started
        self.later(pause, lambda: self._step(worker, life))

    def _step(self, worker: Worker, life: int) -> None:
        if worker.started != life or worker.work is None:
            return
        try:
            pause, fault = next(worker.work)
        except StopIteration:
            worker.work = None
            self.store.release(worker)
            self._assign()
            return
        if fault and self.strikes(fault):
            self._kill(worker)
        else:
            self._continue(worker, pause)

    def _kill(self, worker: Worker) -> None:
        if worker.work:
            worker.work.close()
        worker.work, worker.down = None, True
        worker.started += 1
        self.store.release(worker)
        life = worker.started

        def restart() -> None:
            if worker.started == life:
                worker.down = False
                self._assign()

        self.later(self.dice.randrange(SECOND, 10 * SECOND), restart)

    # What goes wrong.

    def strikes(self, fault: Fault) -> bool:
        """Does this fault happen here? Each happens a few times in a story that has it."""
        if not self.left.get(fault) or self.dice.random() < 0.4:
            return False
        self.left[fault] -= 1
        self.struck[fault] += 1
        return True

    def next_network_fault(self) -> Fault | None:
        self.sends += 1
        if not self.network or self.dice.random() < 0.2:
            return None
        fault = self.network.pop()
        self.struck[fault] += 1
        return fault

    def _database_crash(self) -> None:
        self.struck[Fault.DATABASE_CRASH] += 1
        for worker in self.workers:
            self._kill(worker)

    def _clock_forward(self) -> None:
        self.struck[Fault.CLOCK_FORWARD] += 1
        self.skew += self.dice.randrange(MINUTE, 6 * HOUR)

    def _clock_back(self) -> None:
        self.struck[Fault.CLOCK_BACK] += 1
        self.skew -= self.dice.randrange(MINUTE, 6 * HOUR)

    def _press_stop(self) -> None:
        """Close the gate, wait for those who passed it, write the stop."""
        self.gate_closed = True
        if self.store.gate:
            self.later(20, self._press_stop)
            return
        self.struck[Fault.STOP_BUTTON] += 1
        self.stopped, self.gate_closed = True, False

        def lift() -> None:
            self.stopped = False

        self.later(self.dice.randrange(MINUTE, 12 * HOUR), lift)

    def _stop_payment(self) -> None:
        """Somebody cancels one payment of a file that is frozen and has not left."""
        file = self.store.files[0]
        if self.store.locks.get(0) or file.attempts[0] is not AttemptState.PREPARED:
            return
        self.struck[Fault.PAYMENT_STOPPED] += 1
        file.move_attempts([0], AttemptMove.CANCEL_STOP)

    def _back_up(self) -> None:
        kept = self.store.snapshot()
        pause = self.dice.choice((MINUTE, 20 * MINUTE, HOUR, DAY))
        self.later(self.dice.randrange(1, pause), lambda: self._restore(kept))

    def _restore(self, kept: dict[int, File]) -> None:
        """The older state comes back, nothing leaves, and all that may have been sent is asked."""
        self.struck[Fault.RESTORED] += 1
        for worker in self.workers:
            self._kill(worker)
        self.jobs.clear()
        self.store.files, self.quarantined = kept, True
        self.quarantined_until = self.t + 12 * HOUR
        now = self.now()
        for file in kept.values():
            for move in dispatching.moves_after_restore(file.state):
                file.move(move, now)
            if file.state is SubmissionState.UNKNOWN:
                file.state_since, file.enquiries, file.next_action_at = now, 0, now
        for report in self._due:
            self._collect(report)
        self.later(HOUR, self._lift_quarantine)

    def _lift_quarantine(self) -> None:
        """When every bank has answered, or people have waited long enough; the doubt stays."""
        asked = all(file.state not in STILL_OURS for file in self.store.files.values())
        if asked or self.t > self.quarantined_until:
            self.quarantined = False
        else:
            self.later(HOUR, self._lift_quarantine)

    def is_stopped(self) -> bool:
        return self.stopped or self.quarantined

    # The mailbox.

    def arrive(self, key: int, count: int) -> None:
        """The bank has a file; what it writes comes at its time, and again until understood."""
        self.bank.arrive(key, count, self.t)
        for at, report in self.bank.mailbox[self._announced :]:
            self.later(max(at - self.t, 0), lambda report=report: self._receive(report))  # type: ignore[misc]
        self._announced = len(self.bank.mailbox)

    def _receive(self, report: Report) -> None:
        if report in self._due:  # The same message once more.
            self._enqueue(lambda worker: worker.understand(report))
            return
        self._due.append(report)
        self._collect(report)

    def _collect(self, report: Report) -> None:
        if self._is_understood(report):
            return
        self._enqueue(lambda worker: worker.understand(report))
        self.later(3 * MINUTE, lambda: self._collect(report))

    def _is_understood(self, report: Report) -> bool:
        if report.key is None:
            return f"unknown message {report.number}" in self.store.cases
        return report.number in self.store.files[report.key].understood

    # Promises.

    def check_intent(self, draft: File, *, repeated: bool) -> None:
        """At the commit of an intent: no stop, no doubt, no stopped payment in it."""
        if self.is_stopped():
            self._broken(f"file {draft.key} leaves while a stop is in force")
        if not draft.payments().may_leave:
            self._broken(f"file {draft.key} leaves with a stopped or paid payment in it")
        first = min(self.bank.arrivals.get(draft.key, [self.t]))
        contracted = repeated and self.t - first < self.bank.manner.repeatable_for
        before = self.store.files[draft.key].state
        if not SUBMISSION.allows(before, SubmissionMove.DISPATCH) and not contracted:
            self._broken(f"file {draft.key} leaves while {before}")

    def _verify(self) -> None:
        for (key, number), times in self.bank.paid.items():
            if times > 1:
                self._broken(f"payment {number} of file {key} was paid {times} times")
            if self.store.files[key].attempts[number] in _FREED:
                self._broken(f"payment {number} of file {key} is free to be paid again")
        for file in self.store.files.values():
            if file.stranded():
                self._broken(f"file {file.key} is stranded in {file.state}")
            if file.unfinished() and not file.cases:
                self._broken(f"file {file.key} is lost in {file.state}: {set(file.attempts)}")
            if file.state is SubmissionState.REFUSED and self.bank.arrivals.get(file.key):
                self._broken(f"file {file.key} is refused, and the bank has it")

    def _broken(self, what: str) -> None:
        faults = ", ".join(fault.name for fault in sorted(self.faults))
        raise Broken(f"seed {self.seed}: {what} (faults: {faults})")
