"""What a kept statement tells when it is read anew, beside what was stored of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.match import MatchState

Value = str | int | None
# What a match stands on: of a matched line these stay as they are.
MONEY: Final = ("amount_minor", "currency")


class ReadLine(msgspec.Struct, frozen=True, kw_only=True):
    """A booked line as read: its place in the statement, its identity, and what it tells."""

    number: int
    digest: str
    occurrence: int
    told: dict[str, Value]


class StoredLine(ReadLine, frozen=True, kw_only=True):
    """The same as stored. `own`: this statement told it first."""

    id: UUID
    state: MatchState
    own: bool


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    before: Value
    after: Value


class LineChange(msgspec.Struct, frozen=True, kw_only=True):
    """A stored line that reads otherwise now."""

    stored: StoredLine
    read: ReadLine
    fields: tuple[FieldChange, ...]

    @property
    def moves_money(self) -> bool:
        return any(one.name in MONEY for one in self.fields)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What would change: lines that are the same, that read otherwise, that are new, and that are
    not told any more."""

    same: int
    changed: tuple[LineChange, ...]
    added: tuple[ReadLine, ...]
    removed: tuple[StoredLine, ...]

    @property
    def is_none(self) -> bool:
        return not (self.changed or self.added or self.removed)

    @property
    def in_the_way(self) -> tuple[StoredLine, ...]:
        """Matched lines whose money would change, or that would go: undo their matches first."""
        moved = (one.stored for one in self.changed if one.moves_money)
        return tuple(line for line in (*moved, *self.removed) if line.state is MatchState.MATCHED)


_Key = Callable[[ReadLine], object]
# By what a line as stored and as read are the same one: from the surest on.
_KEYS: Final[tuple[_Key, ...]] = (
    lambda line: line.digest,
    lambda line: (line.number, *_money(line)),
    lambda line: _money(line),
)


def _money(line: ReadLine) -> tuple[Value, ...]:
    day = line.told.get("booked") or line.told.get("value")
    return *(line.told.get(name) for name in MONEY), day


def difference(stored: Sequence[StoredLine], read: Sequence[ReadLine]) -> Difference:
    """Each line with itself; where the counts are the same, what is left goes by its place."""
    left, new = list(stored), list(read)
    pairs: list[tuple[StoredLine, ReadLine]] = []
    keys = (*_KEYS, _whatever) if len(left) == len(new) else _KEYS
    for key in keys:
        found = _pairs(left, new, key)
        pairs += found
        gone = {one.number for one, _ in found}, {one.number for _, one in found}
        left = [one for one in left if one.number not in gone[0]]
        new = [one for one in new if one.number not in gone[1]]
    changes = [_change(one, other) for one, other in sorted(pairs, key=lambda pair: pair[0].number)]
    return Difference(
        same=sum(not one.fields and one.stored.number == one.read.number for one in changes),
        changed=tuple(one for one in changes if one.fields or one.stored.number != one.read.number),
        added=tuple(new),
        removed=tuple(left),
    )


def _whatever(_line: ReadLine) -> object:
    return None


def _pairs(
    stored: Sequence[StoredLine], read: Sequence[ReadLine], key: _Key
) -> list[tuple[StoredLine, ReadLine]]:
    waiting: dict[object, list[ReadLine]] = {}
    for line in sorted(read, key=lambda line: line.number, reverse=True):
        waiting.setdefault(key(line), []).append(line)
    return [
        (line, waiting[key(line)].pop())
        for line in sorted(stored, key=lambda line: line.number)
        if waiting.get(key(line))
    ]


def _change(stored: StoredLine, read: ReadLine) -> LineChange:
    fields = tuple(
        FieldChange(name=name, before=stored.told.get(name), after=after)
        for name, after in read.told.items()
        if stored.told.get(name) != after
    )
    return LineChange(stored=stored, read=read, fields=fields)
