"""Who may approve a payment: two different people, never the maker, never by an API key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

import msgspec

from nostro.domain import duties
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Action, Member
from nostro.domain.policies import confidential, reach
from nostro.domain.policies.approval_steps import (
    ANY_RULE,
    Matter,
    Rule,
    Stages,
    Step,
    Waits,
)
from nostro.domain.policies.source_approval import SourceApprover
from nostro.domain.policy import Policy

APPROVALS_NEEDED = 2
_VERSION = "approval-"
_BEFORE_VERSIONS = "two-people-1"  # What stands in payments from before rules had versions.


class Above(msgspec.Struct, frozen=True, kw_only=True):
    """More people for single payments above an amount, in its own currency only."""

    amount: Money
    needed: int


class ApprovalRules(Policy, frozen=True, kw_only=True):
    """How many people approve a payment: `needed`, or more above an amount. Never less than two.
    Where one of `rules` is for a payment, the first of them says who they are instead.

    An amount is never converted: `above` counts in its own currency. `step_up_above` are the sums
    above which each approval needs a fresh proof of the person (nostro.domain.policies.step_up).
    """

    KIND: ClassVar[str] = "approval"

    needed: int = APPROVALS_NEEDED
    above: tuple[Above, ...] = ()
    step_up_above: tuple[Money, ...] = ()
    rules: tuple[Rule, ...] = ()
    source_approvers: tuple[SourceApprover, ...] = ()  # Whose approvals in the ERP count here.

    def chosen(self, matter: Matter) -> int:
        """The number of the first rule that a payment falls under; ANY_RULE when there is none."""
        holding = (at for at, rule in enumerate(self.rules) if rule.where.holds(matter))
        return next(holding, ANY_RULE)

    def stages(self, rule: int, amount: Money) -> Stages:
        """Whose agreement a payment under that rule needs."""
        if rule != ANY_RULE:
            return self.rules[rule].stages
        return ((Step(needed=self.needed_for(amount)),),)

    def open_steps(self, waits: Waits) -> tuple[Step, ...]:
        """The steps that a payment waits for; of no rule of its own: anybody who may approve."""
        if waits.rule == ANY_RULE:
            return () if waits.progress.complete else (Step(needed=waits.progress.missing),)
        told = waits.progress
        return tuple(self.rules[waits.rule].stages[told.stage][at] for at in told.open)

    def needed_for(self, amount: Money) -> int:
        more = [
            one.needed
            for one in self.above
            if one.amount.currency == amount.currency and amount.minor > one.amount.minor
        ]
        return max([self.needed, *more])

    @property
    def most_without_rules(self) -> int:
        """How many the largest payment takes that falls under no rule of its own."""
        return max([self.needed, *(one.needed for one in self.above)])


def version_name(number: int) -> str:
    """What a version of the rules is called in what people approve: "approval-3"."""
    return f"{_VERSION}{number}"


def version_number(name: str) -> int:
    """The number of the version of this name."""
    return 0 if name == _BEFORE_VERSIONS else int(name.removeprefix(_VERSION))


class Authorship(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone who created or last changed the payment, its payee's account, or the rules and
    limits that decide on it (person ids)."""

    makers: frozenset[str]
    payee_account_changed_by: frozenset[str]
    rules_changed_by: frozenset[str] = frozenset()

    @property
    def people(self) -> frozenset[str]:
        """All of them: nobody decides in their place either."""
        return self.makers | self.payee_account_changed_by | self.rules_changed_by


def may_approve(
    member: Member,
    authors: Authorship,
    approved_by: Collection[str],
    about: Touched | None = None,
) -> None:
    """Raise Refused unless this member may add an approval. Lifecycle section 5, rule 9.

    `about` says which entity, account and amount it is: a grant may reach less than everything.
    """
    if not member.is_person:
        raise _refused("keys_never_approve", "Only a person can approve a payment, never a key.")
    if not duties.may(member, Action.APPROVE_PAYMENTS):
        raise _refused("not_an_approver", f"{member.name} does not have the approver role.")
    confidential.check(member, confidential=about is not None and about.confidential)
    reach.check(member, Action.APPROVE_PAYMENTS, about, "The payment is unchanged.")
    if member.id in authors.makers:
        raise _refused(
            "maker_cannot_approve",
            f"{member.name} created or changed this payment and cannot approve it.",
        )
    if member.id in authors.payee_account_changed_by:
        raise _refused(
            "payee_editor_cannot_approve",
            f"{member.name} changed this payee's bank details and cannot approve payments to it.",
        )
    if member.id in authors.rules_changed_by:
        raise _refused("lawmaker_cannot_approve", _lawmaker(member, "approve"))
    if member.id in approved_by:
        raise _refused("already_approved", f"{member.name} has already approved this payment.")
    taken = authors.people | set(approved_by)
    if not duties.acts_for(member, Action.APPROVE_PAYMENTS, about) - taken:
        raise _refused(
            "stands_in_for_author",
            f"{member.name} stands in for somebody who made or approved this payment.",
        )


def may_still_approve(member: Member, about: Touched | None = None) -> bool:
    """True while an approval that this member once gave counts."""
    shown = about is None or not about.confidential or confidential.sees(member)
    return member.is_person and shown and duties.may(member, Action.APPROVE_PAYMENTS, about)


def apart(
    approved_by: Mapping[str, Member],
    about: Touched | None = None,
    without_a_say: Collection[str] = (),
) -> set[str]:
    """Those whose approvals count now: each fills a place of his own, or of somebody who lent him
    his, that no other of them fills. Nobody fills the place of an author (`without_a_say`), nor of
    another who has had his say."""
    able = {
        who: one
        for who, one in approved_by.items()
        if who not in without_a_say and may_still_approve(one, about)
    }
    said = able.keys() | set(without_a_say)
    places = {
        who: duties.acts_for(one, Action.APPROVE_PAYMENTS, about) - (said - {who})
        for who, one in able.items()
    }
    held_by: dict[str, str] = {}

    def seat(who: str, tried: set[str]) -> bool:
        for place in sorted(places[who]):
            if place not in tried:
                tried.add(place)
                if place not in held_by or seat(held_by[place], tried):
                    held_by[place] = who
                    return True
        return False

    return {who for who in places if seat(who, set())}


def may_release_hold(member: Member, authors: Authorship, about: Touched | None = None) -> None:
    """Raise Refused unless this member may leave a hold: a named person, never the maker."""
    confidential.check(member, confidential=about is not None and about.confidential)
    if not member.is_person or not duties.may(member, Action.RELEASE_PAYMENTS, about):
        raise _refused("not_an_approver", f"{member.name} may not decide on held payments.")
    if member.id in authors.rules_changed_by:
        raise _refused("lawmaker_cannot_release", _lawmaker(member, "decide on"))
    if member.id in authors.people:
        raise _refused(
            "maker_cannot_release", f"{member.name} made this payment and cannot release its hold."
        )


def may_hold(member: Member, about: Touched | None = None) -> None:
    """Raise Refused unless this member may hold a payment. A program may too: holding is safe."""
    if not duties.may(member, Action.HOLD_PAYMENTS):
        raise _refused("not_a_maker", f"{member.name} may not hold payments.")
    reach.check(member, Action.HOLD_PAYMENTS, about, "Nothing was held.")


def is_complete(approved_by: Collection[str], needed: int = APPROVALS_NEEDED) -> bool:
    return len(set(approved_by)) >= needed


def _lawmaker(member: Member, what: str) -> str:
    return (
        f"{member.name} changed the rules or limits that decide on this payment and cannot {what}"
        " it until other people's are in force."
    )


def _refused(code: str, happened: str) -> Refused:
    return Refused(
        code, happened, "The payment is unchanged.", "Ask another approver of this customer."
    )
