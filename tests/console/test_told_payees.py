"""What payees were told stands on the pages of payment and payee; one has it sent again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from nostro.app import world
from nostro.domain.advice_notice import NoticeKind, NoticeState
from nostro.domain.order import OrderState
from nostro.domain.party import Role
from nostro.domain.policies.advising import AdviceRule, AdviceRules, AdviceWay
from nostro.storage import advice_notices, models, parties, policies
from nostro.storage.advice_notices import NoticeRow
from nostro.storage.tenancy import tenant
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import MONDAY, Vesterholt
from tests.console.test_actions import colleague, entered, text_of

ADDRESS = "remittances.department@payee-with-a-long-name.example"


class Told:
    """A paid payment whose payee was told once, and once more in vain."""

    def __init__(self, seeded: Vesterholt) -> None:
        new, now = world().ids.new, world().clock.now()
        with tenant(seeded.tenant_id):
            order = models.Order.objects.filter(state=OrderState.SETTLED.value).order_by("id")[0]
            self.order_id, self.number = order.id, order.number
            found = parties.payee_named(order.payee_number)
            assert found
            self.payee_id, post = found[0], new()
            parties.create_connection(
                post, "post", "smtp", {"host": "mail.example", "sender": "pay@payer.example"}
            )
            sent: dict[str, Any] = {
                "kind": NoticeKind.ADVICE, "entity_id": order.entity_id, "confidential": False,
                "payee_number": order.payee_number, "connection_id": post, "gathers": False,
                "formats": ("pdf", "x12_820"), "executed_on": MONDAY.date(), "created_at": now,
                "rule": "rule Suppliers of version 2", "first_due_at": now, "next_action_at": None,
                "address": ADDRESS, "message_id": "ADV-0123456789ABCDEF0123456789ABCDEF",
            }  # fmt: skip
            rows = [
                NoticeRow(
                    id=new(), state=NoticeState.SENT, round=1, tries=2, doubts=1, told_at=now,
                    said="kept as 4711", **sent,
                ),
                NoticeRow(
                    id=new(), state=NoticeState.NOT_SENT, round=2, tries=1, reason="It never came.",
                    asked_by_name="Mia Maker", said="550 no such person", **sent,
                ),
            ]  # fmt: skip
            for row in rows:
                advice_notices.add([row], {row.id: [self.order_id]}, new)
            rules = AdviceRules(
                rules=(AdviceRule(name="All", way=AdviceWay.MAIL, connection_id=str(post)),)
            )
            policies.add(new(), rules, valid_from=now, changed_by="Ada and Ben", reason="asked")


@pytest.fixture(scope="module")
def told(seeded: Vesterholt) -> Told:
    return Told(seeded)


@pytest.fixture(scope="module")
def maker(seeded: Vesterholt) -> Client:
    return colleague(seeded, [Role.MAKER], "Mia Maker")


def test_what_was_sent_when_to_whom_and_how_it_stands(told: Told, maker: Client) -> None:
    for page in (f"/payments/{told.order_id}/", f"/payees/{told.payee_id}/"):
        said = text_of(maker.get(page))
        for word in (
            *("Told to the payee", ADDRESS, "post", "Not sent", "550 no such person", "pdf"),
            *("tried 2 times", "It never came.", "Rule Suppliers of version 2"),
        ):
            assert word in said, (page, word)


def test_sent_again_with_a_reason_by_who_works_on_cases(
    seeded: Vesterholt, told: Told, maker: Client
) -> None:
    address = f"/payments/{told.order_id}/remittance-advice/"
    auditor = colleague(seeded, [Role.AUDITOR], "Audrey Auditor")
    assert "Send again" not in text_of(auditor.get(f"/payments/{told.order_id}/"))
    assert "may not" in text_of(auditor.post(address, {"reason": "I say so"}, follow=True))
    assert maker.get(address).status_code == 405
    first = entered(seeded.email(seeded.first.name), seeded.password)
    assert "reason" in text_of(first.post(address, {"reason": " "}, follow=True)).lower()
    done = text_of(maker.post(address, {"reason": "He moved."}, follow=True))
    assert "The payee is told now." in done
    assert "He moved." in done
    assert "on its way" in text_of(maker.post(address, {"reason": "Now!"}, follow=True))


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS, ids=lambda one: one.name)
def test_read_in_every_look(
    chromium: Browser, address: str, seeded: Vesterholt, told: Told, look: Look
) -> None:
    state = session(chromium, address, seeded.email(seeded.first.name), seeded.password)
    pages = {"payment": f"payments/{told.order_id}/", "payee": f"payees/{told.payee_id}/"}
    for name, page in pages.items():
        with look_at(chromium, look, state) as seen:
            seen.page.goto(f"{address}/{page}")
            seen.page.get_by_role("heading", name="Told to the payee").wait_for()
            picture(seen.page, f"told-{name}-{look.name}")
            assert faults(seen) == []
