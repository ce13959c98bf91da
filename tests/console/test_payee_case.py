"""The case of a payee whose name the bank does not confirm: both names, on the page of the case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from nostro.app import world
from nostro.domain.case import CaseKind
from nostro.domain.event import Actor
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.context import Acting
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def state(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    return session(chromium, address, seeded.email(seeded.maker.name), seeded.password)


def opened(seeded: Vesterholt, told: str, answer: str, look: str) -> UUID:
    """A case about a payment that has left, as the workflow opens it."""
    who = Actor(kind="person", id=seeded.maker.id, name=seeded.maker.name)
    acting = Acting(tenant_id=seeded.tenant_id, actor=who, world=world())
    with tenant(seeded.tenant_id):
        row = payments(Wanted(state="in_flight"), limit=1).rows[0]
        case = case_work.new_case(
            acting,
            CaseKind.PAYEE,
            f"payee/seed/{answer}/{look}",
            f"The bank checked the payee of {row.end_to_end_id}.",
            "Authorise it or cancel it at the bank. Then say here what you did.",
            order_id=row.id,
            details={"name_asked": row.creditor_name, "name_told": told, "answer": answer},
        )
        case_work.open_cases(acting, [case])
    return case.id


@pytest.mark.parametrize("look", LOOKS, ids=[look.name for look in LOOKS])
@pytest.mark.parametrize(
    ("told", "answer", "shown"),
    [("Halvorsen & <b>Sønn</b>", "RVMC", "Close match"), ("", "RVNM", "No match")],
)
def test_both_names_stand_side_by_side(
    chromium: Browser, address: str, seeded: Vesterholt, state: dict[str, Any], told: str,
    answer: str, shown: str, look: Look,
) -> None:  # fmt: skip
    case_id = opened(seeded, told, answer, look.name)
    with look_at(chromium, look, state) as seen:
        seen.page.goto(f"{address}/cases/{case_id}/")
        card = seen.page.get_by_role("region", name="What you can do")
        expect(card).to_contain_text("We pay to")
        expect(card).to_contain_text(told or "The bank told no name")
        expect(card).to_contain_text(f"{shown} {answer}")
        picture(seen.page, f"case-payee-{answer}-{look.name}")
        assert faults(seen) == []
