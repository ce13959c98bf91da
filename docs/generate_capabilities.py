"""Writes docs/channels/README.md from the connectors: `python docs/generate_capabilities.py`.

What a connector offers is what the opened connection implements. Its example is opened, then each
of its settings is changed, one at a time, to see on which of them a capability depends.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.inspect import BoolType, IntType, LiteralType, StrType, VarTupleType

from nostro import connectors
from nostro.connectors import CAPABILITIES, Connector, capabilities
from nostro.domain.errors import NostroError

PAGE = Path(__file__).parent / "channels" / "README.md"
HEAD = """# Channels: what each connector can do

A connector states what it can do by the protocols of `nostro/ports.py` that its opened connection
implements; there is no other list. This page is written from that by
`python docs/generate_capabilities.py`; a test fails when it is not current.

*yes*: always. *with `setting`*: only where that setting of the connection says so; a connection
without it does not have the capability, and nothing relies on it. An empty cell: never.
"""
# Values to try a setting with, by the kind of the setting.
_TRIED: dict[type, tuple[object, ...]] = {
    StrType: ("",),
    BoolType: (False, True),
    IntType: (0, 1),
    VarTupleType: ((),),
}


def page() -> str:
    """The whole page."""
    found = connectors.find()
    titles = {text.read_text(encoding="utf-8").split("\n", 1)[0]: text.name for text in _pages()}
    parts = [HEAD, _row("Capability", [f"`{name}`" for name in found])]
    parts.append(_row("---", ["---"] * len(found)))
    offers = [offered(connector) for connector in found.values()]
    for capability in (protocol.__name__ for protocol in CAPABILITIES):
        parts.append(_row(capability, [_cell(offer, capability) for offer in offers]))
    parts += ["", "| Connector | is | written against |", "|---|---|---|"]
    for name, connector in found.items():
        about = titles.get(f"# {connector.title}")
        title = f"[{connector.title}]({about})" if about else connector.title
        parts.append(f"| `{name}` | {title} | {connector.document} |")
    parts += ["", "| Capability | means |", "|---|---|"]
    for protocol in CAPABILITIES:
        parts.append(f"| {protocol.__name__} | {_first_sentence(protocol)} |")
    return "\n".join(parts) + "\n"


def offered(connector: Connector) -> dict[str, set[str]]:
    """Each capability that a connection can have, and the settings on which it depends."""
    usual = set(_opened(connector, connector.example))
    depends: dict[str, set[str]] = defaultdict(set, {name: set() for name in usual})
    for setting, value in variants(connector):
        try:
            changed = msgspec.structs.replace(connector.example, **{setting: value})
            msgspec.convert(msgspec.to_builtins(changed), connector.config)
            has = set(_opened(connector, changed))
        except (msgspec.ValidationError, NostroError):
            continue  # No connection may be set up so.
        for name in usual ^ has:
            depends[name].add(setting)
    return depends


def variants(connector: Connector) -> Iterator[tuple[str, object]]:
    """Each setting with each of the values it is tried with."""
    shape = msgspec.inspect.type_info(connector.config)
    assert isinstance(shape, msgspec.inspect.StructType)  # noqa: S101 (the contract of connectors)
    for field in shape.fields:
        kind = field.type
        values = kind.values if isinstance(kind, LiteralType) else _TRIED.get(type(kind), ())
        for value in values:
            yield field.name, value


def _opened(connector: Connector, config: msgspec.Struct) -> tuple[str, ...]:
    secrets = dict.fromkeys(connector.secret_names, "made-up")
    return capabilities(connector.open(config, secrets))


def _cell(offer: dict[str, set[str]], capability: str) -> str:
    if capability not in offer:
        return ""
    settings = ", ".join(f"`{name}`" for name in sorted(offer[capability]))
    return f"with {settings}" if settings else "yes"


def _row(first: str, cells: list[str]) -> str:
    return f"| {' | '.join([first, *cells])} |"


def _first_sentence(protocol: type) -> str:
    return (inspect.getdoc(protocol) or "").split("\n", 1)[0].replace("|", "\\|")


def _pages() -> list[Path]:
    return sorted(path for path in PAGE.parent.glob("*.md") if path != PAGE)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
