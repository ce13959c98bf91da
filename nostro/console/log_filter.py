"""What a person asks the log for, as the address of the page says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import QueryDict

from nostro.console import log_words
from nostro.domain.errors import Invalid
from nostro.storage.audit_trail import TrailFilter

# The names in the address, in the order in which they are written there.
NAMES: Final = ("by", "about", "who", "object", "from", "to", "address")
WORDS: Final[Mapping[str, str]] = {
    "by": "By",
    "about": "About",
    "who": "Who",
    "object": "Object",
    "from": "From",
    "to": "To",
    "address": "Address",
}
BY: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "": ("All", ()),
    "people": ("People", ("person",)),
    "programs": ("Programs", ("api_key",)),
    "nostro": ("nostro itself", ("job",)),
    "banks": ("Banks", ("bank",)),
}
Value = TypeVar("Value")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filter as it stands in the address, and as it is looked for."""

    values: dict[str, str]
    wanted: TrailFilter

    @property
    def narrowed(self) -> bool:
        """By more than who acts: the drawer of filters stays open then."""
        return any(name != "by" for name in self.values)

    def query(self, **changes: str) -> str:
        """The address of the same list with some values changed; "" takes one away."""
        told = {**self.values, **changes}
        return "?" + urlencode({n: told[n] for n in (*NAMES, "cursor") if told.get(n)})


def asked_of(sent: QueryDict) -> Asked:
    """Raises Invalid, naming the field, for what is not a value of it."""
    values = {name: told for name in NAMES if (told := sent.get(name, "").strip())}
    by, about = values.get("by", ""), values.get("about", "")
    if by not in BY or (about and about not in log_words.FAMILIES):
        raise _unfit("about" if by in BY else "by", about if by in BY else by)
    until = _read(values, "to", date.fromisoformat)
    wanted = TrailFilter(
        since=_midnight(_read(values, "from", date.fromisoformat)),
        until=_midnight(until + timedelta(days=1) if until and until < date.max else None),
        about=(about,) if about else (),
        actor_kinds=BY[by][1],
        actor=values.get("who", ""),
        subject_id=_read(values, "object", UUID),
        address=values.get("address", ""),
    )
    return Asked(values=values, wanted=wanted)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


def _read(values: Mapping[str, str], name: str, reads: Callable[[str], Value]) -> Value | None:
    text = values.get(name, "")
    try:
        return reads(text) if text else None
    except ValueError as error:
        raise _unfit(name, text) from error


def _unfit(name: str, text: str) -> Invalid:
    return Invalid(
        "filter_unfit",
        f"{text[:40]!r} is not a value of the filter “{WORDS[name]}”.",
        can_do="Choose it again from the list, write days as 2026-11-23, or take it away.",
        field=name,
    )
