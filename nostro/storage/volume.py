"""How large the database is, where only the server itself can tell."""

from __future__ import annotations

from nostro.storage import queries


def database_bytes() -> int:
    """The size of the whole database, all customers' together; as nostro_ops."""
    (found,) = queries.rows("database_size", using="ops")
    size: int = found["size_bytes"]
    return size
