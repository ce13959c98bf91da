"""Why one entry of the log can be believed: recomputed now, up to the checkpoint that covers it.

Only a look by this system at itself: whoever does not trust it exports the log and verifies it
elsewhere (docs/audit.md).
"""

from __future__ import annotations

from typing import Final

import msgspec

from nostro.domain.audit_chain import GENESIS
from nostro.ops import sealing
from nostro.storage import events
from nostro.storage.events import Link
from nostro.storage.pages import chain
from nostro.storage.pages.chain import Kept, Neighbours, SealBatchRow

COUNTED_MAX: Final = 50_000  # Entries up to the checkpoint: about a tenth of a second.


class EntryProof(msgspec.Struct, frozen=True, kw_only=True):
    """One entry with what stands beside it, its batch and the first checkpoint that covers it.

    `wrong` says why the entry is not what was sealed, "" when it is. `included` is whether its
    hash, counted with all between it and the checkpoint, gives the root that was signed; None when
    that cannot be said here: no checkpoint yet, or too many between.
    """

    link: Link
    beside: Neighbours
    batch: SealBatchRow | None
    checkpoint: Kept | None
    wrong: str
    included: bool | None


def of_position(position: int) -> EntryProof | None:
    """The proof of the entry at a position of the current customer; None when there is none."""
    link = events.link_at(position)
    if link is None:
        return None
    beside = chain.neighbours(position)
    kept = chain.checkpoint_from(position)
    return EntryProof(
        link=link,
        beside=beside,
        batch=chain.batch_of(position),
        checkpoint=kept,
        wrong=sealing.wrong(link, position, beside.before[1] if beside.before else GENESIS),
        included=_included(position, kept) if kept else None,
    )


def _included(position: int, kept: Kept) -> bool | None:
    told = kept.checkpoint
    found = chain.leaves_to(position, told.position, COUNTED_MAX)
    if found is None:
        return None
    tree, leaves = found
    tree.add(leaves)
    return (tree.entries, tree.root().hex()) == (told.entries, told.root)
