"""What was found to be sure enough to count by itself, and waits for a person all the same.

A customer lets nobody but people decide on some of its customers, or on what some rules find; and
of a line of which a person refused or undid something, only people decide. So they do of a
difference for which no one reason says where it is booked, and of a discount of a document of which
some was taken before. What the bank proves of payments of ours
is not held back by any of these.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from nostro.domain.match import Adjustment, AdjustmentKind, Proposal, ProposalStatus, Target
from nostro.domain.policies.match_differences import DifferenceReasons
from nostro.domain.policies.match_vetoes import MatchVetoes, may_post
from nostro.storage import match_decisions, open_items, policies
from nostro.workflows.context import Acting


def held_back(
    acting: Acting, proposals: Sequence[Proposal], reasons: DifferenceReasons
) -> list[Proposal]:
    """The same proposals; those that may not count by themselves are suggestions, and differences
    of those that do have their reasons."""
    sure = [one for one in proposals if one.status is ProposalStatus.POST and _items(one)]
    if not sure:
        return list(proposals)
    waits = _with_veto(acting, sure) | _with_difference(sure, reasons)
    waits |= match_decisions.people_spoke_of({UUID(one.transaction_id) for one in sure})
    return [_placed(one, waits, reasons) for one in proposals]


def _with_veto(acting: Acting, sure: Sequence[Proposal]) -> set[UUID]:
    vetoes = policies.in_force(MatchVetoes, acting.world.clock.now()).vetoes
    if not vetoes:
        return set()
    numbers = open_items.customer_numbers({key for one in sure for key in _items(one)})
    return {
        UUID(one.transaction_id)
        for one in sure
        if not all(may_post(one.rule, numbers[key], vetoes) for key in _items(one))
    }


def _with_difference(sure: Sequence[Proposal], reasons: DifferenceReasons) -> set[UUID]:
    """Those that leave something over that no agreed terms give away."""
    differ = [one for one in sure if one.adjustments]
    if not differ:
        return set()
    locked = match_decisions.lock_items({key for one in differ for key in _items(one)})
    whole = {str(key) for key, (_, item) in locked.items() if not item.taken}
    return {
        UUID(one.transaction_id)
        for one in differ
        if not all(reasons.counts_by_itself(rest) and _once(rest, whole)
                   for rest in one.adjustments)
    }  # fmt: skip


def _once(rest: Adjustment, whole: Collection[str]) -> bool:
    """A discount is of one document, and nothing of it was taken before."""
    return rest.kind is not AdjustmentKind.DISCOUNT or rest.item_id in whole


def _placed(one: Proposal, waits: Collection[UUID], reasons: DifferenceReasons) -> Proposal:
    if one.status is not ProposalStatus.POST:
        return one
    if UUID(one.transaction_id) in waits:
        return msgspec.structs.replace(one, status=ProposalStatus.SUGGEST)
    return msgspec.structs.replace(one, adjustments=reasons.coded(one.adjustments))


def _items(one: Proposal) -> list[UUID]:
    return [UUID(part.target_id) for part in one.allocations if part.target is Target.OPEN_ITEM]
