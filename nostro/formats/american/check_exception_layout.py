"""How a bank lays out the checks that it asks about, and how it wants to hear what to do: as data.

A layout is a TOML file in nostro/formats/profiles/check_exceptions; adding a bank is adding its
file. It has two sheets: what comes, and what goes back.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import msgspec

from nostro.domain.check_exception import Decision, Why
from nostro.domain.errors import Invalid
from nostro.formats.american.positive_pay_layout import NO_SHAPE, Layout, Shape

GENERIC = "generic"
_FOLDER = "check_exceptions"


class Side(StrEnum):
    EXCEPTIONS = "exceptions"
    DECISIONS = "decisions"


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records of one kind of file."""

    detail: Shape
    header: Shape = NO_SHAPE
    trailer: Shape = NO_SHAPE


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank's files about presented checks, and its words for why and for what to do."""

    title: str
    kind: Literal["fixed", "delimited"]
    why: dict[Why, str]
    decision: dict[Decision, str]
    exceptions: Sheet
    decisions: Sheet
    delimiter: str = ","
    currency: str = "USD"
    line_end: Literal["lf", "crlf"] = "crlf"

    def layout(self, side: Side) -> Layout:
        """One of its two files, as a layout of records."""
        sheet = self.exceptions if side is Side.EXCEPTIONS else self.decisions
        return Layout(
            title=self.title,
            kind=self.kind,
            actions={},
            detail=sheet.detail,
            header=sheet.header,
            trailer=sheet.trailer,
            delimiter=self.delimiter,
            currency=self.currency,
            line_end=self.line_end,
        )


class Told(NamedTuple):
    """A layout with its name."""

    name: str
    answers: Answers


@cache
def every() -> tuple[Told, ...]:
    """Every layout there is."""
    folder = files("nostro.formats.profiles").joinpath(_FOLDER)
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(
        Told(
            name.removesuffix(".toml"),
            msgspec.convert(tomllib.loads(folder.joinpath(name).read_text("utf-8")), Answers),
        )
        for name in found
    )


def answers_of(name: str) -> Answers:
    """The layout of that name; raises Invalid (`layout_unknown`) and names those there are."""
    for told in every():
        if told.name == name:
            return told.answers
    raise Invalid(
        "layout_unknown",
        f"There is no layout of presented checks {name[:40]!r}.",
        "Nothing was read or written.",
        f"There are: {', '.join(told.name for told in every())}.",
        location="profile",
    )


def recognised(line: str) -> tuple[Answers, Side] | None:
    """The one layout and file that begins with this line; None when it is of none, or of two."""
    fitting = [
        (told.answers, side)
        for told in every()
        for side in Side
        if _begins(told.answers.layout(side), line)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _begins(layout: Layout, line: str) -> bool:
    return layout.certain and layout.is_of(layout.header, line)
