"""Statements by the API: brought once, long ones later, found, read, and taken out byte by byte."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any
from uuid import UUID

import pytest

from nostro.app import world
from nostro.domain.event import Actor
from nostro.domain.party import Role
from nostro.storage import events, models
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import statement_files, statement_intake, statement_portions
from nostro.workflows.context import Acting
from tests import seed
from tests.api import door
from tests.workflows.bank_words import Booking, camt_053

FORM = "multipart/form-data"
SCOPES = (*door.READS, Scope.STATEMENTS_WRITE, Scope.FILES_READ)


@pytest.fixture
def here(database: str) -> seed.Seeded:
    return seed.customer(f"ST{door.new().hex[-6:].upper()}")


@pytest.fixture
def token(here: seed.Seeded) -> str:
    return door.key(here, SCOPES)


def told(amounts: dict[str, int], name: str = "S-900") -> bytes:
    lines = [Booking(minor=minor, text=text, reference=f"R-{text}") for text, minor in
             amounts.items()]  # fmt: skip
    return camt_053(seed.IBANS[0], lines, statement_id=name)


def bring(token: str, content: bytes, key: str = "", name: str = "day.xml") -> Any:
    sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or str(door.new())}
    return door.browser().generic(
        "POST", f"/v1/statements?name={name}", content, "application/octet-stream", headers=sent
    )


def test_a_file_is_taken_in_once_whatever_is_repeated(token: str) -> None:
    content = told({"FIRST": 10_01, "SECOND": -2_02})
    first = bring(token, content, "k-1")
    assert first.status_code == 200, first.content
    assert {name: first.json()[name] for name in ("statements", "lines", "new_lines")} == {
        "statements": 1, "lines": 2, "new_lines": 2,
    }  # fmt: skip
    again = bring(token, content, "k-1")
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    other_key = bring(token, content, "k-2").json()
    assert (other_key["statements"], other_key["came_before"]) == (0, 1)
    reused = bring(token, told({"THIRD": 1_01}, "S-901"), "k-1")
    door.is_problem(reused, 422, "idempotency_key_reused")
    found = door.get(token, "/v1/transactions?q=THIRD").json()["items"]
    assert found == []  # What came under a used key was not taken in.


def test_it_comes_as_the_file_of_a_form_too(token: str) -> None:
    file = io.BytesIO(told({"FORM": 3_03}))
    file.name = "form.xml"
    sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": "f-1"}
    answer = door.browser().post("/v1/statements", {"file": file}, headers=sent)
    assert answer.json()["new_lines"] == 1, answer.content
    none = door.browser().post("/v1/statements", {"text": "x"}, headers=sent)
    door.is_problem(none, 422, "file_missing")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "file_missing"), (b"hello", "unknown_file_type"), (b"PK\x03\x04", "archive_damaged")],
)
def test_what_is_no_statement_is_refused(token: str, content: bytes, code: str) -> None:
    door.is_problem(bring(token, content), 422, code)


def test_an_archive_is_opened_and_one_bad_file_stops_no_other(token: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b.xml", told({"B": 2_02}, "S-B"))
        archive.writestr("readme.txt", "nothing")
        archive.writestr("a.xml", told({"A": 1_01}, "S-A"))
    answer = bring(token, packed.getvalue(), name="month.zip").json()
    assert (answer["format"], answer["statements"], answer["new_lines"]) == ("packed", 2, 2)
    assert [(one["name"], one["code"]) for one in answer["not_taken"]] == [
        ("month.zip:readme.txt", "unknown_file_type")
    ]
    single = bring(token, gzip.compress(told({"C": 3_03}, "S-C")), name="c.xml.gz").json()
    assert single["statements"] == 1


def test_a_bomb_is_refused_and_nothing_of_it_counts(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_intake, "UNPACKED_BYTES_MAX", 100_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", told({"GOOD": 1_01}))
        archive.writestr("b.xml", b" " * 200_000)
    door.is_problem(bring(token, packed.getvalue()), 422, "archive_too_large")
    assert door.get(token, "/v1/transactions?q=GOOD").json()["items"] == []


def test_a_long_file_is_answered_before_it_is_in(
    here: seed.Seeded, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_intake, "LONG_BYTES", 100)
    monkeypatch.setattr(statement_portions, "PORTION", 2)
    answer = bring(token, told({"L1": 1_01, "L2": 2_02, "L3": 3_03}), "long")
    assert answer.status_code == 202, answer.content
    (file_id,) = answer.json()["waiting"]
    address = f"/v1/statement-files/{file_id}"
    before = door.get(token, address).json()
    assert (before["state"], before["lines_stored"]) == ("storing", 0)
    actor = Actor(kind="job", id="statements", name="worker")
    acting = Acting(tenant_id=here.tenant_id, actor=actor, world=world())
    statement_files.go_on(acting, UUID(file_id))
    after = door.get(token, address).json()
    assert (after["state"], after["lines_stored"], after["lines_new"]) == ("done", 3, 3)
    assert bring(token, told({"L1": 1_01, "L2": 2_02, "L3": 3_03})).json()["came_before"] == 1


def test_a_long_file_that_cannot_be_used_is_a_case(
    here: seed.Seeded, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_intake, "LONG_BYTES", 100)
    broken = told({"L1": 1_01}).replace(b">1.01<", b">1.0x<")
    (file_id,) = bring(token, broken).json()["waiting"]
    actor = Actor(kind="job", id="statements", name="worker")
    acting = Acting(tenant_id=here.tenant_id, actor=actor, world=world())
    statement_files.go_on(acting, UUID(file_id))
    assert door.get(token, f"/v1/statement-files/{file_id}").json()["state"] == "refused"
    keys = [one["sentence"] for one in door.get(token, "/v1/cases").json()["items"]]
    assert any("day.xml" in sentence for sentence in keys), keys


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["S3", "S2", "S1"]),
        ("q=s2", ["S2"]),
        ("currency=EUR&amount_from=0.00", ["S3", "S1"]),
        ("currency=EUR&amount_to=-2.02", ["S2"]),
        ("booked_from=2026-11-20&booked_until=2026-11-20", ["S3", "S2", "S1"]),
        ("booked_until=2026-11-01", []),
        ("match_state=matched", []),
        ("match_state=unmatched&currency=EUR&amount_from=3.03&amount_to=3.03", ["S3"]),
    ],
)
def test_entries_are_found(here: seed.Seeded, token: str, query: str, names: list[str]) -> None:
    assert bring(token, told({"S1": 1_01, "S2": -2_02, "S3": 3_03})).status_code == 200
    path = f"/v1/transactions?account={here.account_id}&{query}&limit=2"
    found: list[str] = []
    cursor = ""
    while path:
        page = door.get(token, f"{path}&cursor={cursor}" if cursor else path).json()
        found += [one["bank_reference"].removeprefix("R-") for one in page["items"]]
        cursor = page["next"]
        path = path if cursor else ""
    found = [name for name in found if name.startswith("S")]
    assert sorted(found, reverse=True) == names


def test_amounts_need_a_currency(token: str) -> None:
    answer = door.get(token, "/v1/transactions?amount_from=1.00")
    door.is_problem(answer, 422, "currency_missing")


def test_the_original_bytes_are_taken_out_and_that_is_told(here: seed.Seeded, token: str) -> None:
    content = told({"BYTES": 9_09})
    bring(token, content)
    (line,) = door.get(token, "/v1/transactions?q=BYTES").json()["items"]
    address = f"/v1/statements/{line['statement_id']}"
    assert door.get(token, address).json()["entry_count"] == 1
    assert door.get(token, f"/v1/transactions/{line['id']}").json() == line
    answer = door.get(token, f"{address}/content")
    assert b"".join(answer.streaming_content) == content
    with tenant(here.tenant_id):
        (event,) = models.Event.objects.filter(type="evidence.revealed")
    assert event.data["name"] == "day.xml"
    without = door.key(here, [Scope.STATEMENTS_READ])
    door.is_problem(door.get(without, f"{address}/content"), 403, "scope_missing")


def test_nobody_brings_or_reads_for_another_customer(token: str, here: seed.Seeded) -> None:
    bring(token, told({"MINE": 9_09}))
    (line,) = door.get(token, "/v1/transactions?q=MINE").json()["items"]
    other = door.key(seed.customer(f"OT{door.new().hex[-6:].upper()}"), SCOPES)
    for path in (
        f"/v1/statements/{line['statement_id']}",
        f"/v1/statements/{line['statement_id']}/content",
        f"/v1/transactions/{line['id']}",
        f"/v1/statement-files/{line['id']}",
    ):
        assert door.get(other, path).status_code == 404, path
    assert door.get(other, "/v1/transactions?q=MINE").json()["items"] == []
    events.seal(here.tenant_id, seed.NOW)


def test_a_person_who_may_not_bring_statements(here: seed.Seeded) -> None:
    maker = door.person([here], [Role.MAKER])
    token = door.key(here, tuple(Scope), person_id=maker)
    door.is_problem(bring(token, told({"X": 1_01})), 403, "scope_missing")
