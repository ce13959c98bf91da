"""What a version of a message has room for, and where: read from its official schema.

A record's `codes` are paths and texts. `graft` puts them into an element that was written from
fields, at the places that the schema of that version gives them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from lxml import etree

from nostro.domain.errors import Invalid

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_STEP = re.compile(r"([A-Za-z0-9]{1,40})(?:\[([1-9][0-9]{0,5})\])?\Z")
_ANYTHING = "*"  # A type that holds whatever its sender likes (SplmtryData).

_HOLE = re.compile("\ue100([0-9]+)\ue101")
_ESCAPED = re.compile(r"""[&<>"\t\n\r]""")
_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)
# What XML cannot say at all, and our own marks.
_NO_LETTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\ue100\ue101]")

# By type, then by element: its place among the others, and its own type.
Types = dict[str, dict[str, tuple[int, str]]]


class SchemaOrder:
    """The elements of one version of a message, and its compiled schema."""

    def __init__(self, version: str, message: str) -> None:
        self.version = version
        found = files("nostro.formats.iso20022").joinpath("schemas", f"{version}.xsd")
        root = etree.fromstring(found.read_bytes())
        self.schema = etree.XMLSchema(root)
        self._types: Types = {
            str(made.get("name")): _elements(made) for made in root.iter(f"{_XSD}complexType")
        }
        self.message = self._types["Document"][message][1]

    def has(self, path: str) -> bool:
        """Whether the message has such an element: "PmtInf/CdtTrfTxInf/PmtId/UETR"."""
        return self.type_of(path) is not None

    def type_of(self, path: str) -> str | None:
        kind = self.message
        for name in path.split("/"):
            element = self._types.get(kind, {}).get(name)
            if element is None:
                return None
            kind = element[1]
        return kind

    def place(self, kind: str, name: str) -> tuple[int, str] | None:
        elements = self._types.get(kind, {})
        if _ANYTHING in elements or kind == _ANYTHING:
            return 0, _ANYTHING
        return elements.get(name)


@cache
def order_of(version: str, message: str) -> SchemaOrder:
    return SchemaOrder(version, message)


def _elements(made: etree._Element) -> dict[str, tuple[int, str]]:
    found = {
        str(element.get("name")): (place, str(element.get("type")))
        for place, element in enumerate(made.iter(f"{_XSD}element"))
    }
    if next(made.iter(f"{_XSD}any"), None) is not None:
        found[_ANYTHING] = (len(found), _ANYTHING)
    return found


def graft(xml: str, path: str, codes: tuple[tuple[str, str], ...], order: SchemaOrder) -> str:
    """The element `xml`, which stands at `path` of its message, with the codes put into it.

    A code of an element that is there already replaces its text; one with an empty text takes the
    element away. Raises Invalid (`not_in_version`) for a path that this version does not know.
    """
    root = etree.fromstring(xml)
    kind = order.type_of(path) or ""
    for name, text in codes:
        _put(root, kind, name, text, order)
    # One line a payment: that is how a fault found later names it.
    return etree.tostring(root, encoding="unicode").replace("\n", "&#10;")


def arranged(name: str, path: str, pairs: Sequence[tuple[str, str]], order: SchemaOrder) -> str:
    """An element made of paths and texts alone, in the order of the schema; raises as `graft`.

    Elements with the same paths share one arrangement, found once: ten thousand entries of a
    statement are a few dozen arrangements.
    """
    if any(not text or _NO_LETTER.search(text) for _, text in pairs):
        return graft(f"<{name}/>", path, tuple(pairs), order)
    pieces, places = _arrangement(name, path, tuple(way for way, _ in pairs), order)
    texts = [_escaped(pairs[place][1]) for place in places]
    return (
        "".join([part for pair in zip(pieces, texts, strict=False) for part in pair]) + pieces[-1]
    )


@lru_cache(maxsize=1024)
def _arrangement(
    name: str, path: str, ways: tuple[str, ...], order: SchemaOrder
) -> tuple[list[str], list[int]]:
    """The texts between the holes of an element with these paths, and whose text fills each."""
    holes = tuple((way, f"\ue100{number}\ue101") for number, way in enumerate(ways))
    parts = _HOLE.split(graft(f"<{name}/>", path, holes, order))
    return parts[::2], [int(number) for number in parts[1::2]]


def _escaped(text: str) -> str:
    """A text as it may stand in an element or an attribute, on one line."""
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text


def _put(root: etree._Element, kind: str, name: str, text: str, order: SchemaOrder) -> None:
    element = root
    path, _, attribute = name.partition("@")
    for step in path.split("/"):
        found = _STEP.match(step)
        placed = order.place(kind, found.group(1)) if found else None
        if found is None or placed is None:
            raise _nowhere(name, order.version)
        element = _child(element, kind, found.group(1), int(found.group(2) or 1), order)
        kind = placed[1]
    if attribute:
        element.set(attribute, text)
    elif text:
        try:
            element.text = text
        except ValueError:  # Control characters.
            raise _nowhere(name, order.version) from None
    else:
        _remove(element, root)


def _child(
    parent: etree._Element, kind: str, name: str, number: int, order: SchemaOrder
) -> etree._Element:
    """The child of that name and number, put at its place in the schema if it is not there."""
    same = parent.findall(name)
    if len(same) >= number:
        return same[number - 1]
    made = etree.Element(name)
    own = (order.place(kind, name) or (0, ""))[0]
    for at, beside in enumerate(parent):
        other = order.place(kind, str(beside.tag))
        if other and other[0] > own:
            parent.insert(at, made)
            return made
    parent.append(made)
    return made


def _remove(element: etree._Element, root: etree._Element) -> None:
    """Take an element away, and those around it that hold nothing else."""
    while element is not root and len(element) == 0:
        parent = element.getparent()
        if parent is None:
            return
        parent.remove(element)
        element = parent


def _nowhere(name: str, version: str) -> Invalid:
    return Invalid(
        "not_in_version",
        f"{version} has no place for {name[:100]}.",
        "The file was not written.",
        "Leave it out, or choose a version in the bank's profile that has it.",
        field="codes",
    )
