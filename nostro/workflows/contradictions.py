"""Two words of a bank about one payment that cannot both be true: a Case, told in plain words.

Nothing of the payment changes. What its makers were to do about the first word waits meanwhile: a
new payment made now could be the second one that leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nostro.domain.attempt import AttemptMove, AttemptState
from nostro.domain.case import CaseKind
from nostro.storage import cases
from nostro.storage.submissions import AttemptRow
from nostro.workflows import case_work
from nostro.workflows.context import Acting

_BOOKED = "BOOK"  # ISO 20022 external entry status code: the reason of a move by a booking.
_IS: Mapping[AttemptState, str] = {
    AttemptState.PENDING_AT_BANK: "is pending at the bank",
    AttemptState.CANCELLED_STOP: "is cancelled",
    AttemptState.CANCELLED_REROUTE: "is cancelled, to be paid in another way",
    AttemptState.NOT_DELIVERED: "has not reached the bank",
    AttemptState.RETURNED: "came back",
}
_SAYS: Mapping[AttemptMove, str] = {
    AttemptMove.DELIVER: "it has arrived",
    AttemptMove.NOT_DELIVER: "it has never arrived",
    AttemptMove.RECEIVE: "it was received",
    AttemptMove.ACCEPT: "it was accepted",
    AttemptMove.PEND: "it is pending",
    AttemptMove.EXECUTE: "it was executed",
    AttemptMove.REJECT: "it was rejected",
    AttemptMove.DOUBT: "it is a duplicate",
    AttemptMove.CANCEL_STOP: "it was cancelled",
    AttemptMove.CANCEL_REROUTE: "it was cancelled",
    AttemptMove.RETURN: "it came back",
}
_ASK = "Ask the bank which of its messages is true; nothing was changed."
_WAIT = (
    "Make no new payment yet: the bank also says that this one was made. A treasurer asks it first;"
    " when that case is resolved, this one is yours again."
)


def sentence(row: AttemptRow, step: AttemptMove, reason: str) -> str:
    """What is said of the payment, and what the later message says, for a person to read."""
    before = _IS.get(row.state, f"is {row.state.value}")
    said = "it was booked" if reason == _BOOKED else _SAYS[step]
    code = f" ({reason})" if reason else ""
    return (
        f"Payment {row.end_to_end_id} {before}, but a later message of the bank says {said}{code}."
    )


def open_for(acting: Acting, rows: Sequence[AttemptRow], step: AttemptMove, reason: str) -> None:
    """Open a case for each of these locked attempts; their rejections wait for its end."""
    order_ids = [row.order_id for row in rows]
    beside = {row.natural_key: row.id for row in cases.of_orders(order_ids, CaseKind.REJECTION)}
    case_work.open_cases(
        acting,
        [
            case_work.new_case(
                acting,
                CaseKind.CONTRADICTION,
                f"{row.id}/{step}",
                sentence(row, step, reason),
                _ASK,
                parent_id=beside.get(str(row.id)),
                order_id=row.order_id,
                submission_id=row.submission_id,
            )
            for row in rows
        ],
    )
    still_open = {row.order_id for row in cases.open_of_orders(order_ids, CaseKind.CONTRADICTION)}
    rejections = cases.open_of_orders(order_ids, CaseKind.REJECTION)
    waiting = [row for row in rejections if row.order_id in still_open]
    case_work.wait(acting, waiting, _WAIT)
