"""The file or API call that carries payments to a bank: frozen bytes, one message id."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.attempt import AttemptMove
from nostro.domain.machine import Machine, table


class SubmissionState(StrEnum):
    BUILT = "built"
    SIGNED = "signed"
    DISPATCHING = "dispatching"
    UNKNOWN = "unknown"
    NOT_DELIVERED = "not_delivered"  # Proven; may be tried again with the same bytes.
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    ABANDONED = "abandoned"  # Proven not delivered, and nobody will try again.


class SubmissionMove(StrEnum):
    SIGN = "sign"
    DISPATCH = "dispatch"
    REPEAT = "repeat"
    LOSE_TRACK = "lose_track"
    NOT_DELIVER = "not_deliver"
    DELIVER = "deliver"
    ACKNOWLEDGE = "acknowledge"
    REFUSE = "refuse"
    ABANDON = "abandon"


_S, _M = SubmissionState, SubmissionMove
_SENT = (_S.DISPATCHING, _S.UNKNOWN)
# Even after a proof of non-delivery the bank's own word wins: nothing is sent again then.
_ANSWERABLE = (*_SENT, _S.NOT_DELIVERED, _S.DELIVERED)

SUBMISSION: Machine[SubmissionState, SubmissionMove] = Machine(
    "submission",
    _S.BUILT,
    table(
        SubmissionState,
        [
            ((_S.BUILT,), _M.SIGN, _S.SIGNED),
            ((_S.BUILT, _S.SIGNED, _S.NOT_DELIVERED), _M.DISPATCH, _S.DISPATCHING),
            # Only where the bank promises by contract that the same bytes count once, and in that
            # time (RepeatsSafely). The attempts inside stay unknown until the bank has spoken.
            ((_S.UNKNOWN,), _M.REPEAT, _S.DISPATCHING),
            # A slow sender may report after somebody else asked and heard "no": it wins.
            ((_S.DISPATCHING, _S.NOT_DELIVERED), _M.LOSE_TRACK, _S.UNKNOWN),
            (_SENT, _M.NOT_DELIVER, _S.NOT_DELIVERED),
            ((*_SENT, _S.NOT_DELIVERED), _M.DELIVER, _S.DELIVERED),
            (_ANSWERABLE, _M.ACKNOWLEDGE, _S.ACKNOWLEDGED),
            (_ANSWERABLE, _M.REFUSE, _S.REFUSED),
            ((_S.BUILT, _S.SIGNED, _S.NOT_DELIVERED), _M.ABANDON, _S.ABANDONED),
        ],
    ),
)

# How a file-level outcome reaches the Attempts inside. A proven non-delivery does not: the same
# bytes will be tried again, and until then the Attempts stay live.
ATTEMPT_MOVE_OF = {
    _S.DISPATCHING: AttemptMove.DISPATCH,
    _S.UNKNOWN: AttemptMove.LOSE_TRACK,
    _S.DELIVERED: AttemptMove.DELIVER,
    _S.ACKNOWLEDGED: AttemptMove.RECEIVE,
    _S.REFUSED: AttemptMove.REJECT,
    _S.ABANDONED: AttemptMove.NOT_DELIVER,
}
