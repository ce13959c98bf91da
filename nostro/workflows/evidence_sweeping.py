"""The object store is held against the database: what is missing, what nobody needs any more.

Walked side by side in the order of names, a thousand at a time. Files that are missing or of
another length are named. What no row refers to goes after a time of grace, for it may be under way,
and a backup may still refer to it; what was erased goes at once. Locks follow retention and holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.ports import KeptObject
from nostro.storage import evidence_objects, parties
from nostro.storage.evidence_objects import S3, StoredFile
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from nostro.workflows.evidence_moving import lock_object

BATCH: Final = 1000
_NOBODY: Final = UUID(int=0)


class Swept(msgspec.Struct, kw_only=True):
    """What was found and done. `missing` and `changed` name objects; the others are counts."""

    files: int = 0
    size_bytes: int = 0
    missing: list[str] = []
    changed: list[str] = []
    removed: int = 0
    still_locked: int = 0
    young: int = 0


def check(acting: Acting) -> Swept:
    """Is every object there that a file of the customer refers to, and of the right length?

    Nothing is changed. Raises what the store raises.
    """
    swept = Swept()
    with tenant(acting.tenant_id):
        if not evidence_objects.amount(S3).files:
            return swept
    objects = _newest(acting)
    seen = next(objects, None)
    for file in _files(acting):
        name = file.name_for(acting.tenant_id)
        while seen is not None and seen.name < name:
            seen = next(objects, None)
        swept.files += 1
        swept.size_bytes += file.size_bytes
        if seen is None or seen.name != name:
            swept.missing.append(name)
        elif seen.size_bytes != file.object_bytes:
            swept.changed.append(name)
    return swept


def sweep(acting: Acting, unneeded_before: datetime) -> Swept:
    """The same, then remove what no file refers to and set locks anew.

    What was written since `unneeded_before` stays, and everything while the customer is
    quarantined: a restored database has forgotten what its objects are for.
    """
    swept = check(acting)
    with tenant(acting.tenant_id):
        quarantined = parties.customer().quarantined
    for batch in _batches(_newest(acting)):
        with tenant(acting.tenant_id):
            known = evidence_objects.with_ids(_ids(batch))
        for kept in batch:
            file = known.get(evidence_objects.id_of(kept.name) or _NOBODY)
            if file is not None and file.kept_in == S3:
                continue
            erased = file is not None and not file.kept_in
            if quarantined or (kept.changed_at >= unneeded_before and not erased):
                swept.young += 1
            elif _remove(acting, kept):
                swept.removed += 1
            else:
                swept.still_locked += 1
    lock_all(acting)
    return swept


def _remove(acting: Acting, kept: KeptObject) -> bool:
    """Remove an object, unless a file was moved to it at this moment; False when it is locked."""
    with tenant(acting.tenant_id):
        file = evidence_objects.find(evidence_objects.id_of(kept.name) or _NOBODY, to_change=True)
        needed = file is not None and file.kept_in == S3
        return not needed and evidence_objects.store().remove(kept.name)


def lock_all(acting: Acting) -> int:
    """Let the locks of the customer's objects follow retention and holds; returns of how many.

    Objects that are missing are told by `check`.
    """
    count = 0
    with tenant(acting.tenant_id):
        if not evidence_objects.amount(S3).files or not evidence_objects.store().locks():
            return 0
    for file in _files(acting):
        try:
            count += lock_object(acting, file)
        except Refused as error:
            if error.code != "object_missing":
                raise
    return count


def _files(acting: Acting) -> Iterator[StoredFile]:
    """The customer's files in the store, by digest."""
    after = ""
    while True:
        with tenant(acting.tenant_id):
            found = evidence_objects.in_store_after(after, BATCH)
        yield from found
        if len(found) < BATCH:
            return
        after = found[-1].digest


def _newest(acting: Acting) -> Iterator[KeptObject]:
    """The newest version of each of the customer's objects, by name."""
    found = evidence_objects.store().versions(f"{acting.tenant_id}/")
    for _, versions in groupby(found, key=lambda kept: kept.name):
        yield max(versions, key=lambda kept: kept.changed_at)


def _batches(objects: Iterable[KeptObject]) -> Iterator[list[KeptObject]]:
    batch: list[KeptObject] = []
    for kept in objects:
        batch.append(kept)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _ids(batch: Iterable[KeptObject]) -> list[UUID]:
    found = (evidence_objects.id_of(kept.name) for kept in batch)
    return [evidence_id for evidence_id in found if evidence_id is not None]
