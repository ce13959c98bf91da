"""The form of a change: made from its kind's struct, so that a new kind has its page at once."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, get_args, get_origin

import msgspec
from django.http import QueryDict

from nostro.console import words
from nostro.console.change_words import HINTS, LABELS, SCOPES
from nostro.domain.errors import Invalid
from nostro.domain.party import Role
from nostro.workflows.changes import Kind
from nostro.workflows.granted import WantedGrant

PEOPLE: Final = ("person", "owner", "lender")
LINES: Final = "lines"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value that may be chosen, in words."""

    value: str
    word: str
    chosen: bool = False


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `shape` is text, number, moment, select, checks, lines, grants or secret."""

    name: str
    label: str
    shape: str
    hint: str = ""
    value: str = ""
    needed: bool = False
    choices: tuple[Choice, ...] = ()
    rows: tuple[GrantLine, ...] = ()


class GrantLine(msgspec.Struct, frozen=True, kw_only=True):
    """One role with how far it is to reach, as ticked and written."""

    role: str
    word: str
    ticked: bool
    entity: str
    up_to: str
    cleared: bool = False


def fields_of(
    kind: Kind, sent: Mapping[str, Any], people: Sequence[Choice], entities: Sequence[str]
) -> list[Field]:
    """The questions of a kind, with what was answered before."""
    hints = typing.get_type_hints(kind.wanted)
    asked = [
        _field(one, hints[one.name], sent, people, entities)
        for one in msgspec.structs.fields(kind.wanted)
    ]
    return asked + [_secret(name) for name in kind.secrets]


def wish_of(kind: Kind, sent: QueryDict) -> dict[str, Any]:
    """What was answered, as the kind's struct takes it. Raises Invalid for an unreadable line."""
    hints = typing.get_type_hints(kind.wanted)
    found = {name: _answer(name, hint, sent) for name, hint in hints.items()}
    return {name: value for name, value in found.items() if value is not None}


def secrets_of(kind: Kind, sent: QueryDict) -> dict[str, str]:
    """What was given besides, and is no part of the wish; what was left empty is not given."""
    found = {name: sent.get(name, "").strip() for name in kind.secrets}
    return {name: value for name, value in found.items() if value}


def _secret(name: str) -> Field:
    """It is never shown again, not even in a form that comes back."""
    return Field(name=name, label=LABELS[name], shape="secret", hint=HINTS[name])


def _field(
    one: msgspec.structs.FieldInfo,
    hint: Any,
    sent: Mapping[str, Any],
    people: Sequence[Choice],
    entities: Sequence[str],
) -> Field:
    shape, usual = _shape(one.name, hint), "" if one.required else one.default
    value = str(sent.get(one.name, _usual(usual)))
    told = Field(
        name=one.name,
        label=LABELS.get(one.name, words.phrase(one.name)),
        shape=shape,
        hint=HINTS.get(one.name, ""),
        value=value,
        needed=one.required and shape not in ("checks", LINES, "grants"),
    )
    if one.name in PEOPLE:
        marked = [msgspec.structs.replace(row, chosen=row.value == value) for row in people]
        return msgspec.structs.replace(told, choices=tuple(marked))
    if shape == "grants":
        return msgspec.structs.replace(told, rows=_lines(sent))
    ticked = {*_listed(sent, one.name), value} if shape == "checks" else {value}
    said = {"false": "no", "true": "yes"} if hint is bool else _words(hint)
    members = tuple(
        Choice(value=value, word=word, chosen=value in ticked) for value, word in said.items()
    )
    return msgspec.structs.replace(told, choices=members)


def _usual(usual: Any) -> str:
    """What stands in a field before anybody has answered."""
    if isinstance(usual, bool):
        return str(usual).lower()
    return "" if usual in (None, ()) else str(usual)


def _shape(name: str, hint: Any) -> str:
    inner = _inner(hint)
    if name in PEOPLE:
        return "select"
    if get_origin(hint) is tuple:
        if inner is WantedGrant:
            return "grants"
        return "checks" if _is_words(inner) else LINES
    if _is_words(inner) or inner is bool:
        return "select"
    if get_origin(hint) is dict:
        return LINES
    return {int: "number", datetime: "moment"}.get(inner, "text")


def _answer(name: str, hint: Any, sent: QueryDict) -> Any:
    shape, text = _shape(name, hint), sent.get(name, "").strip()
    if shape == "grants":
        return [
            {
                "role": row.role,
                "entity": row.entity,
                "up_to": row.up_to,
                "cleared": row.cleared,
            }
            for row in _lines(sent)
            if row.ticked
        ]
    if shape == "checks":
        return _listed(sent, name)
    if shape == LINES:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return _read_lines(name, hint, lines)
    if shape == "moment" and text:
        return f"{text}:00Z" if len(text) == len("2026-11-30T12:00") else text
    return text or None


def _read_lines(name: str, hint: Any, lines: Sequence[str]) -> Any:
    inner = _inner(hint)
    if get_origin(hint) is dict:
        found: dict[str, str] = {}
        for line in lines:
            first, second = _parts(name, line, "=", 2)
            found[first] = second
        return found
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        names = inner.__struct_fields__
        return [
            dict(zip(names, _parts(name, line, "|", len(names)), strict=True)) for line in lines
        ]
    return list(lines)


def _parts(name: str, line: str, between: str, count: int) -> list[str]:
    """So many parts of a line; raises Invalid for another number of them."""
    parts = line.split(between, count - 1)
    if len(parts) != count:
        raise Invalid(
            "line_unreadable",
            f"{line[:60]!r} has {len(parts)} parts with {between} between them, not {count}.",
            "Nothing was asked for.",
            HINTS.get(name, ""),
            field=name,
        )
    return [part.strip() for part in parts]


def as_sent(wish: msgspec.Struct) -> dict[str, Any]:
    """A wish as it would be sent by its form, to begin a new one with."""
    return {
        name: "\n".join(map(_line, value)) if isinstance(value, tuple) else _usual(value)
        for name in wish.__struct_fields__
        if (value := getattr(wish, name)) not in (None, ())
    }


def _line(value: Any) -> str:
    if not isinstance(value, msgspec.Struct):
        return str(value)
    return " | ".join(str(getattr(value, name)) for name in value.__struct_fields__)


def _lines(sent: Mapping[str, Any]) -> tuple[GrantLine, ...]:
    ticked = set(_listed(sent, "grants"))
    return tuple(
        GrantLine(
            role=role.value,
            word=words.phrase(role.value),
            ticked=role.value in ticked,
            entity=str(sent.get(f"entity-{role}", "")),
            up_to=str(sent.get(f"up_to-{role}", "")).strip(),
            cleared=bool(sent.get(f"cleared-{role}", "")),
        )
        for role in Role
    )


def _listed(sent: Mapping[str, Any], name: str) -> list[str]:
    if isinstance(sent, QueryDict):
        return [str(value) for value in sent.getlist(name)]
    return [str(value) for value in sent.get(name, ())]


def _inner(hint: Any) -> Any:
    """The type inside of tuple[X, ...] or X | None, or the type itself."""
    if get_origin(hint) is tuple or isinstance(hint, types.UnionType):
        return get_args(hint)[0]
    return hint


def _is_words(inner: Any) -> bool:
    return isinstance(inner, type) and issubclass(inner, StrEnum)


def _words(hint: Any) -> dict[str, str]:
    inner = _inner(hint)
    found = {one.value: words.phrase(one.value) for one in inner} if _is_words(inner) else {}
    return {value: SCOPES.get(value, word) for value, word in found.items()}
