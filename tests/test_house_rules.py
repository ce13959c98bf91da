"""House rules that a machine can check. A rule nobody checks is a wish."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nostro"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
PURE = ("domain", "formats", "matching", "ports.py")
FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400

# A file over the limit is a question; here is the answer. Path below nostro/: reason.
LONG_FILES: dict[str, str] = {
    "verifier.py": "an auditor takes one file with him, and reads it",
}

# Names that say nothing of what is inside.
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common"}
NAMED_BY_DJANGO = {Path("storage/postgresql/base.py")}  # An engine is looked for under this name.

IMPURE_CALLS = {
    "datetime.now": "take `now` as an argument",
    "datetime.datetime.now": "take `now` as an argument",
    "datetime.utcnow": "take `now` as an argument",
    "date.today": "take `today` as an argument",
    "datetime.date.today": "take `today` as an argument",
    "time.time": "take `now` as an argument",
    "uuid.uuid4": "take the id as an argument",
    "uuid4": "take the id as an argument",
    "uuid7": "take the id as an argument",
    "uuid_utils.uuid7": "take the id as an argument",
    "open": "take bytes; the caller does the reading",
}

# Only storage knows Django's models; what leaves it are domain structs and read models.
MODEL_MODULES = ("django.db.models", "nostro.storage.models")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def long_functions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"


def swallowing(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        catches_all = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
        if catches_all and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
            yield f"{node.lineno}: name the error, or raise it again"


def is_type_question(node: ast.AST) -> bool:
    """`isinstance(x, float)` is how a float is refused."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"


def impurities(tree: ast.Module) -> Iterator[str]:
    refused = {id(a) for n in ast.walk(tree) if is_type_question(n) for a in ast.walk(n)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (advice := IMPURE_CALLS.get(ast.unparse(node.func))):
            yield f"{node.lineno}: {ast.unparse(node.func)}: {advice}"
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in refused:
            yield f"{node.lineno}: float: use Money, Decimal or whole numbers"


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def model_imports(tree: ast.Module) -> Iterator[str]:
    for line, name in imported(tree):
        if any(name == module or name.startswith(f"{module}.") for module in MODEL_MODULES):
            yield f"{line}: {name}: only storage knows the models; ask it for structs"


def findings(path: Path) -> Iterator[str]:
    tree, place = tree_of(path), path.relative_to(PACKAGE)
    text = path.read_text()
    if not ast.get_docstring(tree):
        yield "1: say in one line what this module is"
    empty = path.stem in EMPTY_NAMES and place not in NAMED_BY_DJANGO
    if empty or EMPTY_NAMES & set(place.parts[:-1]):
        yield "1: name the file by what is inside"
    lines = text.count("\n")
    if lines > FILE_LINES_MAX and str(place) not in LONG_FILES:
        yield f"1: {lines} lines; split it, or give the reason in LONG_FILES"
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME)\b", line):
            yield f"{number}: do it or file an issue"
    yield from long_functions(tree)
    yield from swallowing(tree)
    if place.parts[0] in PURE:
        yield from impurities(tree)
    if place.parts[0] != "storage":
        yield from model_imports(tree)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_house_rules(path: Path) -> None:
    found = [f"{path.relative_to(ROOT)}:{finding}" for finding in findings(path)]
    assert not found, "\n".join(found)


def test_long_files_are_still_long() -> None:
    for name in LONG_FILES:
        path = PACKAGE / name
        assert path.exists(), f"{name} is gone: take it out of LONG_FILES"
        assert path.read_text().count("\n") > FILE_LINES_MAX, f"{name} needs no reason any more"


def test_imports_keep_their_direction() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("def f():\n" + "    pass\n" * 40, "f has 41 lines"),
        ("try:\n    pass\nexcept Exception:\n    pass\n", "name the error"),
        ("try:\n    pass\nexcept:\n    pass\n", "name the error"),
        ("x = datetime.now()\n", "take `now`"),
        ("def f(x: float) -> None: ...\n", "use Money"),
        ("x = float('1')\n", "use Money"),
        ("from django.db import models\n", "only storage"),
        ("from nostro.storage.models.payment import Order\n", "only storage"),
    ],
)
def test_the_rules_bite(source: str, finding: str) -> None:
    tree = ast.parse(source)
    rules = (long_functions, swallowing, impurities, model_imports)
    assert any(finding in found for rule in rules for found in rule(tree))
