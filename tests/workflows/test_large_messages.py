"""What a bank sends packed, or too long for memory, ends as if it had been sent otherwise."""

from __future__ import annotations

import gzip
import io
import zipfile
from uuid import UUID

import pytest

from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, statement_files, statement_intake, statement_portions
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import Company
from tests.workflows.test_answers import understand_all


def statement(company: Company, name: str = "ST-1", account: str = "DE-EUR") -> bytes:
    lines = [Booking(minor=n * 101, reference=f"{name}-{n}") for n in range(1, 6)]
    return camt_053(company.accounts[account], lines, statement_id=name)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.xml", content)
    return packed.getvalue()


def lines(company: Company) -> int:
    with tenant(company.tenant_id):
        return models.BankTransaction.objects.count()


def go_on(company: Company) -> list[str]:
    """What the worker does with long files."""
    with tenant(company.tenant_id):
        ids: list[UUID] = list(models.StatementFile.objects.values_list("id", flat=True))
    for file_id in ids:
        statement_files.go_on(company.job, file_id)
    with tenant(company.tenant_id):
        return list(models.StatementFile.objects.values_list("state", flat=True))


@pytest.fixture
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "LONG_BYTES", 100)
    monkeypatch.setattr(statement_portions, "PORTION", 3)


def test_each_file_of_an_archive_is_a_message(company: Company) -> None:
    company.bank.says(zipped(b=statement(company, "B"), a=statement(company, "A")), "month.zip")
    answers.collect(company.job, company.bank_id)
    assert understand_all(company) == ["packed"]
    assert understand_all(company) == ["packed", "camt_053", "camt_053"]
    assert lines(company) == 10
    assert understand_all(company) == ["packed", "camt_053", "camt_053"]
    assert (lines(company), len(company.events("statement.received"))) == (10, 2)


def test_one_packed_alone(company: Company) -> None:
    company.bank.says(gzip.compress(statement(company)), "day.xml.gz")
    answers.collect(company.job, company.bank_id)
    understand_all(company)
    assert understand_all(company) == ["packed", "camt_053"]


def test_an_archive_made_to_harm_is_a_case(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_intake, "UNPACKED_BYTES_MAX", 50_000)
    company.bank.says(zipped(a=statement(company), b=b" " * 100_000), "bomb.zip")
    company.bank.says(b"PK\x03\x04 nothing", "broken.zip")
    answers.collect(company.job, company.bank_id)
    assert understand_all(company) == ["unreadable"] * 2
    assert lines(company) == 0
    assert [sentence.partition(":")[0] for _, sentence in company.cases()] == [
        "bomb.zip", "broken.zip",
    ]  # fmt: skip


@pytest.mark.usefixtures("everything_is_long")
def test_a_long_file_of_a_bank_goes_the_long_way(company: Company) -> None:
    company.bank.says(statement(company), "long.xml")
    answers.collect(company.job, company.bank_id)
    assert understand_all(company) == ["camt_053"]
    assert (lines(company), go_on(company)) == (0, ["done"])
    assert lines(company) == 5
    understand_all(company)
    assert (lines(company), go_on(company)) == (5, ["done"])


@pytest.mark.usefixtures("everything_is_long")
def test_a_long_report_of_the_day_is_read_whole(company: Company) -> None:
    report = statement(company).replace(b"camt.053", b"camt.052").replace(
        b"BkToCstmrStmt", b"BkToCstmrAcctRpt"
    ).replace(b"<Stmt>", b"<Rpt>").replace(b"</Stmt>", b"</Rpt>")  # fmt: skip
    company.bank.says(report, "long.xml")
    answers.collect(company.job, company.bank_id)
    assert understand_all(company) == ["camt_052"]
    assert (go_on(company), company.cases()) == ([], [])


@pytest.mark.usefixtures("everything_is_long")
def test_no_bank_tells_the_long_statement_of_another(company: Company) -> None:
    company.bank.says(statement(company), "long.xml")
    answers.collect(company.job, company.bank_id)
    with tenant(company.tenant_id):
        other = models.Connection.objects.exclude(id=company.bank_id).values_list("id", flat=True)
        models.Account.objects.update(connection_id=other[0])
    understand_all(company)
    assert (go_on(company), lines(company)) == (["done"], 0)
    assert any("not this account's" in sentence for _, sentence in company.cases())
