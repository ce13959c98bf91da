"""How people say what lines pay: a proposal confirmed, many at once, or a line divided by hand.

1. Entities are locked, then lines and items by id; a proposal is read again under these locks.
2. Each is decided on what those before it left open: nothing is settled twice. One that cannot be
   leaves the others as they are, and says why.
3. All that was accepted is written at once: matches, what is open, the journals, the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain import line_decision as rules
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.line_decision import Decision, OpenDocument, Part
from nostro.domain.match import (
    CERTAIN,
    MATCH,
    Adjustment,
    AdjustmentKind,
    Allocation,
    MatchMove,
    MatchState,
    Proposal,
    ProposalStatus,
    Target,
)
from nostro.domain.money import Money
from nostro.domain.party import Member
from nostro.domain.policies import matching_rights
from nostro.domain.policies.match_differences import DifferenceReasons, check_limits
from nostro.storage import (
    confidential,
    events,
    match_decisions,
    matches,
    open_items,
    parties,
    policies,
    statements,
)
from nostro.storage.match_decisions import LineRow
from nostro.storage.matches import MatchRow, ProposalRow
from nostro.storage.tenancy import tenant
from nostro.workflows.batch_bookings import explained
from nostro.workflows.context import Acting
from nostro.workflows.match_posting import Receipt, post_receipts

CONFIRM_MAX: Final = 500
BY_HAND: Final = "person"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one proposal: the match, or why there is none."""

    proposal_id: UUID
    match_id: UUID | None = None
    error: NostroError | None = None


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a line; `proposal` where it was proposed so."""

    transaction_id: UUID
    decision: Decision
    proposal: ProposalRow | None = None
    note: str = ""


class _Accepted(msgspec.Struct, frozen=True, kw_only=True):
    match_id: UUID
    wish: _Wish
    row: LineRow


def confirm(acting: Acting, member: Member, proposal_ids: Sequence[UUID]) -> list[Outcome]:
    """Confirm proposals, in their order; an outcome for each. Raises Refused for who may not at
    all, Invalid for none or too many."""
    matching_rights.check(member)
    if not 1 <= len(proposal_ids) <= CONFIRM_MAX:
        raise Invalid(
            "proposals_count",
            f"{len(proposal_ids)} proposals were named.",
            can_do=f"Name 1 to {CONFIRM_MAX}.",
            field="proposals",
        )
    with tenant(acting.tenant_id):
        asked = match_decisions.proposals(proposal_ids)
        desk = _Desk(acting, member, {row.transaction_id for row in asked.values()})
        now = match_decisions.proposals(proposal_ids)
        desk.lock_items({part.open_item_id for row in now.values() for part in row.allocations})
        outcomes = [_confirm(desk, key, now.get(key)) for key in proposal_ids]
        desk.write()
    return outcomes


def confirm_one(acting: Acting, member: Member, proposal_id: UUID) -> UUID:
    """Confirm one proposal; raises whatever keeps it from being confirmed."""
    (outcome,) = confirm(acting, member, [proposal_id])
    if outcome.match_id is None:
        raise outcome.error or proposal_unknown()
    return outcome.match_id


def allocate(
    acting: Acting, member: Member, transaction_id: UUID, decision: Decision, note: str = ""
) -> UUID:
    """Divide a line by hand; `note` is what whoever decides wants to be read later."""
    matching_rights.check(member)
    with tenant(acting.tenant_id):
        desk = _Desk(acting, member, {transaction_id})
        desk.lock_items({UUID(part.item_id) for part in decision.parts})
        wish = _Wish(transaction_id=transaction_id, decision=decision, note=note.strip())
        match_id = desk.accept(wish)
        desk.write()
    return match_id


def _confirm(desk: _Desk, proposal_id: UUID, row: ProposalRow | None) -> Outcome:
    try:
        if row is None:
            raise proposal_unknown()
        if row.refused_at is not None:
            raise Refused(
                "proposal_refused",
                f"This proposal was refused by {row.refused_by}.",
                can_do="Divide the line by hand, if it was right after all.",
            )
        if row.order_id is not None:
            raise booking_is_proof("confirmed")
        wish = _Wish(transaction_id=row.transaction_id, decision=decision_of(row), proposal=row)
        return Outcome(proposal_id=proposal_id, match_id=desk.accept(wish))
    except NostroError as error:
        return Outcome(proposal_id=proposal_id, error=error)


def decision_of(row: ProposalRow) -> Decision:
    """What confirming a proposal says."""
    return Decision(
        parts=tuple(
            Part(item_id=str(one.open_item_id), amount=Money(one.settled_minor, one.currency))
            for one in row.allocations
        ),
        differences=tuple(
            Adjustment(
                kind=AdjustmentKind(one.kind),
                amount=Money(one.minor, one.currency),
                item_id=str(one.open_item_id) if one.open_item_id else "",
                code=one.code,
            )
            for one in row.adjustments
        ),
    )


class _Desk:
    """Lines and items while somebody decides on them: locked, with what is still open of each."""

    def __init__(self, acting: Acting, member: Member, line_ids: set[UUID]) -> None:
        self._acting, self._member, self._now = acting, member, acting.world.clock.now()
        for entity_id in match_decisions.entities_of_lines(line_ids):
            parties.lock_entity(entity_id)
        self._lines = match_decisions.lock_lines(line_ids, self._now.date())
        hidden = confidential.among(("transaction", key) for key in self._lines)
        self._confidential = {key for _, key in hidden}
        self._reasons = policies.in_force(DifferenceReasons, self._now)
        self._items: dict[str, OpenDocument] = {}
        self._entity_of: dict[str, UUID] = {}
        self._accepted: list[_Accepted] = []

    def lock_items(self, item_ids: set[UUID]) -> None:
        for key, (entity_id, item) in match_decisions.lock_items(item_ids).items():
            self._items[str(key)], self._entity_of[str(key)] = item, entity_id

    def accept(self, wish: _Wish) -> UUID:
        """Take a decision, or raise why not; what it settles is open no more for the next ones."""
        row = self._lines.get(wish.transaction_id)
        if row is None:
            raise line_unknown()
        about = touched(row, confidential=wish.transaction_id in self._confidential)
        matching_rights.check_line(self._member, about)
        here = {key: one for key, one in self._items.items() if self._is_of(key, row)}
        named = {part.item_id: here[part.item_id] for part in wish.decision.parts
                 if part.item_id in here}  # fmt: skip
        rules.check(row.line, wish.decision, named)
        coded = self._reasons.coded(wish.decision.differences)
        decision = msgspec.structs.replace(wish.decision, differences=coded)
        check_limits(
            self._reasons,
            rules.left_over(row.line, decision, named),
            matching_rights.roles_there(self._member, about),
            self._member.name,
        )
        self._use_up(row, decision)
        match_id = self._acting.world.ids.new()
        wish = msgspec.structs.replace(wish, decision=decision)
        self._accepted.append(_Accepted(match_id=match_id, wish=wish, row=row))
        return match_id

    def _is_of(self, item_id: str, row: LineRow) -> bool:
        return self._entity_of[item_id] == row.entity_id

    def _use_up(self, row: LineRow, decision: Decision) -> None:
        for part in decision.parts:
            item = self._items[part.item_id]
            left = Money(item.is_open.minor - part.amount.minor, item.is_open.currency)
            self._items[part.item_id] = msgspec.structs.replace(item, is_open=left)
        for one in decision.differences:
            if one.kind is AdjustmentKind.DISCOUNT:
                item = self._items[one.item_id]
                taken = item.taken + abs(one.amount.minor)
                self._items[one.item_id] = msgspec.structs.replace(item, taken=taken)
        matched = msgspec.structs.replace(row.line, state=MatchState.MATCHED)
        self._lines[UUID(row.line.id)] = msgspec.structs.replace(row, line=matched)

    def write(self) -> None:
        """Everything that was accepted becomes so."""
        if not self._accepted:
            return
        acting, accepted = self._acting, self._accepted
        matches.insert([_match(acting, one) for one in accepted], acting.world.ids.new, self._now)
        statements.set_match_state(
            [one.wish.transaction_id for one in accepted], MatchState.MATCHED
        )
        settled = {UUID(part.item_id) for one in accepted for part in one.wish.decision.parts}
        if settled:
            open_items.refresh(settled)
        self._post()
        self._tell()
        for one in accepted:
            if one.row.line.amount.minor < 0:
                explained(acting, f"booking/{one.wish.transaction_id}")

    def _post(self) -> None:
        accounts = {account.id: account for account in parties.accounts()}
        entities = {entity.id: entity for entity in parties.entities()}
        receipts = [
            Receipt(
                match_id=one.match_id,
                transaction_id=one.wish.transaction_id,
                amount=one.row.line.amount,
                booked=one.row.line.day,
                decision=one.wish.decision,
                account=accounts[str(one.row.account_id)],
                entity=entities[str(one.row.entity_id)],
            )
            for one in self._accepted
        ]
        documents = {key: item.document for key, item in self._items.items()}
        post_receipts(self._acting, receipts, documents, self._reasons)

    def _tell(self) -> None:
        told = [
            self._acting.event(
                "transaction.matched",
                "transaction",
                one.wish.transaction_id,
                match_id=str(one.match_id),
                rule=one.wish.proposal.rule if one.wish.proposal else BY_HAND,
                evidence=_evidence(one.wish),
                targets=[part.item_id for part in one.wish.decision.parts],
                parts=[
                    f"{self._items[part.item_id].document}: {part.amount}"
                    for part in one.wish.decision.parts
                ],
                differences=[spelled(rest) for rest in one.wish.decision.differences],
            )
            for one in self._accepted
        ]
        events.record(told)


def touched(row: LineRow, *, confidential: bool) -> Touched:
    """What a grant must reach to decide on a line."""
    amount = row.line.amount
    return Touched(
        entity_id=str(row.entity_id),
        account_id=str(row.account_id),
        amount=Money(abs(amount.minor), amount.currency),
        confidential=confidential,
    )


def spelled(one: Adjustment) -> str:
    """A difference in words: "write off KLEIN: -0.40 EUR"."""
    named = " ".join(filter(None, (one.code, one.customer_number)))
    return f"{one.kind.value.replace('_', ' ')} {named}: {one.amount}"


def _match(acting: Acting, one: _Accepted) -> MatchRow:
    wish, proposal = one.wish, one.wish.proposal
    return MatchRow(
        id=one.match_id,
        state=MATCH.after(one.row.line.state, MatchMove.CONFIRM),
        proposal=Proposal(
            transaction_id=str(wish.transaction_id),
            allocations=tuple(
                Allocation(target=Target.OPEN_ITEM, target_id=part.item_id, amount=part.amount)
                for part in wish.decision.parts
            ),
            adjustments=wish.decision.differences,
            rule=proposal.rule if proposal else BY_HAND,
            evidence_class=proposal.evidence_class if proposal else BY_HAND,
            probability_millionths=proposal.probability_millionths if proposal else CERTAIN,
            status=ProposalStatus.SUGGEST,
            evidence=tuple(_evidence(wish)),
        ),
        decided_by=acting.actor.name,
        by_person=True,
    )


def _evidence(wish: _Wish) -> list[str]:
    if wish.proposal:
        return list(wish.proposal.evidence)
    return [wish.note or "divided by hand"]


def booking_is_proof(deed: str) -> Refused:
    """Payments of ours are not matched, and not unmatched, by anybody's word."""
    return Refused(
        "booking_is_proof",
        f"This line is about a payment of ours: it cannot be {deed} by hand.",
        can_do="The bank's booking is the proof of a payment. If it was booked wrongly, ask the"
        " bank to correct it; its correction is matched, or becomes a case.",
    )


def line_unknown() -> Refused:
    return Refused("line_unknown", "There is no such line of a statement for this customer.")


def proposal_unknown() -> Refused:
    return Refused(
        "proposal_unknown",
        "There is no such proposal any more for this customer.",
        can_do="Look at the line again: what is proposed changes with what is open.",
    )
