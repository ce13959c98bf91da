"""Matches at the terminal: the same decisions by the same people as in the console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from nostro import app as joined
from nostro.cli import terminal
from nostro.cli.commands import app
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Member, Role
from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests.workflows.company import Company, iban, scripted_connector
from tests.workflows.test_line_deciding import employ, line_of, line_state, proposals_of
from tests.workflows.test_statements import Books, comes, lines, owed, paid, still_open


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    with scripted_connector():
        made = Company()
        monkeypatch.setattr(joined, "start", lambda: made.world)
        yield made


@pytest.fixture
def run(
    company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    def typed(*words: str, by: Member | None = None) -> tuple[int, str]:
        """What `nostro matches WORDS` ends with and prints, typed by this person."""
        status = 0
        if by is not None:
            monkeypatch.setattr(terminal, "person", lambda *_: (company.acting(by), by))
        capsys.readouterr()
        try:
            app(["matches", *words, "--customer", company.code], result_action="return_value")
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, capsys.readouterr().out

    return typed


@pytest.fixture
def clerk(company: Company) -> Member:
    return employ(company, "Rita Reconciler", Role.RECONCILER)


WHO = ("--email", "rita@example.com")


def test_what_waits_is_confirmed_and_undone(company: Company, clerk: Member, run: Any) -> None:
    owed(company, ("RE-2026-101", 500_00), ("RE-2026-202", 700_00))
    comes(company, paid(400_00, "RE-2026-101"), paid(600_00, "RE-2026-202"))
    status, said = run("waiting")
    assert status == 0
    one, other = (proposals_of(company, line_of(company, minor))[0] for minor in (400_00, 600_00))
    assert f"  {one}  " in said
    assert "RE-2026-101 400.00 EUR" in said
    status, said = run("confirm", str(one), str(uuid4()), *WHO, by=clerk)
    assert status == 1  # One of the two was unknown; the other is confirmed all the same.
    assert f"{one} is confirmed" in said
    assert "There is no such proposal" in said
    assert still_open(company) == {"RE-2026-101": 100_00, "RE-2026-202": 700_00}
    _, said = run("list", "--by-person", "--json")
    (match,) = json.loads(said)["items"]
    assert run("list", "--no-by-person")[1] == "No match fits.\n"
    status, said = run("undo", match["id"], "--reason", "not his", *WHO, by=clerk)
    assert (status, line_state(company, line_of(company, 400_00))) == (0, "suggested")
    assert "undone by Rita Reconciler: not his" in run("list")[1]
    run("refuse", str(other), "--reason", "another's", *WHO, by=clerk)
    assert proposals_of(company, line_of(company, 600_00)) == []


def test_pages_of_what_waits_have_each_line_once(company: Company, run: Any) -> None:
    owed(company, *((f"RE-2026-{101 * n}", 500_00 * n) for n in (1, 2, 3)))
    comes(company, *(paid(500_00 * n - 1_00, f"RE-2026-{101 * n}") for n in (1, 2, 3)))
    seen, cursor = [], ""
    for _ in range(3):
        told = json.loads(run("waiting", "--limit", "1", "--cursor", cursor, "--json")[1])
        seen += [one["line"]["amount"] for one in told["items"]]
        cursor = told["next"] or ""
    assert cursor == ""
    assert len({json.dumps(one) for one in seen}) == 3


def test_who_may_not_decide_is_refused(company: Company, run: Any) -> None:
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    comes(company, paid(400_00, "RE-2026-101"))
    (one,) = proposals_of(company, line_of(company, 400_00))
    with pytest.raises(Refused):
        run("confirm", str(one), *WHO, by=company.maker)
    with pytest.raises(Invalid, match="is not the id of a proposal"):
        run("refuse", "first", "--reason", "no", *WHO, by=company.maker)
    assert line_state(company, line_of(company, 400_00)) == "suggested"


@pytest.mark.parametrize(
    ("word", "minor"),
    [("list", 100_00), ("waiting", 50_00)],  # Too little for its payment proves nothing.
)
def test_nothing_confidential_is_shown(company: Company, run: Any, word: str, minor: int) -> None:
    books = Books(company, count=2)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=books.ids[0]).update(confidential=True)
    books.statement(*(books.booking(number, minor=minor + number) for number in (0, 1)))
    assert len(lines(company)) == 2
    (one,) = json.loads(run(word, "--json")[1])["items"]
    assert one.get("line", one)["amount"]["minor"] == -minor - 1
    assert books.keys[0] not in run(word)[1]
