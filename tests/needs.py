"""What a test needs from the machine: skipped with the reason when absent, a failure in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip the test because `what` is not here; with NOSTRO_REQUIRE_ALL=1 fail it."""
    if os.environ.get("NOSTRO_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {what}, and NOSTRO_REQUIRE_ALL=1 allows no skipping", pytrace=False)
    pytest.skip(f"needs {what}")
