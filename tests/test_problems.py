"""Every problem that the formats can tell has a sample that provokes it, and a row for people."""

from __future__ import annotations

import runpy
from collections import defaultdict
from pathlib import Path

import pytest

from nostro import formats
from tests.problem_codes import uses
from tests.problem_samples import ANY, code_of, provoked, samples

DOCS = Path(__file__).parents[1] / "docs"
CODES = sorted({use.code for use in uses()})


@pytest.mark.parametrize(
    "sample", samples(), ids=lambda sample: f"{sample.parent.name}/{sample.name}"
)
def test_a_sample_provokes_its_problem(sample: Path) -> None:
    told = [one for one in provoked(sample) if one.code == code_of(sample)]
    assert told, f"told instead: {sorted({one.code for one in provoked(sample)})}"
    # Of a writer, of a profile, and of a file as a whole.
    of_profile = "profile" in f"{sample.parent.name}/{sample.name}"
    placeless = sample.suffix == ".json" or of_profile or sample.parent.name == ANY
    for one in told:
        assert one.sentence
        assert one.can_do
        assert one.location or placeless, "what is wrong in a file has a place in it"


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sample(code: str) -> None:
    """A code of a format's own module needs it in that format; a shared one in any."""
    owners = defaultdict(list)
    for use in (use for use in uses() if use.code == code):
        owners[owner_of(use.module)].append(f"{use.module}:{use.line}")
    there = {sample.parent.name for sample in samples() if code_of(sample) == code}
    assert there, f"add tests/errors/<format>/{code}.in or .json ({owners})"
    assert not owners.keys() - there - {""}, f"none in {owners.keys() - there}: {owners}"


def owner_of(module: str) -> str:
    """The format that a module is, or ""."""
    name = module.rpartition(".")[2]
    return name if name in formats.find() else ""


def test_the_page_is_current() -> None:
    made = runpy.run_path(str(DOCS / "generate_problems.py"))["page"]()
    page = DOCS / "formats" / "problems.md"
    assert page.read_text(encoding="utf-8") == made, "run `python docs/generate_problems.py`"
