"""Something a person must look at: owner, due time, cause. It never moves an order itself.

Every case is open, waiting for somebody else, or resolved. What a recall, a return, a reversal or
an enquiry goes through besides is its stage; each kind has its own table (payment lifecycle,
section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from nostro.domain.machine import Machine, table
from nostro.domain.party import Role
from nostro.domain.submission import SubmissionState


class CaseKind(StrEnum):
    ENQUIRY = "enquiry"  # The bank was asked about an unknown outcome.
    REJECTION = "rejection"  # The bank refused a payment: repair or drop it.
    RETURN = "return"  # Money came back after the payment was made.
    RECALL = "recall"  # We ask the bank for money back.
    REVERSAL = "reversal"  # We undo an entry that we originated.
    CORRECTION = "correction"  # The bank corrects a payee's details (notification of change).
    CONTRADICTION = "contradiction"  # Two bank messages cannot both be true.
    STATEMENT = "statement"  # A statement does not close, or is missing, or overlaps.
    DIFFERENCE = "difference"  # Booked total and our batch do not agree.
    PAYEE = "payee"  # The bank that has a payment says that its payee's name is not the account's.
    CONNECTION = "connection"  # A system of the customer cannot be told or asked any more.
    CONTROL = "control"  # What the customer itself has to do is due, such as a yearly review.
    CHECK = "check"  # A check waits for a decision, or was paid or returned against our word.
    ACCESS = (
        "access"  # Somebody acts under a broken glass, or the partner alone decided: look at it.
    )


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


class RecallStage(StrEnum):
    REQUESTED = "requested"
    SENT = "sent"
    PENDING = "pending"  # The bank is asking the payee's bank (PDCR).
    ACCEPTED = "accepted"  # Agreed (CNCL), or the money is back; the amount may be less fees.
    REFUSED = "refused"
    EXPIRED = "expired"  # Nobody answered in time.


class RecallMove(StrEnum):
    SEND = "send"
    PEND = "pend"
    ACCEPT = "accept"
    REFUSE = "refuse"
    EXPIRE = "expire"


_R, _RM = RecallStage, RecallMove
_ASKED = (_R.REQUESTED, _R.SENT, _R.PENDING)

RECALL: Machine[RecallStage, RecallMove] = Machine(
    "recall",
    _R.REQUESTED,
    table(
        RecallStage,
        [
            ((_R.REQUESTED,), _RM.SEND, _R.SENT),
            ((_R.REQUESTED, _R.SENT), _RM.PEND, _R.PENDING),
            # A late yes, or the money itself, is believed after a no and after the deadline.
            ((*_ASKED, _R.REFUSED, _R.EXPIRED), _RM.ACCEPT, _R.ACCEPTED),
            ((*_ASKED, _R.EXPIRED), _RM.REFUSE, _R.REFUSED),
            (_ASKED, _RM.EXPIRE, _R.EXPIRED),
        ],
    ),
)

# What becomes of a recall when its request reaches the bank.
RECALL_MOVE_OF = {
    SubmissionState.DELIVERED: RecallMove.SEND,
    SubmissionState.ACKNOWLEDGED: RecallMove.SEND,
}


class ReturnStage(StrEnum):
    REPORTED = "reported"
    MATCHED = "matched"  # We know which payment came back.
    REVERSED = "reversed"  # The posting that takes the payment back has been made.
    REISSUED = "reissued"
    CLOSED = "closed"


class ReturnMove(StrEnum):
    MATCH = "match"
    REVERSE = "reverse"
    REISSUE = "reissue"
    CLOSE = "close"


_T, _TM = ReturnStage, ReturnMove

RETURN: Machine[ReturnStage, ReturnMove] = Machine(
    "return",
    _T.REPORTED,
    table(
        ReturnStage,
        [
            ((_T.REPORTED,), _TM.MATCH, _T.MATCHED),
            ((_T.MATCHED,), _TM.REVERSE, _T.REVERSED),
            ((_T.REVERSED,), _TM.REISSUE, _T.REISSUED),
            ((_T.REPORTED, _T.MATCHED, _T.REVERSED), _TM.CLOSE, _T.CLOSED),
        ],
    ),
)


class ReversalStage(StrEnum):
    REQUESTED = "requested"
    SENT = "sent"
    BOOKED = "booked"
    REFUSED = "refused"


class ReversalMove(StrEnum):
    SEND = "send"
    BOOK = "book"
    REFUSE = "refuse"


_V, _VM = ReversalStage, ReversalMove

REVERSAL: Machine[ReversalStage, ReversalMove] = Machine(
    "reversal",
    _V.REQUESTED,
    table(
        ReversalStage,
        [
            ((_V.REQUESTED,), _VM.SEND, _V.SENT),
            ((_V.REQUESTED, _V.SENT), _VM.BOOK, _V.BOOKED),
            ((_V.REQUESTED, _V.SENT), _VM.REFUSE, _V.REFUSED),
        ],
    ),
)


# What becomes of a reversal when its file reaches the bank, or never will.
REVERSAL_MOVE_OF = {
    SubmissionState.DELIVERED: ReversalMove.SEND,
    SubmissionState.ACKNOWLEDGED: ReversalMove.SEND,
    SubmissionState.REFUSED: ReversalMove.REFUSE,
    SubmissionState.ABANDONED: ReversalMove.REFUSE,
}


class EnquiryStage(StrEnum):
    ASKED = "asked"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # Every rung of the ladder was tried.


class EnquiryMove(StrEnum):
    GIVE_UP = "give_up"
    ANSWER = "answer"


_E, _EM = EnquiryStage, EnquiryMove

ENQUIRY: Machine[EnquiryStage, EnquiryMove] = Machine(
    "enquiry",
    _E.ASKED,
    table(
        EnquiryStage,
        [
            ((_E.ASKED,), _EM.GIVE_UP, _E.UNANSWERED),
            ((_E.ASKED, _E.UNANSWERED), _EM.ANSWER, _E.ANSWERED),
        ],
    ),
)

STAGES: Mapping[CaseKind, Machine[Any, Any]] = {
    CaseKind.RECALL: RECALL,
    CaseKind.RETURN: RETURN,
    CaseKind.REVERSAL: REVERSAL,
    CaseKind.ENQUIRY: ENQUIRY,
}

# Whose work a case is until a person takes it: a role, so that it is never nobody's.
OWNED_BY: Mapping[CaseKind, Role] = {
    CaseKind.ENQUIRY: Role.TREASURER,
    CaseKind.REJECTION: Role.MAKER,
    CaseKind.RETURN: Role.MAKER,
    CaseKind.RECALL: Role.TREASURER,
    CaseKind.REVERSAL: Role.TREASURER,
    CaseKind.CORRECTION: Role.MAKER,
    CaseKind.CONTRADICTION: Role.TREASURER,
    CaseKind.STATEMENT: Role.RECONCILER,
    CaseKind.DIFFERENCE: Role.RECONCILER,
    CaseKind.PAYEE: Role.TREASURER,
    CaseKind.CONNECTION: Role.INTEGRATOR,
    CaseKind.CONTROL: Role.TREASURER,
    CaseKind.CHECK: Role.TREASURER,
    CaseKind.ACCESS: Role.TREASURER,
}

# How long a person has before a case is late. A correction of a payee's details is due in 6
# banking days or before the next payment (Nacha Operating Rules 2.13.1), a case for one bank day.
DUE_IN: Mapping[CaseKind, timedelta] = {CaseKind.CORRECTION: timedelta(days=6)}
DUE_IN_USUALLY = timedelta(days=1)


def due_in(kind: CaseKind) -> timedelta:
    return DUE_IN.get(kind, DUE_IN_USUALLY)


def first_stage(kind: CaseKind) -> str:
    """The stage in which a case of this kind begins, or ""."""
    machine = STAGES.get(kind)
    return machine.start.value if machine else ""
