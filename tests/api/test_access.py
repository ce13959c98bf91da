"""Access through /v1: a review for programs, asking by a token, deciding only when present."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from nostro.app import world
from nostro.connectors.openid import Provider
from nostro.domain.event import Actor
from nostro.domain.party import Grant, Role
from nostro.storage import change_requests, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import changes, single_sign_on
from nostro.workflows.context import Acting
from tests import secret_canaries, seed
from tests.api import door
from tests.workflows.sign_in_service import sign_in_service


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("ACCESS", payments=0)


@pytest.fixture(scope="module")
def who(here: seed.Seeded) -> dict[str, UUID]:
    """Two who look after access, one who approves."""
    return {
        "ada": door.person([here], [Role.ADMINISTRATOR], "Ada"),
        "ben": door.person([here], [Role.ADMINISTRATOR], "Ben"),
        "cy": door.person([here], [Role.APPROVER], "Cy"),
    }


def wish(person_id: UUID, *roles: str) -> dict[str, Any]:
    grants = [{"role": role} for role in roles]
    wanted = {"person": f"{person_id}@example.com", "grants": grants}
    return {"kind": "membership", "wanted": wanted, "reason": "new work"}


def in_session(client: Client, path: str, body: Any) -> Any:
    client.get("/")
    return client.post(
        path,
        json.dumps(body),
        "application/json",
        headers={"X-CSRFToken": client.cookies["csrftoken"].value, "Idempotency-Key": str(uuid4())},
    )


def test_a_token_asks_and_only_a_session_agrees(here: seed.Seeded, who: dict[str, UUID]) -> None:
    asking = door.key(here, [Scope.ACCESS_ASK, Scope.ACCESS_READ], person_id=who["ada"])
    other = door.key(here, [Scope.ACCESS_ASK], person_id=who["ben"])
    made = door.post(asking, "/v1/change-requests", wish(who["cy"], "approver", "reconciler"))
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["asked_by"], told["needed"]) == ("asked", "Ada", 1)
    assert told["before"]["may"] == ["approver"]
    address = f"/v1/change-requests/{told['id']}"
    door.is_problem(door.post(other, f"{address}/agree", {"text": "ok"}), 403, "presence_needed")
    ben = door.signed_in(who["ben"])
    agreed = in_session(ben, f"{address}/agree", {"text": "seen"})
    assert agreed.status_code == 200, agreed.content
    assert agreed.json()["state"] == "applied"
    assert [one["person"] for one in agreed.json()["agreements"]] == ["Ben"]
    found = people.member(here.tenant_id, who["cy"])
    assert found.roles == {Role.APPROVER, Role.RECONCILER}
    listed = door.get(asking, "/v1/change-requests?state=applied").json()["items"]
    assert [one["id"] for one in listed] == [told["id"]]
    assert door.get(asking, address).json()["ended_by"] == "Ben"


def test_one_takes_back_his_own_by_token(here: seed.Seeded, who: dict[str, UUID]) -> None:
    asking = door.key(here, [Scope.ACCESS_ASK], person_id=who["ada"])
    told = door.post(asking, "/v1/change-requests", wish(who["cy"], "approver", "auditor")).json()
    address = f"/v1/change-requests/{told['id']}/withdraw"
    assert door.post(asking, address, {"text": "typed wrongly"}).json()["state"] == "withdrawn"
    door.is_problem(door.post(asking, address, {"text": "again"}), 409, "move_not_allowed")


def test_refusals_are_whole_problems(here: seed.Seeded, who: dict[str, UUID]) -> None:
    asking = door.key(here, [Scope.ACCESS_ASK], person_id=who["ada"])
    cy = door.key(here, [Scope.ACCESS_ASK], person_id=who["cy"])
    path = "/v1/change-requests"
    door.is_problem(door.post(cy, path, wish(who["ben"], "auditor")), 403, "not_yours_to_ask")
    lock_out = door.is_problem(
        door.post(asking, path, wish(who["ada"], "auditor")), 409, "too_few_left"
    )
    assert "Only one person" in lock_out["happened"]
    assert lock_out["can_do"] == "First let another person be an administrator for good."
    bad = {**wish(who["cy"]), "kind": "nonsense"}
    told = door.is_problem(door.post(asking, path, bad), 422, "change_kind_unknown")
    assert all(name in told["can_do"] for name in changes.find())


def test_the_review_is_for_programs_too(here: seed.Seeded, who: dict[str, UUID]) -> None:
    program = door.key(here, [Scope.ACCESS_READ])
    both = door.person([here], [Role.MAKER, Role.APPROVER], "Bo Both")
    found = {one["name"]: one for one in door.get(program, "/v1/people").json()["items"]}
    assert found["Bo Both"]["may"] == ["approver", "maker"]
    review = door.get(program, "/v1/duties/conflicts").json()
    clashes = {(one["one"], one["other"]) for one in review["conflicts"]
               if one["person_id"] == str(both)}  # fmt: skip
    assert ("make_payments", "approve_payments") in clashes
    duties = {
        row["role"]: row["actions"] for row in door.get(program, "/v1/duties").json()["items"]
    }
    assert duties["auditor"] == ["read", "read_log", "take_evidence"]
    keys = door.get(program, "/v1/keys").json()["items"]
    assert {"erp"} == {row["name"] for row in keys}
    assert "secret" not in json.dumps(keys)


def test_a_key_is_ended_by_who_is_in_charge(here: seed.Seeded, who: dict[str, UUID]) -> None:
    asking = door.key(here, [Scope.ACCESS_ASK, Scope.ACCESS_READ], person_id=who["ada"])
    program = door.key(here, [Scope.ACCESS_READ])
    newest = door.get(program, "/v1/keys").json()["items"][0]
    cy = door.key(here, [Scope.ACCESS_ASK], person_id=who["cy"])
    address = f"/v1/keys/{newest['id']}/revoke"
    door.is_problem(door.post(cy, address, {"text": "x"}), 409, "not_your_key")
    assert door.post(asking, address, {"text": "left"}).json()["revoked_at"]
    door.is_problem(door.get(program, "/v1/keys"), 401, "key_revoked")


def test_a_token_carries_nothing_that_is_held_for_a_time(
    here: seed.Seeded, who: dict[str, UUID]
) -> None:
    until = world().clock.now() + timedelta(hours=1)
    with tenant(here.tenant_id):
        people.grant_reaching(
            door.new(), who["cy"], [Grant(role=Role.ADMINISTRATOR, until=until, break_glass="x")]
        )
    token = door.key(here, [Scope.ACCESS_READ], person_id=who["cy"])
    door.is_problem(door.get(token, "/v1/people"), 403, "scope_missing")


def test_single_sign_on_is_reviewed_and_tried_by_who_looks_after_access(
    here: seed.Seeded, who: dict[str, UUID]
) -> None:
    program = door.key(here, [Scope.ACCESS_READ])
    ada = door.key(here, [Scope.ACCESS_ASK, Scope.ACCESS_READ], person_id=who["ada"])
    maker = door.person([here], [Role.MAKER], "Mo")
    mo = door.key(here, [Scope.ACCESS_ASK, Scope.ACCESS_READ], person_id=maker)
    assert door.get(program, "/v1/sign-on").json()["connected"] is False
    door.is_problem(door.post(ada, "/v1/sign-on/test", {}), 409, "sign_on_not_set_up")
    wanted = {"issuer": "https://id.example", "client_id": "nostro"}
    asked = {"kind": "sign_on", "wanted": wanted, "reason": "one sign-in"}
    # Its secret would be kept with the request to be answered again: it is given elsewhere.
    door.is_problem(door.post(ada, "/v1/change-requests", asked), 422, "sign_on_incomplete")
    acting = Acting(
        tenant_id=here.tenant_id, actor=Actor(kind="job", id="t", name="the terminal"),
        world=world(),
    )  # fmt: skip
    with sign_in_service() as service:
        secret = secret_canaries.register("client secret", "client secret of the api test")
        service.clients["nostro"] = secret
        provider = Provider(issuer=service.issuer, client_id="nostro", client_secret=secret)
        single_sign_on.connect(acting, provider, group_roles={"books": (Role.RECONCILER,)})
        told = door.get(program, "/v1/sign-on").json()
        assert told["groups"] == [{"group": "books", "roles": ["reconciler"]}]
        assert (told["connected"], told["connected_by"]) == (True, "the terminal")
        tried = door.post(ada, "/v1/sign-on/test", {}).json()["items"]
        assert [one["worked"] for one in tried] == [True, True, True]
    door.is_problem(door.get(mo, "/v1/sign-on"), 403, "access_not_yours")
    door.is_problem(door.post(mo, "/v1/sign-on/test", {}), 403, "not_yours_to_ask")
    newcomers: dict[str, Any] = {"newcomers": False}
    wanted = {"issuer": service.issuer, "client_id": "nostro", **newcomers}
    made = door.post(ada, "/v1/change-requests", {**asked, "wanted": wanted})
    assert made.status_code == 201, made.content
    assert made.json()["after"]["groups"] == []


def test_a_change_is_tried_on_past_payments_by_who_may_read_both(
    here: seed.Seeded, who: dict[str, UUID]
) -> None:
    there = seed.customer("TRIED", payments=3)
    body = {"kind": "approval_rules", "wanted": {"needed": 3}, "since": str(seed.NOW.date())}
    path = "/v1/change-requests/dry-run"
    program = door.key(there, [Scope.ACCESS_READ, Scope.PAYMENTS_READ])
    told = door.post(program, path, body)
    assert told.status_code == 200, told.content
    found = told.json()
    assert (found["looked_at"], found["different"], found["complete"]) == (3, 3, True)
    assert found["as_of"]
    assert found["shown"][0]["after"] == "any 3 who may approve"
    half = door.key(there, [Scope.ACCESS_READ])
    door.is_problem(door.post(half, path, body), 403, "scope_missing")
    wrong = {**body, "wanted": {"needed": 1}}
    door.is_problem(door.post(program, path, wrong), 422, "approvals_out_of_range")
    door.is_problem(
        door.post(
            program, path, {**body, "kind": "membership", "wanted": wish(who["cy"])["wanted"]}
        ),
        409,
        "not_tried_on_payments",
    )
    with tenant(there.tenant_id):
        assert not change_requests.listed(()).rows
