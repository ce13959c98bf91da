"""How people say that something is wrong: a proposal refused, a match undone, each with a reason.

What was refused is not proposed again for that line. After an undo the line is open, its items are
open again, and what the ERP was told is booked back; nothing is deleted.
"""

from __future__ import annotations

from uuid import UUID

from nostro.domain.errors import Refused
from nostro.domain.line_decision import check_open
from nostro.domain.match import MATCH, MatchMove, MatchState, ProposalStatus
from nostro.domain.party import Member
from nostro.domain.policies import matching_rights
from nostro.storage import (
    confidential,
    events,
    match_decisions,
    matches,
    open_items,
    parties,
    statements,
)
from nostro.storage.match_decisions import LineRow, LiveMatch
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.line_deciding import (
    booking_is_proof,
    line_unknown,
    proposal_unknown,
    touched,
)
from nostro.workflows.match_posting import post_undone


def refuse(acting: Acting, member: Member, proposal_id: UUID, reason: str) -> UUID:
    """Say why a proposal is wrong; returns its line. It is not proposed again for that line."""
    matching_rights.check(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        found = match_decisions.proposals([proposal_id])
        if proposal_id not in found:
            raise proposal_unknown()
        row = _locked(acting, member, found[proposal_id].transaction_id)
        line_id = UUID(row.line.id)
        proposal = match_decisions.proposals([proposal_id]).get(proposal_id)
        if proposal is None or proposal.refused_at is not None:
            raise proposal_unknown()
        check_open(row.line)
        match_decisions.refuse(proposal_id, acting.world.clock.now(), acting.actor.name, told)
        after = _place_again(line_id, row.line.state)
        said = {
            "proposal_id": str(proposal_id),
            "rule": proposal.rule,
            "evidence": list(proposal.evidence),
            "reason": told,
            "state_after": after.value,
        }
        events.record([acting.event("match.refused", "transaction", line_id, **said)])
        return line_id


def undo(acting: Acting, member: Member, match_id: UUID, reason: str) -> UUID:
    """Take a match back; returns its line. Raises Refused for a booking of a payment of ours."""
    matching_rights.check(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        line_id = match_decisions.lines_of_matches([match_id]).get(match_id)
        if line_id is None:
            raise match_unknown()
        row = _locked(acting, member, line_id)
        match = match_decisions.live_match(match_id)
        if match is None:
            raise Refused(
                "match_undone", "This match was undone before.", can_do="Look at the line again."
            )
        if match.order_ids:
            raise booking_is_proof("undone")
        _undo(acting, row, match, told)
        return line_id


def match_unknown() -> Refused:
    return Refused("match_unknown", "There is no such match for this customer.")


def _undo(acting: Acting, row: LineRow, match: LiveMatch, reason: str) -> None:
    now, name = acting.world.clock.now(), acting.actor.name
    match_decisions.lock_items(match.item_ids)
    match_decisions.undo(match.id, now, name, reason)
    if not match.by_person:
        match_decisions.keep_as_refused(match, acting.world.ids.new(), now, name, reason)
    if match.item_ids:
        open_items.refresh(match.item_ids)
    post_undone(acting, match.transaction_id, reason)
    after = _place_again(match.transaction_id, MATCH.after(row.line.state, MatchMove.UNDO))
    said = {
        "match_id": str(match.id),
        "rule": match.rule,
        "evidence": list(match.evidence),
        "reason": reason,
        "state_before": MatchState.MATCHED.value,
        "state_after": after.value,
    }
    events.record(
        [acting.event("transaction.unmatched", "transaction", match.transaction_id, **said)]
    )


def _locked(acting: Acting, member: Member, line_id: UUID) -> LineRow:
    """A line, locked after its entity, that this member may decide on."""
    for entity_id in match_decisions.entities_of_lines([line_id]):
        parties.lock_entity(entity_id)
    row = match_decisions.lock_lines([line_id], acting.world.clock.now().date()).get(line_id)
    if row is None:
        raise line_unknown()
    hidden = confidential.is_confidential("transaction", line_id)
    matching_rights.check_line(member, touched(row, confidential=hidden))
    return row


def _place_again(line_id: UUID, state: MatchState) -> MatchState:
    """Where an open line stands with the proposals that are left of it."""
    left = matches.proposed([line_id]).get(line_id, [])
    if not left:
        move = MatchMove.WITHDRAW
    elif left[0].status == ProposalStatus.AMBIGUOUS.value:
        move = MatchMove.PROPOSE_SEVERAL
    else:
        move = MatchMove.PROPOSE
    after = state
    if left or state is not MatchState.UNMATCHED:
        after = MATCH.after(state, move)
    statements.set_match_state([line_id], after)
    return after
