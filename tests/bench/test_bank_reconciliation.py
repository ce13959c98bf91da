"""The public bank reconciliation set becomes files that the matcher reads, and loses nothing."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from bench import bank_reconciliation as sets
from bench.matching_score import Line
from bench.matching_world import documents, ledger


def test_a_line_of_text_is_taken_apart() -> None:
    one = sets.fields("LID: 1, Description: Invoices 1; 2, and 3, Amount: -5.00, Date: 2025-07-06")
    assert one["Description"] == "Invoices 1; 2, and 3"
    assert (one["LID"], one["Amount"], one["Date"]) == ("1", "-5.00", "2025-07-06")
    two = sets.fields("EID: 37, DocumentNo: 108017, Description: Some, DocumentNo: 54 , Amount: 1")
    assert two["DocumentNo"] == "108017 54"


def test_pairs_are_those_of_the_statuses_asked_for() -> None:
    lines = [
        Line(["a"], [{"item": "1", "settled_minor": 1}], "post"),
        Line(["b"], [{"item": "2", "settled_minor": 1}], "suggest"),
    ]
    assert sets.pairs_of(lines, "post") == {("a", "1")}
    assert sets.pairs_of(lines, "post", "suggest") == {("a", "1"), ("b", "2")}


@pytest.fixture(scope="module")
def cases() -> list[sets.Case]:
    if not sets.SET.exists():
        pytest.skip("the public files are not here")
    return list(sets.read(sets.SET))


def test_all_cases_are_read(cases: list[sets.Case]) -> None:
    assert [len(case.lines) for case in cases] == [11, 11, 3, 3, 5, 3]
    assert {len(case.entries) for case in cases} == {16}
    for case in cases:
        lines, entries = {row["LID"] for row in case.lines}, {row["EID"] for row in case.entries}
        assert case.expected
        assert {line for line, _ in case.expected} <= lines
        assert {entry for _, entry in case.expected} <= entries


def test_files_have_the_columns_and_the_amounts(cases: list[sets.Case], tmp_path: Path) -> None:
    for at, case in enumerate(cases):
        sets.write(case, tmp_path / str(at))
        for name, columns, rows in (
            ("transactions.csv", ledger.COLUMNS, case.lines),
            ("open_items.csv", documents.COLUMNS, case.entries),
        ):
            with (tmp_path / str(at) / name).open(encoding="utf-8") as file:
                told = list(csv.DictReader(file))
            assert tuple(told[0]) == columns
            assert [Decimal(row["amount"]) for row in told] == [
                Decimal(row["Amount"]) for row in rows
            ]
