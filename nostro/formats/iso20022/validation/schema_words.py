"""What a schema checker found, in plain sentences: what was found, what is allowed, what to do.

The checker is libxml2 (xmlschemas.c), whose wording is taken apart here; a message that we do not
know is passed on as it is, without its namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_SHOWN = 60
_NAMES_MAX = 12
_SPACE = re.compile(r"\{[^{}']*\}(?=[\w*])")
_SUBJECT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: (?:\[facet '\w+'\] )?")
_NUMBER = "has to be a plain number such as 1234.50"
_KINDS = {
    "date": "has to be a date such as 2026-11-20",
    "dateTime": "has to be a date and time such as 2026-11-20T14:30:00",
    "time": "has to be a time such as 14:30:00",
    "boolean": "has to be true or false",
    "decimal": _NUMBER,
    "base64Binary": "has to be base64",
    "gYear": "has to be a year such as 2026",
    "gYearMonth": "has to be a month such as 2026-11",
}


class Finding(NamedTuple):
    """One sentence, and what to do unless the usual thing."""

    sentence: str
    can_do: str = ""


def _names(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    more = len(names) - _NAMES_MAX
    return ", ".join(names[:_NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def _set(text: str) -> str:
    return _names(text.replace("'", ""))


def _cut(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def _in(path: str) -> str:
    """The element around the one in question: " in GrpHdr"."""
    around = path.split("/")[:-1]
    return f" in {around[-1].partition('[')[0]}" if around else ""


def _unexpected(name: str, path: str, found: re.Match[str]) -> Finding:
    expected = found["expected"]
    if not expected:
        sentence = f"{name} is not allowed here{_in(path)}: nothing more may follow."
    else:
        sentence = f"{name} is not allowed here{_in(path)}; expected: {_names(expected)}."
    return Finding(
        sentence, "Remove it, move it (the order counts), or add what is missing before."
    )


def _incomplete(name: str, _path: str, found: re.Match[str]) -> Finding:
    one = "one of " if "," in found["expected"] else ""
    return Finding(f"{name} is not complete: it lacks {one}{_names(found['expected'])}.", "Add it.")


def _long(name: str, _path: str, found: re.Match[str]) -> Finding:
    return Finding(
        f"{name} has {found['found']} characters; at most {found['limit']} are allowed.",
        "Shorten it; a bank would refuse the message.",
    )


def _short(name: str, _path: str, found: re.Match[str]) -> Finding:
    if found["found"] == "0":
        return Finding(f"{name} is empty.", "Fill it or leave the element out.")
    least = found["limit"]
    return Finding(f"{name} has {found['found']} characters; at least {least} are needed.")


def _pattern(name: str, _path: str, found: re.Match[str]) -> Finding:
    return Finding(f"{name} is {_cut(found['value'])}; it has to look like {found['pattern']}.")


def _choice(name: str, _path: str, found: re.Match[str]) -> Finding:
    return Finding(f"{name} is {_cut(found['value'])}; allowed: {_set(found['allowed'])}.")


def _digits(name: str, _path: str, found: re.Match[str]) -> Finding:
    kind = "digits after the point" if found["part"] else "digits"
    return Finding(
        f"{name} is {_cut(found['value'])}; at most {found['limit']} {kind} are allowed."
    )


def _bound(name: str, _path: str, found: re.Match[str]) -> Finding:
    side = "at least" if found["side"] in ("less", "<") else "at most"
    return Finding(f"{name} is {_cut(found['value'])}; it has to be {side} {found['limit']}.")


def _kind(name: str, _path: str, found: re.Match[str]) -> Finding:
    kind = found["kind"].rpartition(":")[2]
    return Finding(f"{name} is {_cut(found['value'])}; {_kind_words(kind)}.")


def _kind_words(kind: str) -> str:
    for known, words in _KINDS.items():
        if kind.lower() == known.lower() or kind in (f"ISO{known[0].upper()}{known[1:]}",):
            return words
    if kind.endswith("Indicator"):
        return _KINDS["boolean"]
    return _NUMBER if "Amount" in kind or "Number" in kind or "Rate" in kind else f"not a {kind}"


def _attribute_missing(name: str, _path: str, found: re.Match[str]) -> Finding:
    return Finding(f"{name} lacks the attribute {found['attribute']}.", "Add it.")


def _attribute_odd(name: str, _path: str, _found: re.Match[str]) -> Finding:
    return Finding(f"The attribute {name} is not allowed.", "Remove it.")


def _root(name: str, _path: str, _found: re.Match[str]) -> Finding:
    return Finding(f"{name} is not how such a message begins.")


def _text(name: str, _path: str, _found: re.Match[str]) -> Finding:
    return Finding(f"{name} holds text between its elements.", "Remove the text.")


def _elements(name: str, _path: str, _found: re.Match[str]) -> Finding:
    return Finding(f"{name} holds elements where only a text is allowed.")


def _empty(name: str, _path: str, _found: re.Match[str]) -> Finding:
    return Finding(f"{name} has to be empty.")


_EXPECTED = r"(?: Expected is (?:one of )?\( (?P<expected>.*) \)\.)?\s*\Z"
_VALUE = r"The value '(?P<value>.*)' "
_WORDS: tuple[tuple[re.Pattern[str], Callable[[str, str, re.Match[str]], Finding]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"This element is not expected\." + _EXPECTED, _unexpected),
        (r"Missing child element\(s\)\." + _EXPECTED, _incomplete),
        (r"The value has a length of '(?P<found>\d+)'; this exceeds .* '(?P<limit>\d+)'", _long),
        (r"The value has a length of '(?P<found>\d+)'; this underruns .* '(?P<limit>\d+)'", _short),
        (_VALUE + r"is not accepted by the pattern '(?P<pattern>.*)'\.", _pattern),
        (_VALUE + r"is not an element of the set \{(?P<allowed>.*)\}\.", _choice),
        (
            _VALUE + r"has more (?P<part>fractional )?digits than are allowed \('(?P<limit>\d+)'",
            _digits,
        ),
        (
            _VALUE + r"is (?P<side>less|greater) than the (?:min|max)imum value allowed"
            r" \('(?P<limit>.*)'\)",
            _bound,
        ),
        (r"'(?P<value>.*)' is not a valid value of the .*type '(?P<kind>[^']*)'\.", _kind),
        (r"The attribute '(?P<attribute>.*)' is required but missing", _attribute_missing),
        (r"The attribute '.*' is not allowed", _attribute_odd),
        (r"No matching global (?:element )?declaration", _root),
        (r"Character content other than whitespace is not allowed", _text),
        (r"Element content is not allowed", _elements),
        (r"Character content is not allowed", _empty),
    )
)


def path_of(message: str, path: str) -> str:
    """The path of the element that a message is about, which may be around the one at `path`."""
    subject = _SUBJECT.match(_SPACE.sub("", message).strip())
    element = subject[1] if subject else ""
    labels = path.split("/")
    for count in range(len(labels), 0, -1):
        if labels[count - 1].partition("[")[0] == element:
            return "/".join(labels[:count])
    return path


def sentence_of(message: str, path: str) -> Finding:
    """One message of the checker as a sentence; `path` is that of the element it is about."""
    told = _SPACE.sub("", message).strip()
    subject = _SUBJECT.match(told)
    if subject is None:
        return Finding(told)
    element, attribute = subject.groups()
    name = f"{attribute} of {element}" if attribute else element
    rest = told[subject.end() :]
    for pattern, words in _WORDS:
        if found := pattern.match(rest):
            return words(name, path, found)
    return Finding(f"{name}: {rest}")
