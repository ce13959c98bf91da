"""What the statement says about a payment or an open item: unmatched, tentative, matched."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nostro.domain.machine import Machine, table
from nostro.domain.money import Money


class MatchState(StrEnum):
    UNMATCHED = "unmatched"
    TENTATIVE = "tentative"
    MATCHED = "matched"


class MatchMove(StrEnum):
    ANNOUNCE = "announce"  # Intraday or pending: not cash yet.
    CONFIRM = "confirm"
    UNDO = "undo"


_S, _M = MatchState, MatchMove

MATCH: Machine[MatchState, MatchMove] = Machine(
    "match",
    _S.UNMATCHED,
    table(
        MatchState,
        [
            ((_S.UNMATCHED,), _M.ANNOUNCE, _S.TENTATIVE),
            ((_S.UNMATCHED, _S.TENTATIVE), _M.CONFIRM, _S.MATCHED),
            ((_S.TENTATIVE, _S.MATCHED), _M.UNDO, _S.UNMATCHED),
        ],
    ),
)


class Target(StrEnum):
    """What a bank transaction can be matched to."""

    ORDER = "order"
    OPEN_ITEM = "open_item"
    BATCH = "batch"  # A batch booking: all lines of one PmtInf of ours.


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units of one bank transaction put on one order or open item."""

    target: Target
    target_id: str
    amount: Money


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One suggested match: which transaction, which targets, how sure, and why in words.

    `probability_percent` 100 means proven by a key of ours and the exact amount.
    """

    transaction_id: str
    allocations: tuple[Allocation, ...]
    probability_percent: int
    evidence: tuple[str, ...]
