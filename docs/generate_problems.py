"""Writes docs/formats/problems.md from tests/errors: `python docs/generate_problems.py`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.problem_samples import ASKED, Told, code_of, provoked, samples  # noqa: E402

PAGE = ROOT / "docs" / "formats" / "problems.md"
HEAD = """# Problems that files can have

Everything a reader, a check or a writer can tell, by its code. *warning*: it was used all the same;
*error*: that record or total cannot be used, the others are read; *refused*: nothing is read or
written. Each row was provoked by a sample in `tests/errors/`; this page is written from them by
`python docs/generate_problems.py`, and a test fails when it is not current.

| code | severity | formats | for example | what you can do |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    shown: dict[str, Told] = {}
    severities: dict[str, set[str]] = defaultdict(set)
    where: dict[str, set[str]] = defaultdict(set)
    for sample in samples():
        code = code_of(sample)
        for told in provoked(sample):
            if told.code == code:
                shown.setdefault(code, told)
                severities[code].add(told.severity)
                where[code].add(sample.parent.name)
    rows = (
        row(shown[code], sorted(severities[code]), sorted(where[code] - ASKED.keys()))
        for code in sorted(shown)
    )
    return HEAD + "\n".join(rows) + "\n"


def row(told: Told, severities: list[str], formats: list[str]) -> str:
    cells = (
        f"`{told.code}`",
        ", ".join(severities),
        ", ".join(formats),
        told.sentence,
        told.can_do,
    )
    return f"| {' | '.join(cell(text) for text in cells)} |"


def cell(text: str) -> str:
    """Text that cannot break out of its cell."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").strip()


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
