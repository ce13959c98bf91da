"""Payments on the terminal: found, followed, held, recalled; the letter to the bank."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nostro import app as joined
from nostro.cli import failures, terminal
from nostro.cli.commands import app
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.storage import approvals, callbacks
from nostro.storage.tenancy import tenant
from tests.workflows.company import Company, scripted_connector


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """A company whose database this process has already reached, at the company's time."""
    with scripted_connector():
        made = Company()
        monkeypatch.setattr(joined, "start", lambda: made.world)
        yield made


@pytest.fixture
def run(company: Company, capsys: pytest.CaptureFixture[str]) -> Any:
    def typed(*words: str) -> tuple[int, str]:
        """What `nostro payments WORDS` ends with and prints."""
        capsys.readouterr()
        status = 0
        try:
            app(["payments", *words, "--customer", company.code], result_action="return_value")
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, capsys.readouterr().out

    return typed


def number_of(company: Company, order_id: UUID) -> str:
    return company.orders([order_id])[0].number


def test_payments_in_a_table_and_as_a_page(company: Company, run: Any) -> None:
    company.ask(company.request("A1"), company.request("A2", payee="V2"))
    status, table = run("list")
    assert status == 0
    assert "PAY-00001" in table
    assert "awaiting approval" in table
    assert "2 payments." in table
    _, text = run("list", "--payee", "V2", "--json")
    page = json.loads(text)
    assert [row["source_reference"] for row in page["items"]] == ["A2"]
    assert page["items"][0]["amount"] == {"value": "100.00", "currency": "EUR"}
    _, first = run("list", "--sort", "created", "--limit", "1", "--json")
    cursor = json.loads(first)["next"]
    _, rest = run("list", "--sort", "created", "--cursor", cursor, "--json")
    assert [row["source_reference"] for row in json.loads(rest)["items"]] == ["A2"]


def test_a_page_says_that_there_is_more(company: Company, run: Any) -> None:
    company.ask(company.request("A1"), company.request("A2"))
    assert "There are more" in run("list", "--limit", "1")[1]
    assert "There are more" not in run("list", "--limit", "2")[1]


def test_where_a_payment_is(company: Company, run: Any) -> None:
    submission_id, (order_id,) = company.send()
    status, text = run("show", number_of(company, order_id))
    assert status == 0
    assert "[in flight]" in text
    assert "The bank has the file and has not answered." in text
    sent = company.bank.received[0]
    assert sent.message_id in text
    row = company.submission(submission_id)
    assert f"file     {row.file_name}" in text
    assert "order.approval_given" in text
    _, told = run("show", str(order_id), "--json")
    found = json.loads(told)
    assert found["payment"]["id"] == str(order_id)
    assert found["place"]["next"]
    (kept,) = found["files"][str(submission_id)]
    assert kept["digest"] in text


def test_held_until_a_person_looks(company: Company, run: Any) -> None:
    (order_id,) = company.pay()
    number = number_of(company, order_id)
    status, text = run("hold", number, "--reason", "invoice disputed")
    assert (status, text) == (0, f"Held: {number}. A person releases or denies it.\n")
    assert company.states([order_id]) == ["held"]
    assert "invoice disputed" in run("show", number)[1]


def test_taken_back_as_far_as_each_has_got(company: Company, run: Any) -> None:
    _, (gone,) = company.send()
    (free,) = company.ask(company.request("F"))
    names = [number_of(company, one) for one in (gone, free)]
    wish = ("--reason", "dupl", "--text", "sent twice")
    status, text = run("recall", *names, *wish, "--json")
    assert status == 0
    assert [row["outcome"] for row in json.loads(text)] == ["recalled", "cancelled"]
    status, text = run("recall", *names, *wish)
    assert status == 1, "neither is possible twice"
    assert text.count("not taken") == 2


def test_the_letter_to_the_bank(company: Company, run: Any, tmp_path: Path) -> None:
    submission_id, _ = company.send(2)
    path = tmp_path / "letter.pdf"
    status, _ = run("letter", company.submission(submission_id).message_id, "-o", str(path))
    assert status == 0
    assert path.read_bytes().startswith(b"%PDF-")
    again = tmp_path / "again.pdf"
    run("letter", str(submission_id), "--out", str(again))
    assert again.read_bytes() == path.read_bytes(), "the same letter at the same time"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "PAY-99999"), "payment_unknown"),
        (("hold", "--reason", "x"), "payment_missing"),
        (("hold", "PAY-99999", "--reason", "x"), "payment_unknown"),
        (("recall", "PAY-1", "--reason", "NO", "--text", "x"), "recall_reason_unknown"),
        (("list", "--requested-from", "tomorrow"), "day_invalid"),
        (("list", "--limit", "0"), "limit_out_of_range"),
        (("letter", "nothing", "-o", "letter.pdf"), "submission_unknown"),
        (("letter", "nothing", "-o", "/no/such/folder/x.pdf"), "folder_missing"),
    ],
)
def test_what_cannot_be_done_is_said(run: Any, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(NostroError) as caught:
        run(*words)
    assert caught.value.code == code
    assert caught.value.can_do
    assert failures.exit_code(caught.value) == 2


def test_several_customers_need_a_name(company: Company) -> None:
    Company()
    with pytest.raises(Invalid) as caught:
        app(["payments", "list"], result_action="return_value")
    assert caught.value.code == "customer_not_chosen"
    assert company.code in caught.value.can_do


def test_the_address_of_a_connection_is_shown_once(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["keys", "callback", "--customer", company.code, "--connection"]
    app([*words, "Bank"], result_action="return_value")
    first = capsys.readouterr().out.splitlines()[0].removeprefix("/v1/callbacks/")
    found = callbacks.called(first)
    assert found is not None
    assert (found.tenant_id, found.connection_id) == (company.tenant_id, company.bank_id)
    with tenant(company.tenant_id):
        second = callbacks.open_door("Bank")
    assert callbacks.called(first) is None, "the old address is closed"
    assert callbacks.called(second) == found
    with pytest.raises(Refused) as caught:
        app([*words, "None"], result_action="return_value")
    assert caught.value.code == "connection_unknown"


def test_nothing_is_approved_that_the_person_has_not_seen(
    company: Company, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal to say yes at, the digest of what was shown stands for it."""
    monkeypatch.setattr(terminal, "person", lambda *_: (company.acting(company.ann), company.ann))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ids = company.ask(company.request("A1"))
    who = ("--as", "ann@example.com")
    shown = run("approve", *who)[1]
    digest = shown.partition("--digest ")[2].split()[0]
    assert "Nothing was approved." in shown
    late = company.ask(company.request("A2"))
    with pytest.raises(Refused) as caught:
        run("approve", *who, "--digest", digest)
    assert caught.value.code == "selection_changed"
    status, done = run("approve", number_of(company, ids[0]), *who, "--digest", digest)
    assert (status, "has approved 1 payment," in done) == (0, True)
    with tenant(company.tenant_id):
        assert [bool(by) for by in approvals.given([*ids, *late]).values()].count(True) == 1
