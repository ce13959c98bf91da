"""A4 pages with embedded letters: lines that wrap, blocks that end, no sign lost in silence."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

TEXT: Final = "Inter-Regular"
STRONG: Final = "Inter-SemiBold"
IDS: Final = "Inter-Ids"  # Zero and O, one and l cannot be taken for each other.

INK: Final = HexColor("#16211d")
QUIET: Final = HexColor("#5c6863")
LINE: Final = HexColor("#c9d1cd")
PANEL: Final = HexColor("#f3f6f4")

WIDTH, HEIGHT = A4  # in points, 1/72 inch
LEFT: Final = 51.0
RIGHT: Final = WIDTH - LEFT
_FONTS: Final = Path(__file__).parent / "fonts"


@cache
def _letters() -> frozenset[int]:
    """The code points that every font of ours has. Loads the fonts."""
    found = []
    for name in (TEXT, STRONG, IDS):
        font = TTFont(name, _FONTS / f"{name}.ttf")
        pdfmetrics.registerFont(font)
        found.append(frozenset(font.face.charToGlyph))
    return frozenset.intersection(*found)


def visible(text: str) -> str:
    """The text in letters that we have: another is written as its number, [U+4E2D].

    White space and line ends become single spaces.
    """
    known = _letters()
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(one if ord(one) in known else f"[U+{ord(one):04X}]" for one in spaced)


def width_of(text: str, font: str, size: float) -> float:
    _letters()
    return float(pdfmetrics.stringWidth(text, font, size))


def wrapped(text: str, font: str, size: float, width: float, lines_max: int) -> list[str]:
    """Lines of at most `width` points; a word that is wider is broken. Past `lines_max`: "…"."""
    lines: list[str] = []
    line = ""
    for word in visible(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer, font, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, font, size, width)
        lines += full
        if len(lines) > lines_max:
            break
    lines.append(line)
    if len(lines) > lines_max:
        lines = lines[:lines_max]
        lines[-1] = _cut(lines[-1], font, size, width)
    return lines


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    """A word in parts that are narrow enough."""
    parts = [""]
    for letter in word:
        if parts[-1] and width_of(parts[-1] + letter, font, size) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _cut(line: str, font: str, size: float, width: float) -> str:
    while line and width_of(f"{line}…", font, size) > width:
        line = line[:-1]
    return f"{line.rstrip()}…"


class Page:
    """A page and how far down it is filled: `y` is the distance from its bottom in points."""

    def __init__(self, title: str, author: str, subject: str) -> None:
        _letters()
        self._bytes = io.BytesIO()
        self.canvas = Canvas(self._bytes, pagesize=A4, invariant=1, lang="en", initialFontName=TEXT)
        self.canvas.setTitle(visible(title))
        self.canvas.setAuthor(visible(author))
        self.canvas.setSubject(visible(subject))
        self.canvas.setCreator("nostro")
        self.canvas.setViewerPreference("DisplayDocTitle", "true")
        self.y = HEIGHT

    def line(
        self,
        text: str,
        x: float,
        y: float,
        font: str = TEXT,
        size: float = 9,
        color: Color = INK,
        *,
        to_right: bool = False,
    ) -> None:
        """One line of text at a place, as it is: letters must be there (`visible`)."""
        self.canvas.setFont(font, size)
        self.canvas.setFillColor(color)
        draw = self.canvas.drawRightString if to_right else self.canvas.drawString
        draw(x, y, text)

    def lines(
        self, told: Sequence[str], x: float, y: float, font: str = TEXT, size: float = 9
    ) -> float:
        """Lines below each other; returns where the next would stand."""
        for text in told:
            self.line(text, x, y, font, size)
            y -= size * 1.42
        return y

    def rule(self, y: float, left: float = LEFT, right: float = RIGHT) -> None:
        self.canvas.setStrokeColor(LINE)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(left, y, right, y)

    def box(self, x: float, y: float, width: float, height: float, fill: Color) -> None:
        self.canvas.setFillColor(fill)
        self.canvas.rect(x, y, width, height, stroke=0, fill=1)

    def tick_box(self, x: float, y: float) -> None:
        """An empty square to tick by hand."""
        self.canvas.setStrokeColor(QUIET)
        self.canvas.setLineWidth(0.7)
        self.canvas.rect(x, y - 0.8, 8, 8, stroke=1, fill=0)

    def turn(self) -> None:
        """Go on overleaf, on a new page."""
        self.canvas.showPage()
        self.y = HEIGHT

    def done(self) -> bytes:
        self.canvas.showPage()
        self.canvas.save()
        return self._bytes.getvalue()
