"""What a bank's cut-off does to payments that leave, and to a file whose outcome is in doubt.

1. Too late for its day: executed on the bank's next one, if the approval lets it roll there; told.
2. Too late for its latest day: not sent and held, with the reason; its approvals are void.
3. In doubt: a person is told while the bank can still be reached before the cut-off.
4. Waited in a file beyond its day: made anew if it was never tried, else kept here for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec

from nostro.domain.local_account import country_of
from nostro.domain.policies import cut_off
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.checks import day as spelled
from nostro.domain.policies.cut_off import CutOff
from nostro.domain.policies.objections import Standing
from nostro.storage import attempts, events, parties
from nostro.storage.orders import OrderRow
from nostro.storage.submissions import SubmissionRow
from nostro.workflows import recheck
from nostro.workflows.context import Acting
from nostro.workflows.planning import Days, Planner, Way, way_of

MISSED = "cut_off_missed"


def in_time(
    acting: Acting, planner: Planner, dated: Sequence[tuple[OrderRow, date]]
) -> list[tuple[OrderRow, date]]:
    """Those locked orders that may leave now, with the day on which the bank can execute them."""
    known: dict[Way, tuple[CutOff, date] | None] = {}
    kept, moved = [], []
    for order, day in dated:
        told = order.instruction
        way = way_of(order.route, told)
        if way not in known:
            known[way] = _earliest(acting, planner.days(way))
        rule, earliest = known[way] or (None, day)
        found = cut_off.day_within(day, earliest, told.latest_date, told.roll_rule)
        if rule is None or found == day:
            kept.append((order, day))
        elif found is None:
            recheck.send_back(acting, order, _too_late(order, day, rule, earliest))
        else:
            kept.append((order, found))
            moved.append((order, day, found, rule))
    _tell(acting, moved)
    return kept


def _earliest(acting: Acting, days: Days) -> tuple[CutOff, date] | None:
    rule = days.own_rule
    if rule is None:
        return None
    return rule, cut_off.earliest_day(rule, acting.world.clock.now(), days.open)


def _too_late(order: OrderRow, day: date, rule: CutOff, earliest: date) -> Finding:
    return Finding(
        code=MISSED,
        effect=Effect.HOLD,
        sentence=f"The bank's cut-off ({rule}) for {spelled(day)} had passed before"
        f" {order.number} left; the bank can execute it on {spelled(earliest)}, which its approval"
        " does not allow.",
    )


def _tell(acting: Acting, moved: Sequence[tuple[OrderRow, date, date, CutOff]]) -> None:
    """The day that was asked for cannot be met: said of each payment, before it leaves."""
    if not moved:
        return
    own = [
        {
            "wanted": spelled(wanted),
            "day": spelled(day),
            "why": f"the bank's cut-off ({rule}) had passed",
            "reason": MISSED,
        }
        for _, wanted, day, rule in moved
    ]
    subjects = [order.id for order, *_ in moved]
    events.record_alike(acting.alike("order.day_moved", "order", subjects, own))


Late = dict[tuple[date, str, str], cut_off.Late]


def late_in_file(acting: Acting, row: SubmissionRow) -> Late:
    """The days, rails and currencies of a file that it is too late for now."""
    now = acting.world.clock.now()
    found: Late = {}
    for day, rail, currency, days in _days_of(acting, row):
        late = cut_off.late_for(day, days.own_rule, now, days.open, days.time_zone)
        if late is not None:
            found[day, rail, currency] = late
    return found


def _days_of(acting: Acting, row: SubmissionRow) -> Iterator[tuple[date, str, str, Days]]:
    """The days, rails and currencies of a file, with the calendars that these cross."""
    planner = Planner(acting.world)
    countries = {
        account.id: country_of(account.iban, account.local_account)
        for account in parties.accounts()
    }
    country = countries.get(str(row.account_id), "")
    for day, rail, currency in attempts.days_by_rail(row.id):
        way = Way(connection_id=row.connection_id, rail=rail, currency=currency, country=country)
        yield day, rail, currency, planner.days(way)


def with_day(order: OrderRow, standing: Standing, day: date, late: Late, *, anew: bool) -> Standing:
    """What holds of a payment in a file, by the day that its file asks for.

    A file that can be made anew asks for the right day then. One that cannot goes as it is while
    its day is not over, if the payment may be executed as late as the bank then does.
    """
    told = order.instruction
    found = late.get((day, order.route.rail, told.amount.currency))
    if found is None:
        return standing
    fits = cut_off.day_within(day, found.earliest, told.latest_date, told.roll_rule)
    return msgspec.structs.replace(
        standing,
        leaves_on=max(standing.leaves_on, found.earliest),
        day_missed=anew or found.over or fits is None,
    )


def last_moment(acting: Acting, row: SubmissionRow) -> datetime | None:
    """Until when the bank must have this file for the first of its payments; None: it names no
    cut-off, or the file carries no payments."""
    found = [
        cut_off.last_moment(days.own_rule, day, days.open)
        for day, _, _, days in _days_of(acting, row)
        if days.own_rule is not None
    ]
    return min(found, default=None)


def said(last: datetime | None, now: datetime) -> str:
    """The last moment for whoever rings the bank; "" when there is none."""
    if last is None:
        return ""
    word = "passes" if last > now else "passed"
    return f" Its cut-off {word} at {last:%H:%M} UTC on {spelled(last.date())}."
