"""A payment that waits for people, as one of them sees it: may he, and what is unusual of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from nostro.console.words import Status
from nostro.domain.errors import Refused
from nostro.domain.party import Member
from nostro.domain.policies import approval as policy
from nostro.domain.policies import approval_steps
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import Waits
from nostro.storage import approval_rules
from nostro.storage.pages.approvals import ToDecide
from nostro.storage.pages.waiting import TIMES_USUAL
from nostro.workflows import approval_outlook


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `refused` says why this person may not decide on it, "" when he may."""

    row: ToDecide
    refused: str
    marks: tuple[Status, ...]
    ticked: bool
    needed: int = 0
    completes: bool = False  # With this person's approval it is complete.
    who: str = ""  # Whose approval comes next, where a rule says it.

    @property
    def mine(self) -> bool:
        return not self.refused

    @property
    def refused_short(self) -> str:
        """The reason without its consequence, for a narrow column."""
        return self.refused.partition(":")[0].partition(";")[0]

    @property
    def flagged(self) -> bool:
        return is_unusual(self.row)


def candidates(
    rows: Sequence[ToDecide], member: Member, ticked: Collection[UUID] = ()
) -> list[Candidate]:
    """These payments as this person may approve them; inside a unit of work."""
    rules = approval_rules.of_all({row.policy_version for row in rows})
    return [_candidate(row, member, ticked, rules[row.policy_version]) for row in rows]


def _candidate(
    row: ToDecide, member: Member, ticked: Collection[UUID], rules: ApprovalRules
) -> Candidate:
    refused, amount = "", row.payment.amount
    waits = Waits.read(row.waits_for)
    ahead = approval_outlook.outlook(rules, waits, amount, len(row.approved_by))
    try:
        policy.may_approve(member, row.authors, row.approved_by, row.touched)
        if waits:
            stages = rules.stages(waits.rule, amount)
            approval_steps.check(member, stages, waits.progress, row.touched)
    except Refused as error:
        refused = _why(error)
    return Candidate(
        row=row,
        refused=refused,
        marks=unusual(row),
        ticked=not refused and row.payment.id in ticked,
        needed=ahead.needed,
        completes=ahead.missing == 1,
        who=ahead.who,
    )


def held(row: ToDecide, member: Member) -> Candidate:
    refused = ""
    try:
        policy.may_release_hold(member, row.authors, row.touched)
    except Refused as error:
        refused = _why(error)
    return Candidate(row=row, refused=refused, marks=unusual(row), ticked=False)


_WHY = {
    "maker_cannot_approve": "You made it: needs someone else",
    "maker_cannot_release": "You made it: needs someone else",
    "payee_editor_cannot_approve": "You changed the payee's account: needs someone else",
    "lawmaker_cannot_approve": "You changed the rules or limits it is under: needs someone else",
    "already_approved": "You approved it: needs someone else",
    "not_an_approver": "Needs an approver; you are not one",
    "not_cleared": "Confidential: needs someone who is cleared",
    "place_taken": "Another approved it in that place: needs someone else",
    "not_your_turn": "Not your step: needs someone else",
    "beyond_grant": "Beyond what you may approve: needs someone else",
    "stands_in_for_author": "You stand in for its author: needs someone else",
}


def _why(error: Refused) -> str:
    return _WHY.get(error.code, error.happened)


def unusual(row: ToDecide) -> tuple[Status, ...]:
    """How this payment differs from what is usual; `As usual` when it does not."""
    marks = [
        Status(kind="warn", icon="pause", word="Was held")
        for view in row.holds[:1]
        if view.hold.closed_at
    ]
    if row.account_changed:
        marks.append(Status(kind="bad", icon="triangle-alert", word="Account changed"))
    amount, usual = row.payment.amount, row.usual
    if usual is None:
        marks.append(Status(kind="warn", icon="user-plus", word="First payment here"))
    elif amount.minor > TIMES_USUAL * usual.average.minor:
        tenths = amount.minor * 10 // max(usual.average.minor, 1)
        times = f"{tenths // 10}.{tenths % 10}"
        marks.append(Status(kind="warn", icon="trending-up", word=f"Amount {times} × usual"))
    if row.rewritten:
        marks.append(Status(kind="mut", icon="pencil", word="Text rewritten"))
    return tuple(marks) or (Status(kind="ok plain", icon="circle-check", word="As usual"),)


def is_unusual(row: ToDecide) -> bool:
    """What a person should look at first; the query of all that wait says the same."""
    return bool(row.unusual)
