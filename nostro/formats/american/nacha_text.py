"""Columns of Nacha records to be written: what does not fit is refused, never cut.

Nacha Operating Rules, appendix three: alphameric fields are left-justified and filled with blanks,
numeric ones right-justified and filled with zeros; printable ASCII only.
"""

from __future__ import annotations

import re

from nostro.domain.errors import Invalid
from nostro.formats.american.nacha_layout import bank_of, is_digits

NOTHING = "Nothing was written."
_NOT_ALLOWED = re.compile(r"[^ -~]")


def refuse(code: str, where: str, happened: str, can_do: str, field: str = "") -> Invalid:
    """A refusal of the writer, with the place in the document, and the field not carried."""
    return Invalid(code, happened, NOTHING, can_do, location=where, field=field)


def printable(value: str, what: str, where: str) -> str:
    """A text as it is; raises Invalid (`character_not_allowed`)."""
    if found := _NOT_ALLOWED.search(value):
        raise refuse(
            "character_not_allowed",
            where,
            f"The {what} holds the character {found.group()!r}, which Nacha does not allow.",
            "Write it in plain ASCII; the change must be yours.",
        )
    return value


def alphameric(value: str, length: int, what: str, where: str) -> str:
    """A field of text; raises Invalid (`text_too_long`, `character_not_allowed`)."""
    if len(printable(value, what, where)) > length:
        raise refuse(
            "text_too_long",
            where,
            f"The {what} {value!r} has {len(value)} characters; there is room for {length}.",
            "Shorten it; nothing is cut for you.",
        )
    return value.ljust(length)


def numeric(value: str, length: int, what: str, where: str) -> str:
    """A field of digits; raises Invalid (`number_wrong`)."""
    if not is_digits(value) or len(value) > length:
        raise refuse(
            "number_wrong",
            where,
            f"The {what} {value!r} is not a number of at most {length} digits.",
            "Correct it, or let the profile give it.",
        )
    return value.rjust(length, "0")


def routing(value: str, what: str, where: str) -> str:
    """A routing number of nine digits; raises Invalid (`routing_number_wrong`)."""
    if bank_of(value) is None:
        raise refuse(
            "routing_number_wrong",
            where,
            f"The {what} {value!r} is not a routing number: its check digit does not fit.",
            "Correct it in the master data.",
        )
    return value
