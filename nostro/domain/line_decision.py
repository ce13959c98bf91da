"""What a person says that a bank's line pays: which open items, how much of each, and the rest.

What is settled and what differs are together the line, to the minor unit. Nothing of an item is
settled that is not open. Payments of ours are never matched by hand: their proof is the bank's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.domain.match import Adjustment, AdjustmentKind, MatchState
from nostro.domain.money import Money
from nostro.domain.open_item import DiscountTerm
from nostro.domain.policies.match_differences import BY_HAND, WITHOUT_REASON

PARTS_MAX: Final = 500
_DID: Final = "Nothing was changed."
_K = AdjustmentKind
# These make good what the payer kept: against the sign of the item.
_OF_AN_ITEM: Final = frozenset({_K.DISCOUNT, _K.SHORT_PAY})
# These are more than what was due: with the sign of the line.
_BEYOND: Final = frozenset({_K.OVER_PAY, _K.ON_ACCOUNT})


class DecidedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it stands: its amount (money out is negative) and the day it was booked."""

    id: str
    amount: Money
    day: date
    state: MatchState
    is_booked: bool = True


class OpenDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What is open of an item now, in its sign. `taken` is the discount of it that live matches
    took already, zero or above."""

    id: str
    document: str
    customer_number: str
    is_open: Money
    discount: DiscountTerm | None = None
    taken: int = 0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an open item is settled, in its sign."""

    item_id: str
    amount: Money


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a line pays, and what is left over; see Adjustment for its sign."""

    parts: tuple[Part, ...] = ()
    differences: tuple[Adjustment, ...] = ()


def check(line: DecidedLine, decision: Decision, items: Mapping[str, OpenDocument]) -> None:
    """Raise Invalid or Refused unless the line can be decided so; `items` are those it names."""
    check_open(line)
    _check_size(decision)
    for part in decision.parts:
        _check_part(line, part, items)
    settled = {part.item_id for part in decision.parts}
    for one in decision.differences:
        _check_difference(line, one, settled, items)
    _check_sum(line, decision)


def check_open(line: DecidedLine) -> None:
    """Raise Refused for a line that is explained already, or that is not cash yet."""
    if line.state in (MatchState.MATCHED, MatchState.TENTATIVE):
        raise Refused(
            "line_is_matched",
            "The line is matched already.",
            _DID,
            "Undo that match first, with a reason, if it is wrong.",
        )
    if not line.is_booked:
        raise Refused(
            "line_not_booked",
            "The bank has only announced this line; it is not cash yet.",
            _DID,
            "Wait until the bank has booked it.",
        )


def beyond_terms(
    line: DecidedLine, decision: Decision, items: Mapping[str, OpenDocument]
) -> dict[str, int]:
    """By item, the discount that is deducted beyond what its terms allow on that day, in minor
    units; only where there is some. That much is left over by a reason, within its limit."""
    taken: dict[str, int] = {}
    for one in decision.differences:
        if one.kind is _K.DISCOUNT:
            taken[one.item_id] = taken.get(one.item_id, 0) + abs(one.amount.minor)
    left = {key: minor - allowance(items[key], line.day) for key, minor in taken.items()}
    return {key: minor for key, minor in left.items() if minor > 0}


def allowance(item: OpenDocument, day: date) -> int:
    """Minor units of discount that may still be deducted from an item on a day."""
    term = item.discount
    if term is None or day > term.until:
        return 0
    return max(0, abs(term.amount.minor) - item.taken)


def left_over(
    line: DecidedLine, decision: Decision, items: Mapping[str, OpenDocument]
) -> list[tuple[str, AdjustmentKind, Money]]:
    """What a decision gives away by reasons that have limits: (code, kind, how much)."""
    beyond = beyond_terms(line, decision, items)
    found = []
    for one in decision.differences:
        if one.kind in WITHOUT_REASON:
            continue
        minor = beyond.pop(one.item_id, 0) if one.kind is _K.DISCOUNT else abs(one.amount.minor)
        if minor:
            found.append((one.code, one.kind, Money(minor, one.amount.currency)))
    return found


def _check_size(decision: Decision) -> None:
    count = len(decision.parts) + len(decision.differences)
    if not 1 <= count <= PARTS_MAX:
        raise _wrong(
            "decision_size",
            f"The line is divided into {count} parts.",
            f"Give 1 to {PARTS_MAX}: items that it pays, and what differs.",
            "allocations",
        )
    named = [part.item_id for part in decision.parts]
    if len(set(named)) != len(named):
        raise _wrong(
            "item_twice",
            "An open item is named twice.",
            "Name each item once, with all that the line settles of it.",
            "allocations",
        )


def _check_part(line: DecidedLine, part: Part, items: Mapping[str, OpenDocument]) -> None:
    item = items.get(part.item_id)
    if item is None:
        raise Refused(
            "open_item_unknown",
            "One of the open items is not there, or belongs to another legal entity.",
            _DID,
            "Look the open items of the line's entity up again.",
        )
    currencies = {part.amount.currency, item.is_open.currency, line.amount.currency}
    if len(currencies) > 1:
        raise _wrong(
            "match_currency",
            f"The line is of {line.amount}, {item.document} of {item.is_open},"
            f" and {part.amount} was said.",
            "By hand a line is only matched to items of its own currency.",
            "allocations",
        )
    said, is_open = part.amount.minor, item.is_open.minor
    if not said or (said < 0) != (is_open < 0) or abs(said) > abs(is_open):
        raise Refused(
            "more_than_open",
            f"{item.is_open} are open of {item.document}, and {part.amount} was to be settled.",
            _DID,
            "Settle at most what is open, in its sign, and put the rest on account.",
        )


def _check_difference(
    line: DecidedLine,
    one: Adjustment,
    settled: set[str],
    items: Mapping[str, OpenDocument],
) -> None:
    if one.kind not in BY_HAND or one.amount.currency != line.amount.currency:
        raise _unfit(one, "Differences by hand are in the line's currency, and none of exchange.")
    if one.item_id and one.item_id not in settled:
        raise _unfit(one, "Name an open item that the line settles.")
    item = items.get(one.item_id)
    if one.kind in _OF_AN_ITEM and item is None:
        raise _unfit(one, "Name the open item that it was kept from.")
    if not one.amount.minor or (
        one.kind in _OF_AN_ITEM
        and item is not None
        and (one.amount.minor < 0) == (item.is_open.minor < 0)
    ):
        raise _unfit(one, "What a payer kept has the other sign than its item, and is not zero.")
    if one.kind in _BEYOND and (one.amount.minor < 0) != (line.amount.minor < 0):
        raise _unfit(one, "What is beyond the items has the sign of the line.")
    if one.kind is _K.FEE and one.amount.minor > 0:
        raise _unfit(one, "A fee is below zero: it was taken from what was paid.")
    if one.kind is _K.ON_ACCOUNT and not one.customer_number:
        raise _wrong(
            "customer_needed",
            f"{one.amount} is to be kept on account, and nobody says whose.",
            "Name the number of the customer.",
            "customer_number",
        )


def _check_sum(line: DecidedLine, decision: Decision) -> None:
    parts = (part.amount.minor for part in decision.parts)
    total = sum(parts) + sum(one.amount.minor for one in decision.differences)
    if total != line.amount.minor:
        currency = line.amount.currency
        raise _wrong(
            "decision_does_not_add_up",
            f"The line is {line.amount}, and its parts are {Money(total, currency)}.",
            f"Say what {Money(line.amount.minor - total, currency)} is for: settle more or less,"
            " put it on account, or leave it over with a reason.",
            "allocations",
        )


def _unfit(one: Adjustment, can_do: str) -> Invalid:
    words = one.kind.value.replace("_", " ")
    return _wrong(
        "difference_unfit", f"A {words} of {one.amount} does not go here.", can_do, "adjustments"
    )


def _wrong(code: str, happened: str, can_do: str, field: str) -> Invalid:
    return Invalid(code, happened, _DID, can_do, field=field)
