"""What may stand in a SWIFT field: character set X, line widths, amounts with a comma.

SWIFT Standards MT, general information: character set X; formats such as 16x, 4*35x and 15d. What
does not fit is refused; nothing is cut or replaced here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.money import Money

AMOUNT_CHARACTERS = 15
NARRATIVE_WIDTH = 65
_ALLOWED = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*\Z")
NOT_WRITTEN = "Nothing was written."


def refused(code: str, happened: str, can_do: str, what: str, field: str = "") -> Invalid:
    """A refusal of a writer; `what` says which record, `field` what it cannot carry of it."""
    return Invalid(code, happened, NOT_WRITTEN, can_do, location=what, field=field)


def line_of(text: str, width: int, what: str) -> str:
    """One line of a field; raises `characters_not_swift`, `line_not_swift`, `too_long`."""
    if not _ALLOWED.match(text):
        wrong = "".join(sorted(set(re.sub(r"[A-Za-z0-9/\-?:().,'+ ]", "", text))))
        raise refused(
            "characters_not_swift",
            f"{text[:40]!r} holds characters that SWIFT does not carry: {wrong!r}.",
            "Write it in the letters of SWIFT (character set X), and have that approved.",
            what,
        )
    if text[:1] in (":", "-") or text != text.rstrip(" "):
        raise refused(
            "line_not_swift",
            f"{text[:40]!r} cannot be a line: it begins with : or -, or ends in a space.",
            "Change the text.",
            what,
        )
    if len(text) > width:
        raise refused(
            "too_long",
            f"{text[:80]!r} has {len(text)} characters; there is room for {width}.",
            "Shorten it; we do not cut.",
            what,
        )
    return text


def lines_of(lines: Sequence[str], width: int, most: int, what: str) -> str:
    """Several lines of a field; raises Invalid (also `too_many_lines`)."""
    if len(lines) > most:
        raise refused(
            "too_many_lines",
            f"There are {len(lines)} lines; there is room for {most} of {width} characters.",
            "Shorten the text; we do not cut.",
            what,
        )
    for line in lines:
        if not line.strip():
            happened = "A line is empty: SWIFT has no empty lines."
            raise refused("line_not_swift", happened, "Leave the line out.", what)
    return "\n".join(line_of(line, width, what) for line in lines)


def reference_of(text: str, what: str) -> str:
    """16x without slashes at its ends or doubled; raises Invalid (`reference_not_swift`)."""
    line_of(text, 16, what)
    if not text or text[0] == "/" or text[-1] == "/" or "//" in text or text[0] == " ":
        raise refused(
            "reference_not_swift",
            f"{text!r} is no SWIFT reference: 1 to 16 characters, no slash at its ends, no //.",
            "Give another reference.",
            what,
        )
    return text


def amount_text(amount: Money, what: str) -> str:
    """15d: 1234,5 as 1234,50; raises Invalid (`amount_too_large`, `unknown_currency`)."""
    if amount.currency not in EXPONENT:
        happened = f"{amount.currency!r} is not a currency in use."
        raise refused("unknown_currency", happened, "Use an ISO 4217 code.", what)
    text = Money(abs(amount.minor), amount.currency).number().replace(".", ",")
    text = text if "," in text else f"{text},"
    if len(text) > AMOUNT_CHARACTERS:
        happened = f"The amount {amount} has more than {AMOUNT_CHARACTERS} characters."
        raise refused("amount_too_large", happened, "Split the payment.", what)
    return text


def is_swift(text: str) -> bool:
    """True if all characters are of set X (line ends apart)."""
    return all(_ALLOWED.match(line) for line in text.split("\n"))
