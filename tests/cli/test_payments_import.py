"""`nostro payments import`: what a person and a program see of a run, once or again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from nostro import app
from nostro.cli import failures, import_payments
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Grant, Role
from nostro.storage import models, people, runs
from nostro.storage.tenancy import tenant
from tests.api import door
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


def test_every_reason_is_counted_and_not_the_first_alone(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    """A payment of an unknown payee that names one invoice twice waits for both reasons."""
    content = company.run_file(
        {"VENDOR": "V77", "IBAN": iban(77), "INVOICES": "RE-9001", "AMOUNT": "50.00"},
        {"VENDOR": "V77", "IBAN": iban(77), "INVOICES": "RE-9001", "AMOUNT": "50.00"},
        {"VENDOR": "V78", "IBAN": iban(78), "INVOICES": "RE-9202", "AMOUNT": "50.00"},
        {"IBAN": "NL00FIKT0123456789"},
    )
    assert run(company, tmp_path / "run.csv", content, as_json=True) == 1
    head = json.loads(capsys.readouterr().out.splitlines()[0])
    assert head["held"] == 3
    assert head["reasons"] == [
        {"outcome": "held", "code": "payee_unknown", "payments": 3},
        {"outcome": "held", "code": "duplicate_suspected", "payments": 1},
        {"outcome": "refused", "code": "invalid_iban", "payments": 1},
    ]
    assert run(company, tmp_path / "run.csv", content) == 1
    told = capsys.readouterr().out
    assert told.index("payments") < told.index("duplicate_suspected") < told.index("why")


def test_who_is_not_cleared_learns_no_reasons_of_confidential_payments(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "wages.csv"
    path.write_bytes(company.run_file({"VENDOR": "V77"}, {"IBAN": "NL00FIKT0123456789"}))
    import_payments.import_file(
        str(path), "hr", PROFILE.name, company.code, confidential=True, as_json=True
    )
    head = json.loads(capsys.readouterr().out.splitlines()[0])
    assert head["reasons"] == []
    with tenant(company.tenant_id):
        codes = {code for _, code, _ in runs.count_reasons(UUID(head["run_id"]))}
    assert codes == {"payee_unknown", "invalid_iban"}


def test_who_hands_it_in_by_his_name_gets_as_far_as_his_grant(
    company: Company, tmp_path: Path, capsys: Captured
) -> None:
    person_id, password = door.person([], []), tmp_path / "password"
    password.write_text(door.PASSWORD)
    with tenant(company.tenant_id):
        entity = models.LegalEntity.objects.get(code="DE").id
        limit = Grant(role=Role.MAKER, entity_id=str(entity))
        people.grant_reaching(door.new(), person_id, [limit])
    path, who = tmp_path / "run.csv", (f"{person_id}@example.com", str(password))
    path.write_bytes(company.run_file({}, {"COMPANY_CODE": "NL"}))
    told = import_payments.import_file(
        str(path), "sap", PROFILE.name, company.code, who, as_json=False
    )
    assert told == 1
    assert "2 lines: 1 accepted, 0 held, 1 refused, 0 repeated" in capsys.readouterr().out
    with tenant(company.tenant_id):
        assert set(models.Order.objects.values_list("maker_id")) == {(str(person_id),)}


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


def take(company: Company, path: Path, source: str = "sap", profile: str = PROFILE.name) -> int:
    return import_payments.import_file(str(path), source, profile, company.code, as_json=True)


def test_the_same_file_of_another_source_is_refused_and_said_so(
    company: Company, tmp_path: Path
) -> None:
    assert run(company, tmp_path / "run.csv", company.run_file({}), as_json=True) == 0
    with pytest.raises(Refused) as caught:
        take(company, tmp_path / "run.csv", source="sap3")
    assert caught.value.code == "run_came_otherwise"
    assert "source sap " in caught.value.happened
    assert "sap3" in caught.value.happened
    assert failures.exit_code(caught.value) == 2
    with tenant(company.tenant_id):
        assert models.PaymentRun.objects.count() == 1
        assert models.Order.objects.count() == 1


def test_the_layout_taken_when_none_is_named_is_the_same_as_named(
    company: Company, tmp_path: Path
) -> None:
    assert run(company, tmp_path / "run.csv", company.run_file({}), as_json=True) == 0
    assert take(company, tmp_path / "run.csv", profile="") == 0


@pytest.mark.parametrize("profile", ["sap_fi", "vesterholt_ar"])
def test_an_unknown_layout_is_refused_before_anything(
    company: Company, tmp_path: Path, profile: str
) -> None:
    for again in (False, True):
        if again:
            run(company, tmp_path / "run.csv", company.run_file({}), as_json=True)
        (tmp_path / "run.csv").write_bytes(company.run_file({}))
        with pytest.raises(Invalid) as caught:
            take(company, tmp_path / "run.csv", profile=profile)
        assert caught.value.code == "unknown_profile"
        assert "vesterholt_ap" in caught.value.can_do
        assert company.evidence("run.csv") == ([company.run_file({})] if again else [])


def as_commas(run: bytes) -> bytes:
    return run.replace(b";", b",")


@pytest.mark.parametrize("profile", ["", PROFILE.name])
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda run: run.replace(b"IBAN", b"KONTO"), "missing_columns", ["IBAN", "KONTO"]),
        (as_commas, "wrong_separator", ["commas", "semicolons"]),
        (lambda run: run.decode().encode("utf-16"), "wrong_encoding", ["UTF-16", "UTF-8"]),
        (lambda run: run.decode().encode("utf-16-le"), "wrong_encoding", ["UTF-16", "UTF-8"]),
        (
            lambda run: as_commas(run).replace(b"CITY", b"TOWN"),
            "missing_columns", ["commas", "semicolons", "CITY", "TOWN"],
        ),
    ],
)  # fmt: skip
def test_a_list_that_does_not_fit_is_told_what_was_expected_and_found(
    company: Company, tmp_path: Path, profile: str, change: Callable[[bytes], bytes], code: str,
    words: list[str],
) -> None:  # fmt: skip
    content = change(company.run_file({}))
    (tmp_path / "run.csv").write_bytes(content)
    with pytest.raises(Invalid) as caught:
        take(company, tmp_path / "run.csv", profile=profile)
    assert caught.value.code == code
    assert all(word in caught.value.happened for word in [*words, "vesterholt_ap"])
    assert caught.value.did == "The original is kept; no payment was taken in from it."
    assert company.evidence("run.csv") == [content]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Dear bank, please pay.\n", "unknown_file_type"),
        (b"", "unknown_file_type"),
        (b"\0" * 100, "unknown_file_type"),
        (b"PK\x03\x04rest", "compressed_file"),
        (b"name;town\nA;B\n", "unknown_file_type"),
    ],
)
def test_what_is_no_run_at_all_is_told_what_a_run_is(
    company: Company, tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "run.csv").write_bytes(content)
    with pytest.raises(Invalid) as caught:
        take(company, tmp_path / "run.csv", profile="")
    assert caught.value.code == code
    assert "bai2" not in caught.value.can_do
    assert "booked" not in caught.value.did


def test_a_run_that_contradicts_itself_says_that_nothing_was_taken(
    company: Company, tmp_path: Path
) -> None:
    with pytest.raises(Invalid) as caught:
        run(company, tmp_path / "run.csv", company.run_file({}, trailer="TRAILER;1;EUR=1\n"))
    assert caught.value.did == "The original is kept; no payment was taken in from it."
