"""Files of issued checks for the bank, in its own layout: nothing cut, nothing guessed.

What was written is read back before it is handed out; what would not come back equal is refused.
"""

from __future__ import annotations

import re
from io import BytesIO
from itertools import zip_longest
from typing import Any

from msgspec.structs import replace

from nostro.domain.errors import Invalid
from nostro.domain.issued_check import CheckAction, IssuedCheck, IssueFile, assemble
from nostro.domain.money import Money
from nostro.domain.problem import NOWHERE, Problem
from nostro.formats import Profile, options_of
from nostro.formats.american.positive_pay_layout import (
    GENERIC,
    Field,
    Layout,
    Shape,
    day_to,
    layout_of,
)
from nostro.formats.american.positive_pay_reader import PositivePayOptions, read

_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}
_NOT_ALLOWED = re.compile(r"[^ -~]")
_QUOTED = re.compile(r'[",\n\r]')


def write(document: IssueFile, profile: Profile) -> bytes:
    """The bytes of an issue file in the layout of the profile (`generic` if it names none).

    Raises Invalid with the check as its place: `layout_unknown`, `field_missing`,
    `field_too_long`, `character_not_allowed`, `check_number_wrong`, `amount_wrong`,
    `currency_differs`, `action_not_in_layout`, `several_accounts`, `check_twice`, and
    `not_carried` for whatever the layout could not give back.
    """
    name = options_of(profile, PositivePayOptions).layout or GENERIC
    layout = layout_of(name)
    _account(document, layout)
    _each_once(document)
    lines = [_record(layout, layout.header, document, None, "header")]
    for place, check in enumerate(document.checks, 1):
        where = f"check {place}"
        _sound(check, layout, where)
        lines.append(_record(layout, layout.detail, document, check, where))
    lines.append(_record(layout, layout.trailer, document, None, "trailer"))
    end = _LINE_ENDS[layout.line_end]
    data = "".join(line + end for line in lines if line).encode("ascii")
    _comes_back(document, data, name)
    return data


def refusal(code: str, where: str, happened: str, can_do: str, field: str = "") -> Invalid:
    did = "Nothing was written."
    return Invalid(code, happened, did, can_do, location=where, field=field)


def _account(document: IssueFile, layout: Layout) -> None:
    """A layout whose header or trailer names the account holds the checks of one account."""
    outer = (*layout.header.fields, *layout.trailer.fields)
    accounts = {check.account for check in document.checks}
    if any(field.holds == "account" for field in outer) and len(accounts) != 1:
        raise refusal(
            "several_accounts",
            "file",
            f"The layout is for the checks of one account; these are of {len(accounts)}.",
            "Write one file an account.",
        )


def _each_once(document: IssueFile) -> None:
    """A bank pays every check it was told of: no number of an account may be issued twice."""
    seen: dict[tuple[str, str, CheckAction], int] = {}
    for place, check in enumerate(document.checks, 1):
        earlier = seen.setdefault((check.account, check.check_number, check.action), place)
        if earlier != place:
            raise refusal(
                "check_twice",
                f"check {place}",
                f"Check {check.check_number} of account {check.account} was named already"
                f" (check {earlier}).",
                "Leave one of them out.",
            )


def _sound(check: IssuedCheck, layout: Layout, where: str) -> None:
    number = check.check_number
    if not (number.isascii() and number.isdigit()) or number.startswith("0"):
        raise refusal(
            "check_number_wrong",
            where,
            f"The check number {number!r} is not digits without zeros before them.",
            "Correct it; the layout fills with zeros itself.",
        )
    if check.amount.currency != layout.currency:
        raise refusal(
            "currency_differs",
            where,
            f"The amount {check.amount} is not in {layout.currency}, the layout's currency.",
            "Use a layout of that currency.",
        )
    if check.amount.minor < 0 or (not check.amount.minor and check.action is CheckAction.ISSUE):
        happened = f"A check of {check.amount} cannot be issued."
        raise refusal("amount_wrong", where, happened, "Correct the amount.")
    if check.action not in layout.actions:
        raise refusal(
            "action_not_in_layout",
            where,
            f"The layout has no word for {check.action.value}.",
            "Tell the bank in the way it wants for that, such as its portal.",
        )


def _record(
    layout: Layout, shape: Shape, document: IssueFile, check: IssuedCheck | None, where: str
) -> str:
    cells = []
    for field in shape.fields:
        text = _text(layout, field, document, check, where)
        if not text and not field.optional and field.holds not in ("blank", "action"):
            what = field.holds.replace("_", " ")
            happened = f"The layout wants the {what}; it is not there."
            raise refusal("field_missing", where, happened, "Complete it.")
        cells.append(cell_of(layout, field, text, where))
    return ("" if layout.kind == "fixed" else layout.delimiter).join(cells)


def cell_of(layout: Layout, field: Field, text: str, where: str) -> str:
    """A text in its column: filled or quoted, never cut."""
    what = field.holds.replace("_", " ")
    if found := _NOT_ALLOWED.search(text):
        raise refusal(
            "character_not_allowed",
            where,
            f"The {what} holds the character {found.group()!r}.",
            "Write it in plain ASCII; the change must be yours.",
        )
    if layout.kind == "delimited":
        if _QUOTED.search(text) or layout.delimiter in text:
            return '"' + text.replace('"', '""') + '"'
        return text
    if len(text) > field.length:
        raise refusal(
            "field_too_long",
            where,
            f"The {what} {text!r} has {len(text)} characters; there is room for {field.length}.",
            "Shorten it; nothing is cut for you.",
        )
    if field.align == "right":
        return text.rjust(field.length, field.pad)
    return text.ljust(field.length, field.pad)


def _text(
    layout: Layout, field: Field, document: IssueFile, check: IssuedCheck | None, where: str
) -> str:
    """What a column says."""
    if field.holds in ("constant", "blank"):
        return field.text
    if field.holds in ("count", "total"):
        counted = [one for one in document.checks if field.counts(one.action)]
        if field.holds == "count":
            return str(len(counted))
        minor = sum(one.amount.minor for one in counted)
        return amount_text(Money(minor, layout.currency), field)
    if field.holds == "company":
        return document.company
    if check is None:
        check = document.checks[0] if field.holds == "account" else None
    return _day_or_text(layout, field, document, check, where)


def _day_or_text(
    layout: Layout, field: Field, document: IssueFile, check: IssuedCheck | None, where: str
) -> str:
    value: Any = document.created
    if field.holds == "payee" and check is not None:
        value = check.payee[field.line - 1] if len(check.payee) >= field.line else ""
    elif check is not None:
        value = getattr(check, field.holds)
    if value is None:
        return ""
    if field.holds == "action":
        return layout.actions[value]
    if isinstance(value, Money):
        return amount_text(value, field)
    if field.holds in ("issued", "acted", "created"):
        try:
            return day_to(value, field.date)
        except ValueError:
            happened = f"The layout cannot say the day {value}."
            raise refusal("not_carried", where, happened, "Correct the day.") from None
    return str(value)


def amount_text(amount: Money, field: Field) -> str:
    return amount.number() if field.decimals == "point" else str(amount.minor)


def _comes_back(document: IssueFile, data: bytes, name: str) -> None:
    """Read the file that was made; raises Invalid (`not_carried`) if anything is not the same."""
    found = list(assemble(read(BytesIO(data), Profile(options={"layout": name}))))
    again = next((item for item in found if isinstance(item, IssueFile)), None)
    problem = next((item for item in found if isinstance(item, Problem)), None)
    if again is None or problem is not None:
        sentence = problem.sentence if problem else "The file cannot be read back."
        raise refusal("not_carried", "file", sentence, "Correct the check.")
    _same(document, again, "file", ("company", "created"))
    for place, (ours, theirs) in enumerate(zip_longest(document.checks, again.checks), 1):
        if replace(ours, location=NOWHERE) != replace(theirs, location=NOWHERE):
            fields = tuple(field for field in ours.__struct_fields__ if field != "location")
            _same(ours, theirs, f"check {place}", fields)


def _same(ours: Any, theirs: Any, where: str, fields: tuple[str, ...]) -> None:
    for field in fields:
        said = getattr(ours, field)
        if said != getattr(theirs, field):
            raise refusal(
                "not_carried",
                where,
                f"The layout cannot carry the {field.replace('_', ' ')} {said!r:.100}.",
                "Correct it, or use a layout that has a place for it.",
                field,
            )
