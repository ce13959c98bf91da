"""Matches by API: proposals confirmed and refused, lines divided, matches undone, each once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from nostro.storage.keys import Scope
from nostro.storage.paging import cursor_of
from nostro.workflows import match_refitting
from nostro.workflows.context import job_for
from tests import seed
from tests.api import door
from tests.api.test_open_items import body as items_body
from tests.api.test_open_items import invoice
from tests.api.test_statements import bring, told

SCOPES = (
    *(Scope.STATEMENTS_READ, Scope.STATEMENTS_WRITE, Scope.MATCHES_WRITE),
    *(Scope.OPEN_ITEMS_READ, Scope.OPEN_ITEMS_WRITE),
)


class Day:
    """A day at a customer of its own: two invoices, and lines that name them or nobody."""

    def __init__(self, lines: dict[str, int]) -> None:
        self.here = seed.customer(f"MT{door.new().hex[-6:].upper()}")
        self.token = door.key(self.here, SCOPES)
        self.reader = door.key(self.here, [Scope.STATEMENTS_READ])
        owed = items_body(self.here, invoice("RE-1001"), invoice("RE-1102", open_amount="70.00"))
        assert self.post("open-items", owed).status_code == 200
        assert bring(self.token, told(lines)).status_code == 200

    def post(self, path: str, body: dict[str, Any], key: str = "") -> Any:
        return door.post(self.token, f"/v1/{path}", body, key or str(uuid4()))

    def get(self, path: str) -> Any:
        return door.get(self.token, f"/v1/{path}").json()

    def line(self, text: str) -> str:
        (found,) = self.get(f"transactions?q={text}")["items"]
        return str(found["id"])

    def proposals(self, line_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"transactions/{line_id}/proposals")["proposals"]
        return found

    def still_open(self) -> dict[str, str]:
        rows = self.get("open-items?settled=true")["items"]
        return {row["document"]: row["open_amount"]["value"] for row in rows}

    def item(self, document: str) -> str:
        (row,) = self.get(f"open-items?settled=true&document={document}")["items"]
        return str(row["id"])


def money(value: str) -> dict[str, str]:
    return {"value": value, "currency": "EUR"}


@pytest.fixture
def day(database: str) -> Day:
    return Day({"RE-1001": 60_00, "thanks": 75_00, "RE-1102": 30_00})


def test_a_proposal_is_confirmed_once_and_undone(day: Day) -> None:
    line_id = day.line("RE-1001")
    (proposal,) = day.proposals(line_id)
    assert (proposal["rank"], proposal["status"]) == (1, "suggest")
    assert proposal["allocations"][0]["settled"] == money("60.00")
    made = day.post(f"proposals/{proposal['id']}/confirm", {}, "one")
    assert made.status_code == 200, made.json()
    match = made.json()
    assert (match["state"], match["by_person"]) == ("matched", True)
    assert [one["document"] for one in match["allocations"]] == ["RE-1001"]
    again = day.post(f"proposals/{proposal['id']}/confirm", {}, "one")
    assert (again.json(), again["Idempotency-Replayed"]) == (match, "true")
    twice = day.post(f"proposals/{proposal['id']}/confirm", {})
    door.is_problem(twice, 409, "line_is_matched")
    assert day.still_open()["RE-1001"] == "40.00"
    assert day.get(f"matches/{match['id']}") == match
    assert [row["id"] for row in day.get("matches?state=matched&by_person=true")["items"]] == [
        match["id"]
    ]
    undone = day.post(f"matches/{match['id']}/undo", {"reason": "another's"})
    assert [one["id"] for one in undone.json()["proposals"]] == [proposal["id"]]
    assert day.still_open()["RE-1001"] == "100.00"
    (row,) = day.get(f"matches?transaction={line_id}")["items"]
    assert (row["state"], row["undo_reason"]) == ("unmatched", "another's")
    again = day.post(f"matches/{match['id']}/undo", {"reason": "another's"})
    door.is_problem(again, 409, "match_undone")


def test_many_are_confirmed_each_with_its_outcome(day: Day) -> None:
    ids = [day.proposals(day.line(text))[0]["id"] for text in ("RE-1001", "RE-1102")]
    body = {"proposals": [*ids, str(uuid4())]}
    done = day.post("proposals/confirm", body, "many").json()
    assert done["confirmed"] == 2
    assert [(one["problem"] or {}).get("code") for one in done["outcomes"]] == [
        None, None, "proposal_unknown",
    ]  # fmt: skip
    assert day.post("proposals/confirm", body, "many").json() == done
    first = day.get("matches?limit=1")
    rest = day.get(f"matches?limit=1&cursor={first['next']}")
    assert {row["id"] for row in (*first["items"], *rest["items"])} == {
        one["match_id"] for one in done["outcomes"] if one["match_id"]
    }
    assert day.get("matches?below_millionths=1")["items"] == []


def test_a_line_is_divided_and_what_does_not_fit_is_told(day: Day) -> None:
    address = f"transactions/{day.line('thanks')}/allocate"
    part = {"open_item_id": day.item("RE-1102"), "settled": money("70.00")}
    short = day.post(address, {"allocations": [part]})
    assert door.is_problem(short, 422, "decision_does_not_add_up")["field"] == "allocations"
    rest = {"kind": "on_account", "amount": money("5.00")}
    nobody = day.post(address, {"allocations": [part], "adjustments": [rest]})
    door.is_problem(nobody, 422, "customer_needed")
    written = {"kind": "write_off", "amount": money("5.00")}
    unsaid = day.post(address, {"allocations": [part], "adjustments": [written]})
    door.is_problem(unsaid, 422, "difference_reason_unknown")
    fine = {"kind": "on_account", "amount": money("5.001")}
    wrong = day.post(address, {"allocations": [part], "adjustments": [fine]})
    assert door.is_problem(wrong, 422, "amount_too_fine")["field"] == "adjustments[0].amount"
    body = {"allocations": [part], "adjustments": [rest | {"customer_number": "K-1"}]}
    made = day.post(address, body | {"note": "he rang"}).json()
    assert made["adjustments"][0]["customer_number"] == "K-1"
    assert made["evidence"] == ["he rang"]
    assert day.still_open()["RE-1102"] == "0.00"


def test_a_refused_proposal_is_gone_for_its_line(day: Day) -> None:
    line_id = day.line("RE-1001")
    (proposal,) = day.proposals(line_id)
    told_no = day.post(f"proposals/{proposal['id']}/refuse", {"reason": "not his"}).json()
    assert told_no == {"transaction_id": line_id, "proposals": []}
    assert day.proposals(line_id) == []
    again = day.post(f"proposals/{proposal['id']}/refuse", {"reason": "not his"})
    door.is_problem(again, 404, "proposal_unknown")
    gone = day.post(f"proposals/{proposal['id']}/confirm", {})
    door.is_problem(gone, 409, "proposal_refused")


def test_a_key_that_only_reads_decides_nothing(day: Day) -> None:
    line_id = day.line("RE-1001")
    (proposal,) = day.proposals(line_id)
    for path, body in (
        (f"proposals/{proposal['id']}/confirm", {}),
        (f"proposals/{proposal['id']}/refuse", {"reason": "no"}),
        ("proposals/confirm", {"proposals": [proposal["id"]]}),
        (f"transactions/{line_id}/allocate", {}),
    ):
        answer = door.post(day.reader, f"/v1/{path}", body, str(uuid4()))
        door.is_problem(answer, 403, "scope_missing")
    for path in (f"matches/{uuid4()}", f"transactions/{uuid4()}/proposals"):
        door.is_problem(door.get(day.token, f"/v1/{path}"), 404, "not_found")


def test_how_sure_the_matcher_is(database: str) -> None:
    day = Day({"RE-1001": 100_00, "RE-1102": 70_00})
    prior = day.get("match-model")
    assert (prior["version"], prior["judged"], prior["calibration"]) == (0, 0, [])
    assert (prior["target_millionths"], prior["fitted_at"]) == (999_000, None)
    for text, deed, body in (
        ("RE-1001", "confirm", {}),
        ("RE-1102", "refuse", {"reason": "another's"}),
    ):
        (found,) = day.proposals(day.line(text))
        assert day.post(f"proposals/{found['id']}/{deed}", body).status_code == 200
    match_refitting.refit(job_for(day.here.tenant_id))
    told = door.get(day.reader, "/v1/match-model").json()
    assert (told["version"], told["judged"], told["right"]) == (1, 2, 1)
    assert sum(step["judged"] for step in told["calibration"]) == 2
    (one,) = day.get("match-model/classes?limit=1")["items"]
    assert (one["judged"], one["right"], one["posts"]) == (2, 1, False)
    assert "the amount is exact" in one["words"]
    after = cursor_of("match_classes", one["evidence_class"])
    assert day.get(f"match-model/classes?cursor={after}") == {"items": [], "next": None}
