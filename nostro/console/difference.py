"""What an event says, side by side: each field that changed, before and after; then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from nostro.console import log_words, words
from nostro.domain.currency import EXPONENT
from nostro.domain.event import Event
from nostro.domain.money import Money

NAMES: Final[Mapping[str, str]] = {
    **words.DETAILS,
    "uetr": "UETR",
    "text": "In words",
    "why": "Why",
    "grants": "Roles and their reach",
    "file": "File",
}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One field: what it was and what it is, as lines; an empty one is nothing."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the event says besides."""

    name: str
    lines: tuple[str, ...]
    is_id: bool


class Told(msgspec.Struct, frozen=True, kw_only=True):
    changes: tuple[Side, ...]
    unchanged: int
    rest: tuple[Said, ...]


def told(event: Event) -> Told:
    """An event's data as people read it; what is empty is left out."""
    left = _with_amounts(event.data)
    sides = [*_pairs(left, event), *_whole(left), *_listed(left)]
    changed = tuple(one for one in sides if one.before != one.after)
    rest = (
        Said(name=_name(key), lines=lines, is_id=key.endswith(_IDS))
        for key, value in sorted(left.items())
        if (lines := lines_of(value)) and not _linked(key, event)
    )
    return Told(changes=changed, unchanged=len(sides) - len(changed), rest=tuple(rest))


_IDS: Final = ("_id", "digest", "head", "uetr", "reference", "root")


def _linked(key: str, event: Event) -> bool:
    """A page of ours shows it: there is a link to it."""
    return key.endswith("_id") and any(
        str(event.data[key]) in one.href for one in log_words.links(event)
    )


def _with_amounts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with an amount where it has whole minor units and a currency beside them."""
    left = dict(data)
    minor, currency = left.get("amount_minor"), left.get("currency")
    if isinstance(minor, int) and isinstance(currency, str) and currency in EXPONENT:
        del left["amount_minor"], left["currency"]
        left["amount"] = words.money(Money(minor, currency))
    return left


def _pairs(left: dict[str, Any], event: Event) -> Iterator[Side]:
    """state_before and state_after, and others that are named so."""
    for key in [one for one in left if one.endswith("_after")]:
        stem = key.removesuffix("_after")
        before, after = left.pop(f"{stem}_before", None), left.pop(key)
        if stem == "state":
            before, after = (
                log_words.state_word(event, one) if isinstance(one, str) and one else one
                for one in (before, after)
            )
        yield Side(name=_name(stem), before=lines_of(before), after=lines_of(after))


def _whole(left: dict[str, Any]) -> Iterator[Side]:
    """Two whole descriptions: what stands in either is compared field by field."""
    before, after = left.get("before"), left.get("after")
    if not isinstance(after, dict) and not isinstance(before, dict):
        return
    old = left.pop("before", None) or {}
    new = left.pop("after", None) or {}
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Side(name="All of it", before=lines_of(old), after=lines_of(new))
        return
    for key in dict.fromkeys((*old, *new)):
        yield Side(name=_name(key), before=lines_of(old.get(key)), after=lines_of(new.get(key)))


def _listed(left: dict[str, Any]) -> Iterator[Side]:
    """A list of changes, each of a field."""
    found = left.get("changes")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return
    for one in left.pop("changes"):
        where = f" ({one['where']})" if one.get("where") else ""
        yield Side(
            name=f"{_name(str(one.get('field', '')))}{where}",
            before=lines_of(one.get("before", one.get("from"))),
            after=lines_of(one.get("after", one.get("to"))),
        )


def lines_of(value: Any) -> tuple[str, ...]:
    """A value as lines of text; nothing for what is empty."""
    if value is None or value == "" or value == [] or value == {}:
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, dict):
        return tuple(line for key, one in value.items() if (line := _line(str(key), one)))
    if isinstance(value, list | tuple):
        return tuple("; ".join(lines) for one in value if (lines := lines_of(one)))
    return (str(value),)


def _line(key: str, value: Any) -> str:
    """One part of a value; a sum stands under its currency, in whole minor units."""
    if key in EXPONENT and isinstance(value, int):
        return words.money(Money(value, key))
    lines = lines_of(value)
    return f"{_name(key)}: {', '.join(lines)}" if lines else ""


def _name(key: str) -> str:
    return NAMES.get(key) or words.phrase(key.removesuffix("_id") or key)
