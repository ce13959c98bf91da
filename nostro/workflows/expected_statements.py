"""Statements that do not come: late after the agreed time, missing some bank days later.

Each is a Case that closes by itself when the statement comes, or one that goes on where the one
before it ended. The version of the calendar that counts is the timer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.party import Account
from nostro.domain.policies.statement_calendar import (
    LOOKED_BACK_DAYS,
    Due,
    ExpectedStatements,
    StatementCalendar,
    dues,
    has_come,
    next_look,
)
from nostro.domain.policy import Version
from nostro.domain.statement import ReportKind
from nostro.storage import cases, parties, policies, statements
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work, expected_reports
from nostro.workflows.context import Acting
from nostro.workflows.local_clock import local
from nostro.workflows.statement_gaps import LOOKED_BACK

SERIES = ReportKind.PREVIOUS_DAY.value
LATE, MISSING = "late", "missing"
_TICK = timedelta(seconds=1)
_CAME = "The statement of that day came, or one that goes on where the one before it ended."
_GONE = "It is missing now: see the case of that."


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of one account, and what is not here yet. `expected` None: nobody said when.
    `next_at` is when the next statement is late that has not come."""

    account: Account
    expected: ExpectedStatements | None
    last_day: date | None
    received_at: datetime | None
    late: tuple[date, ...] = ()
    missing: tuple[date, ...] = ()
    next_day: date | None = None
    next_at: datetime | None = None


def attend(acting: Acting, policy_id: UUID) -> bool:
    """Look at a version whose time has come: tell what is late, and wait for what is next. False
    where it is of another policy."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        if policies.kind_of(policy_id) != StatementCalendar.KIND:
            return False
        if not policies.is_in_force(policy_id, now):
            policies.came_into_force(policy_id)
            return True
        version = policies.version_in_force(StatementCalendar, now)
        accounts = {one.id: one for one in parties.accounts()}
    again = []
    for expected in version.content.accounts:
        with tenant(acting.tenant_id):
            account = accounts[expected.account_id]
            parties.lock_entity(UUID(account.legal_entity_id))  # As whoever takes in a statement.
            again.append(_look(acting, account, expected, version, now))
    with tenant(acting.tenant_id):
        moments = [at for at in again if at]
        if moments:
            policies.look_again(policy_id, min(moments) + _TICK)
        else:
            policies.came_into_force(policy_id)
    return True


def _look(
    acting: Acting,
    account: Account,
    expected: ExpectedStatements,
    version: Version[StatementCalendar],
    now: datetime,
) -> datetime | None:
    """Tell what of one account is late or missing; returns when to look again."""
    waiting = _waiting(acting, account, expected, version, now)
    for due in waiting:
        if now > due.missing_at:
            _missing(acting, account, expected, due)
        elif now > due.late_at:
            _tell(acting, account, LATE, due, _late_words(account, expected, due))
    moments = (
        next_look(waiting, now),
        expected_reports.look(acting, account, expected, version.valid_from),
    )
    return min((at for at in moments if at), default=None)


def _waiting(
    acting: Acting,
    account: Account,
    expected: ExpectedStatements,
    version: Version[StatementCalendar],
    now: datetime,
) -> list[Due]:
    """The statements that are expected and not here, those of the next bank days among them."""
    since = now.date() - timedelta(days=LOOKED_BACK_DAYS)
    if version.valid_from:
        since = max(since, version.valid_from.date())
    days = acting.world.calendar.days(expected.calendars)
    found = dues(expected, days, since, days.next(now.date() + timedelta(days=1)))
    chain = statements.chain(UUID(account.id), SERIES, since - LOOKED_BACK)
    return [due for due in found if not has_come(due.day, chain)]


def _missing(acting: Acting, account: Account, expected: ExpectedStatements, due: Due) -> None:
    at = local(due.missing_at, expected.time_zone)
    which = f"The statement of {_name(account)} of {due.day}"
    _tell(acting, account, MISSING, due, f"{which} is missing: until {at} it had not come.")
    late = cases.lock_by_key(CaseKind.STATEMENT, _key(LATE, account, due.day))
    if late and late.resolved_at is None:
        case_work.move(acting, late, CaseMove.RESOLVE, outcome=_GONE)


def _late_words(account: Account, expected: ExpectedStatements, due: Due) -> str:
    at = local(due.late_at, expected.time_zone)
    return f"The statement of {_name(account)} of {due.day} is late: it was expected until {at}."


def _tell(acting: Acting, account: Account, word: str, due: Due, sentence: str) -> None:
    told = case_work.new_case(
        acting,
        CaseKind.STATEMENT,
        _key(word, account, due.day),
        sentence,
        "Ask the bank for it; the case closes by itself when it comes.",
    )
    case_work.open_cases(acting, [told])


def _key(word: str, account: Account, day: date) -> str:
    return f"expected/{account.id}/{day}/{word}"


def _name(account: Account) -> str:
    return account.iban or account.name


def came(acting: Acting, account: Account) -> None:
    """After a statement of an account came, in a unit of work that has locked the entity: what was
    late or missing and is not any more is closed."""
    found = [
        (row, date.fromisoformat(row.natural_key.split("/")[2]))
        for row in cases.open_of_keys(CaseKind.STATEMENT, f"expected/{account.id}/")
    ]
    if not found:
        return
    first = min(day for _, day in found)
    chain = statements.chain(UUID(account.id), SERIES, first - LOOKED_BACK)
    for row, day in found:
        if has_come(day, chain):
            case_work.move(acting, row, CaseMove.RESOLVE, outcome=_CAME)


def standing(acting: Acting, account_ids: Collection[UUID]) -> list[Standing]:
    """These accounts with what is expected of each and how old what is here is; inside a unit of
    work."""
    now = acting.world.clock.now()
    version = policies.version_in_force(StatementCalendar, now)
    newest = statements.newest_of_accounts(SERIES)
    return [
        _standing(acting, account, version, newest.get(UUID(account.id), (None, None)), now)
        for account in sorted(parties.accounts(), key=lambda one: one.id)
        if UUID(account.id) in account_ids
    ]


def _standing(
    acting: Acting,
    account: Account,
    version: Version[StatementCalendar],
    newest: tuple[date | None, datetime | None],
    now: datetime,
) -> Standing:
    expected = version.content.of(account.id)
    waiting = _waiting(acting, account, expected, version, now) if expected else []
    ahead: Sequence[Due] = [due for due in waiting if now <= due.late_at]
    return Standing(
        account=account,
        expected=expected,
        last_day=newest[0],
        received_at=newest[1],
        late=tuple(due.day for due in waiting if due.late_at < now <= due.missing_at),
        missing=tuple(due.day for due in waiting if now > due.missing_at),
        next_day=ahead[0].day if ahead else None,
        next_at=ahead[0].late_at if ahead else None,
    )
