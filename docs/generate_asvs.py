"""Writes docs/security-asvs.md from security/asvs.toml: `python docs/generate_asvs.py`."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "security" / "asvs.toml"
PAGE = ROOT / "docs" / "security-asvs.md"
HEAD = """# OWASP ASVS 5.0, levels 1 and 2

Each requirement by its number in the [Application Security Verification Standard
5.0.0](https://github.com/OWASP/ASVS) with the test that holds it, the reason why it does not
apply, the page where a document is asked for, or *open* with what is missing: sometimes the thing
itself, sometimes only a test of it. Written from `security/asvs.toml` by `python
docs/generate_asvs.py`; a test checks that it is current and that tests and pages exist.
"""


def requirements() -> dict[str, dict[str, Any]]:
    return tomllib.loads(SOURCE.read_text())


def kind_of(told: dict[str, Any]) -> str:
    kinds = {"test": "tested", "document": "documented", "reason": "does not apply"}
    return next((kind for word, kind in kinds.items() if word in told), "open")


def page() -> str:
    rows = requirements()
    counts = Counter(map(kind_of, rows.values()))
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    lines = [HEAD, f"{len(rows)} requirements: {summary}.\n", "| requirement | how |", "|---|---|"]
    for number, told in rows.items():
        how = f"*open*: {told.get('open')}"
        if "test" in told:
            how = f"{told['says']}: `{told['test']}`"
        elif "document" in told:
            page_name = told["document"].removeprefix("docs/")
            how = f"{told['says']}: [{page_name}]({page_name})"
        elif "reason" in told:
            how = f"does not apply: {told['reason']}"
        lines.append(f"| {number} | {how} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
