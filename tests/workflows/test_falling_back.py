"""Payments that surely failed leave once more, by a way that was approved with them; no others."""

from __future__ import annotations

import os
import random
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.attempt import AttemptMove
from nostro.domain.order import OrderState
from nostro.domain.party import Account
from nostro.domain.policies import fallback
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, dispatch, moves
from nostro.workflows.cancelling import Wish
from tests.workflows.company import BANKS, Company, ScriptedBank
from tests.workflows.test_change_requests import admins
from tests.workflows.test_recall_answers import REROUTE
from tests.workflows.test_release import lines
from tests.workflows.test_routing_rules import decide, second, wanted

__all__ = ["admins", "second"]

SOAK = bool(os.environ.get("SOAK"))
IN_FLIGHT, SCHEDULED, REJECTED = OrderState.IN_FLIGHT, OrderState.SCHEDULED, OrderState.REJECTED


@pytest.fixture
def other_bank(company: Company, admins: Any, second: Account) -> ScriptedBank:
    """The second bank, to which every payment may fall back."""
    rule = {"name": "All", "fallback": second.name}
    decide(company, admins, wanted(rule, All="amount 1.00 EUR"))
    return BANKS[f"{company.code}-2"]


def newest(company: Company, order_id: UUID) -> models.Attempt:
    with tenant(company.tenant_id):
        return models.Attempt.objects.filter(order_id=order_id).latest("id")


def say(company: Company, order_id: UUID, word: AttemptMove, reason: str = "") -> None:
    """What a bank, or proof, says of the newest attempt of a payment."""
    attempt = newest(company, order_id)
    with tenant(company.tenant_id):
        moves.move_attempts(company.job, [attempt.id], word, reason=reason, text="says a test")


def leave(company: Company) -> list[UUID]:
    files = company.release()
    for file in files:
        dispatch.attend(company.job, file)
    return files


def test_a_technical_rejection_takes_the_approved_way(
    company: Company, second: Account, other_bank: ScriptedBank
) -> None:
    first_file, (order_id,) = company.send(1)
    (before,) = company.orders([order_id])
    first = newest(company, order_id)
    say(company, order_id, AttemptMove.REJECT, "AB05")
    (row,) = company.orders([order_id])
    assert (row.state, row.route.account_id) == (SCHEDULED, second.id)
    assert row.approvable().digest() == before.approval_digest == row.approval_digest
    (told,) = company.events("order.rerouted")
    assert (told["way_before"], told["way"]) == (
        "DE-EUR by sepa_credit_transfer",
        "Z-EUR by sepa_credit_transfer",
    )
    assert (told["ended"], told["reason"], told["charge_bearer"]) == ("rejected", "AB05", "SLEV")
    assert [kind for kind, _ in company.cases()] == [], "it is still on its way"
    (file,) = leave(company)
    assert len(other_bank.received) == 1
    again = newest(company, order_id)
    assert again.end_to_end_id == first.end_to_end_id
    assert again.uetr != first.uetr
    assert company.submission(file).message_id != company.submission(first_file).message_id
    ((batch, payment),) = lines(company, file)
    assert (batch.own_account.iban, batch.charge_bearer) == (second.iban, "SLEV")
    assert payment.amount == before.instruction.amount
    say(company, order_id, AttemptMove.REJECT, "AB05")
    assert company.states([order_id]) == [REJECTED], "every approved way was tried"
    assert [kind for kind, _ in company.cases()] == ["rejection"]
    assert leave(company) == []


@pytest.mark.parametrize(
    ("word", "reason", "state"),
    [
        (AttemptMove.REJECT, "AC04", REJECTED),  # The payee's account is closed: nobody's fault.
        (AttemptMove.REJECT, "", REJECTED),
        (AttemptMove.CANCEL_STOP, "AB05", OrderState.CANCELLED),
        (AttemptMove.EXECUTE, "", OrderState.EXECUTED),
        (AttemptMove.DOUBT, "AM05", IN_FLIGHT),
        (AttemptMove.RETURN, "AB05", OrderState.RETURNED),
    ],
)
def test_what_takes_no_other_way(
    company: Company, other_bank: ScriptedBank, word: AttemptMove, reason: str, state: OrderState
) -> None:
    _, ids = company.send(1)
    say(company, ids[0], word, reason)
    assert company.states(ids) == [state]
    assert leave(company) == []
    assert other_bank.received == []
    assert company.events("order.rerouted") == []


def test_cancelled_in_order_to_be_sent_another_way(
    company: Company, second: Account, other_bank: ScriptedBank
) -> None:
    _, ids = company.send(1)
    wish = Wish(reason=REROUTE.reason, text="lost it", purpose=REROUTE.purpose)
    assert cancelling.take_back(company.acting(company.cy), company.cy, ids, wish).recalled
    say(company, ids[0], AttemptMove.CANCEL_REROUTE)
    (row,) = company.orders(ids)
    assert (row.state, row.route.account_id) == (SCHEDULED, second.id)
    leave(company)
    assert len(other_bank.received) == 1


def test_who_was_approved_for_one_account_is_asked_again_for_another(
    company: Company, second: Account, other_bank: ScriptedBank
) -> None:
    """An approver whose grant ends at the first account does not cover the second one."""
    _, ids = company.send(1)
    (row,) = company.orders(ids)
    with tenant(company.tenant_id):
        held = models.Membership.objects.get(person_id=UUID(company.bob.id))
        held.grants = [{"role": "approver", "account_id": row.route.account_id}]
        held.save()
    say(company, ids[0], AttemptMove.REJECT, "AB05")
    assert leave(company) == []
    assert company.states(ids) == [OrderState.HELD]
    (held_row,) = company.orders(ids)
    assert held_row.route.first is None, "what is put to people is the way that it now takes"
    assert held_row.approval_digest == held_row.approvable().digest()


def test_random_stories_on_the_database(
    company: Company, second: Account, other_bank: ScriptedBank
) -> None:
    """No payment leaves a second time unless its attempt before surely failed, for a reason that
    frees the way; amount, charges, end-to-end id and payee stay."""
    dice = random.Random(None if SOAK else 7)
    words = [*AttemptMove]
    reasons = ["AB05", "FF01", "AC04", "AM05", ""]
    for story in range(200 if SOAK else 12):
        ids = company.pay(3, f"S{story}-")
        before = {row.id: row for row in company.orders(ids)}
        for _ in range(6):
            known = {order_id: newest_state(company, order_id) for order_id in ids}
            leave(company)
            for order_id in ids:
                attempt = newest(company, order_id)
                state, reason, attempt_id = known[order_id]
                if attempt_id not in (None, attempt.id):
                    freed = state in ("not_delivered", "cancelled_reroute")
                    technical = state == "rejected" and reason in fallback.TECHNICAL
                    assert freed or technical, (state, reason)
                if dice.random() < 0.7:
                    say(company, order_id, dice.choice(words[1:]), dice.choice(reasons))
        for row in company.orders(ids):
            old = before[row.id]
            assert row.instruction == old.instruction
            assert row.route.charge_bearer == old.route.charge_bearer
            assert row.route.as_approved() == old.route
            with tenant(company.tenant_id):
                told = models.Attempt.objects.filter(order_id=row.id)
                assert {one.end_to_end_id for one in told} == {old.instruction.end_to_end_id}
                assert len({one.submission_id for one in told}) == len(told)


def newest_state(company: Company, order_id: UUID) -> tuple[str, str, UUID | None]:
    with tenant(company.tenant_id):
        found = models.Attempt.objects.filter(order_id=order_id).order_by("-id").first()
    return (found.state, found.reason, found.id) if found else ("", "", None)


def test_an_account_that_moved_to_another_bank_is_asked_about(
    company: Company, second: Account
) -> None:
    ids = company.pay(2)
    with tenant(company.tenant_id):
        moved = models.Account.objects.get(name="DE-EUR")
        moved.connection_id = UUID(second.connection_id)
        moved.save()
    assert company.release() == []
    rows = company.orders(ids)
    assert {row.state for row in rows} == {OrderState.HELD}
    assert {row.route.connection_id for row in rows} == {second.connection_id}
    assert all(row.approval_digest == row.approvable().digest() for row in rows)
    (_, sentence), _ = company.cases()
    assert "DE-EUR is reached over another connection now" in sentence
    assert "It did not leave and its approvals are void." in sentence


def test_an_account_with_another_number_is_asked_about(company: Company, second: Account) -> None:
    ids = company.pay(1)
    with tenant(company.tenant_id):
        models.Account.objects.filter(name="DE-EUR").update(iban="NL91ABNA0417164300")
    assert company.release() == []
    (row,) = company.orders(ids)
    assert (row.state, row.route.debtor_iban) == (OrderState.HELD, "NL91ABNA0417164300")
    (told,) = company.events("order.checked")[1:]
    assert told["findings"][0]["code"] == "route_no_longer_fits"
