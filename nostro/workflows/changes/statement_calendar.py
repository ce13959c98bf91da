"""When statements are expected, account by account: what counts as late is agreed to by two."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.local_time import closes_at
from nostro.domain.party import Account
from nostro.domain.policies.statement_calendar import ExpectedStatements, StatementCalendar
from nostro.ops.calendar import calendars
from nostro.storage import parties
from nostro.workflows.policy_changes import WantedPolicy, policy_kind


class WantedExpectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account by its IBAN (or its name, where it has none): its statement of a bank day comes
    `days_after` bank days later until `by` ("07:30 Europe/Berlin") and a grace.

    `calendars` are names of shipped ones ("target, england"): a bank day is one on which all of
    them are open. `reports` are the times until which reports of the day come, on the same clock
    ("10:00, 14:00"); empty: none is ever late.
    """

    account: str
    by: str
    calendars: str
    days_after: int = 1
    grace_minutes: int = 0
    missing_after_days: int = 1
    reports: str = ""


class WantedStatementCalendar(WantedPolicy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The expectations of every account; of one that is left out nobody has said anything."""

    expected: tuple[WantedExpectation, ...] = ()


def _read(wanted: WantedStatementCalendar) -> StatementCalendar:
    accounts = {_key(name_of(row)): row.id for row in parties.accounts()}
    found = tuple(_one(one, accounts) for one in wanted.expected)
    if len({one.account_id for one in found}) != len(found):
        raise _wrong("expected", "an account is named twice")
    return StatementCalendar(accounts=found)


def name_of(account: Account) -> str:
    """What names an account among all: its IBAN, or its name where it has none."""
    return account.iban or account.name


def _key(name: str) -> str:
    return "".join(name.split()).upper()


def _one(one: WantedExpectation, accounts: dict[str, str]) -> ExpectedStatements:
    if _key(one.account) not in accounts:
        raise _wrong("account", f"{one.account[:40]!r} is no account here")
    names = tuple(one.calendars.replace(",", " ").split())
    unknown = [name for name in names if name not in calendars()]
    if unknown or not names:
        raise _wrong("calendars", f"{(*unknown, '')[0][:40]!r} is no calendar")
    at, _, zone = one.by.strip().partition(" ")
    try:
        by = time.fromisoformat(at)
        ZoneInfo(zone)
        closes_at(date(2026, 1, 1), by, zone)
    except (ValueError, OSError, KeyError) as error:
        raise _wrong("by", f"{one.by[:60]!r} cannot be used ({error})") from None
    try:
        reports = tuple(time.fromisoformat(one) for one in one.reports.replace(",", " ").split())
    except ValueError as error:
        raise _wrong("reports", f"{one.reports[:60]!r} cannot be used ({error})") from None
    told = {
        "reports": tuple(sorted(set(reports))),
        "account_id": accounts[_key(one.account)],
        "by": by,
        "time_zone": zone,
        "calendars": names,
        "days_after": one.days_after,
        "grace_minutes": one.grace_minutes,
        "missing_after_days": one.missing_after_days,
    }
    try:
        return msgspec.convert(told, ExpectedStatements)
    except msgspec.ValidationError as error:
        raise _wrong("expected", str(error)) from None


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(
        "statement_calendar_wrong",
        f"Expected statements, {field}: {why}.",
        "Nothing was asked for.",
        'Name each account once, its clock like "07:30 Europe/Berlin" and the calendars of its bank'
        f" days: {', '.join(sorted(calendars()))}.",
        field=field,
    )


def _tell(terms: StatementCalendar) -> dict[str, Any]:
    return {"expected": [_line(one) for one in _write(terms).expected]}


def _line(one: WantedExpectation) -> str:
    return (
        f"{one.account}: {one.days_after} bank days later until {one.by},"
        f" {one.grace_minutes} minutes of grace, missing {one.missing_after_days} bank days later"
        f" ({one.calendars})" + (f"; reports of the day until {one.reports}" if one.reports else "")
    )


def _write(terms: StatementCalendar) -> WantedStatementCalendar:
    names = {row.id: name_of(row) for row in parties.accounts()}
    return WantedStatementCalendar(
        expected=tuple(
            WantedExpectation(
                account=names.get(one.account_id, one.account_id),
                by=f"{one.by:%H:%M} {one.time_zone}",
                calendars=", ".join(one.calendars),
                days_after=one.days_after,
                grace_minutes=one.grace_minutes,
                missing_after_days=one.missing_after_days,
                reports=", ".join(f"{at:%H:%M}" for at in one.reports),
            )
            for one in terms.accounts
        )
    )


KIND = policy_kind(
    StatementCalendar,
    name="statement_calendar",
    title="When statements are expected",
    wanted=WantedStatementCalendar,
    read=_read,
    tell=_tell,
    write=_write,
)
