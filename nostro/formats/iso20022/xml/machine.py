"""What expat sees of a message, turned into records: the way that is always right.

The shortcut (`shortcut`) makes the same records faster where it is sure to; this is its truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from nostro.formats.iso20022.xml.safe_expat import (
    DEPTH_MAX,
    TEXT_MAX,
    check_encoding,
    is_utf_8,
    too_deep,
    too_long,
)
from nostro.formats.iso20022.xml.shapes import (
    IGNORED,
    Node,
    Record,
    Shape,
    local,
    says_something,
    trie,
)


class Machine:
    """The state while the bytes go by: where we are, the open records, what is finished.

    It outlives its parser: of several messages joined in one file each has a parser of its own.
    `raw` finds the text of the element that is just being closed, by the index of its first byte.
    """

    def __init__(self, message: str, shape: Shape, raw: Callable[[int], str]) -> None:
        # The message element may stand anywhere below any envelope: `search` stays until found.
        self.search = Node()
        # Old versions have other names: "CstmrPmtStsRpt|pain.002.001.02".
        for name in message.split("|"):
            self.search.below[name] = trie(shape)
        self.raw = raw
        self.counts: dict[str, int] = {}
        self.done: list[Any] = []

    def attach(self, parser: expat.XMLParserType, line: int, encoding: str | None) -> None:
        """Begin a document, with line `line` of the file as its first."""
        self.parser = parser
        self.lines_before = line - 1
        self.node = self.search
        self.stack: list[Node] = []
        self.path: list[str] = []
        self.record: Record | None = None
        self.shape: Shape | None = None
        self.opened: list[tuple[Shape | None, int, int]] = []
        self.text: str | None = None
        self.leaf = False  # Texts count in elements that hold no others.
        self.found = False
        self.begun = False
        self.in_cdata = False
        self.hot_at = -1  # Where the hot element that is open begins.
        self.encoding = encoding or "utf-8"
        self.utf_8 = encoding is not None and is_utf_8(encoding)
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartCdataSectionHandler = self._enter_cdata
        parser.EndCdataSectionHandler = self._leave_cdata
        if encoding is None:
            self.utf_8 = True
            parser.XmlDeclHandler = self._declared

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        check_encoding(version, encoding, standalone)
        self.encoding = encoding or self.encoding
        self.utf_8 = is_utf_8(encoding)

    def _enter_cdata(self) -> None:
        self.in_cdata = True

    def _leave_cdata(self) -> None:
        self.in_cdata = False

    def line(self) -> int:
        return self.parser.CurrentLineNumber + self.lines_before

    def start(self, name: str, attributes: dict[str, str]) -> None:
        node = self.node
        self.stack.append(node)
        if len(self.stack) > DEPTH_MAX:
            raise too_deep(self.line())
        self.begun = True
        after = node.step(name)
        self.path.append(name)
        if after is None:
            after = node if node is self.search else IGNORED
        elif after.shape is not None:
            self._open(after.shape)
        self.node = after
        self.text = None
        self.leaf = True
        if attributes and self.record is not None:
            self._attributes(after, attributes, self.record)

    def _attributes(self, node: Node, attributes: dict[str, str], record: Record) -> None:
        for name, value in attributes.items():
            slot = f"{node.slot}@"
            if name == "Ccy" and node.slot and slot not in record.texts:
                record.texts[slot] = value.strip()
            elif name == "Ccy" and node.slot:
                continue
            elif self._keeps() and says_something(name):
                record.rest.append((f"{self._place()}@{name}", value.strip()))

    def _keeps(self) -> bool:
        return self.shape is not None and self.shape.keeps

    def _place(self) -> str:
        """The path of the open element below its record, by local names."""
        return "/".join(local(name) for name in self.path[self.opened[-1][1] :])

    def _open(self, shape: Shape) -> None:
        self.found = True
        number = self.counts[shape.name] = self.counts.get(shape.name, 0) + 1
        if self.record is not None:  # Messages joined in one file count on.
            for inner in shape.inner.values():
                self.counts.pop(inner.name, None)
        line = self.line()
        index = self.parser.CurrentByteIndex
        self.opened.append((self.shape, len(self.path), index))
        if shape.hot and self.hot_at < 0:
            self.hot_at = index
        self.shape = shape
        self.record = Record(shape.name, number, line, {}, {}, {}, self.record, [])

    def characters(self, text: str) -> None:
        if self.leaf and (self.node.slot or self._keeps()):
            self.text = text if self.text is None else self.text + text
            if len(self.text) > TEXT_MAX:
                raise too_long(self.line())

    def end(self, _name: str) -> None:
        node = self.node
        record = self.record
        if record is not None:
            if self.leaf and self.text is not None and (text := self.text.strip()):
                self._text(node, text, record)
            if node.shape is not None:
                self._close(node.shape, record)
        self.text = None
        self.leaf = False
        self.path.pop()
        self.node = self.stack.pop()

    def _text(self, node: Node, text: str, record: Record) -> None:
        slot = node.slot
        if node.many:
            record.parts.setdefault(slot, []).append(text)
            return
        plain = self.shape is not None and slot in self.shape.plain
        texts = record.plain if plain else record.texts
        if slot and slot not in texts:
            texts[slot] = text
        elif self._keeps() and texts.get(slot) != text:
            record.rest.append((self._place(), text))

    def _close(self, shape: Shape, record: Record) -> None:
        before, _depth, index = self.opened.pop()
        if shape.hot:
            record.source = lambda: self.raw(index)
            if index == self.hot_at:
                self.hot_at = -1
        if groups := shape.groups:
            told = (*record.texts, *record.parts)
            record.groups = frozenset(groups[slot] for slot in told if slot in groups)
        self.record = record.parent
        self.shape = before
        self.finish(shape, record)

    def finish(self, shape: Shape, record: Record) -> None:
        """Hand a finished record on: to the caller, or to the record around it."""
        made = shape.make(record)
        if made is not record:
            record.inner.clear()  # Breaks the circle child -> parent -> child: no work for the GC.
            record.source = ""
        if made is None:
            return
        if shape.yields or record.parent is None:
            if isinstance(made, list):
                self.done.extend(made)
            else:
                self.done.append(made)
        else:
            record.parent.inner.setdefault(shape.name, []).append(made)
