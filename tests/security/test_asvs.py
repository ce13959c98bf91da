"""The list of security requirements is whole, its page current, and the tests it names exist."""

from __future__ import annotations

import ast
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LEVELS_ONE_AND_TWO = 253  # Of version 5.0.0.


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = spec_from_file_location("generate_asvs", ROOT / "docs" / "generate_asvs.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    sys.modules["generate_asvs"] = made
    spec.loader.exec_module(made)
    return made


def test_every_requirement_is_in_the_list(generator: Any) -> None:
    rows = generator.requirements()
    assert len(rows) == LEVELS_ONE_AND_TWO
    assert all(re.fullmatch(r"V\d+\.\d+\.\d+", number) for number in rows)
    for number, told in rows.items():
        assert sum(word in told for word in ("test", "document", "reason", "open")) == 1, number
        assert all(isinstance(word, str) and word for word in told.values()), number


def test_the_page_is_current(generator: Any) -> None:
    assert generator.PAGE.read_text() == generator.page()


def test_every_named_test_and_page_exists(generator: Any) -> None:
    missing = []
    for number, told in generator.requirements().items():
        path, _, name = told.get("test", told.get("document", "")).partition("::")
        if not path:
            continue
        if not (ROOT / path).exists():
            missing.append((number, path))
            continue
        if "document" in told:
            continue
        tree = ast.parse((ROOT / path).read_text())
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if name and name not in there:
            missing.append((number, name))
    assert not missing
