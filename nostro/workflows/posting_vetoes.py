"""What was found to be sure enough to count by itself, and waits for a person all the same.

A customer lets nobody but people decide on some of its customers, or on what some rules find; and
of a line of which a person refused or undid something, only people decide. So they do of a
difference for which no one reason says where it is booked. What the bank proves of payments of ours
is not held back by any of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from nostro.domain.match import Proposal, ProposalStatus, Target
from nostro.domain.policies.match_differences import DifferenceReasons
from nostro.domain.policies.match_vetoes import MatchVetoes, may_post
from nostro.storage import match_decisions, open_items, policies
from nostro.workflows.context import Acting


def held_back(
    acting: Acting, proposals: Sequence[Proposal], reasons: DifferenceReasons
) -> list[Proposal]:
    """The same proposals; those that may not count by themselves are suggestions."""
    sure = [one for one in proposals if one.status is ProposalStatus.POST and _items(one)]
    if not sure:
        return list(proposals)
    vetoes = policies.in_force(MatchVetoes, acting.world.clock.now()).vetoes
    spoken = match_decisions.people_spoke_of({UUID(one.transaction_id) for one in sure})
    numbers = open_items.customer_numbers(
        {key for one in sure for key in _items(one)} if vetoes else ()
    )
    waits = {
        one.transaction_id
        for one in sure
        if UUID(one.transaction_id) in spoken
        or not all(reasons.counts_by_itself(part) for part in one.adjustments)
        or (vetoes and not all(may_post(one.rule, numbers[key], vetoes) for key in _items(one)))
    }
    return [
        msgspec.structs.replace(one, status=ProposalStatus.SUGGEST)
        if one.transaction_id in waits and one.status is ProposalStatus.POST
        else one
        for one in proposals
    ]


def _items(one: Proposal) -> list[UUID]:
    return [UUID(part.target_id) for part in one.allocations if part.target is Target.OPEN_ITEM]
