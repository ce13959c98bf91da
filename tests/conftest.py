"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.database"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite golden files; review the diff")
