"""Calendars for programs: clearings, cut-offs by account, banks' own terms, a payment's plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from nostro.app import world
from nostro.domain.event import Actor
from nostro.storage import parties
from nostro.storage.tenancy import tenant
from nostro.workflows import bank_calendars
from nostro.workflows.bank_calendars import WantedCalendar
from nostro.workflows.context import Acting
from tests import seed
from tests.api import door


@pytest.fixture(scope="module")
def here(database: str) -> seed.Seeded:
    made = seed.customer("CALENDAR", payments=3, iban=seed.IBANS[1])
    with tenant(made.tenant_id):
        bank = parties.connections()[0].name
    actor = Actor(kind="system", id="terminal", name="operator")
    acting = Acting(tenant_id=made.tenant_id, actor=actor, world=world())
    for until in ("14:00", "15:00"):
        wanted = WantedCalendar(
            connection=bank, cut_offs=(f"{until} Europe/Berlin EUR",), opens="08:00",
            takes_ahead_days=15, closed_days=("2099-12-24 Christmas Eve",),
        )  # fmt: skip
        bank_calendars.change(acting, wanted, f"contract until {until}")
    return made


@pytest.fixture(scope="module")
def token(here: seed.Seeded) -> str:
    return door.key(here)


def every(token: str, path: str, limit: int) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = door.get(token, f"{path}?limit={limit}&cursor={cursor}").json()
        found += page["items"]
        cursor = page["next"]
        if not cursor:
            return found


def test_clearings_by_currency_page_by_page(token: str) -> None:
    rows = every(token, "/v1/calendars", 3)
    whole = door.get(token, "/v1/calendars").json()["items"]
    assert [row["name"] for row in rows] == [row["name"] for row in whole] != []
    by_name = {row["name"]: row for row in rows}
    assert by_name["sepa_instant"]["closed"] == []
    fedwire = by_name["fedwire"]
    assert fedwire["calendar"] == "federal_reserve"
    assert fedwire["rails"] == ["cross_border_transfer", "fedwire"]
    assert fedwire["cut_off"] == {
        "at": "18:45:00", "time_zone": "America/New_York", "days_before": 0,
    }  # fmt: skip
    assert all(one["reason"] for one in fedwire["closed"])
    assert len(fedwire["closed"]) == 3
    dollars = door.get(token, "/v1/calendars?currency=USD").json()["items"]
    assert {row["name"] for row in dollars} == {"fedwire", "fed_ach", "rtp", "fednow"}


def test_until_when_the_bank_takes_payments(here: seed.Seeded, token: str) -> None:
    rows = every(token, "/v1/calendars/cut-offs", 1)
    assert [row["rail"] for row in rows] == ["cross_border_transfer", "sepa_credit_transfer"]
    for row in rows:
        assert (row["is_reference"], row["calendar_version"], row["takes_ahead_days"]) == (
            *(False, 2, 15),
        )
        last, local = datetime.fromisoformat(row["last"]), datetime.fromisoformat(row["last_local"])
        assert last == local
        assert f"{local:%H:%M}" == "15:00"
        assert datetime.fromisoformat(row["as_of"]) <= last
        assert f"{local:%Y-%m-%d}" == row["day"]
    own = door.get(token, f"/v1/calendars/cut-offs?account={rows[0]['account_id']}").json()
    assert len(own["items"]) == 2
    nobody = "00000000-0000-7000-8000-000000000000"
    assert door.get(token, f"/v1/calendars/cut-offs?account={nobody}").json()["items"] == []


def test_every_version_of_a_banks_calendar(token: str) -> None:
    first, second = every(token, "/v1/calendars/banks", 1)
    assert (first["version"], first["in_force"]) == (1, False)
    assert (second["version"], second["in_force"]) == (2, True)
    assert (second["changed_by"], second["reason"]) == ("operator", "contract until 15:00")
    assert second["terms"]["cut_offs"] == ["15:00 Europe/Berlin EUR"]
    assert second["terms"]["closed_days"] == ["2099-12-24 Christmas Eve"]


def test_a_payment_tells_when_it_leaves(here: seed.Seeded, token: str) -> None:
    told = door.get(token, f"/v1/payments/{here.order_ids[0]}").json()
    assert told["plan"]["cut_off"]["at"] == "15:00:00"
    assert told["plan"]["is_reference"] is False
    assert datetime.fromisoformat(told["plan"]["leaves_at"]) <= datetime.fromisoformat(
        told["plan"]["last"]
    )


@pytest.mark.parametrize("path", ["/v1/calendars", "/v1/calendars/cut-offs", "/v1/calendars/banks"])
def test_a_page_has_its_limits(token: str, path: str) -> None:
    assert door.get(token, f"{path}?limit=0").json()["code"] == "limit_out_of_range"
    assert door.get(token, f"{path}?cursor=x").json()["code"] == "cursor_unknown"
