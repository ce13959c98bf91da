"""`nostro payments import`: what a person and a program see of a run, once or again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nostro import app
from nostro.cli import import_payments
from nostro.domain.errors import Invalid
from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests.workflows.company import PROFILE, Company, iban, scripted_connector

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Company:
    with scripted_connector():
        made = Company()
    monkeypatch.setattr(app, "start", lambda: made.world)
    return made


def run(company: Company, path: Path, content: bytes, *, as_json: bool = False) -> int:
    path.write_bytes(content)
    return import_payments.import_file(
        str(path), "sap", PROFILE.name, company.code, as_json=as_json
    )


def test_a_person_sees_the_lines_that_need_somebody(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    content = company.run_file({}, {"VENDOR": "V77"}, {"IBAN": "NL00FIKT0123456789"})
    assert run(company, tmp_path / "run.csv", content) == 1
    told = capsys.readouterr().out
    assert "3 lines: 1 accepted, 1 held, 1 refused, 0 repeated" in told
    assert "payee_unknown" in told
    assert "invalid_iban" in told


def test_a_program_gets_every_line(company: Company, tmp_path: Path, capsys: Captured) -> None:
    content = company.run_file({}, {}, {"IBAN": iban(5)})
    assert run(company, tmp_path / "run.csv", content, as_json=True) == 0
    head, *lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert (head["state"], head["came_before"], head["lines"]) == ("complete", False, 3)
    assert [line["outcome"] for line in lines] == ["accepted", "accepted", "held"]
    assert all(line["order_id"] for line in lines)


def test_the_same_file_renamed_is_the_same_run(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    content = company.run_file({}, {})
    for name in ("run.csv", "copy.csv"):
        assert run(company, tmp_path / name, content, as_json=True) == 0
    heads = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "run_id" in line]
    assert [head["came_before"] for head in heads] == [False, True]
    assert heads[0]["run_id"] == heads[1]["run_id"]
    with tenant(company.tenant_id):
        assert models.Order.objects.count() == 2


def test_a_run_that_contradicts_itself_is_refused(company: Company, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        run(company, tmp_path / "run.csv", company.run_file({}, trailer="TRAILER;1;EUR=1\n"))
    assert caught.value.code == "run_totals_mismatch"


@pytest.mark.parametrize(("name", "code"), [("none.csv", "file_missing"), ("", "not_readable")])
def test_a_file_that_is_not_there(company: Company, tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        import_payments.import_file(
            str(tmp_path / name), "sap", PROFILE.name, company.code, as_json=False
        )
    assert code in caught.value.code


def test_among_several_customers_one_is_named(company: Company, tmp_path: Path) -> None:
    Company()
    (tmp_path / "run.csv").write_bytes(company.run_file({}))
    with pytest.raises(Invalid) as caught:
        import_payments.import_file(str(tmp_path / "run.csv"), "sap", "", "", as_json=False)
    assert caught.value.code == "customer_not_chosen"
