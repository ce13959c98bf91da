"""Webhooks through /v1: who may name addresses, what he is shown, and whose they are."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from nostro.app import world
from nostro.connectors.webhook_call import Called, Message, WebhookCaller
from nostro.domain.event import FAMILIES, told_type
from nostro.domain.event_types import OCCUR, occurs
from nostro.domain.operator_evidence import EvidenceState
from nostro.domain.party import Role
from nostro.storage import events
from nostro.storage.keys import Scope
from nostro.workflows import context, webhooks
from nostro.workflows.context import Acting
from tests import secret_canaries, seed
from tests.api import door

ROOT = Path(__file__).parents[2]
URL = "https://erp.example/nostro"


class Listener(WebhookCaller):
    """Takes everything, without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Message] = []

    def call(self, url: str, message: Message, *_: Any) -> Called:
        self.taken.append(message)
        return Called(status=204)


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("HOOK", payments=3)
    events.seal(made.tenant_id, seed.NOW)
    return made


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here, [Scope.WEBHOOKS_MANAGE, Scope.EVENTS_READ])


def tell(here: seed.Seeded) -> list[Message]:
    """What the jobs would do, with a listener in the place of the network."""
    listener = Listener()
    acting = Acting(
        tenant_id=here.tenant_id,
        actor=context.JOB,
        world=msgspec.structs.replace(world(), webhook_caller=listener),
    )
    for endpoint_id in webhooks.attend(acting):
        webhooks.deliver(acting, endpoint_id)
    return listener.taken


def register(token: str, url: str = "", **more: Any) -> dict[str, Any]:
    response = door.call(token, "POST", "/v1/webhooks", {"url": url or f"{URL}/{uuid4()}", **more})
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    secret_canaries.register("secret of a webhook", made["secret"])
    return made


def test_from_naming_an_address_to_a_replay(here: seed.Seeded, token: str) -> None:
    made = register(token, description="the ERP", after_position=0)
    hook, secret = made["webhook"], made["secret"]
    path = f"/v1/webhooks/{hook['id']}"
    assert secret.startswith("whsec_")
    assert (hook["position"], hook["event_types"], hook["disabled_at"]) == (0, [], None)

    told = tell(here)
    log = door.get(token, "/v1/events?limit=200").json()["items"]
    assert [message.sequence for message in told] == [item["position"] for item in log]
    assert [json.loads(message.body) for message in told] == log, "one envelope for both"

    listed = door.get(token, f"{path}/deliveries?state=delivered&limit=2").json()
    assert [item["sequence"] for item in listed["items"]] == [len(log), len(log) - 1]
    assert listed["next"]
    rest = door.get(token, f"{path}/deliveries?cursor={listed['next']}").json()["items"]
    assert len(rest) == len(log) - 2
    assert rest[0]["event_id"] == log[-3]["id"]

    assert door.call(token, "POST", f"{path}/rotate-secret").json()["secret"] != secret
    off = door.call(token, "POST", f"{path}/disable", {"reason": "moved house"})
    assert (off.status_code, off.content) == (204, b"")
    all_of_them = door.get(token, "/v1/webhooks").json()["items"]
    (mine,) = [one for one in all_of_them if one["id"] == hook["id"]]
    assert mine["disabled_because"] == "moved house"
    assert mine["disabled_at"]
    again = door.call(token, "POST", f"{path}/replay", {"from_position": 2})
    assert again.json() == {"deliveries": len(log) - 1}
    assert "whsec" not in door.get(token, "/v1/webhooks").content.decode()


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"url": "https://169.254.169.254/"}, 422, "webhook_address_not_usable", "url"),
        ({"url": "http://erp.example/"}, 422, "webhook_address_not_usable", "url"),
        ({"url": "https://2130706433/"}, 422, "webhook_address_not_usable", "url"),
        ({"url": URL, "event_types": ["x"]}, 422, "webhook_event_type_unknown", "event_types"),
        ({"url": URL, "after_position": 10**12}, 422, "position_unknown", "position"),
        ({"url": URL, "secret": "mine"}, 422, "request_invalid", "secret"),
        ({}, 422, "request_invalid", "url"),
    ],
)
def test_what_cannot_be_named(
    here: seed.Seeded, token: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    response = door.call(token, "POST", "/v1/webhooks", body)
    assert door.is_problem(response, status, code)["field"] == field


def test_a_type_of_no_family_is_refused_with_those_there_are(here: seed.Seeded, token: str) -> None:
    body = {"url": URL, "event_types": ["nostro.nonsense.*"]}
    response = door.call(token, "POST", "/v1/webhooks", body)
    told = door.is_problem(response, 422, "webhook_event_type_unknown")
    assert "nostro.nonsense.*" in told["happened"]
    assert "nostro.order.*, " in told["can_do"]
    assert all(f"nostro.{family}.*" in told["can_do"] for family in FAMILIES)


@pytest.mark.parametrize(
    ("named", "nearest"),
    [
        ("nostro.order.settled", "nostro.order.replaced"),
        ("nostro.order.aproved", "nostro.order.moved"),
        ("nostro.submision.moved", "nostro.submission.moved"),
        ("nostro.order", "nostro.order.*"),
    ],
)
def test_a_type_that_never_occurs_is_refused_with_the_nearest(
    here: seed.Seeded, token: str, named: str, nearest: str
) -> None:
    response = door.call(token, "POST", "/v1/webhooks", {"url": URL, "event_types": [named]})
    told = door.is_problem(response, 422, "webhook_event_type_unknown")
    assert named in told["happened"]
    assert nearest in told["happened"]


def literals(folder: Path) -> set[str]:
    """Every text in our code that may be a type of event."""
    trees = (ast.parse(path.read_text()) for path in folder.rglob("*.py"))
    texts = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {str(one.value) for one in texts if re.fullmatch(r"[a-z_]+\.[a-z_]+", str(one.value))}


def test_the_types_that_can_be_asked_for_are_those_that_we_record() -> None:
    """What is recorded and not listed nobody could ask for; what is listed must occur."""
    made = set()
    for path in (ROOT / "nostro" / "workflows").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("event", "alike"):
                kind = node.args[0]
                if isinstance(kind, ast.Constant):
                    made.add(str(kind.value))
    assert len(made) > 30
    assert [kind for kind in sorted(made) if not occurs(told_type(kind))] == []
    judged = {f"evidence.{state}" for state in EvidenceState}
    said = literals(ROOT / "nostro" / "workflows") | judged
    listed = {f"{family}.{name}" for family, names in OCCUR.items() for name in names}
    assert listed - said == set()
    named = {kind for kind in said if kind.endswith(".jsonl")}  # Members of an evidence pack.
    ours = {kind for kind in said if kind.partition(".")[0] in OCCUR} - judged - named
    assert ours - listed == set()


def test_an_address_twice(here: seed.Seeded, token: str) -> None:
    url = register(token)["webhook"]["url"]
    door.is_problem(
        door.call(token, "POST", "/v1/webhooks", {"url": url}), 409, "webhook_address_taken"
    )


CALLS = (
    ("GET", "deliveries", None),
    ("POST", "disable", {"reason": "x"}),
    ("POST", "rotate-secret", None),
    ("POST", "replay", {"from_position": 1}),
)


@pytest.mark.parametrize(("method", "what", "body"), CALLS)
def test_it_needs_its_own_scope_and_its_own_customer(
    here: seed.Seeded, token: str, method: str, what: str, body: Any
) -> None:
    path = f"/v1/webhooks/{register(token)['webhook']['id']}/{what}"
    reader = door.key(here, [Scope.PAYMENTS_READ])
    door.is_problem(door.call(reader, method, path, body), 403, "scope_missing")
    door.is_problem(door.call(reader, "POST", "/v1/webhooks", {"url": URL}), 403, "scope_missing")
    other = seed.customer(f"O{uuid4().hex[:6]}", payments=1, iban=seed.IBANS[2])
    stranger = door.key(other, [Scope.WEBHOOKS_MANAGE, Scope.EVENTS_READ])
    door.is_problem(door.call(stranger, method, path, body), 404, "not_found")
    assert door.get(stranger, "/v1/webhooks").json() == {"items": [], "next": None}


def test_an_integrator_may_and_a_maker_may_not(here: seed.Seeded) -> None:
    for role, status in ((Role.INTEGRATOR, 200), (Role.MAKER, 403), (Role.TREASURER, 403)):
        session = door.signed_in(door.person([here], [role]))
        assert session.get("/v1/webhooks").status_code == status
