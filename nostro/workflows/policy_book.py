"""Every policy of the customer in one place: what counts now, what comes, and what counted before.

A kind of change whose rules are kept version by version (`Kind.kept`) stands here by being there.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nostro.domain.policy import Example, SaidVersion, Subject
from nostro.storage.paging import Page, checked_limit, key_of, page_of
from nostro.workflows import changes
from nostro.workflows.changes import Kept, Kind
from nostro.workflows.context import Acting

COMING_MAX = 100
_LIST = "policy_versions"


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one kind, of one subject: what counts now, and the versions that wait."""

    kind: Kind
    subject: Subject
    counts: SaidVersion
    coming: tuple[SaidVersion, ...]

    @property
    def title(self) -> str:
        return f"{self.kind.title}: {self.subject.name}" if self.subject.name else self.kind.title


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One version, and the one that it took the place of; None for what nobody has said."""

    version: SaidVersion
    before: SaidVersion | None


def kinds() -> list[Kind]:
    """The kinds of change that are policies, by title."""
    found = (kind for kind in changes.find().values() if kind.kept)
    return sorted(found, key=lambda kind: kind.title)


def sheets(acting: Acting, kind: Kind) -> list[Sheet]:
    """The rules of a kind, one sheet for each of its subjects; inside a unit of work."""
    kept = _kept(kind)
    return [_sheet(acting, kind, kept, subject) for subject in kept.subjects()]


def sheet(acting: Acting, kind: Kind, subject_id: str) -> Sheet | None:
    """The rules of one subject; of the first where none is named. None where there is none."""
    kept = _kept(kind)
    found = [one for one in kept.subjects() if subject_id in ("", one.id)]
    return _sheet(acting, kind, kept, found[0]) if found else None


def named(kind_name: str) -> Kind | None:
    """The kind of policy of this name."""
    kind = changes.find().get(kind_name)
    return kind if kind and kind.kept else None


def examples(acting: Acting, kind: Kind) -> Sequence[Example]:
    """The examples beside the rules, with what the rules of now make of them."""
    kept = _kept(kind)
    return kept.examples(acting) if kept.examples else ()


def turns(kind: Kind, subject_id: str, limit: int, cursor: str = "") -> Page[Turn]:
    """Versions, the newest number first, each with the one before it; inside a unit of work."""
    size = checked_limit(limit)
    before = key_of(_LIST, cursor, lambda number: (int(number),))[0] if cursor else None
    found = _kept(kind).versions(subject_id, before, size + 1)
    rows = [
        Turn(version=one, before=older)
        for one, older in zip(found, [*found[1:], None], strict=True)
    ]
    return page_of(_LIST, rows, size, lambda turn: (str(turn.version.number),))


def _sheet(acting: Acting, kind: Kind, kept: Kept, subject: Subject) -> Sheet:
    now = acting.world.clock.now()
    found = kept.versions(subject.id, None, COMING_MAX)
    waits = [one for one in found if one.valid_from and one.valid_from > now]
    return Sheet(
        kind=kind,
        subject=subject,
        counts=kept.counts(acting, subject.id),
        coming=tuple(sorted(waits, key=lambda one: str(one.valid_from))),
    )


def _kept(kind: Kind) -> Kept:
    if kind.kept is None:
        raise LookupError(f"{kind.name} is no policy")
    return kind.kept
