"""Which problem codes the formats can tell, found in their source.

A code is a literal that becomes the `code` of Invalid, Problem, warning, error or Breach: there
directly, or in a call of a function that passes one of its parameters on as such.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nostro"
# What formats call in the domain: money, identifiers, limits of texts.
SOURCES = (
    *sorted((PACKAGE / "formats").rglob("*.py")),
    PACKAGE / "domain" / "identifier.py",
    PACKAGE / "domain" / "money.py",
    PACKAGE / "domain" / "policies" / "limits.py",
)
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+\Z")
# Codes in these sources that no file can provoke, and why.
NOT_BY_FILES = {
    "rate_unusable": "money.convert is for equivalents of payments, no format calls it",
    "format_is_write_only": "every format is read",
}
KNOWN = {"Invalid": 0, "Problem": 0, "warning": 0, "error": 0, "Breach": 0}


class Sink(NamedTuple):
    """The place of a function's parameter that becomes a code, and its name."""

    place: int
    name: str


class Use(NamedTuple):
    code: str
    module: str
    line: int


@cache
def trees() -> dict[str, ast.Module]:
    """Every source by its module name."""
    told = {}
    for path in SOURCES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        told[module] = ast.parse(path.read_text(encoding="utf-8"))
    return told


@cache
def imports(module: str) -> dict[str, str]:
    """Names that a module took from elsewhere: its own name for it -> where it is."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(trees()[module])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


class Sinks:
    """Functions that make problems of a code they are given; grows until nothing is new."""

    def __init__(self) -> None:
        self.found: dict[str, Sink] = {}
        while self._grow():
            pass

    def _grow(self) -> bool:
        before = len(self.found)
        for module, tree in trees().items():
            for function, inside in functions(tree):
                key = f"{module}.{function.name}"
                if key not in self.found and (sink := self._passes_on(module, function, inside)):
                    self.found[key] = sink
        return len(self.found) > before

    def _passes_on(self, module: str, function: ast.FunctionDef, inside: bool) -> Sink | None:
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        keywords = [a.arg for a in function.args.kwonlyargs]
        for call in calls(function):
            code = self.code_of(module, call)
            if isinstance(code, ast.Name) and code.id in (*names, *keywords):
                skipped = 1 if inside and names[:1] in (["self"], ["cls"]) else 0
                place = names.index(code.id) - skipped if code.id in names else -1
                return Sink(place, code.id)
        return None

    def code_of(self, module: str, call: ast.Call) -> ast.expr | None:
        """The expression that is the code in a call, if the call makes a problem."""
        sink = self._sink(module, call.func)
        if sink is None:
            return None
        for keyword in call.keywords:
            if keyword.arg == sink.name:
                return keyword.value
        plain = not any(isinstance(argument, ast.Starred) for argument in call.args)
        if plain and 0 <= sink.place < len(call.args):
            return call.args[sink.place]
        return None

    def _sink(self, module: str, function: ast.expr) -> Sink | None:
        if isinstance(function, ast.Name):
            if function.id in KNOWN:
                return Sink(KNOWN[function.id], "code")
            there = imports(module).get(function.id, f"{module}.{function.id}")
            return self.found.get(there)
        if not isinstance(function, ast.Attribute):
            return None
        if function.attr in KNOWN:
            return Sink(KNOWN[function.attr], "code")
        if isinstance(function.value, ast.Name) and function.value.id in imports(module):
            return self.found.get(f"{imports(module)[function.value.id]}.{function.attr}")
        here = self.found.get(f"{module}.{function.attr}")
        named = (sink for key, sink in self.found.items() if key.endswith(f".{function.attr}"))
        return here or next(named, None)


@cache
def functions(tree: ast.Module) -> tuple[tuple[ast.FunctionDef, bool], ...]:
    """Every function, and whether it is a method."""
    methods = {
        id(node) for kind in ast.walk(tree) if isinstance(kind, ast.ClassDef) for node in kind.body
    }
    return tuple(
        (node, id(node) in methods) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    )


@cache
def calls(tree: ast.AST) -> tuple[ast.Call, ...]:
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Call))


@cache
def given(tree: ast.Module) -> tuple[tuple[frozenset[str], ast.expr], ...]:
    """Every assignment and loop: the names that get a value, and the value."""
    return tuple(
        (frozenset(one.id for one in ast.walk(target) if isinstance(one, ast.Name)), value)
        for node in ast.walk(tree)
        for target, value in _targets(node)
    )


def _targets(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For):
        yield node.target, node.iter


def literals(tree: ast.Module, code: ast.expr) -> Iterator[str]:
    """The codes that an expression can be; a name stands for all that is assigned to it."""
    seen = list(chosen(code))
    names = {node.id for node in seen if isinstance(node, ast.Name)}
    for targets, value in given(tree):
        if targets & names:
            seen += chosen(value)
    texts = (n.value for n in seen if isinstance(n, ast.Constant) and isinstance(n.value, str))
    yield from (text for text in texts if CODE.match(text))


def chosen(expression: ast.expr) -> Iterator[ast.AST]:
    """The parts of an expression, without what is handed to calls in it."""
    yield expression
    if not isinstance(expression, ast.Call):
        for part in ast.iter_child_nodes(expression):
            yield from chosen(part) if isinstance(part, ast.expr) else ast.walk(part)


@cache
def uses() -> tuple[Use, ...]:
    """Every code, with where it is said."""
    sinks = Sinks()
    told: set[Use] = set()
    for module, tree in trees().items():
        for call in calls(tree):
            code = sinks.code_of(module, call)
            if code is not None:
                told.update(Use(found, module, call.lineno) for found in literals(tree, code))
    return tuple(sorted(use for use in told if use.code not in NOT_BY_FILES))


if __name__ == "__main__":
    for use in uses():
        print(*use)  # noqa: T201
