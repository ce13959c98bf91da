"""Whose approval a payment waits for, in words: for its page, the approvals and the API."""

from __future__ import annotations

import msgspec

from nostro.domain.money import Money
from nostro.domain.policies import approval_steps as steps
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.approval_steps import ANY_RULE, Waits
from nostro.domain.policies.approval_words import Names, write_who
from nostro.storage import approval_rules, people
from nostro.storage.dossier import Dossier


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """`needed` people in all, `missing` of them yet; `who` is next, as the rule's own words say,
    and `rule` its name: both "" where anybody who may approve is as good."""

    needed: int
    missing: int
    rule: str
    who: str


def of_payment(dossier: Dossier) -> Outlook:
    """What a payment's approval takes; inside a unit of work."""
    payment = dossier.payment
    rules = approval_rules.of(dossier.policy_version)
    given = sum(row.voided_at is None for row in dossier.approvals)
    return outlook(rules, Waits.read(dossier.waits_for), payment.amount, given)


def outlook(rules: ApprovalRules, waits: Waits | None, amount: Money, given: int) -> Outlook:
    """The same of what is kept with a payment; `given` counts where nothing is kept."""
    if waits is None or waits.rule == ANY_RULE:
        needed = rules.needed_for(amount)
        missing = max(0, needed - given) if waits is None else waits.progress.missing
        return Outlook(needed=needed, missing=missing, rule="", who="")
    rule, progress = rules.rules[waits.rule], waits.progress
    coming = rules.open_steps(waits)
    return Outlook(
        needed=steps.places(rule.stages),
        missing=progress.missing,
        rule=rule.name,
        who=write_who((coming,), _names()) if coming else "",
    )


def waited_for(ahead: Outlook) -> str:
    """What a payment waits for: "1 more approval", "2 more approvals, the next by 1 treasurer"."""
    told = f"{ahead.missing} more approval{'s' * (ahead.missing != 1)}"
    if not ahead.who:
        return told
    return f"{told}, {'by' if ahead.missing == 1 else 'the next by'} {ahead.who}"


def _names() -> Names:
    return Names(
        entities={}, accounts={}, people={member.name: member.id for member in people.everybody()}
    )
