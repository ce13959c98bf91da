"""Holds through /v1: what is held and why, with the other record beside it; nobody lets go here."""

from __future__ import annotations

from typing import Any

import pytest

from nostro.domain.order import OrderState
from nostro.domain.policies.checks import Effect, Finding
from nostro.storage import models, orders
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

TWICE = "duplicate_suspected"


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    """Four payments; three are held, the third of them for two reasons, one hold was left."""
    made = seed.customer("HOLDS", payments=4)
    with tenant(made.tenant_id):
        models.Hold.objects.all().delete()  # Of the seed's own.
        numbers = dict(models.Order.objects.values_list("id", "number"))
        ids = made.order_ids
        found = [
            (ids[0], TWICE, numbers[ids[3]]),
            (ids[1], "held_by_request", ""),
            (ids[2], "held_by_request", ""),
            (ids[2], TWICE, numbers[ids[3]]),
            (ids[3], "held_by_request", ""),
        ]
        for order_id, code, other in found:
            finding = Finding(code=code, effect=Effect.HOLD, sentence="Look.", refers_to=other)
            orders.insert_holds([(door.new(), order_id, finding)], seed.NOW)
        models.Order.objects.filter(id__in=ids[:3]).update(state=OrderState.HELD.value)
        orders.close_holds(ids[3], "Ada", "rang them", seed.NOW)
    return made


def listed(token: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path = f"/v1/holds?limit=2{query}"
    while path:
        page = door.get(token, path).json()
        found += page["items"]
        path = f"/v1/holds?limit=2{query}&cursor={page['next']}" if page["next"] else ""
    return found


def test_every_hold_page_by_page_by_reason_and_payee(here: seed.Seeded) -> None:
    token = door.key(here, [Scope.PAYMENTS_READ])
    everything = listed(token)
    assert [one["code"] for one in everything] == [
        TWICE, "held_by_request", "held_by_request", TWICE,
    ]  # fmt: skip
    assert len(listed(token, f"&code={TWICE}")) == 2
    assert listed(token, "&payee=nobody+like+this") == []
    assert len(listed(token, "&since=2026-11-02T09:00:00Z")) == 4
    assert listed(token, "&since=2026-11-02T09:00:01Z") == []
    (left,) = listed(token, "&open=false")
    assert (left["closed_by"], left["reason"]) == ("Ada", "rang them")


def test_one_hold_has_the_other_record_beside_it(here: seed.Seeded) -> None:
    token = door.key(here, [Scope.PAYMENTS_READ])
    first = listed(token)[0]
    told = door.get(token, f"/v1/holds/{first['id']}").json()
    assert told == first
    assert told["other_payment_id"] == str(here.order_ids[3])
    pairs = {one["field"]: one for one in told["evidence"]}
    assert not pairs["Source"]["same"], "two lines of the source"
    assert pairs["Amount"]["ours"].endswith(told["amount"]["currency"])
    assert door.get(token, f"/v1/holds/{door.new()}").status_code == 404


def test_what_is_confidential_is_not_held_for_who_is_not_cleared(here: seed.Seeded) -> None:
    with tenant(here.tenant_id):
        models.Order.objects.filter(id=here.order_ids[1]).update(confidential=True)
    token = door.key(here, [Scope.PAYMENTS_READ])
    cleared = door.key(here, [Scope.PAYMENTS_READ, Scope.CONFIDENTIAL_READ])
    hidden = str(here.order_ids[1])
    assert hidden not in {one["payment_id"] for one in listed(token)}
    (one,) = [one for one in listed(cleared) if one["payment_id"] == hidden]
    assert door.get(token, f"/v1/holds/{one['id']}").status_code == 404
