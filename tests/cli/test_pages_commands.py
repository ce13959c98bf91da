"""The commands on the pages for operators are commands that there are, with options they take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nostro.cli.commands import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("rehearsal.md", "operating.md")


def commands(page: str) -> list[list[str]]:
    """Each `nostro ...` of a page's blocks, as a shell would split it."""
    text = (DOCS / page).read_text()
    found = []
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["nostro"]:
                found.append(words[1:])
    return found


@pytest.mark.parametrize("page", PAGES)
def test_each_command_of_a_page_is_understood(page: str) -> None:
    found = commands(page)
    assert len(found) >= 6
    for words in found:
        app.parse_args(words, exit_on_error=False, print_error=False)


def test_a_command_that_is_not_there_would_be_found() -> None:
    with pytest.raises(Exception, match="nonsense"):
        app.parse_args(["connections", "nonsense"], exit_on_error=False, print_error=False)
