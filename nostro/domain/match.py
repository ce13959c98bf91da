"""What explains a line of a statement: from nothing, by proposals, to a match that counts."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nostro.domain.machine import Machine, table
from nostro.domain.money import Money


class MatchState(StrEnum):
    UNMATCHED = "unmatched"
    SUGGESTED = "suggested"  # One explanation is proposed to a person.
    AMBIGUOUS = "ambiguous"  # Several are, and nothing says which.
    TENTATIVE = "tentative"  # Surely explained, and only announced: not cash yet.
    MATCHED = "matched"


class MatchMove(StrEnum):
    PROPOSE = "propose"
    PROPOSE_SEVERAL = "propose_several"
    WITHDRAW = "withdraw"  # What was proposed is refused, or holds no more.
    ANNOUNCE = "announce"  # Intraday or pending: not cash yet.
    CONFIRM = "confirm"
    UNDO = "undo"


_S, _M = MatchState, MatchMove
# Nothing explains such a line yet.
OPEN_LINES = (_S.UNMATCHED, _S.SUGGESTED, _S.AMBIGUOUS)

MATCH: Machine[MatchState, MatchMove] = Machine(
    "match",
    _S.UNMATCHED,
    table(
        MatchState,
        [
            (OPEN_LINES, _M.PROPOSE, _S.SUGGESTED),
            (OPEN_LINES, _M.PROPOSE_SEVERAL, _S.AMBIGUOUS),
            ((_S.SUGGESTED, _S.AMBIGUOUS), _M.WITHDRAW, _S.UNMATCHED),
            (OPEN_LINES, _M.ANNOUNCE, _S.TENTATIVE),
            ((*OPEN_LINES, _S.TENTATIVE), _M.CONFIRM, _S.MATCHED),
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


class AdjustmentKind(StrEnum):
    """Why a line and what it pays are not the same amount."""

    DISCOUNT = "discount"
    FEE = "fee"
    SHORT_PAY = "short_pay"
    OVER_PAY = "over_pay"
    FX_DIFFERENCE = "fx_difference"
    ON_ACCOUNT = "on_account"
    WRITE_OFF = "write_off"


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between a line and what it pays, in the line's currency and sign: what is
    allocated and the adjustments are the line's amount. `item_id` is the open item that it is of,
    or ""; `code` the reason that a customer gives such differences; `customer_number` whose it is
    that is kept on account."""

    kind: AdjustmentKind
    amount: Money
    item_id: str = ""
    code: str = ""
    customer_number: str = ""


class ProposalStatus(StrEnum):
    """What is to become of a proposal."""

    POST = "post"  # Sure enough to count by itself.
    SUGGEST = "suggest"
    AMBIGUOUS = "ambiguous"  # Another explanation fits as well.


CERTAIN = 1_000_000  # Probabilities are whole millionths.
PROPOSALS_MOST = 5  # That are kept of one line.


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One way to explain a bank transaction: by which targets, how sure, and why in words.

    `rule` is the rule of amounts that explains it; `evidence_class` names all decisions on the
    same kind of evidence, which share one probability.
    """

    transaction_id: str
    allocations: tuple[Allocation, ...]
    adjustments: tuple[Adjustment, ...] = ()
    rule: str
    evidence_class: str
    probability_millionths: int
    status: ProposalStatus
    evidence: tuple[str, ...]
