"""A bank's calendar is changed: a new version, dated, with who agreed to it and why.

1. It is written in lines that people read aloud to the bank; what cannot be read is named.
2. All of it is said anew: what is left out is not kept. The versions before stay.
3. Whatever waits for the bank's hour is looked at again at once, and when the version counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from nostro.domain.bank_calendar import BankTerms
from nostro.domain.bank_days import ClosedDay, EarlyClosing
from nostro.domain.errors import Invalid
from nostro.domain.local_time import opens_at
from nostro.domain.payment import Rail
from nostro.domain.policies.cut_off import CutOff
from nostro.formats.profiles.cut_off_times import told_cut_offs
from nostro.ops.calendar import calendars
from nostro.storage import bank_calendars, connecting, events
from nostro.storage.tenancy import tenant
from nostro.workflows import planning, warehousing
from nostro.workflows.case_work import checked_reason
from nostro.workflows.connecting import named
from nostro.workflows.context import Acting
from nostro.workflows.wake import wake

_Read = TypeVar("_Read")
_DAYS_BEFORE = re.compile(r"-\d{1,2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class WantedCalendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the bank of a connection has agreed to, in lines.

    `cut_offs`: "16:00 Europe/Berlin", with a rail, a currency and "-1" for a bank day before after
    it; `closed_days`: "2026-12-24 Christmas Eve"; `early_closings`: "2026-12-31 12:00 New Year's
    Eve". `opens` is a time on the clock of `time_zone`; `calendars` are names of shipped ones.
    `from_day` is when it begins to count, at midnight there; "": at once.
    """

    connection: str
    cut_offs: tuple[str, ...] = ()
    closed_days: tuple[str, ...] = ()
    early_closings: tuple[str, ...] = ()
    opens: str = ""
    time_zone: str = ""
    takes_ahead_days: int | None = None
    calendars: tuple[str, ...] = ()
    from_day: str = ""


def terms_of(wanted: WantedCalendar) -> BankTerms:
    """What was wanted, read. Raises Invalid (`bank_calendar_wrong`, `cut_off_wrong`)."""
    fields = {
        "cut_offs": msgspec.to_builtins(
            told_cut_offs(
                [_cut_off(line) for line in wanted.cut_offs], f"connection {wanted.connection}"
            )
        ),
        "closed_days": [
            msgspec.to_builtins(row) for row in _each("closed_days", wanted.closed_days, _closed)
        ],
        "early_closings": [
            msgspec.to_builtins(row)
            for row in _each("early_closings", wanted.early_closings, _early)
        ],
        "opens": wanted.opens and f"{_read('opens', wanted.opens, time.fromisoformat)}",
        "time_zone": wanted.time_zone,
        "takes_ahead_days": wanted.takes_ahead_days,
        "calendars": list(wanted.calendars),
    }
    for name in wanted.calendars:
        _read("calendars", name, calendars().__getitem__)
    if wanted.time_zone:
        _read("time_zone", wanted.time_zone, lambda zone: opens_at(date(2026, 1, 1), time(), zone))
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    return _read("terms", given, lambda told: msgspec.convert(told, BankTerms))


def lines_of(terms: BankTerms) -> dict[str, Any]:
    """Terms as people read and write them: the fields of WantedCalendar."""
    return {
        "cut_offs": [_written(rule) for rule in terms.cut_offs],
        "closed_days": [f"{one.day} {one.reason}" for one in terms.closed_days],
        "early_closings": [
            f"{one.day} {one.at:%H:%M} {one.reason}" for one in terms.early_closings
        ],
        "opens": f"{terms.opens:%H:%M}" if terms.opens is not None else "",
        "time_zone": terms.time_zone,
        "takes_ahead_days": terms.takes_ahead_days,
        "calendars": list(terms.calendars),
    }


def preview(acting: Acting, wanted: WantedCalendar) -> tuple[UUID, dict[str, Any], dict[str, Any]]:
    """The connection, and its bank's calendar as it is and as it would be; inside a unit of work.
    Raises Invalid for what cannot be read, Refused for a connection that there is not."""
    row, now = named(acting, wanted.connection), acting.world.clock.now()
    terms = terms_of(wanted)
    begins = _begins(wanted, terms, now)
    counts = planning.bank_of(row.id, max(begins, now))
    when = {"counts_from": f"{begins:%Y-%m-%d %H:%M} UTC"} if wanted.from_day else {}
    return row.id, lines_of(counts.terms), lines_of(terms) | when


def change(acting: Acting, wanted: WantedCalendar, reason: str, changed_by: str = "") -> int:
    """Put a new version down; returns its number. Raises as `preview` does."""
    told, now = checked_reason(reason), acting.world.clock.now()
    with tenant(acting.tenant_id):
        connection_id, before, after = preview(acting, wanted)
        connecting.lock(named(acting, wanted.connection).name)
        terms = terms_of(wanted)
        version = bank_calendars.add(
            acting.world.ids.new(),
            connection_id,
            terms,
            _begins(wanted, terms, now),
            changed_by or acting.actor.name,
            told,
            now,
        )
        said = {"version": version, "before": before, "after": after, "reason": told}
        changed = acting.event("connection.calendar_changed", "connection", connection_id, **said)
        events.record([changed])
        warehousing.look_again(connection_id, now)
        wake("release_payments", tenant_id=acting.tenant_id)
    return version


def _begins(wanted: WantedCalendar, terms: BankTerms, now: datetime) -> datetime:
    if not wanted.from_day:
        return now
    day = _read("from_day", wanted.from_day, date.fromisoformat)
    begins = opens_at(day, time(), terms.time_zone or "UTC")
    if begins < now:
        raise _wrong("from_day", f"{wanted.from_day} is over")
    return begins


def _cut_off(line: str) -> dict[str, Any]:
    """ "12:30 Europe/Berlin cross_border_transfer USD -1" as it stands in a profile."""
    at, _, rest = line.strip().partition(" ")
    zone, *words = rest.split() or [""]
    told: dict[str, Any] = {"at": _read("cut_offs", at, time.fromisoformat), "time_zone": zone}
    for word in words:
        if word in set(Rail):
            told["rail"] = word
        elif _CURRENCY.fullmatch(word):
            told["currency"] = word
        elif _DAYS_BEFORE.fullmatch(word):
            told["days_before"] = -int(word)
        else:
            raise _wrong("cut_offs", f"{word[:40]!r} is no rail, no currency and no -1")
    return told


def _written(rule: CutOff) -> str:
    days = f"-{rule.days_before}" if rule.days_before else ""
    return " ".join(
        filter(None, (f"{rule.at:%H:%M}", rule.time_zone, rule.rail or "", rule.currency, days))
    )


def _closed(line: str) -> ClosedDay:
    day, _, reason = line.strip().partition(" ")
    return msgspec.convert({"day": day, "reason": reason.strip()}, ClosedDay)


def _early(line: str) -> EarlyClosing:
    day, at, *reason = line.split()
    told = {
        "day": date.fromisoformat(day),
        "at": time.fromisoformat(at),
        "reason": " ".join(reason),
    }
    return msgspec.convert(told, EarlyClosing)


def _each(field: str, lines: Iterable[str], read: Callable[[str], _Read]) -> list[_Read]:
    return [_read(field, line, read) for line in lines]


def _read(field: str, told: Any, read: Callable[[Any], _Read]) -> _Read:
    try:
        return read(told)
    except (ValueError, KeyError, OSError) as error:  # Of msgspec and zoneinfo as well.
        raise _wrong(field, f"{str(told)[:80]!r} cannot be used ({error})") from None


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(
        "bank_calendar_wrong",
        f"The bank's calendar, {field}: {why}.",
        "Nothing was asked for or changed.",
        'Write cut-offs like "16:00 Europe/Berlin EUR", closed days like "2026-12-24 Christmas'
        ' Eve", early closings like "2026-12-31 12:00 New Year\'s Eve", times like 08:00.',
        field=field,
    )
