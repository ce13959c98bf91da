"""OFAC's lists as advanced XML (sdn_advanced.xml): names also in the script they are written in.

Everything is told by number: the sets of reference values stand first, then places, then who is
listed; the programmes come last, so entries are handed out once the file has been read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

import msgspec

from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListHead,
)
from nostro.formats.watch_lists import WatchListFormat, published
from nostro.formats.watch_lists.ofac_sdn_xml import CODE, KINDS, NAME
from nostro.formats.watch_lists.xml_entries import Element, entries, lacking

_WANTED = ("DateOfIssue", "ReferenceValueSets", "Location", "DistinctParty", "SanctionsEntry")
_PROGRAM, _BIRTH, _FAMILY_NAME = "Program", "Birthdate", "Last Name"
_COUNTRY_FEATURES = frozenset({"Location", "Nationality Country", "Citizenship Country"})


class _References:
    """What the numbers of the file mean."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, str], str] = {}
        self.party_types: dict[str, str] = {}
        self.countries: dict[str, str] = {}  # By the number of a place.

    def take(self, sets: Element) -> None:
        for group in sets.children:
            for one in group.children:
                self.words[one.name, one.get("ID")] = one.text.strip()
                if one.name == "PartySubType":
                    self.party_types[one.get("ID")] = one.get("PartyTypeID")

    def word(self, name: str, number: str) -> str:
        return self.words.get((name, number), "")

    def place(self, location: Element) -> None:
        for one in location.all("LocationCountry"):
            told = self.word("Country", one.get("CountryID"))
            self.countries[location.get("ID")] = published.country(told)

    def kind(self, number: str) -> EntryKind:
        """Of a PartySubType: its own word, or that of its PartyType where it is "Unknown"."""
        own = self.word("PartySubType", number).lower()
        above = self.word("PartyType", self.party_types.get(number, "")).lower()
        return KINDS.get(own) or KINDS.get(above) or EntryKind.UNKNOWN


def _identify(head: bytes) -> bool:
    return b"<Sanctions" in head and (b"ADVANCED_XML" in head or b"<DateOfIssue" in head)


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    references = _References()
    listed: dict[str, WatchListEntry] = {}
    programs: dict[str, list[str]] = {}
    for element in entries(stream, "Sanctions", _WANTED):
        if element.name == "DateOfIssue":
            yield WatchListHead(code=CODE, name=NAME, published_on=_day(element))
        elif element.name == "ReferenceValueSets":
            references.take(element)
        elif element.name == "Location":
            references.place(element)
        elif element.name == "DistinctParty":
            listed |= dict(_entries(element, references))
        elif element.name == "SanctionsEntry":
            programs.setdefault(element.get("ProfileID"), []).extend(_programs(element, references))
    for profile, entry in listed.items():
        told = published.told(programs.get(profile, ()))
        yield msgspec.structs.replace(entry, programs=told)


def _day(element: Element) -> date | None:
    parts = (element.value(part) for part in ("Year", "Month", "Day"))
    return published.day("-".join(parts), "%Y-%m-%d")


def _programs(element: Element, references: _References) -> list[str]:
    return [
        measure.value("Comment")
        for measure in element.all("SanctionsMeasure")
        if references.word("SanctionsType", measure.get("SanctionsTypeID")) in ("", _PROGRAM)
    ]


def _entries(party: Element, references: _References) -> Iterator[tuple[str, WatchListEntry]]:
    """The profiles of one party, by their number."""
    for profile in party.all("Profile"):
        names = _names(profile, references)
        if not profile.get("ID") or not names:
            raise lacking(profile, "name" if profile.get("ID") else "number")
        yield (
            profile.get("ID"),
            WatchListEntry(
                id=party.get("FixedRef") or profile.get("ID"),
                kind=references.kind(profile.get("PartySubTypeID")),
                names=tuple(names),
                countries=published.told(_countries(profile, references)),
                born=published.told(_births(profile, references)),
            ),
        )


def _names(profile: Element, references: _References) -> list[ListedName]:
    found: dict[str, NameKind] = {}
    family = {
        group.get("ID")
        for group in profile.within(
            "Identity", "NamePartGroups", "MasterNamePartGroup", "NamePartGroup"
        )
        if references.word("NamePartType", group.get("NamePartTypeID")) == _FAMILY_NAME
    }
    for alias in profile.within("Identity", "Alias"):
        kind = (
            NameKind.MAIN
            if alias.get("Primary") == "true"
            else NameKind.WEAK_ALIAS
            if alias.get("LowQuality") == "true"
            else NameKind.ALIAS
        )
        for number, name in enumerate(alias.all("DocumentedName")):
            # The first is in Latin letters; further ones are the same name as written at home.
            found.setdefault(_text(name, family), NameKind.ALIAS if number else kind)
    names = [ListedName(text=text, kind=kind) for text, kind in found.items() if text]
    return sorted(names, key=lambda name: name.kind is not NameKind.MAIN)


def _text(name: Element, family: set[str]) -> str:
    """The family name before a comma, where the file says which part it is."""
    parts = list(name.within("DocumentedNamePart", "NamePartValue"))
    last = [part.text.strip() for part in parts if part.get("NamePartGroupID") in family]
    rest = [part.text.strip() for part in parts if part.get("NamePartGroupID") not in family]
    return ", ".join(" ".join(told) for told in (last, rest) if told)


def _countries(profile: Element, references: _References) -> Iterator[str]:
    for feature in _features(profile, references, _COUNTRY_FEATURES):
        for place in feature.within("FeatureVersion", "VersionLocation"):
            yield references.countries.get(place.get("LocationID"), "")


def _births(profile: Element, references: _References) -> Iterator[str]:
    for feature in _features(profile, references, frozenset({_BIRTH})):
        for start in feature.within("FeatureVersion", "DatePeriod", "Start", "From"):
            whole = _day(start)
            yield whole.isoformat() if whole else start.value("Year")


def _features(
    profile: Element, references: _References, wanted: frozenset[str]
) -> Iterator[Element]:
    for feature in profile.all("Feature"):
        if references.word("FeatureType", feature.get("FeatureTypeID")) in wanted:
            yield feature


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="OFAC sdn_advanced.xml", identify=_identify, read=_read
)
