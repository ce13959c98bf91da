"""Hands documents to a writer: the right kind, as many as one file holds."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Sequence
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.records import name_of
from nostro.formats import Format, Profile, writer

# Messages that stand one after the other in a file (ISO 15022 and its forerunners).
_SEVERAL_IN_A_FILE = "mt"
_UNIONS = (typing.Union, types.UnionType)


def written(documents: Sequence[Any], form: Format, profile: Profile) -> bytes:
    """The bytes of a file. Raises Invalid: what the writer refuses, and `nothing_to_write`,
    `wrong_document`, `several_documents`, `format_is_read_only`."""
    write = writer(form)
    if not documents:
        raise Invalid(
            "nothing_to_write",
            "There is no whole document to write.",
            "Nothing was written.",
            "A statement or payment file begins with its header and ends with its trailer.",
        )
    wanted, as_list = _wanted(write)
    for document in documents:
        if not isinstance(document, wanted):
            raise Invalid(
                "wrong_document",
                f"{form.name} is not made of a {name_of(type(document)).replace('_', ' ')}.",
                "Nothing was written.",
                f"It takes: {_words(wanted)}.",
            )
    if as_list:
        return write(list(documents), profile)
    if len(documents) > 1 and not form.name.startswith(_SEVERAL_IN_A_FILE):
        raise Invalid(
            "several_documents",
            f"There are {len(documents)} documents; one {form.name} file holds one.",
            "Nothing was written.",
            "Write them one by one.",
        )
    return b"".join(write(document, profile) for document in documents)


def _wanted(write: Any) -> tuple[tuple[type, ...], bool]:
    """The kinds of document that a writer takes, and whether it takes a list of them."""
    first = next(iter(inspect.signature(write).parameters))
    hint = typing.get_type_hints(write)[first]
    several = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    kinds: list[type] = []
    as_list = False
    for one in several:
        origin = typing.get_origin(one)
        if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable):
            as_list = True
            one = typing.get_args(one)[0]
        kinds.append(one if isinstance(one, type) else object)
    return tuple(dict.fromkeys(kinds)), as_list


def _words(kinds: tuple[type, ...]) -> str:
    return " or ".join(f"a {name_of(kind).replace('_', ' ')}" for kind in kinds)
