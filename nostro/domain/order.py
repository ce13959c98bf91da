"""The life of a payment order: the business promise to pay one payee once."""

from __future__ import annotations

from enum import StrEnum

from nostro.domain.machine import Machine, table


class OrderState(StrEnum):
    DRAFT = "draft"
    VALIDATED = "validated"
    HELD = "held"  # A named person must look before anyone may approve.
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_FLIGHT = "in_flight"
    EXECUTED = "executed"  # The bank says so; cash evidence is still missing.
    SETTLED = "settled"  # A booked statement line proves it.
    INVALID = "invalid"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    FAILED = "failed"
    RETURNED = "returned"
    PARTIALLY_RETURNED = "partially_returned"
    RECALLED = "recalled"


class OrderMove(StrEnum):
    VALIDATE = "validate"
    INVALIDATE = "invalidate"
    HOLD = "hold"
    RELEASE_HOLD = "release_hold"
    REQUEST_APPROVAL = "request_approval"
    APPROVE = "approve"
    DENY = "deny"
    EDIT = "edit"  # Voids every approval.
    SCHEDULE = "schedule"
    EXPIRE = "expire"
    CANCEL = "cancel"
    DISPATCH = "dispatch"
    RECOVER = "recover"  # After a restore the bank names it: it had left, the backup forgot it.
    EXECUTE = "execute"
    SETTLE = "settle"
    REJECT = "reject"
    FAIL = "fail"
    REROUTE = "reroute"  # Its Attempt ended without effect and another route is allowed.
    STOP = "stop"  # Its Attempt was cancelled in order to stop the payment.
    RETURN = "return"
    RETURN_PART = "return_part"
    RECALL = "recall"


_S, _M = OrderState, OrderMove
_BEFORE_DISPATCH = (_S.VALIDATED, _S.HELD, _S.AWAITING_APPROVAL, _S.APPROVED, _S.SCHEDULED)
_PAID = (_S.EXECUTED, _S.SETTLED)
# What the death of its check still ends: cancelled, or returned where it was paid before.
OPEN_AFTER_CHECK = frozenset({_S.IN_FLIGHT, *_PAID})

ORDER: Machine[OrderState, OrderMove] = Machine(
    "payment order",
    _S.DRAFT,
    table(
        OrderState,
        [
            ((_S.DRAFT,), _M.VALIDATE, _S.VALIDATED),
            ((_S.DRAFT,), _M.INVALIDATE, _S.INVALID),
            ((_S.VALIDATED,), _M.HOLD, _S.HELD),
            ((_S.HELD,), _M.RELEASE_HOLD, _S.VALIDATED),
            ((_S.VALIDATED,), _M.REQUEST_APPROVAL, _S.AWAITING_APPROVAL),
            ((_S.AWAITING_APPROVAL,), _M.APPROVE, _S.APPROVED),
            ((_S.HELD, _S.AWAITING_APPROVAL), _M.DENY, _S.DENIED),
            (_BEFORE_DISPATCH, _M.EDIT, _S.DRAFT),
            ((_S.DRAFT, *_BEFORE_DISPATCH), _M.CANCEL, _S.CANCELLED),
            ((_S.APPROVED,), _M.SCHEDULE, _S.SCHEDULED),
            ((_S.SCHEDULED,), _M.EXPIRE, _S.EXPIRED),
            ((_S.SCHEDULED,), _M.DISPATCH, _S.IN_FLIGHT),
            # A fact, whatever approvals the backup has: only while a restored database asks banks.
            ((_S.DRAFT, *_BEFORE_DISPATCH), _M.RECOVER, _S.IN_FLIGHT),
            ((_S.IN_FLIGHT,), _M.EXECUTE, _S.EXECUTED),
            ((_S.IN_FLIGHT, _S.EXECUTED), _M.SETTLE, _S.SETTLED),
            ((_S.IN_FLIGHT,), _M.REJECT, _S.REJECTED),
            ((_S.IN_FLIGHT,), _M.FAIL, _S.FAILED),
            ((_S.IN_FLIGHT,), _M.REROUTE, _S.SCHEDULED),
            ((_S.SCHEDULED, _S.IN_FLIGHT), _M.STOP, _S.CANCELLED),
            ((_S.IN_FLIGHT, *_PAID), _M.RETURN, _S.RETURNED),
            ((*_PAID, _S.PARTIALLY_RETURNED), _M.RETURN_PART, _S.PARTIALLY_RETURNED),
            ((_S.PARTIALLY_RETURNED,), _M.RETURN, _S.RETURNED),
            ((*_PAID, _S.PARTIALLY_RETURNED), _M.RECALL, _S.RECALLED),
        ],
    ),
)
