"""Something a person must look at: owner, due time, cause. It never moves an order itself."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.machine import Machine, table


class CaseKind(StrEnum):
    ENQUIRY = "enquiry"  # The bank was asked about an unknown outcome.
    REJECTION = "rejection"  # The bank refused a payment: repair or drop it.
    RETURN = "return"
    CONTRADICTION = "contradiction"  # Two bank messages cannot both be true.
    STATEMENT = "statement"  # A statement does not close, or is missing, or overlaps.
    DIFFERENCE = "difference"  # Booked total and our batch do not agree.


class CaseState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"  # The next word is somebody else's.
    RESOLVED = "resolved"


class CaseMove(StrEnum):
    ASK = "ask"
    ANSWER = "answer"
    RESOLVE = "resolve"
    REOPEN = "reopen"


_S, _M = CaseState, CaseMove

CASE: Machine[CaseState, CaseMove] = Machine(
    "case",
    _S.OPEN,
    table(
        CaseState,
        [
            ((_S.OPEN,), _M.ASK, _S.WAITING),
            ((_S.WAITING,), _M.ANSWER, _S.OPEN),
            ((_S.OPEN, _S.WAITING), _M.RESOLVE, _S.RESOLVED),
            ((_S.RESOLVED,), _M.REOPEN, _S.OPEN),
        ],
    ),
)
