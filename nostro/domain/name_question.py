"""The life of a question to payees' banks: is this account in this name?

No answer is never taken for a match: nobody answering in time, and an answer that says nothing, are
states of their own.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from nostro.domain.machine import Machine, table


class QuestionState(StrEnum):
    WAITING = "waiting"  # To be asked, or to be asked again.
    ANSWERED = "answered"
    UNKNOWN = "unknown"  # Whoever was asked could not say it, or said what is no answer.
    TIMED_OUT = "timed_out"  # Nobody answered in the time that a question has.


class QuestionMove(StrEnum):
    ANSWER = "answer"
    GIVE_UP = "give_up"
    RUN_OUT = "run_out"
    ASK_ANEW = "ask_anew"


_S, _M = QuestionState, QuestionMove

QUESTION: Machine[QuestionState, QuestionMove] = Machine(
    "question about a name",
    _S.WAITING,
    table(
        QuestionState,
        [
            # A person may ask and be answered when we had given up.
            ((_S.WAITING, _S.UNKNOWN, _S.TIMED_OUT), _M.ANSWER, _S.ANSWERED),
            ((_S.WAITING,), _M.GIVE_UP, _S.UNKNOWN),
            ((_S.WAITING,), _M.RUN_OUT, _S.TIMED_OUT),
            # A later payment, when what was said is too old or nothing was.
            ((_S.ANSWERED, _S.UNKNOWN, _S.TIMED_OUT), _M.ASK_ANEW, _S.WAITING),
        ],
    ),
)
WITHOUT_ANSWER: Final = (QuestionState.UNKNOWN, QuestionState.TIMED_OUT)
# After each try that brought no answer, so long until the next one; then there is none.
TRY_AGAIN_AFTER: Final = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
