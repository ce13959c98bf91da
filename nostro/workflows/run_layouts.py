"""Why a list that was brought to the payments is no run by a layout of ours, in plain words.

A person who exports a list again needs to know what was expected and what was found: the encoding,
the sign between the cells, the columns.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator

import msgspec

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.formats import Format, Profile
from nostro.formats.profiles import Table, load, names, of_format
from nostro.formats.source import packed_as
from nostro.formats.tables.payment_run_csv import USUAL_LAYOUT

RUN_LIST = "payment_run_csv"
# The first bytes of a long workbook do not show what it lists; who brings it to the payments says.
_BROUGHT_AS_RUN = {"bank_xlsx": "payment_run_xlsx"}
NOT_TAKEN = "The original is kept; no payment was taken in from it."
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_SIGNS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "upright bars"}
_TITLES_SHOWN = 30
# A list with fewer of a layout's titles was hardly meant to be one.
_COMMON_MIN = 3


def brought_as_run(form: Format) -> Format:
    """The format by which a file of this one is read when it is brought to the payments."""
    return formats.find()[_BROUGHT_AS_RUN.get(form.name, form.name)]


def check_known(profile: Profile) -> None:
    """Raise Invalid for a layout that we do not have, before anything is read or kept."""
    layouts = [table.name for table in of_format(RUN_LIST)]
    if profile.name not in (Profile().name, *layouts):
        other = " of payment runs" if profile.name in names() else ""
        raise Invalid(
            "unknown_profile",
            f"There is no layout{other} {profile.name[:40]!r}.",
            "Nothing was taken in.",
            f"There are: {', '.join(layouts)}.",
            field="profile",
        )


def is_confidential(profile: Profile) -> bool:
    """Whether every run by this layout is confidential."""
    named = [table for table in of_format(RUN_LIST) if table.name == profile.name]
    return any(table.confidential for table in named)


def meant(profile: Profile) -> Profile:
    """The profile with the layout that is taken when none was named."""
    if profile.name != Profile().name:
        return profile
    return msgspec.structs.replace(profile, name=USUAL_LAYOUT)


def misfit(head: bytes, profile: Profile) -> Invalid:
    """Why bytes that begin so are no payment run, against the layout that was named, if any."""
    if packed := packed_as(head):
        return _told("compressed_file", f"The file is packed ({packed}).", "Unpack it first.")
    named = profile.name != Profile().name
    tables = (load(profile.name),) if named else of_format(RUN_LIST)
    if encoding := _wide(head):
        return _wrong_encoding(encoding, tables[0])
    common, table, sign, titles = max(_readings(head, tables), key=lambda found: found[0])
    if common < _COMMON_MIN and not (named and len(titles) > 1):
        return _no_run()
    return _wrong_titles(table, sign, titles)


def _readings(
    head: bytes, tables: tuple[Table, ...]
) -> Iterator[tuple[int, Table, str, list[str]]]:
    """The titles by each layout and sign: how many are the layout's, which, and what they are."""
    for table in tables:
        line = head.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]
        first = line.decode(table.encoding, "replace").strip("\r")
        for sign in sorted(_SIGNS, key=table.delimiter.__ne__):  # Its own first: it wins a draw.
            try:
                titles = [title.strip() for title in next(csv.reader([first], delimiter=sign), [])]
            except csv.Error:
                titles = []
            yield len(table.titles() & set(titles)), table, sign, titles


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32, by its mark or by the NULs between its letters; "" for anything else."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = (bool(half.strip(b"\0")) for half in (head[0:64:2], head[1:64:2]))
    return "UTF-16" if len(head) > 1 and even != odd else ""


def _wrong_encoding(found: str, table: Table) -> Invalid:
    return _told(
        "wrong_encoding",
        f"The file is text in {found}; the layout {table.name} expects {table.encoding.upper()}.",
        f"Export it again in {table.encoding.upper()}, with {_SIGNS[table.delimiter]} between the"
        " cells.",
    )


def _wrong_titles(table: Table, sign: str, titles: list[str]) -> Invalid:
    expected = _SIGNS[table.delimiter]
    wrong, can_do = [], []
    if sign != table.delimiter:
        wrong.append(f"has {_SIGNS[sign]} between its cells where {expected} are expected")
        can_do.append(f"with {expected} between the cells")
    if missing := sorted(table.titles() - set(titles)):
        shown = ", ".join(title[:40] for title in titles[:_TITLES_SHOWN])
        wrong.append(f"lacks the columns {', '.join(missing)} (it has: {shown})")
        can_do.append("with these columns")
    return _told(
        "missing_columns" if missing else "wrong_separator",
        f"By the layout {table.name} the list {' and '.join(wrong)}.",
        f"Export it again {' and '.join(can_do)}; the layout expects {table.encoding.upper()}.",
    )


def _no_run() -> Invalid:
    layouts = ", ".join(table.name for table in of_format(RUN_LIST))
    return _told(
        "unknown_file_type",
        "This is no payment run: neither a list by a layout of ours nor an ERP's payment file.",
        f"Bring a list as CSV or XLSX (layouts: {layouts}), or a pain.001, MT101 or Nacha file.",
    )


def _told(code: str, happened: str, can_do: str) -> Invalid:
    return Invalid(code, happened, NOT_TAKEN, can_do)
