"""The simulation's database: rows that are copied, changed and committed, or not at all."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from nostro.domain.attempt import ORDER_MOVE_OF, AttemptMove, AttemptState, Verdict, judge
from nostro.domain.order import ORDER, OrderMove, OrderState
from nostro.domain.policies.dispatching import Payments
from nostro.domain.submission import ATTEMPT_MOVE_OF, SUBMISSION, SubmissionMove, SubmissionState

ENDED = (SubmissionState.REFUSED, SubmissionState.ABANDONED)


@dataclass
class File:
    """One submission with its attempts and orders, as committed or as being changed."""

    key: int
    state: SubmissionState
    state_since: datetime
    attempts: list[AttemptState]
    orders: list[OrderState]
    next_action_at: datetime | None
    tries: int = 0
    enquiries: int = 0
    status_asked: int = 0
    dispatched_at: datetime | None = None
    answer_due_at: datetime | None = None
    cases: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)
    understood: set[int] = field(default_factory=set)

    def draft(self) -> File:
        """A copy to be changed inside a transaction."""
        made = copy.copy(self)
        made.attempts, made.orders = self.attempts[:], self.orders[:]
        made.cases, made.facts = set(self.cases), set(self.facts)
        made.understood = set(self.understood)
        return made

    def payments(self) -> Payments:
        return Payments(Counter(self.attempts))

    def move(self, step: SubmissionMove, now: datetime) -> None:
        """As workflows.moves.move_submission: by the tables, and the attempts inside with it."""
        self.state, self.state_since = SUBMISSION.after(self.state, step), now
        if inside := ATTEMPT_MOVE_OF.get(self.state):
            self.move_attempts(range(len(self.attempts)), inside)

    def move_attempts(self, numbers: Iterable[int], step: AttemptMove) -> Counter[Verdict]:
        """As workflows.moves.move_attempts: by rank; a contradiction is a case."""
        verdicts: Counter[Verdict] = Counter()
        judged: dict[AttemptState, tuple[Verdict, AttemptState]] = {}
        for number in numbers:
            state = self.attempts[number]
            if state not in judged:
                judged[state] = judge(state, step)
            verdict, after = judged[state]
            verdicts[verdict] += 1
            if verdict is Verdict.APPLIED:
                self.attempts[number] = after
                self.move_order(number, ORDER_MOVE_OF.get(after))
        if verdicts[Verdict.CONTRADICTS]:
            self.cases.add(f"contradiction/{step}")
        return verdicts

    def move_order(self, number: int, step: OrderMove | None) -> None:
        if step and ORDER.allows(self.orders[number], step):
            self.orders[number] = ORDER.after(self.orders[number], step)

    def stranded(self) -> bool:
        """Not at its end, with neither a time when it is looked at again nor a case."""
        return self.unfinished() and self.next_action_at is None and not self.cases

    def unfinished(self) -> bool:
        return self.state not in ENDED and self.payments().open


class Store:
    """Committed files, who has which locked, and who passes the gate."""

    def __init__(self, files: Iterable[File]) -> None:
        self.files = {file.key: file for file in files}
        self.locks: dict[int, object] = {}
        self.gate: set[object] = set()
        self.cases: set[str] = set()

    def commit(self, draft: File) -> None:
        self.files[draft.key] = draft

    def release(self, owner: object) -> None:
        """A transaction of this owner has ended, however it did."""
        self.locks = {key: who for key, who in self.locks.items() if who is not owner}
        self.gate.discard(owner)

    def snapshot(self) -> dict[int, File]:
        return {key: file.draft() for key, file in self.files.items()}
