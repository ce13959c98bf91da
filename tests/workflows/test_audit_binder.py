"""The auditor's binder: every control leads to code and tests that exist, and to its cases."""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from pathlib import Path

import pytest
from django.db import transaction

from nostro.cli import binder as command
from nostro.domain.errors import Invalid
from nostro.domain.freeze import FreezeScope
from nostro.ops import sealing
from nostro.ops.controls import Control, controls
from nostro.storage import models, queries
from nostro.storage.tenancy import tenant
from nostro.workflows import audit_binder, freezing
from tests.workflows.company import FRIDAY, Company, scripted_connector
from tests.workflows.test_statements import Books

ROOT = Path(__file__).parents[2]
SINCE, UNTIL = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=1)


def names_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_what_a_control_names_exists(control: Control) -> None:
    for path in control.enforced:
        assert (ROOT / path).is_file(), f"{control.id} names {path}, which is not there"
    assert control.tests
    for one in control.tests:
        path, _, name = one.partition("::")
        assert name in names_in(ROOT / path), f"{control.id} names {one}, which is not there"
    assert queries.text(f"binder_{control.population}")
    assert all(re.fullmatch(r"A\.[5-8]\.\d{1,2}", one) for one in control.iso_27001)
    assert all(re.fullmatch(r"(CC|A|PI|C|P)\d\.\d", one) for one in control.soc_2)


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
        books = Books(made, 2)
        books.statement(books.booking(0))
        made.receive(made.run_file({}, {}))
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
    assert [row["approvals"] for row in payments] == ["0", "0", "2", "2", "2", "0", "0"]
    assert {row["approved_by_its_maker"] for row in payments} == {"false"}
    assert payments[2]["approved_by"].count(";") == 1
    assert {row["name"] for row in rows(archive, "access.csv")} >= {"Ann Approver", "Cy Treasurer"}
    assert [row["scope"] for row in rows(archive, "stops.csv")] == ["customer"]
    counted = {row["control"]: row["count"] for row in rows(archive, "controls.csv")}
    assert counted.keys() == {control.id for control in controls()}
    assert counted["PAY-1"] == "7"


def test_the_totals_add_up_to_the_lists(archive: zipfile.ZipFile) -> None:
    totals = rows(archive, "totals.csv")
    made = [row for row in totals if row["what"].startswith("payments made")]
    assert sum(int(row["count"]) for row in made) == 7
    booked = [row for row in totals if row["what"].startswith("booked lines")]
    assert [row["minor"] for row in booked] == ["-10000"]
    told = {row["what"]: row["count"] for row in totals}
    assert told["events in the log"] == told["events of them that are sealed"]


def test_the_totals_are_what_is_counted_row_by_row(
    archive: zipfile.ZipFile, company: Company
) -> None:
    """Counted another way: each row is loaded, and added up here."""
    found: Counter[tuple[str, str]] = Counter()
    with tenant(company.tenant_id):
        for order in models.Order.objects.filter(created_at__gte=SINCE, created_at__lt=UNTIL):
            found[f"payments made, {order.state}", order.currency] += order.amount_minor
        for attempt in models.Attempt.objects.select_related("order", "submission"):
            if SINCE <= attempt.submission.created_at < UNTIL:
                key = f"payments in files, {attempt.state}", attempt.order.currency
                found[key] += attempt.order.amount_minor
        for line in models.BankTransaction.objects.all():
            if SINCE.date() <= (line.booked or date.min) < UNTIL.date():
                found[f"booked lines, {line.match_state}", line.currency] += line.amount_minor
        happened = [e for e in models.Event.objects.all() if SINCE <= e.occurred_at < UNTIL]
    told = rows(archive, "totals.csv")
    assert {(row["what"], row["currency"]): int(row["minor"]) for row in told if row["minor"]} == (
        dict(found)
    )
    assert len(found) > 4
    (events,) = (int(row["count"]) for row in told if row["what"] == "events in the log")
    assert events == len(happened) - 1, "that it was made is told after it was counted"


def test_two_counts_of_the_same_agree_until_a_row_is_taken_away(
    archive: zipfile.ZipFile, company: Company
) -> None:
    ties = rows(archive, "ties.csv")
    assert all(int(row["said"]) > 0 for row in ties)
    assert [row["difference"] for row in ties] == ["0"] * 3
    with tenant(company.tenant_id), transaction.atomic():
        models.RunLine.objects.order_by("id")[:1].get().delete()
        found = queries.rows("binder_ties", since=SINCE, until=UNTIL)
        assert [row["difference"] for row in found] == [-1, 0, 0]
        transaction.set_rollback(True)


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
