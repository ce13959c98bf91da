"""The entries of an XML list one by one: each a small tree, forgotten once it is used."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.formats.iso20022.xml.safe_expat import DEPTH_MAX, fed, safe_parser, too_deep
from nostro.formats.watch_lists import KEPT

_SEPARATOR = "|"


class Element(msgspec.Struct):
    """One element by its local name."""

    name: str
    line: int
    attributes: dict[str, str] = {}
    text: str = ""
    children: list[Element] = []

    def all(self, name: str) -> Iterator[Element]:
        """Its children of that name."""
        return (child for child in self.children if child.name == name)

    def within(self, *path: str) -> Iterator[Element]:
        """Everything at the end of a path of names."""
        first, *rest = path
        for child in self.all(first):
            if rest:
                yield from child.within(*rest)
            else:
                yield child

    def value(self, *path: str) -> str:
        """The text of the first element at the end of a path, or ""."""
        return next((found.text.strip() for found in self.within(*path)), "")

    def values(self, *path: str) -> list[str]:
        return [found.text.strip() for found in self.within(*path)]

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute, "").strip()


def entries(stream: BinaryIO, root: str, wanted: Collection[str]) -> Iterator[Element]:
    """The root with its attributes, then each element of a wanted name as a whole tree.

    A wanted element within another one belongs to that. Raises Invalid with the line: as
    `safe_expat` does, and `watch_list_unknown` when the document's root is another.
    """
    builder = _Builder(root, frozenset(wanted))
    parser = safe_parser(None, _SEPARATOR)
    builder.attach(parser)
    for _ in fed(stream, parser):
        yield from builder.take()


class _Builder:
    def __init__(self, root: str, wanted: frozenset[str]) -> None:
        self.root = root
        self.wanted = wanted
        self.open: list[Element] = []
        self.depth = 0
        self.done: list[Element] = []

    def attach(self, parser: Any) -> None:
        self.parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def take(self) -> list[Element]:
        done, self.done = self.done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(_SEPARATOR)[2]
        line = self.parser.CurrentLineNumber
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise too_deep(line)
        if self.depth == 1:
            if name != self.root:
                raise _another_root(name, self.root, line)
            self.done.append(Element(name, line, _local(attributes)))
        elif self.open or name in self.wanted:
            element = Element(name, line, _local(attributes))
            if self.open:
                self.open[-1].children.append(element)
            self.open.append(element)

    def _end(self, _tag: str) -> None:
        self.depth -= 1
        if self.open:
            element = self.open.pop()
            if not self.open:
                self.done.append(element)

    def _text(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text


def _local(attributes: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(_SEPARATOR)[2]: value for name, value in attributes.items()}


def _another_root(name: str, wanted: str, line: int) -> Invalid:
    return Invalid(
        "watch_list_unknown",
        f"The document is a {name}, not a {wanted}.",
        KEPT,
        "Fetch the list again from its publisher.",
        location=f"line {line}",
    )


def lacking(element: Element, what: str) -> Invalid:
    """An entry without what makes it one (`watch_list_entry_wrong`)."""
    return Invalid(
        "watch_list_entry_wrong",
        f"An entry ({element.name}) has no {what}.",
        KEPT,
        "Fetch the list again; if it is as published, tell us: its format has changed.",
        location=f"line {element.line}",
    )
