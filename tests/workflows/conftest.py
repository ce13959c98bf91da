"""What every workflow test starts from: a fresh company in a database of the module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.company import Company, scripted_connector


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()
