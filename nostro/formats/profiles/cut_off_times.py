"""A bank's cut-off times, as data: a table of its profile, or of the connection itself.

They are in every customer's contract with its bank, so no profile that we ship claims any.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid
from nostro.domain.policies.cut_off import CutOff

FIELD = "cut_offs"


@cache
def bank_cut_offs(name: str) -> tuple[CutOff, ...]:
    """Those that the profile of a bank states; none for a name that is no bank's."""
    place = files("nostro.formats.profiles").joinpath("banks", f"{name}.toml")
    if not place.is_file():
        return ()
    return told_cut_offs(tomllib.loads(place.read_text(encoding="utf-8")).get(FIELD, []), name)


def told_cut_offs(told: Any, name: str) -> tuple[CutOff, ...]:
    """Cut-offs as they stand in TOML or JSON. Raises Invalid (`cut_off_wrong`)."""
    try:
        found = msgspec.convert(told, tuple[CutOff, ...])
        for rule in found:
            ZoneInfo(rule.time_zone)
            if rule.currency and rule.currency not in EXPONENT:
                raise ValueError(f"there is no currency {rule.currency[:10]!r}")
    except (msgspec.ValidationError, ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            "cut_off_wrong",
            f"The cut-off times of {name} cannot be used: {error}.",
            "Nothing was read, written or sent.",
            'Write each like {at = 16:00:00, time_zone = "Europe/Berlin", currency = "EUR"}.',
        ) from None
    return found
