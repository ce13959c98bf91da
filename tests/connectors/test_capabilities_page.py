"""The page about channels is what the connectors are; it finds the settings that decide."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nostro.connectors import Connector
from nostro.domain.errors import Invalid
from nostro.ports import Incoming

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "generate_capabilities.py"))


def test_the_page_is_current(generator: dict[str, Any]) -> None:
    assert (DOCS / "channels" / "README.md").read_text(encoding="utf-8") == generator["page"](), (
        "run `python docs/generate_capabilities.py`"
    )


class MadeUpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A made-up channel's settings."""

    place: str = "/somewhere"
    patient: bool = False
    hours: int = 3


class Told:
    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        yield from ()


class Patient(Told):
    def silent_after(self) -> timedelta:
        return timedelta(days=1)


def opened(config: MadeUpConfig, secrets: dict[str, str]) -> object:
    if not config.hours:
        raise Invalid("no_hours", "It needs hours.")
    if config.patient:
        return Patient()
    return Told() if config.place else object()


def test_the_settings_that_decide_are_found(generator: dict[str, Any]) -> None:
    made_up = Connector(
        name="made_up",
        title="Made up",
        document="none, 1",
        config=MadeUpConfig,
        open=opened,
        example=MadeUpConfig(),
    )
    assert generator["offered"](made_up) == {
        "DeliversMessages": {"place"},
        "AcceptsBySilence": {"patient"},
    }
