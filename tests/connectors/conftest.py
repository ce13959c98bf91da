"""The emulated banks that more than one module of these tests talks to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors import rest_bank
from tests.connectors.sftp_files import Starts
from tests.connectors.sftp_servers import EmulatedBank, Habits


@pytest.fixture
def bank() -> Iterator[rest_bank.EmulatedBank]:
    with rest_bank.emulated_bank() as emulated:
        yield emulated


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starts]:
    banks: list[EmulatedBank] = []

    def started(habits: Habits | None = None, **more: Any) -> EmulatedBank:
        bank = EmulatedBank(tmp_path, habits, **more)
        banks.append(bank)
        return bank.__enter__()

    yield started
    for bank in banks:
        bank.__exit__(None, None, None)
