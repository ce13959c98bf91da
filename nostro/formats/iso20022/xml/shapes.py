"""What a reader wants out of a message: repeated elements as records, texts by path as slots.

A reader declares `Shape`s; the engine makes a `Record` of each such element as it goes by.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from nostro.domain.problem import Location

# Attributes that say something about the XML, nothing about money.
_MARKUP = ("xmlns", "xsi:", "xml:")


class Record(msgspec.Struct):
    """One repeated element as read: texts by slot, parts of repeated slots, and inner objects.

    `rest` holds what no field of a shape with `keeps` took: pairs of path and text, in order.
    `state` is free for the reader: what it must remember while the element is open. `source` is
    the element's own text, or what can find it while the element is being closed. `plain` holds
    the texts of the shape's plain slots, `groups` names the groups of slots that have any text.
    """

    name: str
    number: int
    line: int
    texts: dict[str, str]
    parts: dict[str, list[str]]
    inner: dict[str, list[Any]]
    parent: Record | None = None
    rest: list[tuple[str, str]] = []
    source: Any = ""
    state: Any = None
    plain: dict[str, str] = {}
    groups: frozenset[str] = frozenset()
    path: str = ""

    def get(self, slot: str) -> str:
        return self.texts.get(slot, "")

    def all(self, slot: str) -> list[str]:
        return self.parts.get(slot, [])

    def objects(self, name: str) -> list[Any]:
        return self.inner.get(name, [])

    def chain(self) -> list[str]:
        """This record and those around it, inside out: ["entry 3", "statement 1"]."""
        names = []
        record: Record | None = self
        while record is not None and record.parent is not None:  # The message itself has no number.
            names.append(f"{record.name} {record.number}")
            record = record.parent
        return names

    def words(self) -> str:
        """For the start of a sentence: "Entry 3 of statement 1"."""
        return " of ".join(self.chain()).capitalize()

    def location(self) -> Location:
        return Location(line=self.line, path=self.path or self._path())

    def below(self, name: str, number: int) -> str:
        """Outside in, the path of a record in this one: "statement 1, entry 3"."""
        own = f"{name} {number}"
        return own if self.parent is None else f"{self.path or self._path()}, {own}"

    def _path(self) -> str:
        """Kept, since all that is inside asks for it."""
        if self.parent is not None:
            self.path = self.parent.below(self.name, self.number)
        return self.path

    def raw(self) -> str:
        """The element as the file has it (its beginning when it is huge), while it is made."""
        text = self.source if isinstance(self.source, str) else self.source()
        return text if len(text) <= RAW_MAX else f"{text[:RAW_MAX]}..."


RAW_MAX = 20_000


class Shape(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A repeated element: what to read below it, and what to make of it.

    `fields` maps paths ("Id/IBAN") to slots; a slot ending in "*" keeps every occurrence, others
    keep the first. A `Ccy` attribute lands in the slot's name + "@". `inner` maps paths to shapes
    whose objects are collected under the shape's name. `make` turns a finished record into the
    object that its parent, or with `yields` the caller, gets; None is dropped, and of a list that
    is to be yielded each item is. `keeps`: texts that no field takes go to the record's `rest`.
    `plain` names slots that `make` hands on as they are (`Record.plain`), `groups` gives a slot's
    group, so that `make` need not ask for facts that are rarely there. `swarms`: there may be a
    hundred thousand of them in the element around. `hot`: by far the most elements of a file are
    of this shape and stand whole in it, so the engine may take its shortcut. `usual` is asked once
    for each arrangement of tags (`skeletons.Part`): what makes the object of such an element
    straight out of its texts, without a record, or None where that is not sure.
    """

    name: str
    fields: dict[str, str]
    make: Callable[[Record], Any]
    inner: dict[str, Shape] = {}
    yields: bool = False
    keeps: bool = False
    hot: bool = False
    swarms: bool = False
    plain: frozenset[str] = frozenset()
    groups: dict[str, str] = {}
    usual: Callable[[Any], Any] | None = None


class Node:
    """One step of a path: which element names go on from here, and what this element means."""

    __slots__ = ("below", "many", "shape", "slot")

    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        self.slot = ""
        self.many = False
        self.shape: Shape | None = None

    def step(self, name: str) -> Node | None:
        """Where an element of that name leads, with any prefix or none."""
        after = self.below.get(name)
        if after is None and ":" in name:
            after = self.below.get(name.rpartition(":")[2])
        return after


IGNORED = Node()


def local(name: str) -> str:
    return name.rpartition(":")[2]


def says_something(attribute: str) -> bool:
    """Whether an attribute is content, not markup."""
    return not attribute.startswith(_MARKUP)


def _steps(node: Node, path: str) -> Node:
    for name in path.split("/"):
        node = node.below.setdefault(name, Node())
    return node


@cache
def trie(shape: Shape) -> Node:
    """The paths of a shape, and of those inside it, as a tree of names."""
    node = Node()
    node.shape = shape
    for path, slot in shape.fields.items():
        leaf = _steps(node, path)
        leaf.slot, leaf.many = slot.rstrip("*"), slot.endswith("*")
    for path, inner in shape.inner.items():
        holder, _, last = path.rpartition("/")
        (_steps(node, holder) if holder else node).below[last] = trie(inner)
    return node


def hot_names(shape: Shape) -> frozenset[str]:
    """The element names of the hot shapes in a shape."""
    own = {path.rpartition("/")[2] for path, inner in shape.inner.items() if inner.hot}
    return frozenset(own.union(*(hot_names(inner) for inner in shape.inner.values())))
