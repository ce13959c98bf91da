"""Only the owner of the schema migrates; the working role has no right to."""

from __future__ import annotations

from typing import Any


class OwnerMigrates:
    """Django's database router: migrations run on the `owner` connection and nowhere else."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
