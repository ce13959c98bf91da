"""What is known of a payee's name at his bank: on the page of the payment, and on the payee's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, expect

from nostro.app import world
from nostro.domain.event import Actor
from nostro.domain.name_question import QuestionMove
from nostro.domain.policies.payee_verification import NameAnswer, Verified
from nostro.storage import evidence, models, name_questions, orders, parties, payee_verifications
from nostro.storage.payee_verifications import NewAnswer
from nostro.storage.tenancy import tenant
from nostro.workflows import name_moves
from nostro.workflows.context import Acting
from tests.console.browser import LOOKS, Look, faults, look_at, picture, session
from tests.console.seed import Vesterholt

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def state(chromium: Browser, address: str, seeded: Vesterholt) -> Any:
    return session(chromium, address, seeded.email(seeded.maker.name), seeded.password)


@pytest.fixture(scope="module")
def asked(seeded: Vesterholt) -> dict[str, tuple[UUID, UUID]]:
    """Payments and their payees by where the question about the name is."""
    who = Actor(kind="person", id=seeded.maker.id, name=seeded.maker.name)
    acting = Acting(tenant_id=seeded.tenant_id, actor=who, world=world())
    now = world().clock.now()
    found: dict[str, tuple[UUID, UUID]] = {}
    with tenant(seeded.tenant_id):
        chosen = models.Order.objects.exclude(payee_account_id=None).filter(confidential=False)
        by_payee = {row.payee_number: row.id for row in chosen.order_by("id")}
        ids = sorted(by_payee.values())[:4]
        rows = orders.load(ids)
        account_ids = {row.payee_account_id for row in rows}
        accounts = parties.payee_accounts_by_id(filter(None, account_ids))
        for row, stage in zip(rows, ("waiting", "timed_out", "unknown", "close"), strict=True):
            account_id = row.payee_account_id
            assert account_id
            found[stage] = (row.id, UUID(accounts[account_id].payee_id))
            name_moves.put(acting, [name_moves.wanted_for(row, account_id)])
            (question,) = name_questions.about([account_id])
            if stage == "waiting":
                name_moves.try_again(
                    acting, question, now + timedelta(minutes=2), problem="It was busy."
                )
            elif stage == "close":
                name = row.instruction.creditor_name
                _answer(seeded, account_id, name, now)
                name_moves.move(acting, question, QuestionMove.ANSWER, next_action_at=None)
            else:
                step = QuestionMove.RUN_OUT if stage == "timed_out" else QuestionMove.GIVE_UP
                problem = "The bank could not be reached (<b>timed out</b>)."
                name_moves.move(
                    acting, question, step, tries=5, problem=problem, next_action_at=None
                )
    return found


def _answer(seeded: Vesterholt, account_id: UUID, name: str, now: Any) -> None:
    ids = world().ids
    kept = evidence.keep(
        ids.new(), b'{"result":"RVMC"}', name="v.json", media_type="application/json",
        direction="in", now=now,
    )  # fmt: skip
    one = Verified(
        account_id=str(account_id), name_asked=name, answer=NameAnswer.CLOSE_MATCH,
        name_told="Halvorsen & <b>Sønn</b> A/S", asked_at=now,
    )  # fmt: skip
    connection = parties.connections()[0].id
    new = NewAnswer(
        id=ids.new(), told=one, connection_id=connection, evidence_id=kept, asked_by="nostro"
    )
    payee_verifications.add_all([new])


WORDS = {
    "waiting": ("Being asked", "No payment leaves before the answer"),
    "timed_out": ("Nobody answered", "The bank could not be reached (<b>timed out</b>)."),
    "unknown": ("Not known", "Asked 5\N{NO-BREAK SPACE}times"),
    "close": ("Close match", "told Halvorsen & <b>Sønn</b> A/S"),
}


@pytest.mark.parametrize("look", LOOKS, ids=[look.name for look in LOOKS])
@pytest.mark.parametrize("stage", WORDS)
def test_the_payment_says_what_is_known_of_its_payees_name(
    chromium: Browser, address: str, asked: dict[str, tuple[UUID, UUID]], state: dict[str, Any],
    stage: str, look: Look,
) -> None:  # fmt: skip
    order_id, _ = asked[stage]
    with look_at(chromium, look, state) as seen:
        seen.page.goto(f"{address}/payments/{order_id}/")
        card = seen.page.get_by_role("region", name="Instruction")
        for words in ("Name at his bank", *WORDS[stage]):
            expect(card).to_contain_text(words)
        picture(seen.page, f"payment-name-{stage}-{look.name}")
        assert faults(seen) == []


@pytest.mark.parametrize("look", LOOKS, ids=[look.name for look in LOOKS])
@pytest.mark.parametrize("stage", ["waiting", "timed_out"])
def test_the_payee_says_what_is_asked_about_him(
    chromium: Browser, address: str, asked: dict[str, tuple[UUID, UUID]], state: dict[str, Any],
    stage: str, look: Look,
) -> None:  # fmt: skip
    _, payee_id = asked[stage]
    with look_at(chromium, look, state) as seen:
        seen.page.goto(f"{address}/payees/{payee_id}/")
        card = seen.page.get_by_role("region", name="What his bank says of the name")
        expect(card).to_contain_text(WORDS[stage][0])
        picture(seen.page, f"payee-name-{stage}-{look.name}")
        assert faults(seen) == []
