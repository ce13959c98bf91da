"""One payment on its way to one bank: the dispatch of an order, including the unknown outcome."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.machine import Machine, table
from nostro.domain.order import OrderMove


class AttemptState(StrEnum):
    PREPARED = "prepared"
    DISPATCHING = "dispatching"  # Intent is committed; bytes may be leaving right now.
    UNKNOWN = "unknown"  # The bank may have it. Ask; never resend.
    DELIVERED = "delivered"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    PENDING_AT_BANK = "pending_at_bank"
    EXECUTED = "executed"
    NOT_DELIVERED = "not_delivered"
    REJECTED = "rejected"
    CANCELLED_STOP = "cancelled_stop"
    CANCELLED_REROUTE = "cancelled_reroute"
    RETURNED = "returned"


class AttemptMove(StrEnum):
    DISPATCH = "dispatch"
    LOSE_TRACK = "lose_track"
    DELIVER = "deliver"
    NOT_DELIVER = "not_deliver"  # By proof only.
    RECEIVE = "receive"
    ACCEPT = "accept"
    PEND = "pend"
    EXECUTE = "execute"
    REJECT = "reject"
    DOUBT = "doubt"  # "Duplicate", says the bank before anything better: it may have it.
    CANCEL_STOP = "cancel_stop"
    CANCEL_REROUTE = "cancel_reroute"
    RETURN = "return"


_S, _M = AttemptState, AttemptMove
# Banks skip steps, and their word may arrive before our own commit does: any later word of the
# bank that names our ids is proof, whatever we knew before.
_WITH_BANK = (
    _S.DISPATCHING,
    _S.UNKNOWN,
    _S.DELIVERED,
    _S.RECEIVED,
    _S.ACCEPTED,
    _S.PENDING_AT_BANK,
)


def _earlier(*states: AttemptState) -> tuple[AttemptState, ...]:
    return tuple(state for state in _WITH_BANK if state not in states)


ATTEMPT: Machine[AttemptState, AttemptMove] = Machine(
    "payment attempt",
    _S.PREPARED,
    table(
        AttemptState,
        [
            ((_S.PREPARED,), _M.DISPATCH, _S.DISPATCHING),
            ((_S.PREPARED,), _M.NOT_DELIVER, _S.NOT_DELIVERED),
            ((_S.PREPARED,), _M.CANCEL_STOP, _S.CANCELLED_STOP),
            ((_S.PREPARED,), _M.CANCEL_REROUTE, _S.CANCELLED_REROUTE),
            ((_S.DISPATCHING,), _M.LOSE_TRACK, _S.UNKNOWN),
            ((_S.DISPATCHING, _S.UNKNOWN), _M.NOT_DELIVER, _S.NOT_DELIVERED),
            ((_S.DISPATCHING, _S.UNKNOWN), _M.DELIVER, _S.DELIVERED),
            ((_S.DISPATCHING, _S.UNKNOWN, _S.DELIVERED), _M.RECEIVE, _S.RECEIVED),
            (_earlier(_S.ACCEPTED), _M.ACCEPT, _S.ACCEPTED),
            (_earlier(_S.PENDING_AT_BANK), _M.PEND, _S.PENDING_AT_BANK),
            (_WITH_BANK, _M.EXECUTE, _S.EXECUTED),
            (_WITH_BANK, _M.REJECT, _S.REJECTED),
            ((_S.DISPATCHING, _S.DELIVERED, _S.RECEIVED), _M.DOUBT, _S.UNKNOWN),
            (_WITH_BANK, _M.CANCEL_STOP, _S.CANCELLED_STOP),
            (_WITH_BANK, _M.CANCEL_REROUTE, _S.CANCELLED_REROUTE),
            ((*_WITH_BANK, _S.EXECUTED), _M.RETURN, _S.RETURNED),
        ],
    ),
)

# An order has at most one Attempt outside these states (also a partial unique index): `unknown`,
# `executed`, `returned` and `cancelled_stop` all block a new one.
FREES_THE_ORDER = frozenset({_S.NOT_DELIVERED, _S.REJECTED, _S.CANCELLED_REROUTE})

# How far along an attempt is. A bank message of a lower or equal rank is kept, not applied.
RANK = {
    _S.PREPARED: 0,
    _S.DISPATCHING: 1,
    _S.UNKNOWN: 1,
    _S.DELIVERED: 2,
    _S.RECEIVED: 3,
    _S.PENDING_AT_BANK: 4,
    _S.ACCEPTED: 5,
    _S.NOT_DELIVERED: 6,
    _S.REJECTED: 6,
    _S.CANCELLED_STOP: 6,
    _S.CANCELLED_REROUTE: 6,
    _S.EXECUTED: 6,
    _S.RETURNED: 7,
}

# What an Attempt's new state does to its Order. A state that is not named does nothing.
ORDER_MOVE_OF = {
    _S.DISPATCHING: OrderMove.DISPATCH,
    _S.EXECUTED: OrderMove.EXECUTE,
    _S.REJECTED: OrderMove.REJECT,
    _S.NOT_DELIVERED: OrderMove.FAIL,
    _S.CANCELLED_STOP: OrderMove.STOP,
    _S.CANCELLED_REROUTE: OrderMove.REROUTE,
    _S.RETURNED: OrderMove.RETURN,
}


class Verdict(StrEnum):
    """What one bank message does to one attempt."""

    APPLIED = "applied"
    KEPT = "kept"  # Late, repeated or of a lower rank: stored, changes nothing.
    CONTRADICTS = "contradicts"  # Opens a Case; changes nothing.


_ENDED = frozenset(state for state, rank in RANK.items() if rank >= RANK[_S.EXECUTED])
_PAID_AND_BACK = {_S.EXECUTED, _S.RETURNED}
_OUR_OWN = (_M.DISPATCH, _M.LOSE_TRACK)
_TARGET = {move: target for moves in ATTEMPT.moves.values() for move, target in moves.items()}


def judge(state: AttemptState, move: AttemptMove) -> tuple[Verdict, AttemptState]:
    """Decide what a bank's word does: apply it, keep it, or call it a contradiction.

    Lifecycle section 5 rule 3: facts are applied by rank; a lower or late one is kept.
    """
    if ATTEMPT.allows(state, move):
        after = ATTEMPT.after(state, move)
        if RANK[after] > RANK[state] or after is _S.UNKNOWN:
            return Verdict.APPLIED, after
        return Verdict.KEPT, state
    return (Verdict.CONTRADICTS if _contradicts(state, move) else Verdict.KEPT), state


def _contradicts(state: AttemptState, move: AttemptMove) -> bool:
    """Can both not be true? Whichever was said first: two ends, or "never had it" and any word."""
    if move in _OUR_OWN:
        return False
    said = _TARGET[move]
    if _S.NOT_DELIVERED in (state, said):
        return state is not said and RANK[state] >= RANK[_S.DELIVERED]
    return {state, said} <= _ENDED and state is not said and {state, said} != _PAID_AND_BACK
