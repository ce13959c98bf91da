"""A child that comes too late to see its parent alive ends at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("watch", [True, False])
@pytest.mark.parametrize(("parent", "code"), [(None, 0), (1 << 30, 1)])
def test_a_parent_that_died_before_is_noticed(parent: int | None, code: int, watch: bool) -> None:
    parent = parent or os.getpid()  # not a parameter: it differs in each process of the run
    told = f"from nostro.ops.process import end_with_parent as e; e({parent}, watch={watch})"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == code
