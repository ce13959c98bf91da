"""Whether the server archives its log: without it there is no recovery to a point in time."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nostro.storage import queries


class Archiving(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says (pg_stat_archiver and its settings). `by` is the command or library."""

    wal_level: str
    archive_mode: str
    by: str
    archived_at: datetime | None
    failed_at: datetime | None


def state() -> Archiving:
    """How the server archives now; as nostro_ops."""
    (found,) = queries.rows("archiving", using="ops")
    return Archiving(
        wal_level=found["wal_level"],
        archive_mode=found["archive_mode"],
        by=found["library"] or found["command"],
        archived_at=found["archived_at"],
        failed_at=found["failed_at"],
    )


def is_recovering() -> bool:
    """Whether the server still replays its log and takes no changes."""
    (found,) = queries.rows("recovering", using="ops")
    return bool(found["recovering"])


def what_is_missing(found: Archiving) -> list[str]:
    """What has to change before a recovery can rely on the archive, in sentences."""
    told = []
    if found.wal_level == "minimal":
        told.append("wal_level is minimal: set it to replica and restart the server.")
    if found.archive_mode == "off":
        told.append("archive_mode is off: set it to on and restart the server.")
    elif not found.by:
        told.append("Nothing archives: set archive_command or archive_library.")
    elif found.archived_at is None:
        told.append("Nothing was archived yet: SELECT pg_switch_wal(), then look again.")
    if found.failed_at and (found.archived_at is None or found.failed_at > found.archived_at):
        told.append(f"Archiving fails since {found.failed_at:%Y-%m-%d %H:%M} UTC: see its log.")
    return told
