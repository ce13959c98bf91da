"""Which of the payments that wait a person looks at, as the address says it, and how they group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from django.http import QueryDict

from nostro.console import words
from nostro.domain.errors import Invalid
from nostro.domain.money import Money, total
from nostro.storage.pages.waiting import GroupKey, GroupSum, WaitingFilter, names_of

UNUSUAL: Final = "unusual"
USUAL: Final = "usual"
_LOOKS: Final = {"": None, UNUSUAL: True, USUAL: False}
GROUPS_SHOWN: Final = 8


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the address or in the hidden fields of the form."""

    look: str = ""
    group: str = ""
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.look or self.group)

    @property
    def wanted(self) -> WaitingFilter:
        """Raises Invalid when the group is none."""
        group = GroupKey.read(self.group) if self.group else None
        return WaitingFilter(group=group, unusual=_LOOKS[self.look])

    def query(self, **changes: str) -> str:
        """The address of the page with some values changed, from its beginning unless told."""
        told = {"look": self.look, "group": self.group, "cursor": "", **changes}
        return "?" + urlencode({name: value for name, value in told.items() if value})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One chip: which payments it leaves, how many those are."""

    key: str
    word: str
    icon: str
    count: int
    current: bool
    href: str


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """All payments of one run, account, rail and day that wait."""

    account: str
    rail: str
    run: str
    key: GroupKey
    count: int
    unusual: int
    mine: int
    sums: tuple[Money, ...]
    current: bool
    href: str


def looking_of(sent: QueryDict) -> Looking:
    """Raises Invalid, naming the field, for what is not a value of it."""
    look = sent.get("look", "")
    if look not in _LOOKS:
        raise Invalid(
            "filter_unfit",
            f"{look[:40]!r} does not say which of the payments to show.",
            can_do="Open the approvals again and choose there.",
            field="look",
        )
    found = Looking(look=look, group=sent.get("group", ""), cursor=sent.get("cursor", ""))
    GroupKey.read(found.group) if found.group else None
    return found


def ways(looking: Looking, groups: Iterable[GroupSum]) -> tuple[Way, ...]:
    """All, what to look at first, what is as usual; within the chosen group if there is one."""
    group = looking.wanted.group
    inside = [one for one in groups if group in (None, one.key)]
    told = (
        ("", "All", "check-check", inside),
        (UNUSUAL, "Look first", "triangle-alert", [one for one in inside if one.unusual]),
        (USUAL, "As usual", "circle-check", [one for one in inside if not one.unusual]),
    )
    return tuple(
        Way(
            key=look or "all",
            word=word,
            icon=icon,
            count=count_of(rows),
            current=look == looking.look,
            href=looking.query(look=look),
        )
        for look, word, icon, rows in told
    )


def group_lines(looking: Looking, groups: Sequence[GroupSum]) -> tuple[GroupLine, ...]:
    """The groups that have the most payments first."""
    by_key: dict[GroupKey, list[GroupSum]] = {}
    for one in groups:
        by_key.setdefault(one.key, []).append(one)
    names = names_of(by_key)
    found = [
        GroupLine(
            account=names(key)[0] or "No account yet",
            rail=words.rail_word(key.rail),
            run=names(key)[1],
            key=key,
            count=count_of(rows),
            unusual=count_of([row for row in rows if row.unusual]),
            mine=count_of([row for row in rows if row.mine]),
            sums=sums_of_groups(rows),
            current=str(key) == looking.group,
            href=looking.query(group=str(key), look=""),
        )
        for key, rows in by_key.items()
    ]
    return tuple(sorted(found, key=lambda line: (-line.count, line.account, line.key.day)))


def count_of(groups: Iterable[GroupSum]) -> int:
    return sum(one.count for one in groups)


def sums_of_groups(groups: Iterable[GroupSum]) -> tuple[Money, ...]:
    return tuple(total(Money(one.minor, one.currency) for one in groups).values())
