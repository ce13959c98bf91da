"""Payees against the lists of those who must not be paid, and against countries.

How alike two names are is found elsewhere; here it is decided what that means: what else speaks
for or against a hit, when a person has to look, and what he is told. Nothing passes silently: a
hit is a hold that a named person leaves with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import ClassVar, Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.party import PostalAddress
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.hold_evidence import ListedName as Listed
from nostro.domain.policy import Policy
from nostro.domain.watch_list import (
    EntryKind,
    ListedName,
    NameKind,
    WatchListEntry,
    WatchListInForce,
)

HIT = "watch_list_hit"
COUNTRY = "country_blocked"
NO_LISTS = "watch_lists_missing"
OLD_LISTS = "watch_lists_too_old"
HITS_MAX = 10  # Entries of which each is told by itself; more are counted.
# What else is known lowers or raises how alike somebody is, in points of a hundred.
_OTHER_KIND = -10  # A company is no person.
_OTHER_COUNTRY = -3
_OTHER_BIRTH = -15
_SAME_BIRTH = 5
_WEAK_ALIAS = -4
_BIRTH_YEARS_APART = 2
MORE_AT_MOST: Final = _SAME_BIRTH


class ScreeningRules(Policy, frozen=True, kw_only=True):
    """From how alike on a person has to look (0 to 100), which countries are not paid (ISO 3166),
    after how many days without a newer list it is too old, and whether payments then wait, as they
    do while there is none."""

    KIND: ClassVar[str] = "screening"

    least_percent: int = 85
    countries: frozenset[str] = frozenset()
    list_days_max: int = 30
    lists_needed: bool = False


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a payment goes to, as far as that is known; "" is not known.

    `countries` are those of the address, the account and its bank: ISO 3166 by where it was said.
    """

    name: str
    country: str = ""
    countries: tuple[tuple[str, str], ...] = ()
    born: str = ""
    registration: str = ""
    is_company: bool = False


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A listed name that a payee's name is like, by names alone; `words` tell which agreed."""

    watch_list: WatchListInForce
    entry: WatchListEntry
    name: ListedName
    percent: int
    words: tuple[tuple[str, str, int], ...]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a payee may be, with everything that speaks for and against it."""

    alike: Alike
    percent: int
    because: tuple[str, ...]

    @property
    def refers_to(self) -> str:
        """Which entry, as it was then: what a person clears."""
        entry = self.alike.entry
        return f"{self.alike.watch_list.code} {entry.digest()} {entry.id}"


class Cleared(msgspec.Struct, frozen=True):
    """A payee's name and one entry as it was: a person said that they are not the same."""

    payee_digest: str
    list_code: str
    entry_id: str
    entry_digest: str


def payee_of(name: str, address: PostalAddress, account: str, bic: str) -> Payee:
    """The payee of a payment, with each country that the payment goes to. `account` is the country
    of the account, or its IBAN."""
    told = (
        (address.country, "the payee's address"),
        (account[:2], "the account"),
        (bic[4:6], "the payee's bank"),
    )
    return Payee(
        name=name,
        country=address.country,
        countries=tuple((code, where) for code, where in told if code),
    )


def name_digest(name: str) -> str:
    """What is remembered of a payee's name: only that it is the same."""
    return digest([name.casefold().split()])


def hits(payee: Payee, found: Iterable[Alike], rules: ScreeningRules) -> list[Hit]:
    """Each entry that reaches the rules' limit, by its best name; the most alike first."""
    best: dict[tuple[str, str], Hit] = {}
    for alike in found:
        rated = _rated(payee, alike)
        key = (alike.watch_list.code, alike.entry.id)
        if rated.percent < rules.least_percent:
            continue
        if key not in best or best[key].percent < rated.percent:
            best[key] = rated
    return sorted(best.values(), key=lambda hit: (-hit.percent, hit.refers_to))


def _rated(payee: Payee, alike: Alike) -> Hit:
    """How alike with all that is known; the same registration number settles it."""
    entry, percent = alike.entry, alike.percent
    if payee.registration and payee.registration in entry.registrations:
        return Hit(alike=alike, percent=100, because=("the same registration number",))
    because = []
    for points, words in (*_kind(payee, alike), *_country(payee, entry), *_birth(payee, entry)):
        percent += points
        because.append(words)
    return Hit(alike=alike, percent=max(0, min(percent, 100)), because=tuple(because))


def _kind(payee: Payee, alike: Alike) -> Iterable[tuple[int, str]]:
    if alike.name.kind is NameKind.WEAK_ALIAS:
        yield _WEAK_ALIAS, "the publisher calls this alias weak"
    if payee.is_company and alike.entry.kind is EntryKind.PERSON:
        yield _OTHER_KIND, "the payee is a company, the listed one a person"


def _country(payee: Payee, entry: WatchListEntry) -> Iterable[tuple[int, str]]:
    if not payee.country or not entry.countries:
        return
    listed = ", ".join(entry.countries)
    if payee.country in entry.countries:
        yield 0, f"both in {payee.country}"
    else:
        yield _OTHER_COUNTRY, f"listed in {listed}, the payee is in {payee.country}"


def _birth(payee: Payee, entry: WatchListEntry) -> Iterable[tuple[int, str]]:
    if not payee.born or not entry.born:
        return
    years = [int(born[:4]) for born in entry.born]
    apart = min(abs(int(payee.born[:4]) - year) for year in years)
    if payee.born in entry.born or apart == 0:
        yield _SAME_BIRTH, f"both born {payee.born}"
    elif apart >= _BIRTH_YEARS_APART:
        yield _OTHER_BIRTH, f"listed as born {', '.join(entry.born)}, the payee {payee.born}"


def findings(payee: Payee, found: Sequence[Hit]) -> tuple[Finding, ...]:
    """Why a person must look first, for each entry; the tenth says how many more there are."""
    told = [
        Finding(
            code=HIT,
            effect=Effect.HOLD,
            sentence=_sentence(payee, hit),
            refers_to=hit.refers_to,
            evidence=(_piece(payee, hit),),
        )
        for hit in found[:HITS_MAX]
    ]
    if left := len(found) - len(told):
        last = f"{told[-1].sentence} {left} more entries are about as alike."
        told[-1] = msgspec.structs.replace(told[-1], sentence=last)
    return tuple(told)


def _sentence(payee: Payee, hit: Hit) -> str:
    alike, entry = hit.alike, hit.alike.entry
    told = [
        f"'{payee.name}' is {hit.percent} % like '{alike.name.text}' ({alike.name.kind}) on"
        f" {alike.watch_list.told()}, entry {entry.id}",
        f"programme {', '.join(entry.programs)}" if entry.programs else "",
        f"born {', '.join(entry.born)}" if entry.born else "",
    ]
    words = ", ".join(
        mine if mine == theirs else f"{mine} = {theirs} {percent} %"
        for mine, theirs, percent in alike.words
    )
    because = "; ".join(hit.because)
    because = f" {because[:1].upper()}{because[1:]}." if because else ""
    return f"{', '.join(part for part in told if part)}. Words that agree: {words}.{because}"


def _piece(payee: Payee, hit: Hit) -> Listed:
    """The same as fields, for whoever compares many."""
    alike, entry = hit.alike, hit.alike.entry
    return Listed(
        ours=payee.name,
        listed=alike.name.text,
        kind=alike.name.kind.value,
        percent=hit.percent,
        watch_list=alike.watch_list.name,
        published=alike.watch_list.published_on,
        entry=entry.id,
        programs=entry.programs,
        born=entry.born,
        words=alike.words,
        because=hit.because,
    )


def blocked(payee: Payee, rules: ScreeningRules) -> tuple[Finding, ...]:
    """A hold where any part of the payment goes to a country that is not paid."""
    where = [f"{place} is in {code}" for code, place in payee.countries if code in rules.countries]
    if not where:
        return ()
    sentence = f"Payments to this country wait for a person: {', '.join(where)}."
    return (Finding(code=COUNTRY, effect=Effect.HOLD, sentence=sentence),)


def cleared_by(hold_refers_to: str, payee_name: str) -> Cleared:
    """What a person clears who lets a payment go that a hit held."""
    code, entry_digest, entry_id = hold_refers_to.split(" ", 2)
    return Cleared(name_digest(payee_name), code, entry_id, entry_digest)


def clearance_of(hit: Hit, payee: Payee) -> Cleared:
    """The clearance that would let this hit pass."""
    return cleared_by(hit.refers_to, payee.name)


def unlisted(
    lists: Sequence[WatchListInForce], today: date, rules: ScreeningRules
) -> tuple[Finding, ...]:
    """A hold where payees cannot be compared with what is listed today, if the rules want one."""
    if not rules.lists_needed:
        return ()
    if not lists:
        sentence = "No watch list is loaded: the payee was compared with none."
        return (Finding(code=NO_LISTS, effect=Effect.HOLD, sentence=sentence),)
    if not (old := too_old(lists, today, rules)):
        return ()
    named = ", ".join(one.told() for one in old)
    sentence = f"The payee was compared with lists older than {rules.list_days_max} days: {named}."
    return (Finding(code=OLD_LISTS, effect=Effect.HOLD, sentence=sentence),)


def too_old(
    lists: Iterable[WatchListInForce], today: date, rules: ScreeningRules
) -> list[WatchListInForce]:
    """Lists that were published too long ago, or do not say when."""
    oldest = today - timedelta(days=rules.list_days_max)
    return [one for one in lists if one.published_on is None or one.published_on < oldest]
