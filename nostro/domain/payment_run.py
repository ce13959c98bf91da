"""The life of a payment run: one delivery of payments, taken in whole or refused whole."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.machine import Machine, table


class RunState(StrEnum):
    IMPORTING = "importing"  # Its lines are being stored; none of its orders can be approved.
    COMPLETE = "complete"  # Every line has its outcome, and the totals agree.
    REFUSED = "refused"  # What was stored does not add up; its orders were cancelled.


class RunMove(StrEnum):
    FINISH = "finish"
    REFUSE = "refuse"


RUN: Machine[RunState, RunMove] = Machine(
    "payment run",
    RunState.IMPORTING,
    table(
        RunState,
        [
            ((RunState.IMPORTING,), RunMove.FINISH, RunState.COMPLETE),
            ((RunState.IMPORTING,), RunMove.REFUSE, RunState.REFUSED),
        ],
    ),
)
