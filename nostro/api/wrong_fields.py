"""What is wrong with a field of a request, in plain sentences, by the kind that pydantic tells.

Kinds as in https://docs.pydantic.dev/latest/errors/validation_errors/. One that is not here keeps
pydantic's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_DAY: Final = 'It is not a day like "2026-11-30".'
_MOMENT: Final = 'It is not a time with its zone, like "2026-11-30T12:00:00Z".'
_ID: Final = "It is not an id (UUID), as another answer of ours gave it."
_NUMBER: Final = "It is not a whole number."
_YES_OR_NO: Final = "It is neither true nor false."
_OBJECT: Final = "It is not a JSON object with fields."

# By kind; what stands in braces is told with it.
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "The field is missing.",
    "extra_forbidden": "There is no such field here; check how it is spelt, or leave it out.",
    "string_type": "It is not a text in quotation marks.",
    "string_unicode": "It has a letter that is none of Unicode.",
    "string_too_short": "It has fewer than {min_length} characters.",
    "string_too_long": "It has more than {max_length} characters.",
    "list_type": "It is not a list ([...]).",
    "too_short": "It has {actual_length} entries; at least {min_length} are needed.",
    "too_long": "It has {actual_length} entries; at most {max_length} are allowed.",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), _OBJECT),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _NUMBER),
    "greater_than_equal": "It is less than {ge}.",
    "less_than_equal": "It is more than {le}.",
    **dict.fromkeys(("bool_type", "bool_parsing"), _YES_OR_NO),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), _ID),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        _DAY,
    ),
    **dict.fromkeys(
        (
            *("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
            *("datetime_object_invalid", "timezone_aware"),
        ),
        _MOMENT,
    ),
    "enum": "It is none of {expected}.",
    "literal_error": "It is none of {expected}.",
}

# What each pattern of a text asks for.
_PATTERNS: Final[Mapping[str, str]] = {
    r"^[+-]?[0-9]+(\.[0-9]+)?$": 'It is not an amount like "1234.50": digits and a full stop only.',
    "^[A-Z]{3}$": 'It is not a currency code of three capital letters, like "EUR".',
    "^[A-Z]{2}$": 'It is not a country code of two capital letters, like "NL".',
    r"^[^\x00-\x1f\x7f]*$": "It has a line end, a tab or another control character.",
    r"^[^\x00-\x08\x0b-\x1f\x7f]*$": "It has a control character.",
    "^[0-9a-f]{64}$": "It is not a digest of 64 digits 0-9 and a-f, as the payment shows it.",
}


def sentence(found: Mapping[str, Any]) -> str:
    """One finding of pydantic's as a sentence; ours, where we made it, stays as it is."""
    told = found.get("ctx") or {}
    if found["type"] == "string_pattern_mismatch":
        plain = _PATTERNS.get(str(told.get("pattern")), "It is not written as it should be.")
    else:
        known = _SENTENCES.get(found["type"])
        plain = known.format_map(_Told(told)) if known else str(found["msg"])
    return plain if plain.endswith(".") else f"{plain}."


class _Told(dict[str, Any]):
    """What came with a finding; what did not is told as a word rather than lost with an error."""

    def __missing__(self, name: str) -> str:
        return name.replace("_", " ")
