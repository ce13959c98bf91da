"""The examples on the page about writing are files that can be written, as they stand."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest

from nostro import formats
from nostro.cli.writing import written
from nostro.domain import issued_check, payment_file, statement
from nostro.domain.problem import Problem, Severity
from nostro.domain.records import from_json
from nostro.formats import Profile

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "writing.md"
EXAMPLES = re.findall(r"^## (\w+)\n\n```json\n(.*?)```", PAGE.read_text(), re.M | re.S)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("name", "lines"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_is_written_and_reads_back_without_errors(name: str, lines: str) -> None:
    records = [from_json(line.encode()) for line in lines.splitlines()]
    whole = issued_check.assemble(payment_file.assemble(statement.assemble(records)))
    form = formats.find()[name]
    data = written(list(whole), form, Profile())
    assert formats.identify(data).name == name
    back = list(formats.reader(form)(BytesIO(data), Profile()))
    assert len(back) >= len(records)
    told = [r for r in back if isinstance(r, Problem) and r.severity is Severity.ERROR]
    assert not told
