"""How the texts of an element are told by its tags alone: one strict walk, then one match each.

The tags of such an element are its skeleton. Entries of one bank share a few dozen skeletons, so
each is walked once, strictly (balanced, plain names and attributes), into a plan that says which
text goes where, and into a pattern of exactly those tags with texts between them. See `shortcut`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from nostro.formats.iso20022.xml.shapes import (
    IGNORED,
    Node,
    Shape,
    local,
    says_something,
    trie,
)

Texts = tuple[str, ...]
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?"
_VALUE = r"""(?:"[^"<>&\n\t]*"|'[^'<>&\n\t]*')"""
_TAG = re.compile(rf"(/?)({_NAME})((?:[ \n\t]+{_NAME} ?= ?{_VALUE})*)[ \n\t]*(/?)>")
_ATTRIBUTE = re.compile(rf"""({_NAME}) ?= ?(?:"([^"]*)"|'([^']*)')""")
# Far below what expat is allowed, so that no sum of levels can reach its limit.
_DEPTH_MAX = 60
_PATTERN_BYTES_MAX = 20_000


class NotPlainError(Exception):
    """The element is for expat."""


class Late:
    """A text or attribute that needs a look each time: it may come second, or has no field.

    `constant` is an attribute's value; without one the text is the one at `index`.
    """

    __slots__ = ("constant", "index", "order", "path", "slot")

    def __init__(
        self, path: str, order: int, index: int, slot: str = "", constant: str | None = None
    ) -> None:
        self.path = path
        self.order = order
        self.index = index
        self.slot = slot
        self.constant = constant


class Part:
    """Where the texts of one record go, by their place among all the texts that the plan takes.

    `mark` is the place of an empty text at its very beginning, to tell its line. `where` gives the
    place of each slot that occurs once; `usual` is what the shape's `usual` says of this part.
    """

    __slots__ = (
        "constants", "found", "groups", "inner", "late", "many", "mark", "pick", "pick_plain",
        "plain", "shape", "slots", "usual", "where",
    )  # fmt: skip

    def __init__(self, shape: Shape, mark: int) -> None:
        self.shape = shape
        self.mark = mark
        self.found: list[Late] = []
        self.constants: dict[str, str] = {}
        self.many: list[tuple[str, int]] = []
        self.late: list[Late] = []
        self.inner: list[Part] = []
        self.where: dict[str, int] = {}
        self.slots: tuple[str, ...] = ()
        self.plain: tuple[str, ...] = ()
        self.groups: frozenset[str] = frozenset()
        self.pick: Callable[[Texts], Texts] = _nothing
        self.pick_plain: Callable[[Texts], Texts] = _nothing
        self.usual: Any = None

    def settle(self) -> None:
        """Slots that occur once are picked; those that occur often keep the first that is there."""
        shape = self.shape
        slots = [one.slot for one in self.found]
        often = {slot for slot in slots if slots.count(slot) > 1}
        single = [one for one in self.found if one.slot not in often]
        self.where = {one.slot: one.index for one in single}
        texts = [one for one in single if one.slot not in shape.plain]
        plain = [one for one in single if one.slot in shape.plain]
        self.slots = tuple(one.slot for one in texts)
        self.pick = picker([one.index for one in texts])
        self.plain = tuple(one.slot for one in plain)
        self.pick_plain = picker([one.index for one in plain])
        self.late += [one for one in self.found if one.slot in often]
        self.late.sort(key=lambda one: one.order)
        told = {*slots, *(slot for slot, _ in self.many)}
        self.groups = frozenset(shape.groups[slot] for slot in told if slot in shape.groups)
        self.usual = shape.usual(self) if shape.usual is not None else None


def _nothing(_texts: Texts) -> Texts:
    return ()


def picker(indices: list[int]) -> Callable[[Texts], Texts]:
    """The texts at these places, as a tuple however many there are."""
    if not indices:
        return _nothing
    if len(indices) == 1:
        index = indices[0]
        return lambda texts: (texts[index],)
    return itemgetter(*indices)


class Parsed:
    """An element that is surely plain, before anything is made of it.

    `texts` are those that the plan takes, and "" at the end. `lines` counts the line ends before
    the record whose mark is given; `taken` holds the inner records that were parsed on their own,
    with the line ends before each.
    """

    __slots__ = ("line", "lines", "part", "taken", "texts")

    def __init__(
        self,
        part: Part,
        texts: Texts,
        lines: Callable[[int], int],
        taken: list[tuple[Parsed, int]],
    ) -> None:
        self.part = part
        self.texts = texts
        self.lines = lines
        self.taken = taken
        self.line = 0  # Where it begins in the file.


class Plan:
    """What to make of every element with one skeleton."""

    __slots__ = ("hits", "part", "pattern", "pieces", "tags")

    def __init__(self, part: Part, pieces: list[int], tags: list[str]) -> None:
        self.part = part
        self.pieces = pieces
        self.tags = tags
        self.hits = 0
        self.pattern: re.Pattern[str] | None = None

    def compile(self) -> bool:
        """Make the pattern of exactly these tags; False when it would be too large."""
        if sum(map(len, self.tags)) > _PATTERN_BYTES_MAX:
            return False
        wanted: dict[int, str] = {}
        for piece in self.pieces:
            # A mark is an empty group before a tag, where a text may be taken, too.
            wanted[piece] = wanted.get(piece, "") + ("([^<]*+)" if piece % 2 == 0 else "()")
        told = [f"<{re.escape(self.tags[0])}"]
        for number, tag in enumerate(self.tags[1:], start=1):
            told += (wanted.get(2 * number, "[^<]*+"), wanted.get(2 * number + 1, ""))
            told.append(f"<{re.escape(tag)}")
        self.pattern = re.compile("".join(told))
        return True

    def texts(self, pieces: list[str]) -> Texts:
        """The texts that the pattern would give, out of texts and tags in turn."""
        return tuple(pieces[at] if at % 2 == 0 else "" for at in self.pieces)


def planned(shape: Shape, tags: list[str]) -> Plan:
    """The plan for elements with these tags; raises NotPlainError."""
    return _Walk(shape).plan(tags)


class _Walk:
    """One strict walk over the tags of an element, along the paths of its shape."""

    def __init__(self, shape: Shape) -> None:
        self.root = Part(shape, -1)
        self.open: list[tuple[str, Node, Part, int]] = []  # With the depth of the part's element.
        self.pieces: list[int] = []
        self.leaf = False
        self.ended = False

    def plan(self, tags: list[str]) -> Plan:
        for number, tag in enumerate(tags):
            found = _TAG.fullmatch(tag)
            if found is None or self.ended:
                raise NotPlainError
            closing, name, attributes, empty = found.groups()
            if closing:
                if attributes or empty:
                    raise NotPlainError
                self._close(name, 2 * number)
            else:
                self._open(name, attributes, 2 * number + 1)
                if empty:
                    self._close(name, -1)
        if not self.ended:
            raise NotPlainError
        return Plan(self.root, self.pieces, tags)

    def _open(self, name: str, attributes: str, piece: int) -> None:
        if not self.open:
            self.open.append((name, trie(self.root.shape), self.root, 0))
        else:
            _, around, part, depth = self.open[-1]
            node = around.step(name) or IGNORED
            if node.shape is not None:
                inner = Part(node.shape, self._take(piece))
                part.inner.append(inner)
                part, depth = inner, len(self.open)
            self.open.append((name, node, part, depth))
        self.leaf = True
        if len(self.open) > _DEPTH_MAX:
            raise NotPlainError
        if attributes:
            self._attributes(attributes, piece)

    def _take(self, piece: int) -> int:
        self.pieces.append(piece)
        return len(self.pieces) - 1

    def _attributes(self, text: str, piece: int) -> None:
        _, node, part, _ = self.open[-1]
        found = [(a.group(1), a.group(2) or a.group(3) or "") for a in _ATTRIBUTE.finditer(text)]
        if node.shape is not None or len({name for name, _ in found}) != len(found):
            raise NotPlainError
        for name, value in found:
            if name == "Ccy" and node.slot:
                part.constants.setdefault(f"{node.slot}@", value.strip())
            elif part.shape.keeps and says_something(name):
                path = f"{self._place()}@{name}"
                part.late.append(Late(path, piece, -1, "", value.strip()))

    def _place(self) -> str:
        """The path of the open element below its record, by local names."""
        depth = self.open[-1][3]
        return "/".join(local(name) for name, *_ in self.open[depth + 1 :])

    def _close(self, name: str, piece: int) -> None:
        """The end of an element, with its text at `piece`; -1 when it is empty (`<a/>`)."""
        if not self.open or self.open[-1][0] != name:
            raise NotPlainError
        _, node, part, _ = self.open[-1]
        if node.shape is not None:
            if piece < 0:
                raise NotPlainError  # Could not be told from one that was taken out.
            part.settle()
        elif piece >= 0 and self.leaf:
            self._text(node, part, piece)
        self.open.pop()
        self.leaf = False
        self.ended = not self.open

    def _text(self, node: Node, part: Part, piece: int) -> None:
        if node.many:
            part.many.append((node.slot, self._take(piece)))
        elif node.slot:
            part.found.append(Late(self._place(), piece, self._take(piece), node.slot))
        elif part.shape.keeps:
            part.late.append(Late(self._place(), piece, self._take(piece)))
