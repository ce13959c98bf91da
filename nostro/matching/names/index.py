"""Finds the listed names that a name may be, among tens of thousands, with what speaks for each.

A score is whole percent. Each word of one name goes with the word of the other that it is most
alike, in any order; words that few listed names have weigh more than words that many have. What
is left over on the longer side costs a third of what is left over on the shorter one: a patronymic
that one side leaves out is no difference of persons. Written as one word, two names may be alike
too ("Kim Jongun").

The search is exact but for words that differ in more than one consonant.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import combinations
from typing import Generic, TypeVar

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import OSA

from nostro.matching.names import likeness
from nostro.matching.names.words import SpelledName, Word, spelled

Of = TypeVar("Of", bound=Hashable)

JOINED_SHORTEST = 5  # Letters of a whole name written as one; shorter ones are alike by chance.
JOINED_LEAST = 70
_COARSE_SHORTEST = 3  # Consonants of a word of which one may differ.
_SLACK = 4  # Percent by which the quick bound may err, as words weigh differently on each side.
_SHIFT = 40  # Two sums in one number: what is alike of the listed name, and of the asked one.
_MASK = (1 << _SHIFT) - 1
_LEAST_WEIGHT = 4
_TELLING = 40  # Percent of a listed name: one word of less cannot make names alike by itself.
WORDS_REMEMBERED = 100_000


class Agreed(msgspec.Struct, frozen=True):
    """A word of the asked name beside the listed word that it is like."""

    asked: str
    listed: str
    percent: int


class Likeness(msgspec.Struct, Generic[Of], frozen=True):
    """How alike a name is to a listed one, 0 to 100, and which words agreed."""

    of: Of
    percent: int
    agreed: tuple[Agreed, ...]


class _Listed(msgspec.Struct, Generic[Of], frozen=True):
    of: Of
    words: tuple[int, ...]
    joined: tuple[Word, ...]


class _Hits(msgspec.Struct, frozen=True):
    """The listed names with a word like an asked one: place to two sums in one number. `telling`
    are those of which this one word makes up a good part."""

    weight: int
    steps: dict[int, int]
    telling: list[int]


class NameIndex(Generic[Of]):
    """Listed names, each told as (whose it is, the name). Built once, then only asked."""

    def __init__(self, names: Iterable[tuple[Of, str]]) -> None:
        self._numbers: dict[str, int] = {}
        self._words: list[Word] = []
        self._where: list[list[int]] = []  # For each word, the listed names that have it.
        self._coarse: dict[str, list[int]] = {}
        self._bare: dict[str, list[int]] = {}
        self._vowelless: set[int] = set()
        self._joined: dict[str, list[int]] = {}
        self._hits: dict[str, _Hits] = {}
        told = [(of, way) for of, name in names for way in spelled(name)]
        placed = [self._place(place, way) for place, (_, way) in enumerate(told)]
        self._weights = [_weight(len(told), len(where)) for where in self._where]
        self._rare = _weight(len(told), 1)
        self._listed: list[_Listed[Of]] = [
            _Listed(of, words, way.joined) for (of, way), words in zip(told, placed, strict=True)
        ]
        # How much the words of each listed name weigh together.
        self._sums = [sum(self._weights[number] for number in words) for words in placed]
        # The same without initials, which are not looked up: they may stand for any word.
        self._whole = [
            sum(self._weights[number] for number in words if len(self._words[number].text) > 1)
            or total
            for words, total in zip(placed, self._sums, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._listed)

    def search(self, name: str, least: int) -> list[Likeness[Of]]:
        """Listed names that are at least so alike, each once at its best, the most alike first."""
        best: dict[Of, Likeness[Of]] = {}
        for way in spelled(name):
            for place in self._candidates(way, least):
                found = self._compared(way, place)
                known = best.get(found.of)
                if found.percent >= least and (known is None or known.percent < found.percent):
                    best[found.of] = found
        return sorted(best.values(), key=lambda one: (-one.percent, str(one.of)))

    def _place(self, place: int, way: SpelledName) -> tuple[int, ...]:
        numbers = tuple(self._number(one) for one in way.words)
        for number in dict.fromkeys(numbers):
            self._where[number].append(place)
        for key in {key for one in way.joined for key in (one.coarse, _bare_key(one))}:
            self._joined.setdefault(key, []).append(place)
        return numbers

    def _number(self, one: Word) -> int:
        known = self._numbers.get(one.key)
        if known is not None:
            return known
        number = self._numbers[one.key] = len(self._words)
        self._words.append(one)
        self._where.append([])
        for key in _keys(one):
            self._coarse.setdefault(key, []).append(number)
        self._bare.setdefault(one.bare, []).append(number)
        if one.vowelless:
            self._vowelless.add(number)
        return number

    def _like(self, one: Word) -> list[tuple[int, int]]:
        """The listed words like one, with how alike each is."""
        numbers = {number for key in _keys(one) for number in self._coarse.get(key, ())}
        if one.vowelless:
            numbers.update(self._bare.get(one.bare, ()))
        elif self._vowelless:
            numbers.update(n for n in self._bare.get(one.bare, ()) if n in self._vowelless)
        near = numbers if one.vowelless else self._near(one, list(numbers))
        rated = ((number, likeness.of_words(one, self._words[number])) for number in near)
        return sorted((number, percent) for number, percent in rated if percent)

    def _near(self, one: Word, numbers: list[int]) -> set[int]:
        """Those that can be alike at all, by a first look that costs little for each."""
        words = [self._words[number] for number in numbers]
        found = {
            number
            for number, word in zip(numbers, words, strict=True)
            if word.bones == one.bones or word.vowelless
        }
        for asked, listed in (
            (one.sound, [word.sound for word in words]),
            (one.text, [word.text for word in words]),
        ):
            apart = likeness.letters_apart_at_most(asked)
            near = process.extract(
                asked, listed, scorer=OSA.distance, score_cutoff=apart, limit=None
            )
            found.update(numbers[at] for _, _, at in near)
        return found

    def _hits_of(self, one: Word) -> _Hits:
        """Where words like one stand; remembered, as payees share their words."""
        known = self._hits.get(one.key)
        if known is None:
            if len(self._hits) >= WORDS_REMEMBERED:
                self._hits.clear()
            known = self._hits[one.key] = self._looked_up(one)
        return known

    def _looked_up(self, one: Word) -> _Hits:
        own = self._weight_of(one)
        steps: dict[int, int] = {}
        for number, percent in self._like(one):
            step = ((percent * self._weights[number]) << _SHIFT) + percent * own
            for place in self._where[number]:
                if step > steps.get(place, 0):
                    steps[place] = step
        sums = self._whole
        telling = [at for at, step in steps.items() if (step >> _SHIFT) >= _TELLING * sums[at]]
        return _Hits(own, steps, telling)

    def _candidates(self, way: SpelledName, least: int) -> set[int]:
        """Places of the listed names that may reach `least`."""
        keys = {key for one in way.joined for key in (one.coarse, _bare_key(one))}
        found = {place for key in keys for place in self._joined.get(key, ())}
        hits = [self._hits_of(one) for one in way.words]
        whole = [hit.weight for hit, one in zip(hits, way.words, strict=True) if len(one.text) > 1]
        asked, bound = sum(whole or [hit.weight for hit in hits]), 3 * (least - _SLACK)
        for hit in hits:
            found.update(
                at for at in hit.telling if self._may_reach(hit.steps[at], at, asked, bound)
            )
        shared: set[int] = set()
        for one, other in combinations(hits, 2):
            shared |= one.steps.keys() & other.steps.keys()
        for at in shared - found:
            both = sum(hit.steps.get(at, 0) for hit in hits)
            if self._may_reach(both, at, asked, bound):
                found.add(at)
        return found

    def _may_reach(self, both: int, place: int, asked: int, bound: int) -> bool:
        of_listed = min((both >> _SHIFT) // self._whole[place], 100)
        of_asked = min((both & _MASK) // asked, 100)
        return of_listed + of_asked + max(of_listed, of_asked) >= bound

    def _compared(self, way: SpelledName, place: int) -> Likeness[Of]:
        listed = self._listed[place]
        by_words = self._by_words(way, listed, self._sums[place])
        joined = max(
            (
                likeness.of_joined(one, other)
                for one in way.joined
                for other in listed.joined
                if min(len(one.text), len(other.text)) >= JOINED_SHORTEST
                and max(len(way.words), len(listed.words)) > 1
            ),
            default=0,
        )
        if joined < JOINED_LEAST or joined <= by_words.percent:
            return by_words
        whole = Agreed(
            " ".join(one.text for one in way.words),
            " ".join(self._words[number].text for number in listed.words),
            joined,
        )
        return Likeness(listed.of, joined, (whole,))

    def _by_words(self, way: SpelledName, listed: _Listed[Of], weight: int) -> Likeness[Of]:
        pairs = self._pairs(way, listed)
        taken = {place for place, _, _ in pairs}
        alike = sum(percent * self._weights[number] for _, number, percent in pairs)
        of_asked = sum(self._weights[number] for _, number, _ in pairs) + sum(
            self._weight_of(one) for place, one in enumerate(way.words) if place not in taken
        )
        here, there = alike // of_asked, alike // weight
        agreed = tuple(
            Agreed(way.words[place].text, self._words[number].text, percent)
            for place, number, percent in sorted(pairs)
        )
        return Likeness(listed.of, (2 * max(here, there) + min(here, there)) // 3, agreed)

    def _pairs(self, way: SpelledName, listed: _Listed[Of]) -> list[tuple[int, int, int]]:
        """(place in the asked name, listed word, percent): the most alike first, each word once."""
        rated = [
            (likeness.of_words(one, self._words[number]), place, at)
            for place, one in enumerate(way.words)
            for at, number in enumerate(listed.words)
        ]
        rated.sort(key=lambda told: (-told[0], told[1], told[2]))
        pairs: list[tuple[int, int, int]] = []
        asked: set[int] = set()
        used: set[int] = set()
        for percent, place, at in rated:
            if percent and place not in asked and at not in used:
                asked.add(place)
                used.add(at)
                pairs.append((place, listed.words[at], percent))
        return pairs

    def _weight_of(self, one: Word) -> int:
        number = self._numbers.get(one.key)
        return self._rare if number is None else self._weights[number]


def _weight(names: int, having: int) -> int:
    """More for a word that few listed names have: about the logarithm of how few."""
    return _LEAST_WEIGHT + (names // having).bit_length()


def _keys(one: Word) -> set[str]:
    """Under what a word is looked up: its consonants, and these but for one."""
    coarse = one.coarse
    if len(coarse) < _COARSE_SHORTEST:
        return {coarse or one.sound}
    return {coarse, *(coarse[:at] + coarse[at + 1 :] for at in range(len(coarse)))}


def _bare_key(one: Word) -> str:
    """Another key than any of the coarse ones."""
    return f"~{one.bare}"
