"""When a payment is executed, and when its file leaves: by the calendars that it crosses.

1. The clearing of its currency, the home of the debited bank and the bank itself are open.
2. The bank's own cut-off counts: its calendar, else the connection's settings, else its profile.
   A clearing's cut-off is shown and planned with where the bank's is not known; it moves nothing.
3. A file leaves at the first moment at which the bank takes it, or at once when that has come.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from nostro.domain.bank_calendar import BankTerms, Plan, first_moment
from nostro.domain.bank_days import BankDays
from nostro.domain.errors import Invalid
from nostro.domain.local_account import country_of
from nostro.domain.order import OrderState
from nostro.domain.payment import Instruction, Rail, RollRule, Route
from nostro.domain.policies import cut_off
from nostro.domain.policies.checks import day as spelled
from nostro.domain.policies.cut_off import CutOff
from nostro.formats.profiles.cut_off_times import FIELD, bank_cut_offs, told_cut_offs
from nostro.formats.profiles.dialects import STANDARD
from nostro.ops import calendar
from nostro.ops.calendar import Clearing
from nostro.storage import attempts, bank_calendars, orders, parties
from nostro.workflows.context import World

_PLANNED = frozenset(
    {
        *(OrderState.VALIDATED, OrderState.HELD, OrderState.AWAITING_APPROVAL),
        *(OrderState.APPROVED, OrderState.SCHEDULED),
    }
)


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the bank of a connection now. `changes_at`: when that is next different."""

    name: str
    terms: BankTerms
    version: int = 0  # 0: nobody has set a calendar.
    changes_at: datetime | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How payments go: over which connection and rail, in a currency, from an account's country.

    `rail` is "" for payments from before rails were told; no cut-off is known for those.
    """

    connection_id: UUID
    rail: str
    currency: str
    country: str


class Days(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The calendars and times of payments that go one way, worked out once."""

    way: Way
    bank: Bank
    open: BankDays
    names: tuple[str, ...]  # The calendars that are crossed, the clearing's first.

    @cached_property
    def clearing(self) -> Clearing:
        return calendar.carries(self.way.rail, self.way.currency)

    @cached_property
    def own_rule(self) -> CutOff | None:
        """The bank's own cut-off: the one that counts."""
        way = self.way
        if not way.rail:
            return None
        return cut_off.rule_for(self.bank.terms.cut_offs, Rail(way.rail), way.currency)

    @property
    def rule(self) -> CutOff | None:
        """The cut-off to plan with: the bank's own, else the clearing's."""
        return self.own_rule or self.clearing.cut_off

    @cached_property
    def time_zone(self) -> str:
        market = calendar.calendars()[self.clearing.calendar].time_zone
        return self.bank.terms.zone(self.rule, market)

    def today(self, now: datetime) -> date:
        """The day at the bank."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def execution_day(self, told: Instruction, now: datetime) -> date:
        """The day on which a payment that leaves now is executed, as its approval lets it roll;
        the bank's cut-off apart."""
        wanted = max(told.requested_date, self.today(now))
        return wanted if told.roll_rule is RollRule.NONE else self.open.next(wanted)


class Routed(Protocol):
    """A payment with its way: an order, or one that might be."""

    @property
    def instruction(self) -> Instruction: ...
    @property
    def route(self) -> Route: ...


class Planner:
    """The plans of payments in one unit of work: each bank and way is looked up once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._now = world.clock.now()
        self._banks: dict[UUID, Bank] = {}
        self._ways: dict[Way, Days] = {}
        self._days: dict[tuple[Way, date, RollRule], date] = {}
        self._plans: dict[tuple[Way, date, date, RollRule], Plan] = {}

    def bank(self, connection_id: UUID) -> Bank:
        """Raises Invalid (`cut_off_wrong`) for settings that cannot be read."""
        if connection_id not in self._banks:
            self._banks[connection_id] = bank_of(connection_id, self._now)
        return self._banks[connection_id]

    def days(self, way: Way) -> Days:
        if way not in self._ways:
            self._ways[way] = self._crossed(way, self.bank(way.connection_id))
        return self._ways[way]

    def leaves_on(self, order: Routed) -> date:
        """The day on which a payment that leaves now is executed, the bank's cut-off apart."""
        told, way = order.instruction, way_of(order.route, order.instruction)
        key = (way, told.requested_date, told.roll_rule)
        if key not in self._days:
            self._days[key] = self.days(way).execution_day(told, self._now)
        return self._days[key]

    def plan(self, order: Routed) -> Plan:
        """What becomes of a payment by the calendar, as things stand now."""
        told = order.instruction
        way = way_of(order.route, told)
        key = (way, told.requested_date, told.latest_date, told.roll_rule)
        if key not in self._plans:
            self._plans[key] = self._plan(order, self.days(way))
        return self._plans[key]

    def _plan(self, order: Routed, days: Days) -> Plan:
        told = order.instruction
        day, missed = self.leaves_on(order), None
        if days.own_rule:
            earliest = cut_off.earliest_day(days.own_rule, self._now, days.open)
            met = cut_off.day_within(day, earliest, told.latest_date, told.roll_rule) or earliest
            day, missed = met, days.own_rule if met != day else None
        return Plan(
            day=day,
            leaves_at=first_moment(days.bank.terms, day, days.rule, days.open, days.time_zone),
            time_zone=days.time_zone,
            rule=days.rule,
            last=cut_off.last_moment(days.rule, day, days.open) if days.rule else None,
            is_reference=days.own_rule is None,
            why=self._why(told, days, missed) if day != told.requested_date else "",
        )

    def _why(self, told: Instruction, days: Days, missed: CutOff | None) -> str:
        if missed:
            return f"the bank's cut-off ({missed}) had passed"
        if told.requested_date < days.today(self._now):
            return f"{spelled(told.requested_date)} is over"
        return days.open.why_closed(told.requested_date)

    def _crossed(self, way: Way, bank: Bank) -> Days:
        clearing = calendar.carries(way.rail, way.currency)
        homes = bank.terms.calendars or (calendar.home(way.country),)
        names = tuple(dict.fromkeys(name for name in (clearing.calendar, *homes) if name))
        crossed = self._world.calendar.days(names)
        closed = {one.day: one.reason for one in bank.terms.closed_days}
        own = {bank.name: lambda day: closed.get(day, "")} if closed else {}
        early = {one.day: one.at for one in bank.terms.early_closings}
        return Days(
            way=way,
            bank=bank,
            names=names,
            open=BankDays(calendars={**crossed.calendars, **own}, early=early),
        )


def plan_of(world: World, order_id: UUID) -> Plan | None:
    """The plan of one payment that has not left, inside a unit of work; None for any other, and
    while what its connection says of the bank cannot be read (the release tells people that)."""
    (row,) = orders.load([order_id])
    if row.state not in _PLANNED or attempts.files_of_orders([order_id]):
        return None
    try:
        return Planner(world).plan(row)
    except Invalid:
        return None


def way_of(route: Route, told: Instruction) -> Way:
    return Way(
        connection_id=UUID(route.connection_id),
        rail=route.rail,
        currency=told.amount.currency,
        country=country_of(route.debtor_iban, route.debtor_account),
    )


def bank_of(connection_id: UUID, now: datetime) -> Bank:
    """What is known now of the bank of a connection; inside a unit of work."""
    row = parties.connection(connection_id)
    version = bank_calendars.in_force(connection_id, now)
    changes_at = bank_calendars.next_change(connection_id, now)
    if version is not None:
        return Bank(
            name=row.name, terms=version.terms, version=version.version, changes_at=changes_at
        )
    if FIELD in row.config:
        cut_offs = told_cut_offs(row.config[FIELD], f"connection {row.name}")
    else:
        cut_offs = bank_cut_offs(str(row.config.get("profile") or STANDARD))
    return Bank(name=row.name, terms=BankTerms(cut_offs=cut_offs), changes_at=changes_at)
