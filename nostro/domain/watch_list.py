"""Who stands on a public list of persons and companies that must not be paid."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from nostro.domain.canonical import digest


class EntryKind(StrEnum):
    """What a list says that it names."""

    PERSON = "person"
    COMPANY = "company"  # Whatever is neither a human nor a vehicle.
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"


class NameKind(StrEnum):
    """How a name belongs to its entry."""

    MAIN = "main name"
    ALIAS = "alias"
    WEAK_ALIAS = "weak alias"  # The publisher itself calls it a poor means of telling people apart.


class ListedName(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name of an entry as published; a person's as "FAMILY NAME, Given names"."""

    text: str
    kind: NameKind = NameKind.MAIN


class WatchListEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person, company, vessel or aircraft of a list.

    `id` is the publisher's own and stays the same from one publication to the next. `countries` are
    ISO 3166 codes or names as published, `born` dates or years ("1962", "1962-07-28") as far as
    they are known, `registrations` numbers of companies, tax numbers and the like.
    """

    id: str
    kind: EntryKind
    names: tuple[ListedName, ...]
    programs: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    registrations: tuple[str, ...] = ()

    def digest(self) -> str:
        """Changes whenever anything that is compared or shown changes: a clearance ends then."""
        return digest(self)


class WatchListHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a list's file says about itself. `published_on` is None where it does not say."""

    code: str
    name: str
    published_on: date | None


class WatchListInForce(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it was loaded last."""

    id: str
    code: str
    name: str
    published_on: date | None
    entries: int
    names: int

    def told(self) -> str:
        """For people: "OFAC SDN of 3 Nov 2026"."""
        day = self.published_on
        return f"{self.name} of {day.day} {day:%b} {day.year}" if day else f"{self.name} (undated)"
