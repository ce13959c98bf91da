"""How long each customer's sealed log has been on this machine: what tells a restored database.

One small file a customer in NOSTRO_HOME, outside the database, replaced as a whole. It is as old as
the last seal that this machine saw; another machine, or a new home, has none and detects nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import msgspec

from nostro.storage import restoring
from nostro.storage.restoring import Head

FOLDER = "high-water"


def behind(home: Path, tenant_id: UUID) -> str:
    """Why this database's log is not the one that was seen here; "" when it is, or none was."""
    seen = _read(home, tenant_id)
    if seen is None or seen.position == 0:
        return ""
    found = restoring.seal_hash(tenant_id, seen.position)
    if found is None:
        length = restoring.head(tenant_id).position
        return f"its log, {length} long, has no {seen.position}, where this machine has seen it"
    if found != seen.hash:
        return f"its log differs at {seen.position} from what this machine has seen"
    return ""


def note(home: Path, tenant_id: UUID) -> None:
    """Write down how far the log of one customer has come; a reader sees the old or the new."""
    place = _place(home, tenant_id)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(restoring.head(tenant_id)))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)


def _read(home: Path, tenant_id: UUID) -> Head | None:
    try:
        return msgspec.json.decode(_place(home, tenant_id).read_bytes(), type=Head)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _place(home: Path, tenant_id: UUID) -> Path:
    return home / FOLDER / f"{tenant_id}.json"
