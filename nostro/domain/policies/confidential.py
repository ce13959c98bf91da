"""Confidential payments (payroll): who may see them, and what everybody else is told instead.

A payment is confidential for life when its run or its request said so. A clearance belongs to a
membership, not to a role, and two people give it like every membership. Who has none is told of a
run how many payments it has, their totals, how they stand and when; never whom it pays, where to,
how much each, nor the bytes that say so.
"""

from __future__ import annotations

from typing import Final

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.event import NOWHERE, Event
from nostro.domain.party import Grant, Member

# What an event about a confidential payment still says to those who are not cleared: how things
# stand. Everything else may name somebody or an amount, so a new word is hidden until it is listed.
TOLD: Final = frozenset(
    {
        *("number", "state", "state_before", "state_after", "stage", "stage_after", "move"),
        *("approvals", "needed", "run_id", "submission_id", "attempt_id", "lines", "accepted"),
        *("held", "refused", "repeated", "payments", "case_id", "kind", "due", "break_glass"),
        *("message_id", "purpose", "reference", "source", "evidence_id", "case"),
    }
)
MASKED: Final = "masked"


def sees(member: Member) -> bool:
    """Whether this member is shown confidential payments: one of his grants is cleared for all."""
    return any(reaches_all(grant) for grant in member.held)


def reaches_all(grant: Grant) -> bool:
    """Whether a grant is cleared, and not for one entity or account only: lists show everything."""
    return grant.cleared and not (grant.entity_id or grant.account_id)


def check(member: Member, *, confidential: bool) -> None:
    """Raise Refused for a confidential payment that this member cannot see: nobody decides on what
    he is not shown."""
    if confidential and not sees(member):
        raise not_cleared(member.name)


def not_cleared(name: str) -> Refused:
    """The refusal that names no payee and no amount."""
    return Refused(
        "not_cleared",
        f"{name} is not cleared for confidential payments, and this is about one.",
        "Nothing was shown and nothing was changed.",
        "Ask somebody who is cleared, or ask for the clearance: it is part of a membership.",
    )


def masked(event: Event) -> Event:
    """An event about something confidential as those who are not cleared are told it."""
    kept = {name: value for name, value in event.data.items() if name in TOLD}
    return msgspec.structs.replace(event, data={**kept, MASKED: True}, origin=NOWHERE)


def is_masked(event: Event) -> bool:
    return MASKED in event.data
