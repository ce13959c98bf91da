"""The controls of an installation as data: what an auditor asks, and where the answer stands."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One control: the risk that it meets, the files that enforce it, the tests that try to get
    past it (file::test), the name of the query that lists what it applied to, and what of
    ISO/IEC 27001 Annex A and of the trust services criteria it helps to meet."""

    id: str
    title: str
    risk: str
    enforced: tuple[str, ...]
    tests: tuple[str, ...]
    population: str
    iso_27001: tuple[str, ...] = ()
    soc_2: tuple[str, ...] = ()


@cache
def controls() -> tuple[Control, ...]:
    """All of them, in the order of the file."""
    told = tomllib.loads((files("nostro.ops") / "controls.toml").read_text(encoding="utf-8"))
    return msgspec.convert(told["control"], tuple[Control, ...])
