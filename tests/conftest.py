"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from nostro.connectors import outgoing
from nostro.connectors.outgoing import THIS_MACHINE, Reach

pytest_plugins = ["tests.secret_canaries", "tests.units_of_work", "tests.database"]

# How long an example takes is the machine's business, and what else runs on it: no promise of ours.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
outgoing.install(Reach(THIS_MACHINE))  # The banks of the tests; as the database's tests say too.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite golden files; review the diff")
