"""The letter to a bank when a person must ask: one page with all that the bank needs to answer.

An enquiry asks whether a file arrived and that it is not processed twice; a recall asks for
payments back. It is sent by a person, signed, and filled in by hand at the bank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from reportlab.lib.colors import HexColor

from nostro.domain.errors import Invalid
from nostro.domain.money import Money, total
from nostro.letters.page import (
    HEIGHT,
    IDS,
    LEFT,
    PANEL,
    QUIET,
    RIGHT,
    STRONG,
    TEXT,
    Page,
    visible,
    width_of,
    wrapped,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_LABEL: Final = 126.0  # Where values begin, right of their labels.
_BOTTOM: Final = 236.0  # Below: signatures, the bank's answer, the foot.
_SMALL: Final = 7.2
_ROW: Final = 6.8
_LEADING: Final = _ROW * 1.42
_ROWS_MAX: Final = 9
# What has a fixed place on the page.
_MOST = {
    "customer_address": 3,
    "bank_address": 3,
    "digests": 3,
    "times": 6,
    "signers": 2,
}


class LetterKind(StrEnum):
    ENQUIRY = "enquiry"
    RECALL = "recall"


_TITLES = {
    LetterKind.ENQUIRY: "Did you receive this payment file?",
    LetterKind.RECALL: "Please return these payments",
}
_ASKS = {
    LetterKind.ENQUIRY: "Did you receive the file described below, and what became of its payments?"
    " Please do not process it twice: we have not sent it again and shall not before you answer.",
    LetterKind.RECALL: "Please stop the payments below, or ask the payees’ banks to return them,"
    " and tell us the outcome of each. Please do not process the file again.",
}
_ANSWERS = {
    LetterKind.ENQUIRY: ("received and processed", "received, not processed", "not received"),
    LetterKind.RECALL: ("stopped before execution", "return requested", "cannot be returned"),
}


class LetterPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as the bank knows it. `uetr` is "" where none was sent."""

    end_to_end_id: str
    amount: Money
    payee_name: str
    uetr: str = ""


class BankLetter(msgspec.Struct, frozen=True, kw_only=True):
    """All that the letter says; the caller decides everything, nothing is looked up.

    `brand_name` and `brand_color` ("#1f6f54") are the integrator's, `customer_*` who writes,
    `bank_*` who is asked. `payments` are those that are asked about (for an enquiry all of the
    file): their count and totals are computed here, as many as fit are listed, the others counted.
    `digests` are pairs of what was digested and its SHA-256 in hexadecimal ("file as sent", "file
    before encryption"). `times` are pairs of what happened and when ("Left us", "Connection lost"),
    with their zone; `as_of` is when the letter was made. `ask` replaces the usual request (three
    lines). `signers` are the names below the lines for signatures, two at most.

    ISO 20022's ids (35 letters) and UETRs are never cut. Every other text wraps and ends in "…"
    when it does not fit, as the letter is one page whatever it is given.
    """

    kind: LetterKind
    case_number: str
    as_of: datetime
    brand_name: str
    brand_color: str = "#1f6f54"
    customer_name: str
    customer_address: tuple[str, ...] = ()
    contact_name: str
    contact_phone: str = ""
    contact_email: str = ""
    bank_name: str
    bank_address: tuple[str, ...] = ()
    bank_bic: str = ""
    debit_accounts: tuple[str, ...]
    message_id: str
    payment_information_ids: tuple[str, ...]
    file_name: str
    size_bytes: int
    digests: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, datetime], ...]
    payments: tuple[LetterPayment, ...]
    ask: str = ""
    signers: tuple[str, ...] = ()


def write(letter: BankLetter) -> bytes:
    """The letter as a PDF of one A4 page (PDF 1.4, fonts embedded, text can be searched).

    The same letter gives the same bytes. A sign that our fonts lack (they have Latin, Greek and
    Cyrillic letters) is written as its number, [U+4E2D]: it is never dropped. Raises Invalid
    (`letter_time_without_zone`, `letter_without_payments`, `letter_color_wrong`, and
    `letter_too_full` for more than 3 lines of an address, 3 digests, 6 times or 2 signers).
    """
    _check(letter)
    title = _TITLES[letter.kind]
    page = Page(f"{title} {letter.case_number}", letter.customer_name, f"Case {letter.case_number}")
    _head(page, letter)
    _parties(page, letter)
    _request(page, letter)
    _facts(page, letter)
    _payments(page, letter)
    _signatures(page, letter)
    _answer(page, letter)
    _foot(page, letter)
    return page.done()


def moment(at: datetime) -> str:
    """A time as banks and people read it: "20 Nov 2026, 23:41:07 +01:00"."""
    offset = at.strftime("%z")
    zone = f"{offset[:3]}:{offset[3:5]}"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M:%S} {zone}"


def _check(letter: BankLetter) -> None:
    if any(at.utcoffset() is None for at in (letter.as_of, *(at for _, at in letter.times))):
        raise Invalid(
            "letter_time_without_zone",
            "A time of the letter has no time zone.",
            "No letter was made.",
            "Give every time with its offset: the bank may be in another zone.",
        )
    for name, most in _MOST.items():
        if len(getattr(letter, name)) > most:
            raise Invalid(
                "letter_too_full",
                f"The letter has room for {most} {name.replace('_', ' ')}.",
                "No letter was made.",
                "Give the ones that help the bank most.",
                field=name,
            )
    if not letter.payments:
        raise Invalid(
            "letter_without_payments",
            "The letter is about no payment.",
            "No letter was made.",
            "Choose the payments that the bank is asked about.",
        )
    if not _COLOR.match(letter.brand_color):
        raise Invalid(
            "letter_color_wrong",
            f"{letter.brand_color[:20]!r} is not a color.",
            "No letter was made.",
            "Write it as #RRGGBB.",
        )


def _head(page: Page, letter: BankLetter) -> None:
    page.box(0, HEIGHT - 7, RIGHT + LEFT, 7, HexColor(letter.brand_color))
    y = HEIGHT - 44
    case = visible(f"Case {letter.case_number}")
    (case,) = wrapped(case, STRONG, 9, 200, 1)
    page.line(case, RIGHT, y, STRONG, 9, to_right=True)
    (brand,) = wrapped(letter.brand_name, STRONG, 9, 270, 1)
    page.line(brand, LEFT, y, STRONG, 9, QUIET)
    page.line(_TITLES[letter.kind], LEFT, y - 38, STRONG, 20)
    page.y = y - 62


def _parties(page: Page, letter: BankLetter) -> None:
    half = (RIGHT - LEFT) / 2
    contact = ", ".join(filter(None, (letter.contact_phone, letter.contact_email)))
    bic = f"BIC {letter.bank_bic}" if letter.bank_bic else ""
    ours = (*letter.customer_address, letter.contact_name, contact)
    theirs = (*letter.bank_address, bic)
    ends = []
    for x, label, name, details in (
        (LEFT, "From", letter.customer_name, ours),
        (LEFT + half, "To", letter.bank_name, theirs),
    ):
        page.line(label, x, page.y, TEXT, _SMALL, QUIET)
        y = page.lines(wrapped(name, STRONG, 10, half - 16, 3), x, page.y - 14, STRONG, 10)
        for one in filter(None, details):
            y = page.lines(wrapped(one, TEXT, 8.5, half - 16, 1), x, y, TEXT, 8.5)
        ends.append(y)
    page.y = min(ends) - 4


def _request(page: Page, letter: BankLetter) -> None:
    told = wrapped(letter.ask or _ASKS[letter.kind], STRONG, 9.5, RIGHT - LEFT - 30, 3)
    height = len(told) * 9.5 * 1.42 + 17
    page.box(LEFT, page.y - height, RIGHT - LEFT, height, PANEL)
    page.box(LEFT, page.y - height, 3, height, HexColor(letter.brand_color))
    page.lines(told, LEFT + 16, page.y - 19, STRONG, 9.5)
    page.y -= height + 19


def _facts(page: Page, letter: BankLetter) -> None:
    sums = list(total(one.amount for one in letter.payments).values())
    count = len(letter.payments)
    amounts = [f"{one.grouped()} {one.currency}" for one in sums]
    payments = f"{count:,} payment{'s' * (count != 1)}, in all "
    _fact(page, "Amount", _listed(amounts, STRONG, before=payments), STRONG, 2)
    _fact(page, "Debit account", _listed(letter.debit_accounts, IDS), IDS, 2)
    _fact(page, "Message id", letter.message_id, IDS)
    _fact(page, "Payment information", _listed(letter.payment_information_ids, IDS), IDS, 2)
    _fact(page, "File", letter.file_name, IDS, 2)
    _fact(page, "Size", f"{letter.size_bytes:,} bytes", TEXT)
    for what, digest in letter.digests:
        _fact(page, f"SHA-256, {what}", digest, IDS)
    for what, at in letter.times:
        _fact(page, what, moment(at), TEXT)


def _fact(page: Page, label: str, value: str, font: str, lines_max: int = 1) -> None:
    (name,) = wrapped(label, TEXT, 8, _LABEL - 8, 1)
    page.line(name, LEFT, page.y, TEXT, 8, QUIET)
    told = wrapped(value, font, 8.5, RIGHT - LEFT - _LABEL, lines_max)
    page.y = page.lines(told, LEFT + _LABEL, page.y, font, 8.5) - 1.6


def _listed(told: Sequence[str], font: str, *, before: str = "") -> str:
    """As many texts as fit into two lines, whole, and how many more there are."""
    width = RIGHT - LEFT - _LABEL

    def text(shown: int) -> str:
        left = len(told) - shown
        return before + ", ".join(told[:shown]) + (f" and {left:,} more" if left else "")

    shown = 1
    while shown < len(told) and len(wrapped(text(shown + 1), font, 8.5, width, 3)) < 3:
        shown += 1
    return text(min(shown, len(told)))


def _payments(page: Page, letter: BankLetter) -> None:
    with_uetr = any(one.uetr for one in letter.payments)
    columns = (LEFT, LEFT + 152, LEFT + 314 if with_uetr else LEFT + 190)
    page.y -= 8
    heads = ("End-to-end id", "UETR" if with_uetr else "", "Payee")
    for x, head in zip(columns, heads, strict=True):
        page.line(head, x, page.y, TEXT, _SMALL, QUIET)
    page.line("Amount", RIGHT, page.y, TEXT, _SMALL, QUIET, to_right=True)
    page.rule(page.y - 5)
    page.y -= 16
    for number, one in enumerate(letter.payments):
        left = len(letter.payments) - number
        room = page.y - _BOTTOM - (_LEADING + 2 if left > 1 else 0)
        if not _payment(page, one, columns, room):
            told = f"and {left:,} more," if number else f"{left:,}, all"
            page.line(f"{told} in the file named above", LEFT, page.y - 2, TEXT, _SMALL, QUIET)
            return


def _payment(
    page: Page, one: LetterPayment, columns: tuple[float, float, float], room: float
) -> bool:
    """Write one payment if there is room for it; its ids are whole or it is not listed."""
    amount = f"{one.amount.grouped()} {one.amount.currency}"
    payee_width = RIGHT - columns[2] - width_of(amount, TEXT, _ROW) - 8
    cells = (
        wrapped(one.end_to_end_id, IDS, _ROW, columns[1] - columns[0] - 5, _ROWS_MAX),
        wrapped(one.uetr, IDS, _ROW, columns[2] - columns[1] - 5, _ROWS_MAX),
        wrapped(one.payee_name, TEXT, _ROW, payee_width, 2),
    )
    lines = max(map(len, cells))
    if (lines - 1) * _LEADING > room or room < 0:
        return False
    for x, told, font in zip(columns, cells, (IDS, IDS, TEXT), strict=True):
        page.lines(told, x, page.y, font, _ROW)
    page.line(amount, RIGHT, page.y, TEXT, _ROW, to_right=True)
    page.y -= lines * _LEADING + 1.6
    return True


def _signatures(page: Page, letter: BankLetter) -> None:
    y, width = 190.0, 228.0
    for x, name in zip((LEFT, RIGHT - width), (*letter.signers, "", ""), strict=False):
        page.rule(y, x, x + width)
        (told,) = wrapped(name or "Name", TEXT, _SMALL, width - 100, 1)
        page.line(told, x, y - 10, TEXT, _SMALL, QUIET)
        page.line("Place, date, signature", x + width, y - 10, TEXT, _SMALL, QUIET, to_right=True)


def _answer(page: Page, letter: BankLetter) -> None:
    top, bottom = 164.0, 50.0
    page.box(LEFT, bottom, RIGHT - LEFT, top - bottom, PANEL)
    page.line("The bank’s answer", LEFT + 14, top - 18, STRONG, 9)
    x = LEFT + 128.0
    for answer in _ANSWERS[letter.kind]:
        page.tick_box(x, top - 18)
        page.line(answer, x + 13, top - 18, TEXT, 8.5)
        x += width_of(answer, TEXT, 8.5) + 30
    page.rule(top - 46, LEFT + 14, RIGHT - 14)
    page.rule(top - 70, LEFT + 14, RIGHT - 14)
    third = (RIGHT - LEFT - 28) / 3
    for number, label in enumerate(("Name", "Date and time", "Telephone, bank’s reference")):
        left = LEFT + 14 + number * third
        page.rule(top - 96, left, left + third - (12 if number < 2 else 0))
        page.line(label, left, top - 105, TEXT, _SMALL, QUIET)


def _foot(page: Page, letter: BankLetter) -> None:
    (case,) = wrapped(f"Case {letter.case_number}", TEXT, _SMALL, 200, 1)
    page.line(f"{case}, page 1 of 1", RIGHT, 32, TEXT, _SMALL, QUIET, to_right=True)
    page.line(f"As of {moment(letter.as_of)}", LEFT, 32, TEXT, _SMALL, QUIET)
