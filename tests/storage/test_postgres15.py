"""The wall, the log and bulk writing on the oldest PostgreSQL that we promise: Debian's 15."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nostro.storage.placement import BINARIES_VARIABLE, version_of
from tests.needs import absent

HERE = Path(__file__).parent
BINARIES = Path("/usr/lib/postgresql/15/bin")
MODULES = ("test_wall.py", "test_events.py", "test_bulk.py")
# The run below must not believe that it is a worker of this run.
NOT_INHERITED = ("PYTEST_", "NOSTRO_")


@pytest.fixture(scope="module")
def told() -> str:
    """What pytest says when these modules run on PostgreSQL 15."""
    if not (BINARIES / "postgres").exists():
        absent("PostgreSQL 15 (Debian: postgresql-15)")
    assert version_of(BINARIES).startswith("15.")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_INHERITED)}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA",
         *(str(HERE / module) for module in MODULES)],
        env={**kept, BINARIES_VARIABLE: str(BINARIES)},
        cwd=HERE.parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-2000:]
    return ran.stdout


@pytest.mark.parametrize("module", MODULES)
def test_on_postgresql_15(told: str, module: str) -> None:
    assert f"PASSED tests/storage/{module}::" in told
