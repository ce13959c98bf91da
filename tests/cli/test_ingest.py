"""`nostro ingest`: statements from files and folders, once or again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nostro import app
from nostro.cli import ingest_files
from nostro.domain.errors import Invalid
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import statement_intake, statement_portions
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import Company, scripted_connector

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Company:
    with scripted_connector():
        made = Company()
    monkeypatch.setattr(app, "start", lambda: made.world)
    return made


def statement(company: Company, count: int = 3, statement_id: str = "ST-1") -> bytes:
    told = [Booking(minor=n * 101, reference=f"B{n}") for n in range(1, count + 1)]
    return camt_053(company.accounts["DE-EUR"], told, statement_id=statement_id)


def run(company: Company, capsys: Captured, *names: Path) -> tuple[int, list[dict[str, object]]]:
    code = ingest_files.take_in([str(name) for name in names], company.code, as_json=True)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def lines_of(company: Company) -> int:
    with tenant(company.tenant_id):
        return models.BankTransaction.objects.count()


def test_a_folder_is_taken_in_and_again_changes_nothing(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "a.xml").write_bytes(statement(company))
    (tmp_path / "b.xml").write_bytes(statement(company, 4, "ST-2"))
    code, told = run(company, capsys, tmp_path)
    assert code == 0
    assert [one["statements"] for one in told] == [1, 1]
    assert [one["new_lines"] for one in told] == [3, 1]
    assert told[0]["verdicts"] == {"closes": 1}
    code, told = run(company, capsys, tmp_path)
    assert code == 0
    assert [one["came_before"] for one in told] == [1, 1]
    assert lines_of(company) == 4


def test_a_long_file_goes_the_long_way_and_ends_the_same(
    company: Company, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_intake, "LONG_BYTES", 100)
    monkeypatch.setattr(statement_portions, "PORTION", 2)
    (tmp_path / "a.xml").write_bytes(statement(company, 7))
    _, told = run(company, capsys, tmp_path / "a.xml")
    assert (told[0]["statements"], told[0]["lines"], told[0]["new_lines"]) == (1, 7, 7)
    _, told = run(company, capsys, tmp_path / "a.xml")
    assert (told[0]["came_before"], told[0]["new_lines"]) == (1, 0)
    assert lines_of(company) == 7


def test_what_is_no_statement_stops_no_other(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello")
    (tmp_path / "b.xml").write_bytes(statement(company))
    code, told = run(company, capsys, tmp_path)
    assert code == 1
    assert [one.get("code") for one in told] == ["unknown_file_type", None]
    assert run(company, capsys, tmp_path / "a.txt")[0] == 2
    assert run(company, capsys, tmp_path / "missing")[1][0]["code"] == "file_not_readable"


def test_a_person_reads_a_sentence(company: Company, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "a.xml").write_bytes(statement(company))
    ingest_files.take_in([str(tmp_path)], company.code, as_json=False)
    assert "1 statements (1 closes), 3 of 3 lines new." in capsys.readouterr().out
    ingest_files.take_in([str(tmp_path)], company.code, as_json=False)
    assert "1 had come before: nothing changed." in capsys.readouterr().out


def test_nothing_named_is_said(company: Company) -> None:
    with pytest.raises(Invalid, match="No file"):
        ingest_files.take_in([], company.code, as_json=False)
