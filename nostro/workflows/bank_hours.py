"""What the calendars say now: which clearing is open, which days are closed, until when a bank
takes payments from each account. Everything is as of a moment, in UTC and on the bank's clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.bank_days import WEEKEND, BankDays, ClosedDay
from nostro.domain.local_account import country_of
from nostro.domain.party import Account
from nostro.domain.payment import Rail
from nostro.domain.policies import cut_off, routing
from nostro.domain.policies.cut_off import CutOff
from nostro.ops import calendar
from nostro.ops.calendar import Clearing
from nostro.storage import parties
from nostro.workflows.context import World
from nostro.workflows.planning import Days, Planner, Way

LOOK_AHEAD = timedelta(days=370)
NEXT_CLOSED = 3
_DAY = timedelta(days=1)


class ClearingHours(msgspec.Struct, frozen=True, kw_only=True):
    """One clearing now. `closed` are the next days on which it is, weekends apart; `why_closed` is
    why it is today, "" when it is open. `cut_off` is its own: a bank's comes before it."""

    name: str
    title: str
    currency: str
    rails: tuple[str, ...]
    calendar: str
    calendar_title: str
    time_zone: str
    always_open: bool
    why_closed: str
    closed: tuple[ClosedDay, ...]
    cut_off: CutOff | None
    source: str
    as_of: datetime


class AccountHours(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a bank takes payments of one rail from one account.

    A payment that the bank has until `last` is executed on `day`; None: no cut-off is known.
    `is_reference`: it is the clearing's, the bank's own is not known. `last_local` is on the bank's
    clock with its offset. `version` of the bank's calendar, 0 when nobody has set one.
    """

    account_id: UUID
    account: str
    iban: str
    currency: str
    connection_id: UUID
    bank: str
    rail: Rail
    clearing: str
    calendars: tuple[str, ...]
    time_zone: str
    why_closed: str
    day: date
    rule: CutOff | None
    is_reference: bool
    last: datetime | None
    last_local: str
    opens: time | None
    takes_ahead_days: int | None
    version: int
    as_of: datetime


def clearing_hours(now: datetime) -> list[ClearingHours]:
    """Every clearing that we know, by currency, the one that settles it first."""
    return [_clearing(one, now) for one in calendar.clearings().values()]


def account_hours(world: World, account_id: UUID | None = None) -> list[AccountHours]:
    """Every account by name with each rail that it can take; inside a unit of work. Raises Invalid
    (`cut_off_wrong`) for what a connection says and cannot be read."""
    planner, now = Planner(world), world.clock.now()
    found = [row for row in parties.accounts() if account_id in (None, UUID(row.id))]
    return [
        _account(account, planner.days(_way(account, rail)), now)
        for account in found
        for rail in routing.usual_rails(account)
    ]


def next_closed(days: BankDays, today: date, most: int = NEXT_CLOSED) -> tuple[ClosedDay, ...]:
    """The next closed days from today on, weekends apart, with why."""
    found: list[ClosedDay] = []
    day = today
    while len(found) < most and day <= today + LOOK_AHEAD:
        reason = days.why_closed(day)
        if reason and reason != WEEKEND:
            found.append(ClosedDay(day=day, reason=reason))
        day += _DAY
    return tuple(found)


def _clearing(one: Clearing, now: datetime) -> ClearingHours:
    market = calendar.calendars()[one.calendar]
    days = BankDays(calendars={"": calendar.why_closed(one.calendar)})
    zone = one.cut_off.time_zone if one.cut_off else market.time_zone
    today = now.astimezone(ZoneInfo(zone)).date()
    return ClearingHours(
        name=one.name,
        title=one.title,
        currency=one.currency,
        rails=one.rails,
        calendar=market.name,
        calendar_title=market.title,
        time_zone=zone,
        always_open=market.always_open,
        why_closed=days.why_closed(today),
        closed=next_closed(days, today),
        cut_off=one.cut_off,
        source=one.source,
        as_of=now,
    )


def _way(account: Account, rail: Rail) -> Way:
    return Way(
        connection_id=UUID(account.connection_id),
        rail=rail,
        currency=account.currency,
        country=country_of(account.iban, account.local_account),
    )


def _account(account: Account, days: Days, now: datetime) -> AccountHours:
    rule, today = days.rule, days.today(now)
    day = cut_off.earliest_day(rule, now, days.open) if rule else days.open.next(today)
    last = cut_off.last_moment(rule, day, days.open) if rule else None
    return AccountHours(
        account_id=UUID(account.id),
        account=account.name,
        iban=account.iban,
        currency=account.currency,
        connection_id=days.way.connection_id,
        bank=days.bank.name,
        rail=Rail(days.way.rail),
        clearing=days.clearing.title,
        calendars=tuple(calendar.calendars()[name].title for name in days.names),
        time_zone=days.time_zone,
        why_closed=days.open.why_closed(today),
        day=day,
        rule=rule,
        is_reference=rule is not None and days.own_rule is None,
        last=last,
        last_local=last.astimezone(ZoneInfo(days.time_zone)).isoformat(timespec="minutes")
        if last
        else "",
        opens=days.bank.terms.opens,
        takes_ahead_days=days.bank.terms.takes_ahead_days,
        version=days.bank.version,
        as_of=now,
    )
