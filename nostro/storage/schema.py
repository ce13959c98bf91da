"""Is the database as this version needs it? Asked at every start, so answered cheaply."""

from __future__ import annotations

import pkgutil
from datetime import datetime
from importlib.util import find_spec

from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connections
from django.db.migrations.recorder import MigrationRecorder

from nostro.storage.months import make_months


def is_current() -> bool:
    """True when every migration that is shipped was applied: compares names, loads none."""
    try:
        applied = set(MigrationRecorder(connections["owner"]).applied_migrations())
    except (OperationalError, ProgrammingError):
        return False
    return shipped() <= applied


def bring_up_to_date(now: datetime) -> None:
    """Apply the migrations that are missing and make the log's months; as the owner."""
    call_command("migrate", database="owner", verbosity=0)
    make_months(now)


def shipped() -> set[tuple[str, str]]:
    """Every migration that this version brings: app and name."""
    return {
        (app.label, found.name)
        for app in apps.get_app_configs()
        if (room := find_spec(f"{app.name}.migrations")) is not None
        for found in pkgutil.iter_modules(room.submodule_search_locations)
        if not found.name.startswith("_")
    }
