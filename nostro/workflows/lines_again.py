"""Receipts that wait are decided anew when more is known: bills that come after the money.

1. Whoever takes in open items, and a new fit of the matcher, wakes this in the same transaction;
   several tellings shortly after each other are one look.
2. Of each account the newest LINES_MOST open receipts are looked at, some at a time, each portion
   under the entity's lock.
3. What is found as before writes nothing. Of what a person refused or undid only people decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from nostro.domain.match import PROPOSALS_MOST, Proposal, ProposalStatus
from nostro.domain.party import Account
from nostro.domain.policies.match_differences import DifferenceReasons
from nostro.storage import match_decisions, matches, parties, policies, waiting_lines
from nostro.storage.matches import ProposalRow
from nostro.storage.statements import TransactionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import match_refitting, receipt_matching
from nostro.workflows.context import Acting
from nostro.workflows.posting_vetoes import held_back
from nostro.workflows.statement_matching import line_of, receive, suggest, write_matches

LINES_MOST: Final = 5_000  # Of one account; older ones wait for a person.
PORTION: Final = 500


def look_again(acting: Acting, entity_id: UUID) -> int:
    """Returns how many receipts of the entity are matched now that were not before."""
    with tenant(acting.tenant_id):
        told = [one for one in parties.accounts() if one.legal_entity_id == str(entity_id)]
        found = [(one, waiting_lines.newest_receipts(UUID(one.id), LINES_MOST)) for one in told]
    matched = 0
    for account, line_ids in found:
        for some in _portions(line_ids):
            with tenant(acting.tenant_id):
                parties.lock_entity(entity_id)
                matched += _decide(acting, account, waiting_lines.still_open(some))
    return matched


def _portions(line_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for first in range(0, len(line_ids), PORTION):
        yield line_ids[first : first + PORTION]


def _decide(acting: Acting, account: Account, open_rows: dict[str, TransactionRow]) -> int:
    spoken = match_decisions.people_spoke_of({row.id for row in open_rows.values()})
    rows = {key: row for key, row in open_rows.items() if row.id not in spoken}
    if not rows:
        return 0
    reasons = policies.in_force(DifferenceReasons, acting.world.clock.now())
    lines = [line_of(row) for row in rows.values()]
    found = receipt_matching.propose(account, lines, *match_refitting.in_force(acting))
    proposals = held_back(acting, found, reasons)
    proven = [one for one in proposals if one.status is ProposalStatus.POST]
    written = write_matches(acting, proven)
    done = {one.transaction_id for one in proven}
    suggest(acting, _news([one for one in proposals if one.transaction_id not in done]))
    receive(acting, written, rows, account, reasons)
    return len(proven)


def _news(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Those of lines of which something else is proposed now than before."""
    by_line: dict[str, list[Proposal]] = {}
    for one in proposals:
        by_line.setdefault(one.transaction_id, []).append(one)
    before = matches.proposed([UUID(key) for key in by_line])
    return [
        one
        for key, told in by_line.items()
        if [_said(one) for one in told[:PROPOSALS_MOST]]
        != [_said_before(row) for row in before.get(UUID(key), ())]
        for one in told
    ]


def _said(one: Proposal) -> tuple[object, ...]:
    settled = {(part.target_id, part.amount.minor) for part in one.allocations}
    return one.rule, one.status.value, one.probability_millionths, settled


def _said_before(row: ProposalRow) -> tuple[object, ...]:
    settled = {(str(part.open_item_id), part.settled_minor) for part in row.allocations}
    return row.rule, row.status, row.probability_millionths, settled
