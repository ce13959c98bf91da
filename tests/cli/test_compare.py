"""`nostro compare` as an integrator uses it in a parallel run: legacy beside ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nostro import formats
from nostro.cli.comparison_report import words
from nostro.domain.money import Money
from nostro.domain.payment_file import Method, Party, Payment, PaymentFile
from tests.formats.payments import batch, payment

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
CODE = "from nostro.cli import main\nmain()"
TITLES = (
    "RUN_ID;ITEM;COMPANY_CODE;VENDOR;VENDOR_NAME;STREET;POSTAL_CODE;CITY;COUNTRY;IBAN;BIC;AMOUNT;"
    "CURRENCY;PAYMENT_DATE;INVOICES;REFERENCE;APPROVED_BY"
)
LINE = (
    "AP1;0001;1000;V-100;Papier Huber;Hauptstrasse;53111;Bonn;DE;AT611904300234573201;BKAUATWW;"
    "1234.50;EUR;2026-11-20;R-881;;m.lind"
)


def nostro(*told: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, "compare", *map(str, told)], cwd=ROOT, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def records(*told: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(nostro(*told, "--json").stdout)
    return found


def written(path: Path, *payments: Payment, format_name: str = "pain_001") -> Path:
    file = PaymentFile(
        message_id=path.stem, created_at="2026-11-20T10:00:00", initiator=Party(name="Vesterholt"),
        batches=(batch(*payments),),
    )  # fmt: skip
    form = formats.find()[format_name]
    assert form.write is not None
    path.write_bytes(form.write(file, formats.Profile()))
    return path


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    return written(
        tmp_path / "legacy.xml",
        *(payment(end_to_end_id=f"E-{n}", remittance=(f"R-{n}",)) for n in range(5)),
    )


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """One payment more, one amount off, one name in other letters, in another order."""
    others = [payment(end_to_end_id=f"E-{n}", remittance=(f"R-{n}",)) for n in (4, 3, 2)]
    return written(
        tmp_path / "ours.xml",
        *others,
        payment(end_to_end_id="E-1", remittance=("R-1",), amount=Money(1, "EUR")),
        payment(end_to_end_id="E-0", remittance=("R-0",), counterparty=Party(name="PAPIER HUBER")),
        payment(end_to_end_id="E-9", remittance=("R-9",), amount=Money(7, "EUR")),
    )


def test_two_versions_of_one_message_are_the_same() -> None:
    pain = GOLDEN / "pain_001"
    told = nostro(pain / "two_rails_version_03.in", pain / "two_rails_version_09.in", "--all")
    assert told.returncode == 0, told.stderr
    assert "4 payments the same, 0 differ" in told.stdout
    assert "pain.001.001.03" in told.stdout
    assert "The same, but for what may differ." in told.stdout


def test_differences_are_told_and_counted(legacy: Path, ours: Path) -> None:
    told = nostro(legacy, ours)
    assert told.returncode == 1
    assert "3 payments the same, 2 differ, 0 only in A, 1 only in B." in told.stdout
    assert "1234.50 EUR" in told.stdout
    assert "0.07 EUR" in told.stdout
    assert "--all lists them" in told.stdout


def test_records_name_field_path_and_both_values(legacy: Path, ours: Path) -> None:
    found = records(legacy, ours)
    first, *others = found
    assert (first["record"], first["same"], first["only_in_b"]) == ("comparison", False, 1)
    assert (first["a"]["payments"], first["b"]["payments"]) == (5, 6)
    (amount,) = [
        field
        for one in others
        if one["record"] == "payment_differs"
        for field in one["fields"]
        if field["path"] == "amount"
    ]
    assert amount == {
        "path": "amount", "name": "amount", "a": "1234.50 EUR", "b": "0.01 EUR",
        "weight": "different",
    }  # fmt: skip
    (alone,) = [one for one in others if one["record"] == "only_in_b"]
    assert (alone["end_to_end_id"], alone["amount"]) == ("E-9", "0.07")
    assert not [one for one in others if one.get("weight") == "expected"]
    assert [one for one in records(legacy, ours, "--all") if one.get("weight") == "expected"]


def test_the_limit_says_how_many_more(legacy: Path, tmp_path: Path) -> None:
    empty = written(tmp_path / "one.xml", payment(end_to_end_id="E-0", remittance=("R-0",)))
    told = nostro(legacy, empty, "--limit", "1")
    assert "and 3 more; --limit 0 shows all" in told.stdout
    assert "more;" not in nostro(legacy, empty, "--limit", "0").stdout


def test_what_is_ignored_does_not_count(tmp_path: Path) -> None:
    one = written(tmp_path / "a.xml", payment(end_to_end_id="OLD"))
    other = written(tmp_path / "b.xml", payment(end_to_end_id="NEW"))
    assert nostro(one, other).returncode == 1
    assert nostro(one, other, "--ignore", "end_to_end_id").returncode == 0
    wrong = nostro(one, other, "--ignore", "colour")
    assert wrong.returncode == 2
    assert "unknown_field" in wrong.stderr


def test_letters_can_be_ignored(tmp_path: Path) -> None:
    one = written(tmp_path / "a.xml", payment(counterparty=Party(name="Papier Huber")))
    other = written(tmp_path / "b.xml", payment(counterparty=Party(name="PAPIER HUBER")))
    told = nostro(one, other)
    assert told.returncode == 1
    assert "same after transliteration" in " ".join(told.stdout.split())
    assert "1 in letters only" in told.stdout
    assert nostro(one, other, "--ignore", "letters").returncode == 0


def test_a_payment_run_beside_its_bank_file(tmp_path: Path) -> None:
    run, sent = tmp_path / "run.csv", tmp_path / "sent.xml"
    run.write_text(f"{TITLES}\n{LINE}\nTRAILER;1;EUR 1234.50\n")
    written(sent, payment(end_to_end_id="OURS-1", remittance=("R-881",)))
    found = records(run, sent)
    assert found[0]["a"]["format"] == "payment_run_csv"
    assert (found[0]["pairs"], found[0]["only_in_a"]) == (1, 0)
    paths = {f["path"] for one in found for f in one.get("fields", ())}
    assert "own_account.iban" in paths  # The run does not say from where.
    assert not {"amount", "counterparty_account.iban", "remittance"} & paths


def test_other_formats_compare_with_themselves() -> None:
    for name in (
        "mt101/two_messages_of_a_chain",
        "nacha/payments",
        "pain_001/two_rails_version_09",
    ):
        path = GOLDEN / f"{name}.in"
        told = nostro(path, path)
        assert (told.returncode, told.stderr) == (0, "") or "warning" in told.stderr, told.stderr
        assert told.returncode == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [("camt_053/version_08.in", "no_payments"), ("nothing.xml", "file_missing")],
)
def test_what_cannot_be_compared_ends_with_two(legacy: Path, name: str, code: str) -> None:
    told = nostro(legacy, GOLDEN / name)
    assert told.returncode == 2
    assert code in told.stderr
    assert name in told.stderr


def test_fields_have_the_treasurers_names() -> None:
    assert words("counterparty_account.iban", Method.TRANSFER) == "payee account IBAN"
    assert words("counterparty.name", Method.DIRECT_DEBIT) == "payer name"
    assert words("own_account.iban") == "debit account IBAN"
    assert words("requested_date") == "date"


@pytest.mark.parametrize("content", ["no payment file of any kind\n", "UNA:+.? 'UNB+broken'\n"])
def test_of_a_local_file_nothing_is_said_to_be_kept_or_booked(
    legacy: Path, tmp_path: Path, content: str
) -> None:
    """Nobody brought it to us."""
    (tmp_path / "odd.txt").write_text(content)
    told = nostro(legacy, tmp_path / "odd.txt")
    assert told.returncode == 2
    assert "What we did:     Nothing was compared." in told.stderr
