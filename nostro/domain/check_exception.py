"""A check that the bank was asked to pay and that is not as we said: pay it, or return it?"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.machine import Machine, table
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Location


class Why(StrEnum):
    """What is odd about a presented check."""

    NOT_ISSUED = "not_issued"
    AMOUNT_DIFFERS = "amount_differs"
    PAYEE_DIFFERS = "payee_differs"
    STALE = "stale"
    VOID = "void"
    STOPPED = "stopped"
    DUPLICATE = "duplicate"  # A check of this number was paid before.
    OTHER = "other"  # The bank's reason is its own.


class Decision(StrEnum):
    PAY = "pay"
    RETURN = "return"


class ExceptionState(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"  # One person would pay it; a second one must agree.
    DECIDED = "decided"  # The bank is to be told.
    TOLD = "told"  # The bank knows the decision.
    DEFAULTED = "defaulted"  # Nobody decided in time: the bank does what was agreed for that.
    PAID = "paid"  # A booked statement line proves it.


class ExceptionMove(StrEnum):
    PROPOSE = "propose"
    DECIDE = "decide"
    RECONSIDER = "reconsider"
    TELL = "tell"
    DEFAULT = "default"
    PAY = "pay"


_S, _M = ExceptionState, ExceptionMove
_OPEN = (_S.OPEN, _S.PROPOSED)

CHECK_EXCEPTION: Machine[ExceptionState, ExceptionMove] = Machine(
    "check exception",
    _S.OPEN,
    table(
        ExceptionState,
        [
            ((_S.OPEN,), _M.PROPOSE, _S.PROPOSED),
            (_OPEN, _M.DECIDE, _S.DECIDED),
            # Only while its file has not been made.
            ((_S.PROPOSED, _S.DECIDED), _M.RECONSIDER, _S.OPEN),
            # A file in doubt may turn out to have arrived in time after all.
            ((_S.DECIDED, _S.DEFAULTED), _M.TELL, _S.TOLD),
            ((*_OPEN, _S.DECIDED), _M.DEFAULT, _S.DEFAULTED),
            ((*_OPEN, _S.DECIDED, _S.TOLD, _S.DEFAULTED), _M.PAY, _S.PAID),
        ],
    ),
)
WAITS = frozenset(_OPEN)


class PresentedCheck(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One check that was presented, as the bank tells it.

    `why` and `reason` are the bank's, in our word and in its own; `decision` is in the file that
    goes back, and in one that tells what the bank will do.
    """

    account: str
    check_number: str
    amount: Money
    presented: date
    payee: tuple[str, ...] = ()
    issued: date | None = None
    why: Why = Why.OTHER
    reason: str = ""
    bank_reference: str = ""
    decision: Decision | None = None
    location: Location = NOWHERE


class PresentedChecks(msgspec.Struct, frozen=True):
    """All checks that one file of a bank asks about."""

    checks: tuple[PresentedCheck, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as we said: ours and the bank's side by side, and both in words."""

    why: Why
    ours: str
    theirs: str
    sentence: str
