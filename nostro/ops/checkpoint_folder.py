"""A folder that keeps signed statements: a file a customer, a line a statement, ever longer."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from nostro.domain.audit_statement import Signed, signed_of

LOOKS_BACK = 1 << 18  # Bytes: dozens of statements; at most one is written twice.
MODE = 0o644  # Whoever checks the log reads it; there is no secret in it.


class CheckpointFolder:
    """<folder>/<customer>.jsonl. Best on another disk, or one that only takes additions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, customer: UUID) -> Path:
        return self.folder / f"{customer}.jsonl"

    def statements(self, customer: UUID, but: Collection[str] = ()) -> list[Signed]:
        """What is kept of a customer, but for these digests; lines that a crash has cut say
        nothing."""
        try:
            lines = self.path(customer).read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found = [signed_of(line) for line in lines if line.endswith(b"}}")]
        return [signed for signed in found if signed.digest() not in but]

    def keep(self, customer: UUID, waiting: Sequence[Signed], now: datetime) -> None:
        """Append statements and see them onto the disk; those that are there already stay alone.

        A line that a crash has cut is closed and left: nothing that was written is taken back.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(customer)
        before = _end_of(path)
        lines = _following([signed.line().encode() + b"\n" for signed in waiting], before)
        if not lines:
            return
        whole = b"" if not before or before.endswith(b"\n") else b"\n"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
        with os.fdopen(handle, "ab") as file:
            file.write(whole + b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        _see_onto_disk(self.folder)


def _following(lines: list[bytes], before: bytes) -> list[bytes]:
    """Those lines that come after the last one that is there already."""
    there = b"\n" + before
    for count in range(len(lines), 0, -1):
        if b"\n" + lines[count - 1] in there:
            return lines[count:]
    return lines


def _end_of(path: Path) -> bytes:
    """As much of a file as statements may have been written to before a crash."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOOKS_BACK))
            return file.read()
    except FileNotFoundError:
        return b""


def _see_onto_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
