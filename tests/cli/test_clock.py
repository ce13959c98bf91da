"""The terminal goes by the clock of what works behind it: the demo's, in a home of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nostro import app
from nostro.ops.clock import ShiftedClock
from nostro.workflows import context
from nostro.workflows.context import World


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NOSTRO_HOME", str(tmp_path))
    monkeypatch.delenv("NOSTRO_DEMO", raising=False)
    monkeypatch.setattr(context, "install", lambda world: None)  # only this test's
    for found in (app.configuration, app.world):
        found.cache_clear()
    yield tmp_path
    for found in (app.configuration, app.world):
        found.cache_clear()


def ahead(world: World) -> timedelta:
    return world.clock.now() - datetime.now(UTC)


def test_a_home_of_the_demo_has_one_time_for_every_command(home: Path) -> None:
    ShiftedClock(home / "clock").set(datetime.now(UTC) + timedelta(hours=36))
    assert ahead(app.world()) > timedelta(hours=35)


def test_any_other_home_has_the_machines(home: Path) -> None:
    assert abs(ahead(app.world())) < timedelta(minutes=1)
