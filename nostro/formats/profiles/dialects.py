"""A bank's dialect of each format, as data: what one bank means, never a copy of a reader.

A profile is a TOML file in `banks/`: who the bank is, where its facts are published, encodings by
format, and a table of options for each format that it speaks differently.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from nostro.domain.errors import Invalid
from nostro.formats import Format, Profile, find
from nostro.formats.profiles import lists
from nostro.formats.profiles import names as table_names
from nostro.formats.profiles.cut_off_times import FIELD, told_cut_offs

STANDARD = "standard"
_ABOUT = {"bank", "source", "encodings", FIELD}


def _folder() -> Traversable:
    return files("nostro.formats.profiles").joinpath("banks")


@cache
def names() -> tuple[str, ...]:
    """Every bank whose dialect we hold."""
    found = (file.name for file in _folder().iterdir())
    return tuple(sorted(name[:-5] for name in found if name.endswith(".toml")))


def bank_profile(name: str, format_name: str) -> Profile:
    """The bank's dialect of one format; layouts of lists are profiles of their formats too.

    Raises Invalid: `unknown_profile`, `profile_wrong`, `profile_option_wrong`.
    """
    if name in names():
        data = _folder().joinpath(f"{name}.toml").read_bytes()
        return profile_from(data, name, format_name)
    if name in lists.names() or name in table_names():
        return Profile(name=name)
    raise Invalid(
        "unknown_profile",
        f"There is no profile {name[:60]!r}.",
        "Nothing was read or written.",
        f"Banks: {', '.join(names())}. Layouts of lists: {', '.join(lists.names())}."
        " Or give the path of a TOML file.",
    )


def profile_from(data: bytes, name: str, format_name: str) -> Profile:
    """The profile that a TOML file holds: a bank's dialects, or the layout of a list."""
    told = _told(data, name)
    if "columns" in told:
        return Profile(name=name, options={"layout": told})
    unknown = sorted(told.keys() - _ABOUT - find().keys())
    encodings = told.get("encodings", {})
    if isinstance(encodings, dict):
        unknown += sorted(encodings.keys() - find().keys())
    if unknown or not isinstance(encodings, dict):
        raise Invalid(
            "profile_wrong",
            f"The profile {name} has {', '.join(map(repr, unknown)) or 'encodings'}: no format.",
            "Nothing was read or written.",
            f"Tables are named like formats: {', '.join(sorted(find()))}.",
        )
    told_cut_offs(told.get(FIELD, []), name)
    profile = Profile(
        name=name, encoding=encodings.get(format_name, ""), options=told.get(format_name, {})
    )
    return checked(profile, find()[format_name])


def layout_format(data: bytes, name: str) -> str:
    """The format of a file with a layout of a list in it; "" for a bank's dialects."""
    told = _told(data, name)
    return str(told.get("format", "bank_csv")) if "columns" in told else ""


def checked(profile: Profile, form: Format) -> Profile:
    """The profile, whose options the format knows; raises Invalid (`profile_option_wrong`)."""
    known = form.options.__struct_fields__
    unknown = sorted(profile.options.keys() - set(known))
    try:
        if unknown:
            raise msgspec.ValidationError(f"there is no option {unknown[0]!r}")
        msgspec.convert(profile.options, form.options, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(
            "profile_option_wrong",
            f"The profile {profile.name} does not fit {form.name}: {error}.",
            "Nothing was read or written.",
            f"Options of {form.name}: {', '.join(known) or 'none'}.",
        ) from None
    return profile


def _told(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            "profile_wrong",
            f"The profile {name} is not TOML: {error}.",
            "Nothing was read or written.",
            "Compare it with docs/formats/profiles.md.",
        ) from None
