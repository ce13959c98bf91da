"""Moves files between database and object store, sweeps the store, and says what was found."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from nostro.cli.progress import counting
from nostro.cli.terminal import each

if TYPE_CHECKING:
    from nostro.workflows.context import Acting
    from nostro.workflows.evidence_sweeping import Swept


def move(place: str, reason: str, customer: str) -> None:
    from nostro.workflows import evidence_moving

    changed = 0
    for code, acting in each(customer):
        evidence_moving.choose_place(acting, place, reason)
        left = evidence_moving.left_to_move(acting, place)
        with counting(code, left.size_bytes) as tell:
            moved = evidence_moving.move_all(acting, place, tell)
        print(f"{code}: {moved.files} of {left.files} files moved.")
        for evidence_id in moved.changed:
            print(f"{code}: {evidence_id} is not what was kept; it was left where it is.")
        if moved.open:
            print(f"{code}: {moved.open} files are not encrypted: first `nostro evidence lock`.")
        changed += len(moved.changed)
    if changed:
        sys.exit(1)


def sweep(days: int, customer: str) -> None:
    from nostro.storage import evidence_objects
    from nostro.workflows import evidence_sweeping

    wrong = False
    for code, acting in each(customer):
        before = acting.world.clock.now() - timedelta(days=days)
        found = evidence_sweeping.sweep(acting, before)
        tell(code, found)
        print(
            f"{code}: {found.removed} objects that nothing refers to removed,"
            f" {found.still_locked} still locked, {found.young} left for now."
        )
        wrong = wrong or bool(found.missing or found.changed)
        given_up = evidence_objects.store().give_up_uploads(before)
        if given_up:
            print(f"{code}: {given_up} uploads that never ended were given up.")
    if wrong:
        sys.exit(1)


def tell(code: str, found: Swept) -> None:
    """How many files are in the store, and which of them are not."""
    print(f"{code}: {found.files} files, {found.size_bytes:,} bytes, are in the object store.")
    for name in found.missing:
        print(f"{code}: MISSING {name}")
    for name in found.changed:
        print(f"{code}: NOT AS LONG AS IT WAS {name}")


def check_backed_up(acting: Acting, code: str) -> bool:
    """Say of one customer what a backup does not hold: is all of it in the store?"""
    from nostro.domain.errors import Refused, Unavailable
    from nostro.workflows import evidence_sweeping

    try:
        found = evidence_sweeping.check(acting)
    except (Refused, Unavailable) as error:
        print(f"{code}: files in the object store could not be looked for. {error}")
        return False
    if found.files:
        print(f"Not in the backup, of {code}:")
        tell(code, found)
    return not (found.missing or found.changed)
