"""Reports of the day that do not come: each time at which one is expected and none came is a Case,
which closes by itself when one comes, or the statement of that day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from nostro.domain.case import CaseKind, CaseMove
from nostro.domain.party import Account
from nostro.domain.policies.statement_calendar import ExpectedStatements, ReportDue, report_dues
from nostro.storage import cases, pending
from nostro.workflows import case_work
from nostro.workflows.context import Acting
from nostro.workflows.local_clock import local

LATE: Final = "late-report"
TOLD_WITHIN: Final = timedelta(days=1)  # What is late for longer is the statement's affair.
_CAME: Final = "A report of the day came."


def look(
    acting: Acting, account: Account, expected: ExpectedStatements, since: datetime | None
) -> datetime | None:
    """Tell what is late by now of an account whose entity is locked; returns when to look again.
    `since` is from when on this is expected."""
    if not expected.reports:
        return None
    now = acting.world.clock.now()
    days = acting.world.calendar.days(expected.calendars)
    until = days.next(now.date() + timedelta(days=1))
    found = report_dues(expected, days, now.date() - timedelta(days=1), until)
    newest = pending.newest_report_at(UUID(account.id))
    for due in found:
        is_here = newest is not None and newest > due.since
        told_before = since is not None and due.late_at < since
        if due.late_at < now <= due.late_at + TOLD_WITHIN and not is_here and not told_before:
            _tell(acting, account, expected, due)
    return min((due.late_at for due in found if due.late_at >= now), default=None)


def _tell(acting: Acting, account: Account, expected: ExpectedStatements, due: ReportDue) -> None:
    at = local(due.late_at, expected.time_zone)
    told = case_work.new_case(
        acting,
        CaseKind.STATEMENT,
        f"expected/{account.id}/{due.day}/{LATE}-{due.at:%H%M}",
        f"The report of the day of {account.iban or account.name} is late: one was expected"
        f" until {at}.",
        "Ask the bank for it; the case closes by itself when one comes.",
    )
    case_work.open_cases(acting, [told])


def came(acting: Acting, account: Account) -> None:
    """After a report came, in a unit of work that has locked the entity: none is late any more."""
    for row in cases.open_of_keys(CaseKind.STATEMENT, f"expected/{account.id}/"):
        if row.natural_key.split("/")[3].startswith(LATE):
            case_work.move(acting, row, CaseMove.RESOLVE, outcome=_CAME)
