"""OFAC's SDN and consolidated lists as plain XML (sdn.xml, consolidated.xml; sdnList schema)."""

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

CODE, NAME = "ofac_sdn", "OFAC SDN"
KINDS = {
    "individual": EntryKind.PERSON,
    "entity": EntryKind.COMPANY,
    "vessel": EntryKind.VESSEL,
    "aircraft": EntryKind.AIRCRAFT,
}
_REGISTRATIONS = ("registration", "tax id", "company number", "legal entity number", "d-u-n-s")


def _identify(head: bytes) -> bool:
    return b"<sdnList" in head


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    for element in entries(stream, "sdnList", ("publshInformation", "sdnEntry")):
        if element.name == "publshInformation":
            told = published.day(element.value("Publish_Date"), "%m/%d/%Y")
            yield WatchListHead(code=CODE, name=NAME, published_on=told)
        elif element.name == "sdnEntry":
            yield _entry(element)


def _entry(element: Element) -> WatchListEntry:
    number = element.value("uid")
    names = [ListedName(text=_name(element))]
    for alias in element.within("akaList", "aka"):
        weak = alias.value("category").lower() == "weak"
        kind = NameKind.WEAK_ALIAS if weak else NameKind.ALIAS
        names.append(ListedName(text=_name(alias), kind=kind))
    if not number or not names[0].text:
        raise lacking(element, "name" if number else "number")
    return WatchListEntry(
        id=number,
        kind=KINDS.get(element.value("sdnType").lower(), EntryKind.UNKNOWN),
        names=tuple(name for name in names if name.text),
        programs=published.told(element.values("programList", "program")),
        countries=published.told(map(published.country, _countries(element))),
        born=published.told(
            map(published.born, element.values("dateOfBirthList", "dateOfBirthItem", "dateOfBirth"))
        ),
        registrations=published.told(
            one.value("idNumber")
            for one in element.within("idList", "id")
            if any(word in one.value("idType").lower() for word in _REGISTRATIONS)
        ),
    )


def _countries(element: Element) -> list[str]:
    return [
        *element.values("addressList", "address", "country"),
        *element.values("nationalityList", "nationality", "country"),
        *element.values("citizenshipList", "citizenship", "country"),
    ]


def _name(element: Element) -> str:
    """The family name before a comma, as OFAC writes persons."""
    return ", ".join(
        part for part in (element.value("lastName"), element.value("firstName")) if part
    )


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="OFAC sdn.xml or consolidated.xml", identify=_identify, read=_read
)
