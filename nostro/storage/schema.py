"""Is the database as this version needs it? Asked at every start, so answered cheaply."""

from __future__ import annotations

import pkgutil
from importlib.util import find_spec

from django.apps import apps
from django.db import OperationalError, ProgrammingError, connections
from django.db.migrations.recorder import MigrationRecorder


def is_current() -> bool:
    """True when every migration that is shipped was applied: compares names, loads none."""
    try:
        applied = set(MigrationRecorder(connections["owner"]).applied_migrations())
    except (OperationalError, ProgrammingError):
        return False
    return _shipped() <= applied


def _shipped() -> set[tuple[str, str]]:
    return {
        (app.label, found.name)
        for app in apps.get_app_configs()
        if (room := find_spec(f"{app.name}.migrations")) is not None
        for found in pkgutil.iter_modules(room.submodule_search_locations)
        if not found.name.startswith("_")
    }
