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


LABELS: Final[Mapping[str, str]] = {
    "person": "Person",
    "owner": "Who answers for it",
    "lender": "Who is away",
    "grants": "What the person may do from then on",
    "roles": "Roles",
    "role": "Role",
    "until": "Until (UTC)",
    "minutes": "For how many minutes",
    "name": "Name",
    "number": "Payee's number",
    "iban": "IBAN",
    "bic": "BIC",
    "scopes": "What it may be used for",
    "networks": "Networks that it is taken from",
    "days": "Ends after how many days",
    "needed": "People who approve a payment",
    "above": "More people above an amount",
    "settings": "Settings",
    "address": "Address of the partner's person",
    "groups": "Groups of your sign-in service, and their roles",
    "groups_claim": "What the service calls groups",
    "months": "Months after the end of a file's year",
    "despite_doubt": "Also while nobody knows whether the bank has a file",
    "kind": "Kind of connection",
    "connection": "Connection to the bank",
    "cut_offs": "Until when it takes payments",
    "closed_days": "Days on which it is closed",
    "early_closings": "Days on which it closes early",
    "opens": "From when on it takes files",
    "time_zone": "On the clock of",
    "takes_ahead_days": "How many days ahead it takes files",
    "calendars": "Calendars that it keeps besides the clearing's",
    "from_day": "Counts from",
    "fingerprint": "Fingerprint of the server's host key",
    "issuer": "Issuer, as the service calls itself",
    "client_id": "Client id, as nostro is registered there",
    "client_secret": "Client secret",
    "newcomers": "Whoever was never here becomes a person at the first sign-in",
}
HINTS: Final[Mapping[str, str]] = {
    "grants": "Nothing ticked ends the membership.",
    "roles": "Nothing ticked: all that he or she holds for good.",
    "networks": "One a line, like 203.0.113.0/24. None: from anywhere.",
    "above": "One a line, like 100000.00 EUR | 3. What is left out is not kept.",
    "groups": "One a line, like treasury | approver. None: roles are asked for as for anybody.",
    "kind": "As the terminal lists them: nostro connections kinds.",
    "settings": "One a line, like host = sftp.bank.example.",
    "cut_offs": "One a line, like 15:00 Europe/Berlin EUR; with a rail, and -1 for a day before.",
    "closed_days": "One a line, like 2026-12-24 Christmas Eve.",
    "early_closings": "One a line, like 2026-12-31 12:00 New Year's Eve.",
    "opens": "A time like 08:00.",
    "time_zone": "Like Europe/Berlin. Nothing: that of the cut-off.",
    "takes_ahead_days": "0: on the day itself. Nothing: not known.",
    "calendars": "One a line, like england. Nothing: that of the account's country.",
    "from_day": "A day like 2026-12-01. Nothing: at once.",
    "until": "Nothing: it ends now.",
    "issuer": "Exactly as in its .well-known/openid-configuration; it is asked now.",
    "client_secret": "Kept encrypted beside the request and shown to nobody. Nothing: the one that"
    " is kept stays, as long as issuer and client id stay.",
}


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
    ticked = set(_listed(sent, one.name)) | {value}
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
        return dict(_pair(name, line, "=") for line in lines)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        names = inner.__struct_fields__
        return [dict(zip(names, _pair(name, line, "|"), strict=True)) for line in lines]
    return list(lines)


def _pair(name: str, line: str, between: str) -> tuple[str, str]:
    first, found, second = line.partition(between)
    if not found:
        raise Invalid(
            "line_unreadable",
            f"{line[:60]!r} has no {between} in it.",
            "Nothing was asked for.",
            HINTS.get(name, ""),
            field=name,
        )
    return first.strip(), second.strip()


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
    return {one.value: words.phrase(one.value) for one in inner} if _is_words(inner) else {}
