"""Decisions that are wrong on purpose: each leaves out one thing that keeps a payment single."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nostro.domain.policies import dispatching
from nostro.domain.policies.dispatching import Payments, Step
from nostro.domain.submission import SubmissionMove
from tests.simulation.worker import Decisions


def naive() -> Decisions:
    """Retries after a crash without asking."""
    return Decisions(move_after_enquiry=lambda *_: SubmissionMove.NOT_DELIVER)


def credulous() -> Decisions:
    """Asks, and believes the first "no"."""

    def believe(_seen: Any, _payments: Any, _now: Any, known: bool | None) -> SubmissionMove | None:
        if known is None:
            return None
        return SubmissionMove.DELIVER if known else SubmissionMove.NOT_DELIVER

    return Decisions(move_after_enquiry=believe)


def trusting_the_clock() -> Decisions:
    """Believes a "no" by the time that has passed on the clock alone."""

    def believe(
        seen: Any, payments: Payments, now: datetime, known: bool | None
    ) -> SubmissionMove | None:
        move = dispatching.move_after_enquiry(seen, payments, now, known)
        waited = now - seen.state_since >= dispatching.NO_IS_BELIEVED_AFTER
        return SubmissionMove.NOT_DELIVER if known is False and waited else move

    return Decisions(move_after_enquiry=believe)


def blind_to_statements() -> Decisions:
    """Asks for the file and does not look whether a payment of it was booked."""

    def believe(
        seen: Any, _payments: Any, now: datetime, known: bool | None
    ) -> SubmissionMove | None:
        return dispatching.move_after_enquiry(seen, Payments({}), now, known)

    def next_step(
        seen: Any, _payments: Any, now: datetime, contract: Any, *, stopped: bool
    ) -> Step:
        return dispatching.next_step(seen, Payments({}), now, contract, stopped=stopped)

    return Decisions(next_step=next_step, move_after_enquiry=believe)


def half_asleep() -> Decisions:
    """Sends when it wakes up, however long it slept."""
    return Decisions(is_too_late_to_begin=lambda *_: False)


def unfenced() -> Decisions:
    """Takes an old sender's "nothing was done" for the newest one's."""

    def move(state: Any, outcome: Any, *, latest: bool, repeated: bool) -> SubmissionMove | None:
        del latest
        return dispatching.move_after_send(state, outcome, latest=True, repeated=repeated)

    return Decisions(move_after_send=move)


def deaf() -> Decisions:
    """Lets files leave whatever stop is in force."""

    def next_step(*facts: Any, stopped: bool) -> Step:
        del stopped
        return dispatching.next_step(*facts, stopped=False)

    return Decisions(next_step=next_step)


def idle() -> Decisions:
    """Never asks: what is in doubt stays so."""

    def next_step(*facts: Any, stopped: bool) -> Step:
        step = dispatching.next_step(*facts, stopped=stopped)
        return Step.NOTHING if step in (Step.ASK, Step.LOSE_TRACK) else step

    return Decisions(next_step=next_step)
