"""What the browser is given: the pinned htmx, our own files, nothing that the policy refuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nostro.console.security import POLICY

CONSOLE = Path(__file__).parents[2] / "nostro" / "console"
STATIC = CONSOLE / "static" / "console"
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
# Each of these needs inline code or eval, which the policy refuses without a word on the page.
REFUSED = {
    r"\sstyle\s*=": "a style attribute: use a class",
    r"<style\b": "an inline style sheet",
    r"<script\b(?![^>]*\bsrc=)": "an inline script",
    r"\son\w+\s*=": "an inline event handler",
    r"\bhx-on\b": "hx-on needs eval",
    r"\bjs:": "js: values need eval",
    r"\bhx-trigger=\"[^\"]*\[": "a trigger filter needs eval",
    r"(?:src|href)=\"https?:": "a file of somebody else's",
}


def test_htmx_is_the_pinned_file() -> None:
    (file,) = STATIC.glob("htmx*.js")
    assert "4.0.1" in file.name
    assert hashlib.sha256(file.read_bytes()).hexdigest() == HTMX


def test_licences_are_kept() -> None:
    kept = {path.name for path in STATIC.rglob("LICENSE*")}
    assert {"LICENSE-htmx.txt", "LICENSE-inter.txt", "LICENSE-lucide.txt"} <= kept


def refusals(text: str) -> Iterator[str]:
    for pattern, why in REFUSED.items():
        for found in re.finditer(pattern, text):
            yield f"{text[: found.start()].count(chr(10)) + 1}: {why}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_that_the_policy_refuses(path: Path) -> None:
    assert not list(refusals(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color:red">',
        "<script>alert(1)</script>",
        '<button onclick="go()">',
        '<a hx-on:click="go()">',
        '<a hx-get="/" hx-trigger="click[ctrlKey]">',
        '<script src="https://cdn.example/x.js"></script>',
    ],
)
def test_the_lint_bites(text: str) -> None:
    assert list(refusals(text))


def test_every_icon_that_is_used_exists() -> None:
    symbols = set(re.findall(r'<symbol id="i-([\w-]+)"', (STATIC / "icons.svg").read_text()))
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r"{% icon \"([\w-]+)\"", path.read_text(encoding="utf-8")))
        used |= set(re.findall(r"#i-([\w-]+)\"", path.read_text(encoding="utf-8")))
    for path in CONSOLE.rglob("*.py"):
        used |= set(re.findall(r"icon=\"([\w-]+)\"", path.read_text(encoding="utf-8")))
    assert not used - symbols


def test_policy_allows_only_our_own_files() -> None:
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
