"""The United Nations Security Council's consolidated list as XML (CONSOLIDATED_LIST)."""

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

CODE, NAME = "un", "UN consolidated list"
_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_KINDS = {"INDIVIDUAL": EntryKind.PERSON, "ENTITY": EntryKind.COMPANY}


def _identify(head: bytes) -> bool:
    return b"<CONSOLIDATED_LIST" in head


def _read(stream: BinaryIO) -> Iterator[WatchListHead | WatchListEntry]:
    for element in entries(stream, "CONSOLIDATED_LIST", _KINDS):
        if element.name == "CONSOLIDATED_LIST":
            told = published.day(element.get("dateGenerated")[:10], "%Y-%m-%d")
            yield WatchListHead(code=CODE, name=NAME, published_on=told)
        else:
            yield _entry(element)


def _entry(element: Element) -> WatchListEntry:
    number = element.value("REFERENCE_NUMBER") or element.value("DATAID")
    text = " ".join(part for part in map(element.value, _PARTS) if part)
    if not number or not text:
        raise lacking(element, "name" if number else "number")
    prefix = element.name  # INDIVIDUAL_ALIAS, ENTITY_ALIAS and so on.
    return WatchListEntry(
        id=number,
        kind=_KINDS[prefix],
        names=(ListedName(text=text), *_aliases(element, text)),
        programs=published.told([element.value("UN_LIST_TYPE")]),
        countries=published.told(
            map(
                published.country,
                [
                    *element.values(f"{prefix}_ADDRESS", "COUNTRY"),
                    *element.values("NATIONALITY", "VALUE"),
                ],
            )
        ),
        born=published.told(map(_born, element.all("INDIVIDUAL_DATE_OF_BIRTH"))),
    )


def _aliases(element: Element, main: str) -> list[ListedName]:
    found = {main: ListedName(text=main)}
    for text in element.values("NAME_ORIGINAL_SCRIPT"):
        found.setdefault(text, ListedName(text=text, kind=NameKind.ALIAS))
    for alias in element.all(f"{element.name}_ALIAS"):
        weak = alias.value("QUALITY").lower() == "low"
        kind = NameKind.WEAK_ALIAS if weak else NameKind.ALIAS
        text = alias.value("ALIAS_NAME")
        found.setdefault(text, ListedName(text=text, kind=kind))
    return [name for text, name in found.items() if text and text != main]


def _born(element: Element) -> str:
    written = (element.value(part) for part in ("DATE", "YEAR", "FROM_YEAR"))
    return published.born(next((text for text in written if text), "")[:10])


WATCH_LIST = WatchListFormat(
    code=CODE, name=NAME, told="UN consolidated list, XML", identify=_identify, read=_read
)
