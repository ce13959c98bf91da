"""What all tests share."""

from __future__ import annotations

import pytest

from nostro.connectors import outgoing
from nostro.connectors.outgoing import THIS_MACHINE, Reach

pytest_plugins = ["tests.secret_canaries", "tests.units_of_work", "tests.database"]

outgoing.install(Reach(THIS_MACHINE))  # The banks of the tests; as the database's tests say too.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite golden files; review the diff")
