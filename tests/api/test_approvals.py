"""What waits for approval through /v1: for whom, until when, in groups; nobody approves there."""

from __future__ import annotations

from typing import Any

import pytest

from nostro.domain.party import Role
from nostro.storage import models
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    return seed.customer("INBOX", payments=5)


@pytest.fixture(scope="module")
def waiting(here: seed.Seeded) -> list[str]:
    """Three payments that a program handed in wait for people."""
    door.payee(here)
    writer = door.key(here, [Scope.PAYMENTS_WRITE])
    made = [door.post(writer, "/v1/payments", door.payment(here)).json() for _ in range(3)]
    assert {one["state"] for one in made} == {"awaiting_approval"}, made
    return [one["id"] for one in made]


def everything(token: str, query: str = "") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    found: list[dict[str, Any]] = []
    first: dict[str, Any] = {}
    path = f"/v1/approvals?limit=2{query}"
    while path:
        page = door.get(token, path).json()
        first = first or page
        found += page["items"]
        path = f"/v1/approvals?limit=2{query}&cursor={page['next']}" if page["next"] else ""
    return found, first


def test_what_waits_for_whom_and_until_when(here: seed.Seeded, waiting: list[str]) -> None:
    person = door.person([here], [Role.APPROVER])
    approver = door.key(here, [Scope.PAYMENTS_READ], person_id=person)
    program = door.key(here, [Scope.PAYMENTS_READ])
    rows, page = everything(approver)
    assert set(waiting) <= {row["id"] for row in rows}
    one = next(row for row in rows if row["id"] == waiting[0])
    assert one["yours"]
    assert (one["needed"], one["waits_for"]) == (2, "2 more approvals")
    assert "first_payment" in one["unusual"]
    assert one["executed_on"]
    assert one["leaves_at"]
    assert len(one["digest"]) == 64
    assert page["as_of"]
    group = next(row for row in page["groups"] if row["group"] == one["group"])
    inside = [row for row in rows if row["group"] == one["group"]]
    assert (group["count"], group["yours"]) == (len(inside), sum(row["yours"] for row in inside))
    told, _ = everything(program)
    assert len(told) == len(rows)
    assert not any(row["yours"] for row in told), "no program approves"
    only, _ = everything(approver, f"&group={one['group']}")
    assert {row["id"] for row in only} == {row["id"] for row in inside}
    assert everything(approver, "&unusual=false")[0] == []
    door.is_problem(door.get(program, "/v1/approvals?group=nonsense"), 422, "group_unknown")


def test_nothing_confidential_is_counted_for_who_is_not_cleared(
    here: seed.Seeded, waiting: list[str]
) -> None:
    token = door.key(here, [Scope.PAYMENTS_READ])
    rows, page = everything(token)
    with tenant(here.tenant_id):
        models.Order.objects.filter(id=waiting[0]).update(confidential=True)
    fewer, after = everything(token)
    assert len(fewer) == len(rows) - 1

    def count(told: dict[str, Any]) -> int:
        return sum(row["count"] for row in told["groups"])

    assert count(after) == count(page) - 1
    cleared = door.key(here, [Scope.PAYMENTS_READ, Scope.CONFIDENTIAL_READ])
    assert len(everything(cleared)[0]) == len(rows)
