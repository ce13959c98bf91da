"""Reading what a bank says of presented checks, by the layout that the file is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck, Why
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Location, Problem, error
from nostro.formats import Profile, options_of
from nostro.formats.american.check_exception_layout import Answers, Side, answers_of, recognised
from nostro.formats.american.positive_pay_layout import Field, Shape, amount_from, day_from
from nostro.formats.source import Lines

_KEPT = "The original is kept; nothing was done with it."
_LOST = "Correct the record; the others were read."
_TOTAL = "Do not rely on the file before its totals are explained."
_DAYS = ("presented", "issued")


class CheckExceptionOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`layout` names one of nostro/formats/profiles/check_exceptions.

    Empty: reading goes by what the file says of itself, writing uses "generic".
    """

    layout: str = ""


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield the presented checks of a file, or the decisions on them.

    Raises Invalid with a place: `layout_unknown`, `layout_not_recognised`, `file_cut`, and what
    `source.Lines` refuses. Act on nothing before the iterator has ended by itself.
    """
    named = options_of(profile, CheckExceptionOptions).layout
    lines = Lines(stream, profile)
    reader: _Reader | None = None
    for number, line in lines:
        if reader is None:
            if not line.strip():
                continue
            reader = _Reader(*_of(named, line))
        yield from reader.line(number, line)
    yield from lines.take_problems()
    if reader is None:
        raise _not_recognised()
    yield from reader.end()


def _of(named: str, line: str) -> tuple[Answers, Side]:
    found = recognised(line)
    if named:
        answers = answers_of(named)
        return answers, found[1] if found and found[0] == answers else Side.EXCEPTIONS
    if found is None:
        raise _not_recognised()
    return found


def _not_recognised() -> Invalid:
    return Invalid(
        "layout_not_recognised",
        "The file does not say of which layout of presented checks it is.",
        _KEPT,
        "Name the layout in the profile.",
        location="line 1",
    )


class _Reader:
    """One file while it is read: how many checks, and their sum."""

    def __init__(self, answers: Answers, side: Side) -> None:
        self.answers = answers
        self.layout = answers.layout(side)
        self.count = self.sum = 0
        self.begun = self.ended = False
        self.place = Location(line=1)

    def line(self, number: int, line: str) -> Iterator[object]:
        layout, self.place = self.layout, Location(line=number)
        if not line.strip():
            return
        line = layout.squared(layout.detail, line)
        if self.ended:
            told = "A record follows the totals."
            yield error("record_out_of_order", told, _LOST, self.place, line)
        elif layout.trailer.fields and layout.is_of(layout.trailer, line):
            yield from self._trailer(line)
        elif not self.begun and layout.is_of(layout.header, line):
            self.begun = True
        elif layout.is_of(layout.detail, line):
            self.begun = True
            self.place = Location(line=number, path=f"check {self.count + 1}")
            yield self._check(line)
        else:
            told = "The line is none of the layout's records: its width or marks do not fit."
            yield error("record_unfit", told, _LOST, self.place, line)

    def _check(self, line: str) -> object:
        told, problem = self._told(self.layout.detail, line)
        if problem is not None:
            return problem
        self.count += 1
        self.sum += told["amount"].minor
        return PresentedCheck(**told, location=self.place)

    def _told(self, shape: Shape, line: str) -> tuple[dict[str, Any], Problem | None]:
        """The fields of a record by their names, or what is wrong with one of them."""
        told: dict[str, Any] = {}
        payee: list[str] = []
        for field, cell in zip(shape.fields, self.layout.cells(shape, line), strict=True):
            if field.holds in ("constant", "blank"):
                continue
            try:
                value = self._value(field, cell)
            except (ValueError, Invalid):
                happened = f"The {field.holds.replace('_', ' ')} {cell[:60]!r} cannot be read."
                return {}, error("field_unreadable", happened, _LOST, self.place, line)
            if value is Why.OTHER and cell != self.answers.why.get(Why.OTHER):
                told["reason"] = cell
            if field.holds == "payee":
                payee.append(value)
            else:
                told[field.holds] = value
        if lines := tuple(text for text in payee if text):
            told["payee"] = lines
        return told, None

    def _value(self, field: Field, cell: str) -> Any:
        """One cell in our terms; raises ValueError or Invalid if it cannot be read."""
        if field.holds in ("why", "decision"):
            return _meant(self.answers, field, cell)
        if not cell and field.optional:
            return None if field.holds in _DAYS else ""
        if field.holds in _DAYS:
            return day_from(cell, field.date)
        if field.holds in ("amount", "total"):
            return amount_from(cell, field, self.layout.currency)
        if field.holds in ("count", "check_number"):
            if not (cell.isascii() and cell.isdigit()):
                raise ValueError(cell)
            return int(cell) if field.holds == "count" else cell.lstrip("0") or "0"
        if not cell:
            raise ValueError(cell)
        return cell

    def _trailer(self, line: str) -> Iterator[object]:
        self.ended = True
        told, problem = self._told(self.layout.trailer, line)
        if problem is not None:
            yield problem
        counted: dict[str, object] = {
            "count": self.count,
            "total": Money(self.sum, self.layout.currency),
        }
        for name, found in counted.items():
            if name in told and told[name] != found:
                happened = f"The trailer states the {name} {told[name]}; we counted {found}."
                yield error("control_total_wrong", happened, _TOTAL, self.place, line)

    def end(self) -> Iterator[object]:
        if self.layout.trailer.fields and not self.ended:
            raise Invalid(
                "file_cut",
                "The file ends without its totals.",
                _KEPT,
                "Fetch it again.",
                location=str(self.place),
            )
        yield from ()


def _meant(answers: Answers, field: Field, cell: str) -> Why | Decision:
    """A bank's word as ours. A reason that is not in the layout is the bank's own."""
    if field.holds == "decision":
        return {word: ours for ours, word in answers.decision.items()}[_known(answers, cell)]
    return {word: ours for ours, word in answers.why.items()}.get(cell, Why.OTHER)


def _known(answers: Answers, cell: str) -> str:
    if cell not in answers.decision.values():
        raise ValueError(cell)
    return cell
