"""All lists in force as one, asked by a payee's name: whom it is like, by names alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from nostro.domain.policies.screening import (
    MORE_AT_MOST,
    Alike,
    Hit,
    Payee,
    ScreeningRules,
    hits,
)
from nostro.domain.watch_list import WatchListEntry, WatchListInForce
from nostro.matching.names.index import NameIndex
from nostro.matching.names.words import spelled


class WatchListSearch:
    """The lists in force. Built once, at some cost; then each question takes a fraction of a
    millisecond."""

    def __init__(self, lists: Iterable[tuple[WatchListInForce, Sequence[WatchListEntry]]]) -> None:
        told = [(one, entry) for one, entries in lists for entry in entries]
        self._entries = told
        self._index: NameIndex[tuple[int, int]] = NameIndex(
            ((place, number), name.text)
            for place, (_, entry) in enumerate(told)
            for number, name in enumerate(entry.names)
        )

    def hits(self, payee: Payee, rules: ScreeningRules) -> list[Hit]:
        """The entries that a payee may be under these rules, the most alike first."""
        more = MORE_AT_MOST if payee.born else 0
        least = 0 if payee.registration else max(rules.least_percent - more, 0)
        ways = spelled(payee.name)
        is_company = payee.is_company or any(way.is_company for way in ways)
        known = msgspec.structs.replace(payee, is_company=is_company)
        found = (
            self._alike(likeness.of, likeness.percent, likeness.agreed)
            for likeness in self._index.search(payee.name, least)
        )
        return hits(known, found, rules)

    def _alike(self, of: tuple[int, int], percent: int, agreed: Iterable[object]) -> Alike:
        place, number = of
        watch_list, entry = self._entries[place]
        return Alike(
            watch_list=watch_list,
            entry=entry,
            name=entry.names[number],
            percent=percent,
            words=tuple(msgspec.structs.astuple(one) for one in agreed),  # type: ignore[arg-type]
        )
