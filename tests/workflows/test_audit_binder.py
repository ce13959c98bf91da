"""The auditor's binder: every control leads to code and tests that exist, and to its cases."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest

from nostro.cli import binder as command
from nostro.domain.errors import Invalid
from nostro.domain.freeze import FreezeScope
from nostro.ops import sealing
from nostro.ops.controls import Control, controls
from nostro.storage import queries
from nostro.workflows import audit_binder, freezing
from tests.workflows.company import FRIDAY, Company, scripted_connector

ROOT = Path(__file__).parents[2]
SINCE, UNTIL = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=1)


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_what_a_control_names_exists(control: Control) -> None:
    for path in (*control.enforced, *control.tests):
        assert (ROOT / path).is_file(), f"{control.id} names {path}, which is not there"
    for path in control.tests:
        assert "def test_" in (ROOT / path).read_text(), f"{path} tests nothing"
    assert queries.text(f"binder_{control.population}")


def test_control_ids_are_given_once() -> None:
    ids = [control.id for control in controls()]
    assert len(set(ids)) == len(ids)


@pytest.fixture(scope="module")
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        made = Company()
        Company().ask(Company().request("OTHER"))  # Others', which must not be in it.
        made.ask(made.request("A1"), made.request("=cmd()", 200_00))
        made.approve(made.ask(made.request("A2", 300_00)))
        freezing.freeze(
            made.acting(made.cy), made.cy, FreezeScope.CUSTOMER, made.tenant_id, "=looks wrong"
        )
        sealing.seal_all(made.clock.now())
        yield made


@pytest.fixture(scope="module")
def archive(company: Company) -> zipfile.ZipFile:
    out = io.BytesIO()
    audit_binder.bind(company.job, SINCE, UNTIL, out)
    return zipfile.ZipFile(out)


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def test_each_list_is_what_the_customer_has(archive: zipfile.ZipFile, company: Company) -> None:
    payments = rows(archive, "approvals.csv")
    assert [row["approvals"] for row in payments] == ["0", "0", "2"]
    assert {row["approved_by_its_maker"] for row in payments} == {"false"}
    assert payments[2]["approved_by"].count(";") == 1
    assert {row["name"] for row in rows(archive, "access.csv")} >= {"Ann Approver", "Cy Treasurer"}
    assert [row["scope"] for row in rows(archive, "stops.csv")] == ["customer"]
    counted = {row["control"]: row["count"] for row in rows(archive, "controls.csv")}
    assert counted.keys() == {control.id for control in controls()}
    assert counted["PAY-1"] == "3"


def test_the_totals_add_up_to_the_lists(archive: zipfile.ZipFile) -> None:
    totals = rows(archive, "totals.csv")
    made = [row for row in totals if row["what"].startswith("payments made")]
    assert sum(int(row["count"]) for row in made) == 3
    assert sum(int(row["minor"]) for row in made) == 100_00 + 200_00 + 300_00
    told = {row["what"]: row["count"] for row in totals}
    assert told["events in the log"] == told["events of them that are sealed"]


def test_nothing_in_it_runs_and_no_payee_is_named(archive: zipfile.ZipFile) -> None:
    text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "'=looks wrong" in text
    assert "<script" not in text
    assert "Payee 1" not in text
    assert "FIKT" not in text


def test_every_file_is_named_by_its_digest_and_the_log_has_the_list(
    archive: zipfile.ZipFile, company: Company
) -> None:
    listed = archive.read("SHA256SUMS")
    lines = (line.split("  ") for line in listed.decode().splitlines())
    digests = {name: digest for digest, name in lines}
    assert set(digests) == set(archive.namelist()) - {"SHA256SUMS"}
    for name, digest in digests.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    (made,) = company.events("customer.binder_made")
    assert made["sha256sums"] == hashlib.sha256(listed).hexdigest()
    page = archive.read("index.html").decode()
    assert all(escape(control.title) in page for control in controls())


def test_a_period_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        command.write(str(tmp_path / "x.zip"), UNTIL, SINCE, "")
    assert caught.value.code == "period_empty"
    assert list(tmp_path.iterdir()) == []
