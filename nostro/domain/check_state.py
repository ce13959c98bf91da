"""The life of a check that we issued: told to its bank, then paid, void, stopped or returned."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.machine import Machine, table


class CheckState(StrEnum):
    ISSUED = "issued"  # Given out; its bank does not know of it yet.
    TOLD = "told"  # Its bank knows what it may pay.
    VOID_ASKED = "void_asked"
    VOID = "void"  # The bank was told that it was never given out, or is worth nothing.
    STOP_ASKED = "stop_asked"
    STOPPED = "stopped"  # The bank was told that it must not pay it.
    STALE = "stale"  # Nobody has cashed it for so long that no bank should.
    PAID = "paid"  # A booked statement line proves it.
    RETURNED = "returned"  # It was presented, and the bank gave it back unpaid.


class CheckMove(StrEnum):
    TELL = "tell"
    ASK_VOID = "ask_void"
    VOID = "void"
    ASK_STOP = "ask_stop"
    STOP = "stop"
    REFUSE = "refuse"  # The bank refused the file that had told it.
    LAPSE = "lapse"
    PAY = "pay"
    RETURN = "return"


_S, _M = CheckState, CheckMove
_OUTSTANDING = (_S.ISSUED, _S.TOLD, _S.STALE, _S.RETURNED)
_ASKED = (_S.VOID_ASKED, _S.STOP_ASKED)
DEAD = (_S.VOID, _S.STOPPED)

CHECK: Machine[CheckState, CheckMove] = Machine(
    "check",
    _S.ISSUED,
    table(
        CheckState,
        [
            ((_S.ISSUED,), _M.TELL, _S.TOLD),
            (_OUTSTANDING, _M.ASK_VOID, _S.VOID_ASKED),
            # Who wanted it void and hears that it is lost wants it stopped.
            ((*_OUTSTANDING, _S.VOID_ASKED, _S.VOID), _M.ASK_STOP, _S.STOP_ASKED),
            ((_S.VOID_ASKED,), _M.VOID, _S.VOID),
            ((_S.STOP_ASKED,), _M.STOP, _S.STOPPED),
            ((_S.TOLD,), _M.REFUSE, _S.ISSUED),
            ((_S.VOID,), _M.REFUSE, _S.VOID_ASKED),
            ((_S.STOPPED,), _M.REFUSE, _S.STOP_ASKED),
            ((_S.ISSUED, _S.TOLD), _M.LAPSE, _S.STALE),
            # The bank's booking is a fact, whatever we had asked of it; a person looks at those.
            ((*_OUTSTANDING, *_ASKED, *DEAD), _M.PAY, _S.PAID),
            ((_S.ISSUED, _S.TOLD, _S.STALE, *_ASKED, _S.PAID), _M.RETURN, _S.RETURNED),
        ],
    ),
)
# A check that is paid from one of these was not to be paid.
NOT_TO_BE_PAID = frozenset({*_ASKED, *DEAD})
# What the bank is still to be told of.
UNTOLD = frozenset({_S.ISSUED, *_ASKED})
