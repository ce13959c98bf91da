"""How a bank lays out its file of issued checks: columns, dates, words and totals as data.

A layout is a TOML file in nostro/formats/profiles/positive_pay; adding a bank is adding its file.
"""

from __future__ import annotations

import csv
import io
import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.issued_check import CheckAction
from nostro.domain.money import Money

GENERIC = "generic"
_FOLDER = "positive_pay"
Holds = Literal[
    "account",
    "check_number",
    "amount",
    "issued",
    "action",
    "payee",
    "acted",
    "reason",
    "presented",
    "why",
    "bank_reference",
    "decision",
    "company",
    "created",
    "count",
    "total",
    "constant",
    "blank",
]


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column. `holds` says what; `length` counts in fixed layouts only.

    `text` is what a constant says. `date` spells days with YYYY, YY, MM and DD. `decimals` are
    implied (12345 is 123.45) or written with a point. `line` is which line of the payee. `optional`
    columns may be empty. Counts and totals are `of` these actions, or of all.
    """

    holds: Holds
    length: int = 0
    text: str = ""
    align: Literal["left", "right"] = "left"
    pad: Literal[" ", "0"] = " "
    date: str = "YYYYMMDD"
    decimals: Literal["implied", "point"] = "implied"
    line: int = 1
    optional: bool = False
    of: tuple[CheckAction, ...] = ()

    def counts(self, action: CheckAction) -> bool:
        """Whether a check of that action is in this count or total."""
        return not self.of or action in self.of


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The columns of one kind of record, in order; none if the layout has no such record."""

    fields: tuple[Field, ...] = ()


NO_SHAPE = Shape()


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank's file. `actions` are its words for what happened to a check; others it has not."""

    title: str
    kind: Literal["fixed", "delimited"]
    actions: dict[CheckAction, str]
    detail: Shape
    header: Shape = NO_SHAPE
    trailer: Shape = NO_SHAPE
    delimiter: str = ","
    currency: str = "USD"
    line_end: Literal["lf", "crlf"] = "crlf"

    @property
    def certain(self) -> bool:
        """Whether a file tells by itself that it is of this layout: it must say how it begins."""
        return any(field.holds == "constant" for field in self.header.fields)

    def cells(self, shape: Shape, line: str) -> list[str]:
        """The texts of a line's columns, without padding."""
        if self.kind == "delimited":
            try:
                return next(csv.reader(io.StringIO(line), delimiter=self.delimiter), [])
            except csv.Error:  # A field beyond all measure: the line is none of ours.
                return []
        cells, start = [], 0
        for field in shape.fields:
            cell = line[start : start + field.length]
            start += field.length
            if field.align == "right":
                cell = cell.lstrip(field.pad) or (cell[-1:] if field.pad == "0" else "")
            else:
                cell = cell.rstrip(field.pad)
            cells.append(cell)
        return cells

    def length(self, shape: Shape) -> int:
        """The width of a fixed record; of a delimited one, the number of its columns."""
        if self.kind == "delimited":
            return len(shape.fields)
        return sum(field.length for field in shape.fields)

    def squared(self, shape: Shape, line: str) -> str:
        """A fixed record with the blanks at its end that a sender may have cut."""
        return line if self.kind == "delimited" else line.ljust(self.length(shape))

    def is_of(self, shape: Shape, line: str) -> bool:
        """Whether a line says of itself that it is such a record, by its constants and width."""
        fields = shape.fields
        line = self.squared(shape, line)
        cells = self.cells(shape, line)
        width = len(cells) if self.kind == "delimited" else len(line)
        if not fields or width != self.length(shape):
            return False
        return all(
            cell == field.text or field.holds not in ("constant", "blank")
            for field, cell in zip(fields, cells, strict=True)
        )


class Told(NamedTuple):
    """A layout with its name."""

    name: str
    layout: Layout


@cache
def layouts() -> tuple[Told, ...]:
    """Every layout there is."""
    folder = files("nostro.formats.profiles").joinpath(_FOLDER)
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(
        Told(
            name.removesuffix(".toml"),
            msgspec.convert(tomllib.loads(folder.joinpath(name).read_text("utf-8")), Layout),
        )
        for name in found
    )


def layout_of(name: str) -> Layout:
    """The layout of that name; raises Invalid (`layout_unknown`) and names those there are."""
    for told in layouts():
        if told.name == name:
            return told.layout
    raise Invalid(
        "layout_unknown",
        f"There is no positive pay layout {name[:40]!r}.",
        "Nothing was read or written.",
        f"There are: {', '.join(told.name for told in layouts())}.",
        location="profile",
    )


def recognised(lines: list[str]) -> Layout | None:
    """The one layout whose header and next record the first two lines are; else None."""
    fitting = [
        layout
        for _, layout in layouts()
        if layout.certain
        and _begins(layout, layout.header, lines[0] if lines else "")
        # A fixed header could be anything of that width: what follows must fit as well.
        and (layout.kind == "delimited" or _followed(layout, lines[1:2]))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _followed(layout: Layout, lines: list[str]) -> bool:
    return any(
        layout.is_of(layout.detail, line) or _begins(layout, layout.trailer, line) for line in lines
    )


def _begins(layout: Layout, shape: Shape, line: str) -> bool:
    """Whether a line is such a record beyond doubt: its days are days, nothing needed is empty."""
    if not layout.is_of(shape, line):
        return False
    cells = layout.cells(shape, layout.squared(shape, line))
    for field, cell in zip(shape.fields, cells, strict=True):
        if field.holds == "created" and (cell or not field.optional):
            try:
                day_from(cell, field.date)
            except ValueError:
                return False
        elif not cell and not field.optional and field.holds != "blank":
            return False
    return True


def day_from(text: str, spelled: str) -> date:
    """A day as a layout spells it; raises ValueError."""
    if len(text) != len(spelled):
        raise ValueError(text)
    parts = {"YYYY": "", "YY": "", "MM": "", "DD": ""}
    rest = spelled
    for part in parts:
        place = rest.find(part)
        if place >= 0:
            parts[part] = text[place : place + len(part)]
            rest = rest[:place] + text[place : place + len(part)] + rest[place + len(part) :]
    if rest != text or not all(v.isascii() and v.isdigit() for v in parts.values() if v):
        raise ValueError(text)
    year = parts["YYYY"] or f"20{parts['YY']}"
    return date(int(year), int(parts["MM"]), int(parts["DD"]))


def day_to(day: date, spelled: str) -> str:
    """A day as a layout spells it; raises ValueError for one that it cannot say."""
    text = (
        spelled.replace("YYYY", f"{day.year:04d}")
        .replace("YY", f"{day.year % 100:02d}")
        .replace("MM", f"{day.month:02d}")
        .replace("DD", f"{day.day:02d}")
    )
    if day_from(text, spelled) != day:
        raise ValueError(text)
    return text


def amount_from(text: str, field: Field, currency: str) -> Money:
    """An amount as a layout writes it; raises Invalid as `Money.parse` does, or ValueError."""
    if field.decimals == "point":
        return Money.parse(text, currency)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return Money(int(text), currency)
