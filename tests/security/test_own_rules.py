"""Rules of our own about code that must not be written, each with the places that may and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "nostro"
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]
TEMPLATES = sorted((PACKAGE / "console").rglob("*.html"))

# What is never called, by the last word of the call, and what to do instead.
NEVER = {
    "mark_safe": "let the template escape; build markup in templates",
    "SafeString": "let the template escape",
    "format_html_join": "build markup in templates",
    "csrf_exempt": "keep the token; programs come by /v1 with keys",
    "eval": "there is always another way",
    "exec": "there is always another way",
    "system": "run a program with a list of words, without a shell",
    "raw": "write it into nostro/storage/queries",
    "extra": "write it into nostro/storage/queries",
    "RawSQL": "write it into nostro/storage/queries",
}
MAY = {
    ("console/templatetags/console.py", "mark_safe"): "our own drawings, from a file of ours",
    ("console/templatetags/console.py", "SafeString"): "the type of the same",
}
# Who ends a transaction: the edge of a unit of work, and tools that work on whole databases.
COMMITS = {
    "storage/queries/__init__.py": "the last statement of a unit travels with its commit",
    "storage/replacing.py": "gives up replacing a whole database",
}
# Who writes SQL outside of nostro/storage/queries: set-up, walls and whole databases.
WRITES_SQL = {
    "storage/bulk.py": "COPY and temporary tables, made from a model's own columns",
    "storage/database.py": "roles and databases, before there is a schema",
    "storage/due.py": "a lease over tables named by the machines' own list",
    "storage/events.py": "the advisory lock of sealing",
    "storage/grants.py": "grants, after migrations",
    "storage/isolation.py": "the wall itself",
    "storage/months.py": "makes partitions",
    "storage/postgresql": "the server's own catalogue, for dumps",
    "storage/replacing.py": "replaces a whole database",
    "storage/queries/__init__.py": "runs the queries by name",
}


def place_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def calls(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    """Every call: its line and the last word of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            word = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            word = node.func.id if isinstance(node.func, ast.Name) else word
            yield node.lineno, word, node


def never_called(place: str, tree: ast.AST) -> Iterator[str]:
    for line, word, node in calls(tree):
        if word not in NEVER or (place, word) in MAY:
            continue
        if isinstance(node.func, ast.Attribute) and word in ("raw", "extra", "system", "exec"):
            of = ast.unparse(node.func.value)
            if not (of.endswith("objects") or "objects." in of or of in ("os", "builtins")):
                continue
        yield f"{line}: {word}: {NEVER[word]}"


def shells(place: str, tree: ast.AST) -> Iterator[str]:
    for line, _, node in calls(tree):
        for given in node.keywords:
            told = f"{given.arg}={ast.unparse(given.value)}"
            if told in ("shell=True", "verify=False", "check_hostname=False", "autoescape=False"):
                yield f"{line}: {told}"


def commits(place: str, tree: ast.AST) -> Iterator[str]:
    for line, word, node in calls(tree):
        ends = word in ("commit", "rollback", "set_autocommit") and not node.args
        if ends and isinstance(node.func, ast.Attribute) and place not in COMMITS:
            yield f"{line}: {word}: only the edge of a unit of work ends it (storage.tenancy)"


def sql(place: str, tree: ast.AST) -> Iterator[str]:
    if any(place.startswith(one) for one in WRITES_SQL) or place.startswith("formats/"):
        return
    for line, word, node in calls(tree):
        if word in ("execute", "executemany") and isinstance(node.func, ast.Attribute):
            yield f"{line}: {word}: write it into nostro/storage/queries and run it by name"


RULES = (never_called, shells, commits, sql)


def findings() -> list[str]:
    found = []
    for path in SOURCES:
        tree, place = ast.parse(path.read_text()), place_of(path)
        found += [f"{place}:{told}" for rule in RULES for told in rule(place, tree)]
    return found


def test_nothing_of_ours_breaks_them() -> None:
    assert not findings()


def test_no_template_stops_escaping() -> None:
    marks = re.compile(r"autoescape off|\|\s*safe\b|\|\s*safeseq\b")
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=\s*[\"']|\sstyle=[\"']|javascript:"
    )
    found = [
        (path.name, told[0])
        for path in TEMPLATES
        for rule in (marks, inline)
        for told in rule.finditer(path.read_text())
    ]
    assert not found


def test_every_exception_is_still_one() -> None:
    gone = [one for one in (*COMMITS, *WRITES_SQL) if not (PACKAGE / one).exists()]
    assert not gone
    assert all(word in (PACKAGE / place).read_text() for place, word in MAY)


@pytest.mark.parametrize(
    "source",
    [
        "mark_safe(x)",
        "os.system(x)",
        "models.Order.objects.raw(x)",
        "eval(x)",
        "run(x, shell=True)",
        "connection.commit()",
        "cursor.execute(x)",
        "httpx.get(x, verify=False)",
    ],
)
def test_the_rules_bite(source: str) -> None:
    assert [told for rule in RULES for told in rule("console/some.py", ast.parse(source))]
