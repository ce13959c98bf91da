"""Statements that do not go on where the one before ended: a Case, until the missing one comes."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.domain.statement import ReportKind
from nostro.domain.statement_chain import Gap, gaps
from nostro.domain.statement_identity import Days
from nostro.storage import cases, parties, statements
from nostro.storage.cases import NewCase
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import move, new_case, open_again, open_cases
from nostro.workflows.context import Acting

LOOKED_BACK = timedelta(days=93)  # For the statement before; most accounts have one a day.
QUIET = timedelta(minutes=1)
SERIES = ReportKind.PREVIOUS_DAY.value
_CAME = "A statement that came since fills the gap, or tells it otherwise."


def look_for_gaps(acting: Acting, account: Account, days: Days) -> None:
    """After a statement of these days came, in a unit of work that has locked the entity: gaps
    are looked for when nothing more comes for a minute. Files of one pick-up have no order."""
    due = acting.world.clock.now() + QUIET
    parties.look_for_gaps_from(UUID(account.id), days[0], due)


def attend(acting: Acting, account_id: UUID) -> None:
    """What is missing before the statements that came, or before later ones; a gap that was filled
    is closed. Nothing where they were looked at."""
    with tenant(acting.tenant_id):
        account, _ = parties.gaps_since(account_id)
        parties.lock_entity(UUID(account.legal_entity_id))
        account, since = parties.gaps_since(account_id)
        if since is None:
            return
        _look(acting, account, since)
        parties.looked_for_gaps(account_id)


def _look(acting: Acting, account: Account, since: date) -> None:
    links = statements.chain(UUID(account.id), SERIES, since - LOOKED_BACK)
    prefix = f"gap/{account.id}/"
    found = {f"{prefix}{gap.key}": gap for gap in gaps(links, since)}
    for key, gap in found.items():
        _tell(acting, _case(acting, account, key, gap))
    for row in cases.open_of_keys(CaseKind.STATEMENT, prefix):
        told = row.natural_key.removeprefix(prefix)
        if row.natural_key not in found and told >= f"{since}":
            move(acting, row, CaseMove.RESOLVE, outcome=_CAME)


def _tell(acting: Acting, told: NewCase) -> None:
    """One that was closed because it was filled opens again; one that a person closed does not."""
    if open_cases(acting, [told]):
        return
    row = cases.lock_by_key(told.kind, told.natural_key)
    if row is not None and row.outcome == _CAME and row.resolved_at is not None:
        open_again(acting, told)


def _case(acting: Acting, account: Account, key: str, gap: Gap) -> NewCase:
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
