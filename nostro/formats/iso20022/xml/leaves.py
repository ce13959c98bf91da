"""A message as its leaves, with nothing left over: what has no field of its own keeps its path.

`messages.records` gives what a reader asks for by path. A payment must also keep what nobody asked
for (tax, regulatory reporting, cheque delivery ...), under names from which a writer can put it
back: "Tax/Cdtr/TaxId", "RgltryRptg[2]/Dtls/Inf", "Tax/TtlTaxAmt@Ccy" for an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.problem import Location
from nostro.formats.iso20022.xml.messages import fed, no_such_message, safe_parser

# One payment, with its remittance, never needs more; a hostile file must not fill the memory.
SIZE_MAX = 1 << 20
HEAD, END = "head", "end"
_VERSION = re.compile(r"(pain\.\d{3}\.\d{3}\.\d{2}(?:\.[a-z]{2}\.\d{2})?)(?:\.xsd)?\Z")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A repeated element. `fields` maps the paths below it to (group, key); "*" after a key keeps
    all of them in a list. `inner` maps paths to pieces kept in this one; those that stream are
    handed out one by one instead.
    """

    name: str
    fields: dict[str, tuple[str, str]]
    inner: dict[str, Piece] = {}
    streams: bool = False


class _Node:
    __slots__ = ("below", "depth", "group", "key", "many", "name", "path", "piece")

    def __init__(self, name: str, path: str, depth: int) -> None:
        self.name = name
        self.path = path
        self.depth = depth
        self.below: dict[str, _Node] = {}
        self.group: str | None = None
        self.key = ""
        self.many = False
        self.piece: Piece | None = None

    def child(self, name: str) -> _Node:
        return _Node(name, f"{self.path}/{name}" if self.path else name, self.depth + 1)


class Unit:
    """One piece as read: texts by group and key, inner units by name, and the rest."""

    __slots__ = (
        "counts", "groups", "headed", "inner", "line", "name", "number", "parent", "rest", "trail",
    )  # fmt: skip

    def __init__(self, name: str, number: int, line: int, parent: Unit | None) -> None:
        self.name = name
        self.number = number
        self.line = line
        self.parent = parent
        self.headed = False
        self.counts: dict[str, int] = {}  # How many pieces of each name began in this one.
        self.clear()

    def clear(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.inner: dict[str, list[Unit]] = {}
        self.rest: list[tuple[int, str, str]] = []
        self.trail: list[_Node] = []

    def head(self) -> Unit:
        """What was read of this unit so far, as a unit of its own; this one begins anew."""
        head = Unit(self.name, self.number, self.line, self.parent)
        head.groups, head.inner, head.rest, head.trail = (
            self.groups, self.inner, self.rest, self.trail,
        )  # fmt: skip
        self.clear()
        return head

    def location(self) -> Location:
        path, unit = "", self
        while unit.parent is not None:  # The message itself has no number.
            path = f"{unit.name} {unit.number}{', ' if path else ''}{path}"
            unit = unit.parent
        return Location(line=self.line, path=path)

    def verbatim(self) -> list[tuple[str, str]]:
        """The rest, as (name, text) in the order of the file; repeated elements are numbered."""
        if not self.rest:
            return []
        labels = _labels(self.trail)
        return [(labels[at] + attribute, text) for at, attribute, text in self.rest]


def _labels(trail: list[_Node]) -> list[str]:
    """The numbered path of each element, given all elements in the order they began."""
    labels: list[str] = []
    open_: list[tuple[int, str, dict[str, int]]] = [(0, "", {})]
    for node in trail:
        while open_[-1][0] >= node.depth:
            open_.pop()
        _, above, counts = open_[-1]
        count = counts[node.name] = counts.get(node.name, 0) + 1
        label = f"{above}{node.name}[{count}]" if count > 1 else above + node.name
        labels.append(label)
        open_.append((node.depth, f"{label}/", {}))
    return labels


def _compile(piece: Piece) -> _Node:
    root = _Node("", "", 0)
    root.piece = piece
    for path, (group, key) in piece.fields.items():
        leaf = _steps(root, path)
        leaf.group, leaf.key, leaf.many = group, key.rstrip("*"), key.endswith("*")
    for path, inner in piece.inner.items():
        above, _, name = path.rpartition("/")
        holder = _steps(root, above) if above else root
        holder.below[name] = _compile(inner)
    return root


def _steps(node: _Node, path: str) -> _Node:
    for name in path.split("/"):
        after = node.below.get(name)
        if after is None:
            after = node.below[name] = node.child(name)
        node = after
    return node


class _Machine:
    """The state while the bytes go by."""

    def __init__(self, parser: Any, names: tuple[str, ...], message: Piece) -> None:
        self.search = _Node("", "", 0)
        root = _compile(message)
        for name in names:
            self.search.below[name] = root
        self.parser = parser
        self.node = self.search
        self.stack: list[_Node] = []
        self.unit: Unit | None = None
        self.text: str | None = None
        self.done: list[tuple[str, Unit]] = []
        self.size = 0
        self.version = ""
        self.found = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        node = self.node
        self.stack.append(node)
        after = node.below.get(name) or self._other(node, name)
        if after.piece is not None and after is not self.search:
            self._open(after.piece)
        elif self.unit is not None:
            self.unit.trail.append(after)
        self.node = after
        self.text = None
        if attributes:
            self._attributes(after, attributes)

    def _other(self, node: _Node, name: str) -> _Node:
        """An element with a prefix, or one that nobody asked for."""
        if ":" in name:
            name = name.rpartition(":")[2]
            if (after := node.below.get(name)) is not None:
                return after
        if node is self.search:
            return node
        after = node.child(name)
        self._grow(len(after.path))
        return after

    def _attributes(self, node: _Node, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if name.startswith("xmlns"):
                if found := _VERSION.search(value.strip()):
                    self.version = found.group(1)
                continue
            if self.unit is None or ":" in name or node.piece is not None:
                continue
            if node.group is not None and name == "Ccy":
                group = self.unit.groups.setdefault(node.group, {})
                if node.key not in group:
                    group.setdefault(node.key + "@", value.strip())
                    continue
            self._grow(len(value))
            self.unit.rest.append((len(self.unit.trail) - 1, f"@{name}", value.strip()))

    def _grow(self, size: int) -> None:
        self.size += size
        if self.size > SIZE_MAX:
            raise Invalid(
                "payment_too_large",
                f"One payment holds more than {SIZE_MAX} characters.",
                "The original is kept; nothing was used of it.",
                "Ask the sender whether this is a payment file at all.",
                location=f"line {self.parser.CurrentLineNumber}",
            )

    def _open(self, piece: Piece) -> None:
        parent, number = self.unit, 1
        if parent is None:
            self.found = True
        else:
            number = parent.counts[piece.name] = parent.counts.get(piece.name, 0) + 1
            if piece.streams:
                self.size = 0
                if not parent.headed:
                    parent.headed = True
                    head = parent.head()
                    if head.parent is None:
                        head.groups.setdefault("", {})["version"] = self.version
                    self.done.append((HEAD, head))
        self.unit = Unit(piece.name, number, self.parser.CurrentLineNumber, parent)

    def characters(self, text: str) -> None:
        if self.unit is not None:
            self.text = text if self.text is None else self.text + text
            self._grow(len(text))

    def end(self, _name: str) -> None:
        node, unit = self.node, self.unit
        if unit is not None:
            if self.text is not None and (text := self.text.strip()):
                self._keep(node, unit, text)
            if node.piece is not None:
                self._close(node.piece, unit)
        self.text = None
        self.node = self.stack.pop()

    def _keep(self, node: _Node, unit: Unit, text: str) -> None:
        if node.group is None:
            unit.rest.append((len(unit.trail) - 1, "", text))
            return
        group = unit.groups.get(node.group)
        if group is None:
            group = unit.groups[node.group] = {}
        if node.many:
            group.setdefault(node.key, []).append(text)
        elif node.key in group:
            unit.rest.append((len(unit.trail) - 1, "", text))
        else:
            group[node.key] = text

    def _close(self, piece: Piece, unit: Unit) -> None:
        self.unit = unit.parent
        if piece.streams or unit.parent is None:
            self.done.append((END, unit))
        else:
            unit.parent.inner.setdefault(piece.name, []).append(unit)


def units(
    stream: BinaryIO, names: tuple[str, ...], message: Piece, encoding: str | None = None
) -> Iterator[tuple[str, Unit]]:
    """The units of every message element with one of these names, in constant memory.

    Of a unit that holds streaming ones, (HEAD, unit) comes before the first of them with all that
    was read of it so far, and (END, unit) at its end with whatever came after that. Others come as
    (END, unit). The group "" of the message's HEAD says its "version". Raises as
    `messages.records` does, and `payment_too_large`.
    """
    parser = safe_parser(encoding)
    machine = _Machine(parser, names, message)
    parser.StartElementHandler = machine.start
    parser.EndElementHandler = machine.end
    parser.CharacterDataHandler = machine.characters
    for _ in fed(stream, parser):
        yield from machine.done
        machine.done.clear()
    if not machine.found:
        raise no_such_message(names[0], parser)
