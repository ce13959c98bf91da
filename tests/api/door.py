"""What tests of /v1 share: callers with keys, tokens and sessions, and requests to send."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from nostro.app import world
from nostro.domain.party import PayeeAccount, Role
from nostro.storage import keys, parties, people
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import secret_canaries, seed

PASSWORD = secret_canaries.register("password of a person", "a rather long sentence")
READS = (
    *(Scope.PAYMENTS_READ, Scope.STATEMENTS_READ, Scope.ACCOUNTS_READ, Scope.EVENTS_READ),
    *(Scope.SUBMISSIONS_READ, Scope.CASES_READ, Scope.STOPS_READ, Scope.ACCESS_READ),
    *(Scope.PAYEES_READ, Scope.OPEN_ITEMS_READ),
)
PROGRAM = (*READS, Scope.PAYMENTS_WRITE)
_PERSONS = (Scope.PAYMENTS_APPROVE, Scope.ACCESS_ASK)
EVERYTHING = tuple(scope for scope in Scope if scope not in _PERSONS)


def new() -> UUID:
    return world().ids.new()


def browser(**options: Any) -> Client:
    return Client(SERVER_NAME="localhost", **options)


def key(
    seeded: seed.Seeded,
    scopes: Iterable[Scope] = PROGRAM,
    person_id: UUID | None = None,
    days: int = 1,
) -> str:
    """The token of a fresh key."""
    now = world().clock.now()
    with tenant(seeded.tenant_id):
        _, token = keys.issue(
            new(), name="erp", scopes=scopes, now=now, person_id=person_id,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
    return secret_canaries.register("token of an API key", token)


def person(seeded: Iterable[seed.Seeded], roles: Iterable[Role], name: str = "Ada") -> UUID:
    person_id = new()
    people.create_person(
        person_id, email=f"{person_id}@example.com", name=name, password=PASSWORD,
        now=world().clock.now(),
    )  # fmt: skip
    for one in seeded:
        with tenant(one.tenant_id):
            people.grant(new(), person_id, roles)
    return person_id


def signed_in(person_id: UUID) -> Client:
    """A browser's session of this person, CSRF checked as in earnest."""
    client = browser(enforce_csrf_checks=True)
    assert client.login(email=f"{person_id}@example.com", password=PASSWORD)
    return client


def call(token: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One request with a key; `body` is sent as JSON unless it is bytes."""
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    return browser().generic(
        method,
        path,
        body if isinstance(body, bytes) else json.dumps(body) if body is not None else "",
        "application/json",
        headers={**sent, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def get(token: str, path: str) -> Any:
    return call(token, "GET", path)


def post(token: str, path: str, body: Any, idempotency_key: str = "") -> Any:
    return call(token, "POST", path, body, Idempotency_Key=idempotency_key or str(uuid4()))


def payee(seeded: seed.Seeded, number: str = "V-1") -> None:
    """A payee whose account is known, so that payments to it are not held."""
    payee_id = new()
    with tenant(seeded.tenant_id):
        parties.add_payee(payee_id, number, "Known B.V.")
        parties.add_payee_account(
            PayeeAccount(
                id=str(new()),
                payee_id=str(payee_id),
                payee_number=number,
                payee_name="Known B.V.",
                version=1,
                iban=seed.IBANS[1],
                bic="",
                valid_from=seed.NOW,
                changed_by="seed",
                confirmed=True,
            )
        )


def payment(seeded: seed.Seeded, own: str = "", **changes: Any) -> dict[str, Any]:
    """The body of one payment that is taken."""
    reference = own or str(uuid4())
    whole: dict[str, Any] = {
        "reference": reference,
        "entity": f"E-{seeded.code}",
        "amount": {"value": "12.30", "currency": "EUR"},
        "payee": {
            "number": "V-1",
            "name": "Known B.V.",
            "address": {"town": "Utrecht", "country": "NL"},
            "iban": seed.IBANS[1],
        },
        "requested_date": "2026-12-01",
        "invoices": [f"I-{reference}"],
    }
    return whole | changes


def check(seeded: seed.Seeded, number: str = "1001") -> dict[str, Any]:
    """One issued check."""
    amount = {"value": "12.50", "currency": "EUR"}
    told = {"number": number, "amount": amount, "payee": ["Paper Mill"], "issued_on": "2026-11-20"}
    return {"account": str(seeded.account_id), "checks": [told]}


def netting(path: str, seeded: seed.Seeded) -> dict[str, Any]:
    """A body for credit notes, and for what may be said of netting them."""
    digest, reason = {"digest": "0" * 64}, {"reason": "another way"}
    if path.endswith("credit-notes"):
        return {"credit_notes": [credit_note(seeded)]}
    if path.endswith("propose"):
        return digest
    if path.endswith("send"):
        return {"told_to": "Ms Lind"}
    return {**digest, **reason} if "payees" in path else reason


def credit_note(seeded: seed.Seeded, reference: str = "CN-1", **more: Any) -> dict[str, Any]:
    return {
        "reference": reference, "entity": f"E-{seeded.code}", "payee_number": "P-1",
        "amount": {"value": "5.00", "currency": "EUR"}, "document": "CN 77", **more,
    }  # fmt: skip


def body_for(path: str, seeded: seed.Seeded) -> dict[str, Any]:
    """A body that this operation takes, so that its answer is about who asks and for what."""
    text = {"text": "seen"}
    bodies: dict[str, dict[str, Any]] = {
        "approve": {"digest": "0" * 64},
        "hold": {"reason": "wait"},
        "send": {"reason": "it never came"},
        "reissue": {"reason": "again"},
        "reread": {"reason": "mended"},
        "edit": {"reason": "a slip", "remittance": "Invoice 9"},
        "due": {"due_at": "2026-12-01T12:00:00Z", "reason": "later"},
        "change-requests": {
            "kind": "membership",
            "wanted": {"person": "nobody@example.com", "grants": []},
            "reason": "new work",
        },
        "dry-run": {"kind": "approval_rules", "wanted": {"needed": 3}},
        "stops": {"scope": "customer", "reason": "alarm"},
        "webhooks": {"url": "https://erp.example/nostro"},
        "disable": {"reason": "old"},
        "replay": {"from_position": 1},
        "accept": {"iban": seed.IBANS[1], "reason": "rang the payee"},
        "checks": check(seeded),
        "open-items": {"entity": f"E-{seeded.code}", "items": []},
        "customers": {"entity": f"E-{seeded.code}", "customers": []},
        "allocate": {"note": "by hand"},
        "saved-filters": {"name": "Mine", "filters": {"state": "held"}},
    }
    word = path.rpartition("/")[2]
    if "nettings" in path or "credit-notes" in path:
        return netting(path, seeded)
    if word in ("void", "stop"):
        return {"reason": "lost"}
    if word == "decision":
        return {"decision": "return", "reason": "altered"}
    if "proposals" in path or word == "undo":
        named = {"proposals": [str(new())]}
        return {"reason": "wrong"} if "{" in path and word != "confirm" else named
    if word == "cancel":
        return text if "{" in path else {**text, "payments": [str(seeded.order_ids[1])]}
    if word in ("note", "resolve", "reopen", "refuse", "agree", "withdraw", "revoke"):
        return text
    return bodies.get(word) or payment(seeded)


def is_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The response is a whole problem document with this status and code; returns it."""
    told: dict[str, Any] = json.loads(response.content)
    assert (response.status_code, told["code"]) == (status, code), told
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert told["status"] == status
    assert told["type"] == f"urn:nostro:problem:{code}"
    assert all(told[name] for name in ("title", "detail", "happened", "did", "instance"))
    assert "Traceback" not in response.content.decode()
    return told
