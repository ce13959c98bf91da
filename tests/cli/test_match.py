"""`nostro match` as a clerk uses it: tables in, decisions out, no database."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.matching.staged import item, paid

ROOT = Path(__file__).parents[2]
CODE = "from nostro.cli import main\nmain()"
EXAMPLE = ROOT / "examples" / "matching"


def nostro(*told: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, "match", *map(str, told)], cwd=ROOT, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_in_and_decisions_out(tmp_path: Path, form: str) -> None:
    rows = written(tmp_path / f"t.{form}", [paid("10.00", "INV0010101", id="T1")])
    items = written(tmp_path / f"i.{form}", [item("INV0010101", "10.00")])
    done = nostro("--transactions", rows, "--open-items", items, "--out", tmp_path / "m.jsonl")
    assert done.returncode == 0, done.stderr
    (told,) = lines(tmp_path / "m.jsonl")
    assert told["transactions"] == ["T1"]
    assert told["allocations"] == [{"item": "INV0010101", "settled_minor": 1000}]
    assert (told["status"], told["probability"] > 0.999) == ("post", True)
    assert "the amount is exact" in told["evidence"]


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("amount", "10,00", "line 3, column amount"),
        ("amount", "10.001", "line 3, column amount"),
        ("booking_date", "31.03.2026", "line 3, column booking_date"),
        ("currency", "EURO", "line 3, column currency"),
        ("charges", "two", "line 3, column charges"),
        ("original_amount", "x", "line 3, column original_amount"),
        ("id", "T1", "is given to several rows"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, column: str, text: str, says: str
) -> None:
    wrong = paid("10.00", id="T2") | {column: text}
    rows = written(tmp_path / "t.csv", [paid("10.00", id="T1"), wrong])
    items = written(tmp_path / "i.csv", [item("INV0010101", "10.00")])
    done = nostro("--transactions", rows, "--open-items", items, "--out", tmp_path / "m.jsonl")
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "m.jsonl").exists()


def test_a_column_that_is_needed_and_missing_is_named(tmp_path: Path) -> None:
    rows = written(tmp_path / "t.csv", [{"id": "T1", "amount": "1.00", "currency": "EUR"}])
    items = written(tmp_path / "i.csv", [item("INV0010101", "10.00")])
    done = nostro("--transactions", rows, "--open-items", items)
    assert (done.returncode, "no column booking_date" in done.stderr) == (2, True)


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    out = tmp_path / "m.jsonl"
    done = nostro(
        "--transactions", EXAMPLE / "umsaetze.csv", "--open-items", EXAMPLE / "open_items.csv",
        "--columns", EXAMPLE / "columns.toml", "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = {one["transactions"][-1]: one for one in lines(out)}
    assert {key: one["status"] for key, one in told.items()} == {
        "1": "post", "2": "post", "4": "reversal", "5": "suggest", "6": "ambiguous", "7": "none",
    }  # fmt: skip
    assert told["4"]["transactions"] == ["3", "4"]


def test_decisions_teach_and_stay(tmp_path: Path) -> None:
    rows = written(tmp_path / "t.csv", [paid("10.00", "INV0010101", id="T1")])
    items = written(tmp_path / "i.csv", [item("INV0010101", "10.00"), item("INV0020202", "10.00")])
    people = tmp_path / "d.jsonl"
    people.write_text(
        json.dumps(
            {"transactions": ["T1"], "allocations": [{"item": "INV0020202", "settled_minor": 1000}]}
        )
    )
    done = nostro(
        "--transactions", rows, "--open-items", items, "--decisions", people,
        "--fit", tmp_path / "model.json", "--out", tmp_path / "m.jsonl",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (told,) = lines(tmp_path / "m.jsonl")
    assert told["allocations"] == [{"item": "INV0020202", "settled_minor": 1000}]
    (seen,) = json.loads((tmp_path / "model.json").read_text())["classes"].values()
    assert seen == {"judged": 1, "right": 0}
