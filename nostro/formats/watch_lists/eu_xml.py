"""The EU's consolidated list of financial sanctions as XML (FSF schema 1.1: export)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListHead,
)
from nostro.formats.watch_lists import WatchListFormat, published
from nostro.formats.watch_lists.xml_entries import Element, entries, lacking

CODE, NAME = "eu", "EU consolidated list"
KINDS = {"person": EntryKind.PERSON, "p": EntryKind.PERSON}
_REGISTRATIONS = ("regnumber", "taxnumber", "tradelic", "imo", "swiftbic", "other")


def _identify(head: bytes) -> bool:
    return b"<export" in head and b"fpi/fsd/export" in head


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    for element in entries(stream, "export", ("sanctionEntity",)):
        if element.name == "export":
            told = published.day(element.get("generationDate")[:10], "%Y-%m-%d")
            yield WatchListHead(code=CODE, name=NAME, published_on=told)
        else:
            yield _entry(element)


def _entry(element: Element) -> WatchListEntry:
    number = element.get("euReferenceNumber") or element.get("logicalId")
    names = _names(element)
    if not number or not names:
        raise lacking(element, "name" if number else "number")
    codes = [one.get("code").lower() for one in element.all("subjectType")]
    return WatchListEntry(
        id=number,
        kind=KINDS.get(codes[0], EntryKind.COMPANY) if codes else EntryKind.UNKNOWN,
        names=tuple(names),
        programs=published.told(one.get("programme") for one in element.all("regulation")),
        countries=published.told(
            one.get("countryIso2Code")
            for name in ("citizenship", "address")
            for one in element.all(name)
            if one.get("countryIso2Code") != "00"  # Unknown.
        ),
        born=published.told(_born(one) for one in element.all("birthdate")),
        registrations=published.told(
            one.get("number")
            for one in element.all("identification")
            if one.get("identificationTypeCode").lower() in _REGISTRATIONS
        ),
    )


def _names(element: Element) -> list[ListedName]:
    found: dict[str, ListedName] = {}
    for alias in element.all("nameAlias"):
        parts = (alias.get(part) for part in ("firstName", "middleName", "lastName"))
        text = alias.get("wholeName") or " ".join(part for part in parts if part)
        weak = alias.get("strong") == "false"
        kind = NameKind.WEAK_ALIAS if weak else NameKind.ALIAS if found else NameKind.MAIN
        if text:
            found.setdefault(text, ListedName(text=text, kind=kind))
    return list(found.values())


def _born(element: Element) -> str:
    year = element.get("year") or element.get("yearRangeFrom")
    return published.born(element.get("birthdate")) or published.born(year)


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="EU consolidated list, XML 1.1", identify=_identify, read=_read
)
