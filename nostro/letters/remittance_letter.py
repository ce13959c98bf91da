"""The advice to a payee as a page to print or to attach: who paid him how much and what for."""

from __future__ import annotations

from typing import Final

from reportlab.lib.colors import HexColor

from nostro.domain.payee_advice import PaidPayment, PayeeAdvice
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
    wrapped,
)
from nostro.letters.remittance_text import address_lines, day, money

_COLOR: Final = "#1f6f54"
_TITLE: Final = "Remittance advice"
_LABEL: Final = 110.0
_BOTTOM: Final = 62.0
_SIZE: Final = 9.0
_LEADING: Final = _SIZE * 1.42
_HEAD_OF_PAYMENT: Final = 84.0  # No payment begins so low that its first lines are overleaf.


def write(advice: PayeeAdvice) -> bytes:
    """The advice as a PDF (A4, fonts embedded, text can be searched), as many pages as it takes.

    The same advice gives the same bytes. Nothing is cut: texts wrap, and a sign that our fonts lack
    is written as its number.
    """
    page = Page(_TITLE, advice.payer_name, f"{_TITLE} of {day(advice.executed_on)}")
    sheet = _Sheet(page, advice)
    sheet.head()
    sheet.parties()
    sheet.amount()
    for paid in advice.payments:
        sheet.payment(paid)
    sheet.foot()
    return page.done()


class _Sheet:
    """The pages as they fill."""

    def __init__(self, page: Page, advice: PayeeAdvice) -> None:
        self._page, self._advice = page, advice
        self._number = 1

    def head(self) -> None:
        page = self._page
        page.box(0, HEIGHT - 7, RIGHT + LEFT, 7, HexColor(_COLOR))
        y = HEIGHT - 44
        (brand,) = wrapped(self._advice.brand_name, STRONG, 9, 300, 1)
        page.line(brand, LEFT, y, STRONG, 9, QUIET)
        page.line(day(self._advice.executed_on), RIGHT, y, STRONG, 9, to_right=True)
        page.y = y - 38
        if self._number == 1:
            page.line(_TITLE, LEFT, page.y, STRONG, 20)
            page.y -= 26

    def parties(self) -> None:
        advice, page = self._advice, self._page
        half = (RIGHT - LEFT) / 2
        number = f"Your number with us: {advice.payee_number}" if advice.payee_number else ""
        ends = []
        for x, label, name, details in (
            (LEFT, "Paid by", advice.payer_name, address_lines(advice.payer_address)),
            (LEFT + half, "Paid to", advice.payee_name, (number,)),
        ):
            page.line(label, x, page.y, TEXT, 7.2, QUIET)
            y = page.lines(wrapped(name, STRONG, 10, half - 16, 5), x, page.y - 14, STRONG, 10)
            for one in filter(None, details):
                y = page.lines(wrapped(one, TEXT, 8.5, half - 16, 3), x, y, TEXT, 8.5)
            ends.append(y)
        page.y = min(ends) - 6

    def amount(self) -> None:
        page, count = self._page, len(self._advice.payments)
        sums = ", ".join(map(money, self._advice.totals))
        in_all = f" in {count:,} payments" if count > 1 else ""
        told = wrapped(f"{sums}{in_all}", STRONG, 13, RIGHT - LEFT - 32, 4)
        height = len(told) * 13 * 1.42 + 32
        page.box(LEFT, page.y - height, RIGHT - LEFT, height, PANEL)
        page.box(LEFT, page.y - height, 3, height, HexColor(_COLOR))
        when = f"Executed on {day(self._advice.executed_on)}"
        page.line(when, LEFT + 16, page.y - 18, TEXT, 8.5, QUIET)
        page.lines(told, LEFT + 16, page.y - 36, STRONG, 13)
        page.y -= height + 22

    def payment(self, paid: PaidPayment) -> None:
        self._room_for(_HEAD_OF_PAYMENT)
        page = self._page
        page.rule(page.y + _SIZE + 5)
        (number,) = wrapped(f"Payment {paid.number}", STRONG, 10, 300, 1)
        page.line(number, LEFT, page.y, STRONG, 10)
        page.line(visible(money(paid.amount)), RIGHT, page.y, STRONG, 10, to_right=True)
        page.y -= 17
        ending = f"ending in {paid.account_ending}" if paid.account_ending else ""
        self._fact("To account", ending, TEXT)
        self._fact("End-to-end id", paid.end_to_end_id, IDS)
        self._fact("UETR", paid.uetr, IDS)
        for place, invoice in enumerate(paid.invoices):
            amount = money(invoice.amount) if invoice.amount else ""
            self._fact("" if place else "For invoice", invoice.number, IDS, amount)
        self._fact("Text", paid.text, TEXT)
        page.y -= 12

    def foot(self) -> None:
        page = self._page
        page.line(f"Page {self._number}", RIGHT, 32, TEXT, 7.2, QUIET, to_right=True)
        told = "Never answer an advice with bank details: a new account is not taken from a mail."
        page.line(told, LEFT, 32, TEXT, 7.2, QUIET)

    def _fact(self, label: str, value: str, font: str, amount: str = "") -> None:
        if not value:
            return
        page, width = self._page, RIGHT - LEFT - _LABEL - 110
        for place, line in enumerate(wrapped(value, font, _SIZE, width, len(value))):
            self._room_for(_LEADING)
            if place == 0:
                page.line(label, LEFT, page.y, TEXT, 8, QUIET)
                page.line(visible(amount), RIGHT, page.y, TEXT, _SIZE, to_right=True)
            page.line(line, LEFT + _LABEL, page.y, font, _SIZE)
            page.y -= _LEADING

    def _room_for(self, height: float) -> None:
        """Go on overleaf where this page has no room for what comes."""
        if self._page.y - height >= _BOTTOM:
            return
        self.foot()
        self._page.turn()
        self._number += 1
        self.head()
