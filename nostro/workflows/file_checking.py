"""Reading every kept file again: is it still, to the byte, what came or left?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from uuid import UUID

import msgspec

from nostro.domain.errors import NostroError
from nostro.storage import evidence, evidence_keys, retention
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting

FIRST = UUID(int=0)
PIECE_BYTES = 1 << 20


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was read again. `wrong` tells what is not as it was; "" when it is whole."""

    id: UUID
    name: str
    size_bytes: int
    erased: bool
    wrong: str


def check_files(acting: Acting, after: UUID = FIRST) -> Iterator[Checked]:
    """Read every file of the customer after this id, oldest first, and hold it to its digest.

    One piece in memory at a time, and no unit of work is open between files: it may be stopped
    anywhere and gone on with after the last id that was told.
    """
    while True:
        with tenant(acting.tenant_id):
            row = retention.next_after(after)
            if row is None:
                return
            digest = evidence_keys.digests([row.id])[row.id]
            erased = evidence_keys.erased(row.id) is not None
        wrong = "" if erased else _wrong(acting, row.id, digest)
        yield Checked(
            id=row.id, name=row.name, size_bytes=row.size_bytes, erased=erased, wrong=wrong
        )
        after = row.id


def _wrong(acting: Acting, evidence_id: UUID, digest: str) -> str:
    """What is wrong with a file's bytes. Raises nothing that the file itself is to blame for."""
    told = hashlib.sha256()
    try:
        with tenant(acting.tenant_id):
            stream = evidence.reading(evidence_id)
        while piece := stream.read(PIECE_BYTES):
            told.update(piece)
    except NostroError as error:
        return f"{error.happened} ({error.code})"
    return "" if told.hexdigest() == digest else "Its bytes are not those that were kept."
