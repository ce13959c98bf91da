"""The bill of materials names every package of the lock, each with a digest, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_locked_package_is_in_the_bill() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "deploy" / "sbom"], check=True, capture_output=True
    )
    bill = json.loads(told.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    locked = (ROOT / "lock" / "product.txt").read_text()
    pins = re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)", locked, re.MULTILINE)
    assert [(one["name"], one["version"]) for one in bill["components"]] == [
        (name.lower(), version) for name, version in pins
    ]
    assert all(one["properties"] for one in bill["components"])
    assert len({one["bom-ref"] for one in bill["components"]}) == len(pins) > 30
