"""Limits on the real database: at intake, beside others at once, and before payments leave."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nostro.domain.errors import NostroError
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.approval_steps import Where
from nostro.domain.policies.checks import Effect
from nostro.domain.policies.hold_evidence import OverLimit
from nostro.domain.policies.payment_limits import EXCEEDED, Limit, PaymentLimits, Per
from nostro.storage import dossier, models, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, changes, payment_intake
from tests.workflows.company import Company
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]

HELD, WAITING = OrderState.HELD, OrderState.AWAITING_APPROVAL


def limit(most: int, per: Per, *, currency: str = "EUR", **more: Any) -> Limit:
    return Limit(name=f"Limit {per}", most=Money(most, currency), per=per, **more)


def put(company: Company, *limits: Limit) -> None:
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            PaymentLimits(limits=limits),
            valid_from=company.clock.now(),
            changed_by="a test",
            reason="a test",
        )


def holds(company: Company, order_id: UUID) -> list[str]:
    with tenant(company.tenant_id):
        found = models.Hold.objects.filter(order_id=order_id, code=EXCEEDED, closed_at=None)
        return list(found.values_list("sentence", flat=True))


def test_a_payment_above_a_limit_waits_and_its_neighbours_do_not(company: Company) -> None:
    put(company, limit(500_00, Per.PAYMENT))
    large, exact, dollars = company.ask(
        company.request("A", 500_01),
        company.request("B", 500_00),
        company.request("C", 900_00, currency="USD"),
    )
    assert company.states([large, exact, dollars]) == [HELD, WAITING, WAITING]
    assert holds(company, large) == [
        "It is above a limit. Limit payment: at most 500.00 EUR a payment, this is 500.01 EUR."
    ]


def test_several_broken_limits_are_one_hold_that_says_what_counts(company: Company) -> None:
    put(
        company,
        limit(300_00, Per.DAY),
        limit(250_00, Per.DAY_ACCOUNT),
        limit(200_00, Per.DAY_PAYEE),
    )
    company.ask(company.request("A", 150_00, payee="V2"))
    second, third = company.ask(
        company.request("B", 100_00, payee="V1"), company.request("C", 120_00, payee="V1")
    )
    assert company.states([second, third]) == [WAITING, HELD]
    (sentence,) = holds(company, third)
    assert sentence == (
        "It is above 3 limits."
        " Limit day: at most 300.00 EUR a day; with 2 other payments (250.00 EUR) of 20 Nov 2026,"
        " under way or paid, those that came with it among them, it comes to 370.00 EUR."
        " Limit day by account: at most 250.00 EUR a day by account; with 2 other payments"
        " (250.00 EUR) of 20 Nov 2026, under way or paid, those that came with it among them, it"
        " comes to 370.00 EUR."
        " Limit day by payee: at most 200.00 EUR a day by payee; with 1 other payment (100.00 EUR)"
        " of 20 Nov 2026, under way or paid, those that came with it among them, it comes to"
        " 220.00 EUR."
    )


def evidence(company: Company, order_id: UUID) -> list[OverLimit]:
    with tenant(company.tenant_id):
        (hold,) = [row for row in dossier.holds(order_id) if row.code == EXCEEDED]
    return hold.over


def test_a_hold_keeps_each_limit_with_what_counted_and_by_how_much_it_is_over(
    company: Company,
) -> None:
    put(company, limit(100_00, Per.PAYMENT), limit(200_00, Per.DAY))
    company.ask(company.request("A", 90_00))
    (held,) = company.ask(company.request("B", 150_00))
    alone, of_day = evidence(company, held)
    assert (alone.most, alone.over_by) == (Money(100_00, "EUR"), Money(50_00, "EUR"))
    assert (alone.day, alone.others_sum) == (None, None)
    assert (of_day.limit, of_day.per, of_day.this) == ("Limit day", "day", Money(150_00, "EUR"))
    assert (of_day.others, of_day.others_sum) == (1, Money(90_00, "EUR"))
    assert of_day.over_by == Money(40_00, "EUR")
    company.clock.advance(minutes=1)
    put(company, limit(900_00, Per.DAY))
    assert evidence(company, held) == [alone, of_day]


def test_by_how_much_it_is_over_is_not_told_where_it_tells_of_a_confidential_one(
    company: Company,
) -> None:
    put(company, limit(200_00, Per.DAY))
    company.ask(company.request("A", 190_00, confidential=True), company.request("B", 1_00))
    (held,) = company.ask(company.request("C", 150_00))
    (found,) = evidence(company, held)
    assert (found.others, found.others_sum) == (1, Money(1_00, "EUR"))
    assert (found.others_untold, found.over_by) == (True, None)


def test_another_day_another_account_or_an_ended_payment_do_not_count(company: Company) -> None:
    put(company, limit(200_00, Per.DAY_ACCOUNT))
    tomorrow = company.clock.now().date() + timedelta(days=1)
    first, *others = company.ask(
        company.request("A", 150_00),
        company.request("B", 150_00, requested_date=tomorrow),
        company.request("C", 150_00, entity_code="NL"),
    )
    assert company.states([first, *others]) == [WAITING] * 3
    assert company.states(company.ask(company.request("D", 150_00))) == [HELD]
    approval.deny(company.acting(company.ann), company.ann, [first], "not ours")
    assert company.states(company.ask(company.request("E", 150_00))) == [WAITING]


def test_what_was_asked_for_earlier_and_waits_counts_today(company: Company) -> None:
    put(company, limit(200_00, Per.DAY))
    company.ask(company.request("A", 150_00))
    company.clock.advance(days=3)
    assert company.states(company.ask(company.request("B", 100_00))) == [HELD]


def test_a_limit_refuses_where_it_says_so_and_only_where_it_is_for(company: Company) -> None:
    with tenant(company.tenant_id):
        entity = str(models.LegalEntity.objects.get(code="DE").id)
    put(
        company,
        limit(100_00, Per.PAYMENT, where=Where(entity_ids=(entity,)), effect=Effect.INVALID),
    )
    asked = company.request("A", 100_01)
    with pytest.raises(NostroError) as refused:
        company.ask(asked)
    assert "at most 100.00 EUR a payment" in str(refused.value)
    assert company.states(company.ask(company.request("A", 100_01, entity_code="NL"))) == [WAITING]


def test_random_payments_over_days_against_adding_up(company: Company) -> None:
    """Also denied ones, and sets of several: what is held is what an oracle would hold."""
    dice = random.Random(6)
    put(company, limit(400_00, Per.DAY), limit(250_00, Per.DAY_PAYEE))
    today = company.clock.now().date()
    counted: dict[UUID, tuple[date, str, int]] = {}
    for turn in range(25):
        told = [
            (
                today + timedelta(days=dice.randrange(3)),
                dice.choice(["V1", "V2"]),
                dice.randrange(1, 150_00),
            )
            for _ in range(dice.randrange(1, 4))
        ]
        asked = [
            company.request(f"{turn}-{at}", minor, payee=payee, requested_date=on)
            for at, (on, payee, minor) in enumerate(told)
        ]
        ids = company.ask(*asked)
        for order_id, (on, payee, minor), state in zip(ids, told, company.states(ids), strict=True):
            day = [one for one in counted.values() if one[0] == on]
            all_of_it = sum(one[2] for one in day) + minor
            of_payee = sum(one[2] for one in day if one[1] == payee) + minor
            above = all_of_it > 400_00 or of_payee > 250_00
            assert state is (HELD if above else WAITING), (turn, on, payee, minor)
            if not above:
                counted[order_id] = (on, payee, minor)
        if counted and dice.random() < 0.4:
            ended = dice.choice(sorted(counted))
            approval.deny(company.acting(company.ann), company.ann, [ended], "no")
            del counted[ended]


def test_payments_that_come_at_once_are_counted_one_after_another(company: Company) -> None:
    put(company, limit(300_00, Per.DAY))

    def one(number: int) -> list[UUID]:
        request = company.request(f"T{number}", 100_00, payee=f"V{number % 6 + 1}")
        return payment_intake.create_payments(company.acting(), "test", [request])

    with ThreadPoolExecutor(6) as threads:
        ids = [found for ids in threads.map(one, range(6)) for found in ids]
    states = company.states(ids)
    assert (states.count(WAITING), states.count(HELD)) == (3, 3)


def test_a_lower_limit_stops_what_is_approved_with_its_case(company: Company) -> None:
    ids = company.ask(company.request("A", 100_00), company.request("B", 90_00, payee="V2"))
    company.approve(ids)
    put(company, limit(150_00, Per.DAY))
    assert len(company.release()) == 1
    assert company.states(ids) == [OrderState.SCHEDULED, HELD]
    assert company.attempts(ids[:1]) == ["prepared"]
    (sentence,) = holds(company, ids[1])
    (told,) = [said for _, said in company.cases()]
    assert told.startswith(sentence)
    assert "its approvals are void" in told
    approval.release_hold(company.acting(company.ann), company.ann, ids[1], "agreed by phone")
    company.approve(ids[1:])
    assert len(company.release()) == 1
    assert company.attempts(ids[1:]) == ["prepared"]


def test_who_was_let_go_past_a_limit_is_asked_again_under_another(company: Company) -> None:
    put(company, limit(50_00, Per.PAYMENT))
    (order,) = company.ask(company.request("A", 100_00))
    approval.release_hold(company.acting(company.ann), company.ann, order, "it is right")
    company.approve([order])
    put(company, limit(60_00, Per.PAYMENT))
    assert company.release() == []
    assert company.states([order]) == [HELD]


def test_the_day_that_counts_is_the_one_on_which_they_leave(company: Company) -> None:
    """Asked for on Saturday and on Sunday, they leave on Monday together."""
    put(company, limit(150_00, Per.DAY))
    saturday = company.clock.now().date() + timedelta(days=1)
    ids = company.ask(
        company.request("A", 100_00, requested_date=saturday),
        company.request("B", 100_00, requested_date=saturday + timedelta(days=1)),
    )
    assert company.states(ids) == [WAITING, WAITING]
    company.approve(ids)
    company.clock.advance(days=3)
    company.release()
    assert sorted(company.states(ids)) == sorted([OrderState.SCHEDULED, HELD])


def test_confidential_sums_are_told_to_nobody_else(company: Company) -> None:
    put(company, limit(200_00, Per.DAY))
    company.ask(company.request("A", 123_45, confidential=True), company.request("B", 20_00))
    (order,) = company.ask(company.request("C", 77_00))
    (sentence,) = holds(company, order)
    assert "beside 1 other payment (20.00 EUR) of 20 Nov 2026 confidential ones count" in sentence
    assert "123" not in sentence
    assert "220" not in sentence


def test_a_large_set_asks_one_question(company: Company) -> None:
    put(company, limit(10**9, Per.DAY), limit(10**9, Per.DAY_PAYEE), limit(10**9, Per.DAY_ACCOUNT))
    counts = []
    for prefix, count in (("few", 2), ("many", 60)):
        asked = [
            company.request(f"{prefix}{n}", 100 + n, payee=f"V{n % 6 + 1}") for n in range(count)
        ]
        with CaptureQueriesContext(connection) as told:
            company.ask(*asked)
        counts.append(len(told))
    assert counts[0] == counts[1]


WANTED = {
    "limits": [
        {"name": "Large", "limit": "100.00 EUR a payment", "when": "entity DE", "effect": "hold"},
        {"name": "Day", "limit": "150.00 EUR a day", "when": "", "effect": "refuse"},
    ]
}


def test_two_people_change_the_limits_and_see_what_they_would_have_done(
    company: Company, admins: Any
) -> None:
    ada, ben, _ = admins
    ids = company.ask(
        company.request("A", 100_01), company.request("B", 50_00), company.request("C", 110_00)
    )
    company.ask(company.request("P", 9_000_00, confidential=True))
    kind = changes.named("payment_limits")
    wish = changes.read(kind, WANTED)
    assert kind.dry_run
    with tenant(company.tenant_id):
        tried = kind.dry_run(company.acting(), wish, company.clock.now() - timedelta(days=1))
    assert (tried.looked_at, tried.different) == (3, 2)
    assert [(one.before, one.after.split(":")[0]) for one in tried.shown] == [
        ("not held for this", "refused"),
        ("not held for this", "held"),
    ]
    assert company.states(ids) == [WAITING] * 3
    agree(company, ben, ask(company, ada, WANTED, "payment_limits"))
    (told,) = company.events("customer.policy_changed")
    assert told["after"]["limits"] == [
        "Large | 100.00 EUR a payment | entity DE | hold",
        "Day | 150.00 EUR a day |  | refuse",
    ]
    with tenant(company.tenant_id):
        found = kind.as_it_is(company.acting()) if kind.as_it_is else None
    assert found == wish
    tomorrow = company.clock.now().date() + timedelta(days=1)
    later = company.ask(company.request("D", 100_01, requested_date=tomorrow))
    assert company.states(later) == [HELD]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"limit": "100 a payment"}, "limit_unreadable"),
        ({"effect": "stop"}, "limit_unreadable"),
        ({"when": "entity ??"}, "rule_unreadable"),
        ({"name": " "}, "rules_unnamed"),
    ],
)
def test_limits_that_cannot_be_read(
    company: Company, admins: Any, changed: dict[str, str], code: str
) -> None:
    wanted = {"limits": [{**WANTED["limits"][0], **changed}]}
    assert refusal(lambda: ask(company, admins[0], wanted, "payment_limits")) == code
