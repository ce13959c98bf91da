"""What a connector wants to be told: its settings by name, in words, from its own model."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec

from nostro import connectors
from nostro.connectors import Connector
from nostro.domain.errors import Invalid


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a connector: its type in words, and whether it must be given."""

    name: str
    kind: str
    required: bool
    default: Any = None


def settings_of(connector: Connector) -> list[Setting]:
    """The settings of a connector, in the order of its model."""
    hints = get_type_hints(connector.config)
    return [
        Setting(
            name=field.name,
            kind=_in_words(hints[field.name]),
            required=field.required,
            default=None if field.required else _default(field),
        )
        for field in msgspec.structs.fields(connector.config)
    ]


def connector_named(name: str) -> Connector:
    """Raises Invalid when there is no such connector."""
    found = connectors.find().get(name)
    if found is None:
        raise Invalid(
            "unknown_connector",
            f"There is no kind of connection named {name!r}.",
            "Nothing was set up.",
            f"There are: {', '.join(sorted(connectors.find()))}.",
            field="kind",
        )
    return found


def _in_words(hint: Any) -> str:
    words = {str: "text", int: "whole number", bool: "true or false"}
    if hint in words:
        return words[hint]
    if getattr(hint, "__origin__", None) is tuple:
        return "texts, one or several"
    choices = [str(one) for one in getattr(hint, "__args__", ())]
    return " | ".join(choices) if choices else str(hint)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return None if field.default is msgspec.NODEFAULT else field.default
