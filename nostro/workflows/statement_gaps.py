"""Statements that do not go on where the one before ended: a Case, until the missing one comes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.statement_chain import Gap, gaps
from nostro.domain.statement_identity import Days
from nostro.storage import cases, statements
from nostro.workflows.case_work import move, new_case, open_cases
from nostro.workflows.context import Acting

LOOKED_BACK = timedelta(days=93)  # For the statement before; most accounts have one a day.
_CAME = "A statement that came since fills the gap, or tells it otherwise."


def look_for_gaps(acting: Acting, account: Account, kind: str, days: Days) -> None:
    """After a statement of these days came, in a unit of work that has locked the entity: what is
    missing before it or before a later one; a gap that it filled is closed."""
    since = days[0]
    links = statements.chain(UUID(account.id), kind, since - LOOKED_BACK)
    found = {f"gap/{account.id}/{gap.key}": gap for gap in gaps(links, since)}
    open_cases(acting, [_case(acting, account, key, gap) for key, gap in found.items()])
    prefix = f"gap/{account.id}/"
    for row in cases.open_of_keys(CaseKind.STATEMENT, prefix):
        told = row.natural_key.removeprefix(prefix)
        if row.natural_key not in found and told >= f"{since}":
            move(acting, row, CaseMove.RESOLVE, outcome=_CAME)


def _case(acting: Acting, account: Account, key: str, gap: Gap) -> cases.NewCase:
    where = account.iban or account.name
    ended = f"statement {gap.before.name} of {where} ({gap.before.last})"
    if gap.numbers:
        first, last = gap.numbers
        one = first == last
        which = f"number {first} is" if one else f"numbers {first} to {last} are"
        sentence = (
            f"After {ended} {which} missing: the next is {gap.after.sequence}"
            f" ({gap.after.name}, {gap.after.last})."
        )
    else:
        closing, opening = (
            Money(minor or 0, account.currency) for minor in (gap.before.closing, gap.after.opening)
        )
        sentence = (
            f"Statement {gap.after.name} ({gap.after.last}) begins with {opening}, but {ended}"
            f" ended with {closing}: at least one between them is missing."
        )
    return new_case(
        acting,
        CaseKind.STATEMENT,
        key,
        sentence,
        "Ask the bank for what is missing; the case closes by itself when it comes.",
    )
