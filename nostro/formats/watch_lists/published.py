"""How publishers write dates and countries, in one way."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from importlib.resources import files

_DAYS = (
    "%Y-%m-%d", "%d/%m/%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d.%m.%Y", "%b %Y", "%B %Y",
)  # fmt: skip
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")


def day(text: str, *formats: str) -> date | None:
    """A day as published; None where it is none. American months-first only where it is asked."""
    for form in formats or _DAYS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return None


def born(text: str) -> str:
    """A date of birth as far as it is known: "1962-07-28", "1962", or "" when it tells no year.

    "circa 1960" is 1960; of a span ("1958 to 1960") the first year is taken.
    """
    text = text.strip()
    whole = day(text, "%Y-%m-%d", "%d/%m/%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d.%m.%Y")
    if whole:
        return whole.isoformat()
    year = _YEAR.search(text)
    return year.group(1) if year else ""


def country(text: str) -> str:
    """The ISO 3166 code of a country's usual names; another text stays as published."""
    told = text.strip()
    return _codes().get(told.casefold(), told)


def told(texts: Iterable[str]) -> tuple[str, ...]:
    """Those that say anything, each once, in their order."""
    return tuple(dict.fromkeys(text for text in map(str.strip, texts) if text))


@cache
def _codes() -> dict[str, str]:
    # From the time zone database's iso3166.tab (public domain), with names that lists use.
    lines = (files(__package__) / "countries.csv").read_text(encoding="utf-8").splitlines()
    return {row["name"].casefold(): row["code"] for row in csv.DictReader(lines)}
