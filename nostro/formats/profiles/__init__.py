"""How one company's system lays out its lists: column names, dates, decimals, as data not code.

A profile is a TOML file in `tables/`. Adding an ERP's export is adding its file. Bank statement
lists are laid out in `bank_lists/` (see lists.py), banks' dialects in `banks/` (see dialects.py).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from nostro.domain.errors import Invalid


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The layout of one list in delimited text.

    `columns` maps our field to the list's column title; `required` are the fields whose cells may
    not be empty, `optional` those whose column may be missing altogether. `date` spells dates with
    YYYY, MM and DD. `group` is the separator of thousands that amounts may hold, or "". `trailer`,
    if any, is the first cell of the last row, which states how many lines there are and their
    sums; then a file without it is taken for cut. By a `confidential` layout every run is so.
    """

    format: str
    columns: dict[str, str]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    name: str = ""
    encoding: str = "utf-8"
    delimiter: str = ";"
    date: str = "YYYY-MM-DD"
    decimal: Literal[".", ","] = "."
    group: Literal["", ".", ",", " ", "'"] = ""
    trailer: str = ""
    confidential: bool = False

    def titles(self) -> set[str]:
        """The column titles that such a list always has."""
        return {title for field, title in self.columns.items() if field not in self.optional}


@cache
def names() -> tuple[str, ...]:
    """Every profile there is, by name."""
    found = (file.name for file in files(__name__).joinpath("tables").iterdir())
    return tuple(sorted(name[:-5] for name in found if name.endswith(".toml")))


@cache
def load(name: str) -> Table:
    """The profile of that name; raises Invalid (`unknown_profile`) and names those there are."""
    if name not in names():
        raise Invalid(
            "unknown_profile",
            f"There is no profile {name[:40]!r}.",
            "Nothing was read.",
            f"There are: {', '.join(names())}.",
        )
    data = files(__name__).joinpath("tables", f"{name}.toml").read_bytes()
    return msgspec.structs.replace(msgspec.toml.decode(data, type=Table), name=name)


@cache
def of_format(name: str) -> tuple[Table, ...]:
    """The profiles of one format, such as "payment_run_csv"."""
    return tuple(table for table in map(load, names()) if table.format == name)
