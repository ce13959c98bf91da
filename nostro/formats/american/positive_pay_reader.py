"""Reading files of issued checks by the layout that they are of: every check and every total.

There is no standard; each bank publishes its own layout. Layouts are data (positive_pay_layout).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.issued_check import (
    CheckAction,
    IssuedCheck,
    IssueFileHeader,
    IssueFileTrailer,
)
from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, error, warning
from nostro.formats import Profile, options_of
from nostro.formats.american.positive_pay_layout import (
    Field,
    Layout,
    Shape,
    amount_from,
    day_from,
    layout_of,
    recognised,
)
from nostro.formats.source import Lines

_KEPT = "The original is kept; nothing was booked from it."
_LOST = "Correct the record; the others were read."
_TOTAL = "Do not rely on the file before its totals are explained."


class PositivePayOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`layout` names one of nostro/formats/profiles/positive_pay.

    Empty: reading goes by what the file says of itself, writing uses "generic".
    """

    layout: str = ""


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield header, checks and trailer of an issue file.

    Raises Invalid with a place: `layout_unknown`, `layout_not_recognised`, `file_cut`, and what
    `source.Lines` refuses. Book nothing before the iterator has ended by itself.
    """
    options = options_of(profile, PositivePayOptions)
    lines = Lines(stream, profile)
    items = iter(lines)
    first = list(islice(items, 2))
    if options.layout:
        layout: Layout | None = layout_of(options.layout)
    else:
        layout = recognised([line for _, line in first])
    if layout is None:
        raise Invalid(
            "layout_not_recognised",
            "The file does not say of which positive pay layout it is.",
            _KEPT,
            "Name the layout in the profile.",
            location="line 1",
        )
    reader = _Reader(layout)
    for number, line in first:
        yield from reader.line(number, line)
    for number, line in items:
        yield from reader.line(number, line)
    yield from lines.take_problems()
    yield from reader.end()


class _Reader:
    """One issue file while it is read: how many checks, and their sums by action."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.begun = self.ended = False
        self.counts = dict.fromkeys(CheckAction, 0)
        self.sums = dict.fromkeys(CheckAction, 0)
        self.accounts: set[str] = set()
        self.header_account = ""
        self.place = Location(line=1)

    def line(self, number: int, line: str) -> Iterator[object]:
        layout = self.layout
        checks = sum(self.counts.values())
        self.place = Location(line=number)
        if not line.strip():
            return
        line = layout.squared(layout.detail, line)
        if self.ended:
            happened = "A record follows the totals."
            yield error("record_out_of_order", happened, _LOST, self.place, line)
        elif layout.trailer.fields and layout.is_of(layout.trailer, line):
            yield from self._begin_without_header()
            yield from self._trailer(line)
        elif not self.begun and layout.is_of(layout.header, line):
            yield from self._header(line)
        elif layout.is_of(layout.detail, line):
            yield from self._begin_without_header()
            self.place = Location(line=number, path=f"check {checks + 1}")
            yield self._check(line)
        else:
            happened = "The line is none of the layout's records: its width or marks do not fit."
            yield error("record_unfit", happened, _LOST, self.place, line)

    def _begin_without_header(self) -> Iterator[object]:
        if self.begun:
            return
        if self.layout.header.fields:
            happened = "The file has no header record."
            can_do = "Nothing, if the bank's file has none."
            yield warning("header_missing", happened, can_do, self.place)
        self.begun = True
        yield IssueFileHeader(location=self.place)

    def _header(self, line: str) -> Iterator[object]:
        self.begun = True
        told, problem = self._told(self.layout.header, line)
        if problem is not None:
            yield problem
        self.header_account = told.pop("account", "")
        yield IssueFileHeader(**told, location=self.place)

    def _check(self, line: str) -> object:
        told, problem = self._told(self.layout.detail, line)
        if problem is not None:
            return problem
        told.setdefault("issued", None)
        action = told.setdefault("action", CheckAction.ISSUE)
        self.counts[action] += 1
        self.sums[action] += told["amount"].minor
        self.accounts.add(told["account"])
        return IssuedCheck(**told, location=self.place)

    def _told(self, shape: Shape, line: str) -> tuple[dict[str, Any], Problem | None]:
        """The fields of a record by their names, or what is wrong with one of them."""
        told: dict[str, Any] = {}
        payee: list[str] = []
        cells = self.layout.cells(shape, line)
        for field, cell in zip(shape.fields, cells, strict=True):
            if field.holds in ("constant", "blank"):
                continue
            try:
                value = self._value(field, cell)
            except (ValueError, Invalid):
                happened = f"The {field.holds.replace('_', ' ')} {cell!r} cannot be read."
                return {}, error("field_unreadable", happened, _LOST, self.place, line)
            if field.holds == "payee":
                payee.append(value)
            else:
                told[field.holds] = value
        if lines := tuple(text for text in payee if text):
            told["payee"] = lines
        return told, None

    def _value(self, field: Field, cell: str) -> Any:
        """One cell in our terms; raises ValueError or Invalid if it cannot be read."""
        if field.holds == "action":
            words = {word: action for action, word in self.layout.actions.items()}
            if cell not in words:
                raise ValueError(cell)
            return words[cell]
        if not cell and field.optional:
            return None if field.holds in ("issued", "acted", "created") else ""
        if field.holds in ("issued", "acted", "created"):
            return day_from(cell, field.date)
        if field.holds in ("amount", "total"):
            return amount_from(cell, field, self.layout.currency)
        if field.holds in ("count", "check_number"):
            if not (cell.isascii() and cell.isdigit()):
                raise ValueError(cell)
            return int(cell) if field.holds == "count" else cell
        if not cell:
            raise ValueError(cell)
        return cell

    def _trailer(self, line: str) -> Iterator[object]:
        self.ended = True
        told, problem = self._told(self.layout.trailer, line)
        if problem is not None:
            yield problem
        for field in self.layout.trailer.fields:
            stated = told.get(field.holds)
            if stated is None or field.holds not in ("count", "total"):
                continue
            actions = [action for action in CheckAction if field.counts(action)]
            found: object = sum(self.counts[action] for action in actions)
            if field.holds == "total":
                minor = sum(self.sums[action] for action in actions)
                found = Money(minor, self.layout.currency)
            if stated != found:
                happened = f"The trailer states the {field.holds} {stated}; we counted {found}."
                yield error("control_total_wrong", happened, _TOTAL, self.place, line)
        named = {self.header_account, told.get("account", "")} - {""}
        if self.accounts and named - self.accounts:
            happened = "The header or the trailer names another account than the checks do."
            yield error("account_differs", happened, _TOTAL, self.place, line)

    def end(self) -> Iterator[object]:
        if self.layout.trailer.fields and not self.ended:
            raise Invalid(
                "file_cut",
                "The file ends without its totals.",
                _KEPT,
                "Fetch it again.",
                location=str(self.place),
            )
        yield from self._begin_without_header()
        count = sum(self.counts.values())
        sums = (Money(sum(self.sums.values()), self.layout.currency),) if count else ()
        yield IssueFileTrailer(checks=count, sums=sums, location=self.place)
