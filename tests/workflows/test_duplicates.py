"""Payments made twice on the real database: across sources, by account, however written."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.order import OrderState
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.duplicates import SUSPECTED, DuplicateRules, PaidBefore, findings
from nostro.storage import earlier_payments, models, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, changes
from tests.ap_exports import Exports
from tests.workflows.company import Company, iban
from tests.workflows.test_change_requests import admins, agree, ask, refusal

__all__ = ["admins"]


def suspected(company: Company, order_id: UUID) -> list[tuple[str, str]]:
    with tenant(company.tenant_id):
        found = models.Hold.objects.filter(order_id=order_id, code=SUSPECTED).order_by("id")
        return list(found.values_list("refers_to", "sentence"))


def number(company: Company, order_id: UUID) -> str:
    return company.orders([order_id])[0].number


def test_the_same_invoice_from_another_erp_under_another_payee_number(company: Company) -> None:
    (first,) = company.ask(company.request("A", invoices=("INV-000123",)), source="sap")
    same = company.request(
        "77", payee_number="900017", creditor_iban=company.payees["V1"], invoices=("re 123",)
    )
    (second,) = company.ask(same, source="netsuite")
    ((refers_to, sentence),) = suspected(company, second)
    assert refers_to == number(company, first)
    assert sentence == (
        "Invoice INV-000123 is already being paid: 100.00 EUR on 20 Nov 2026"
        f" ({refers_to} of sap, waiting for approval). This is {number(company, second)} of"
        " netsuite. It names re 123. There the payee is V1, with the same account."
    )


def test_without_any_invoice_the_same_day_and_nothing_that_tells_them_apart(
    company: Company,
) -> None:
    def bare(reference: str, **more: Any) -> PaymentRequest:
        return company.request(reference, invoices=(), **more)

    tomorrow = company.clock.now().date() + timedelta(days=1)
    company.ask(bare("A", remittance="rent"), bare("B", payee="V2"))
    ids = company.ask(
        bare("C", remittance="Rent "),
        bare("D", remittance="parking"),
        bare("E", requested_date=tomorrow),
        bare("F", payee="V2", requested_date=tomorrow - timedelta(days=3)),
    )
    assert [len(suspected(company, one)) for one in ids] == [1, 0, 0, 1]


def test_an_ended_payment_is_no_duplicate_and_a_let_go_one_leaves(company: Company) -> None:
    (first,) = company.ask(company.request("A", invoices=("1",)))
    approval.deny(company.acting(company.ann), company.ann, [first], "no")
    (second,) = company.ask(company.request("B", invoices=("1",)))
    (third,) = company.ask(company.request("C", invoices=("01",)))
    assert [len(suspected(company, one)) for one in (second, third)] == [0, 1]
    told = refusal(
        lambda: approval.release_hold(company.acting(company.maker), company.maker, third, "mine")
    )
    assert told == "maker_cannot_release"
    ann = company.acting(company.ann), company.ann
    assert refusal(lambda: approval.release_hold(*ann, third, " ")) == "reason_missing"
    approval.release_hold(company.acting(company.ann), company.ann, third, "second delivery")
    company.approve([third])
    assert len(company.release()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_database_finds_what_comparing_all_of_them_finds(company: Company, seed: int) -> None:
    made, dice = Exports(seed, payees=4), random.Random(seed)
    known = enumerate(account for *_, account in made.payees)
    accounts = {account: iban(company.seed + 400 + at) for at, account in known}
    for _ in range(12):
        of = made.add("ordinary")
        for kind in dice.sample(("prefix added", "O for 0", "two signs swapped", "blank within",
                                 "one digit mistyped", "leading zeros"), 2):  # fmt: skip
            made.duplicate(kind, of)
        made.add("again", of, invoices=(), requested_date=of.requested_date)
        made.add("again", of, invoices=(), source="netsuite", payee_number=f"N{of.payee_number}")
    requests = [
        company.request(
            f"{seed}-{at}", row.payment.amount.minor, payee_number=row.payment.payee_number,
            currency=row.payment.amount.currency, creditor_iban=accounts[row.payment.account],
            invoices=row.payment.invoices,
            requested_date=company.clock.now().date() + timedelta(days=at % 40),
        )
        for at, row in enumerate(made.rows)
    ]  # fmt: skip
    before, rules = PaidBefore(), DuplicateRules()
    while requests:
        size = dice.randrange(1, 9)
        portion, requests = requests[:size], requests[size:]
        for row in company.orders(company.ask(*portion)):
            payment = earlier_payments.as_earlier(row)
            wanted = [one.refers_to for one in findings(payment, before, rules)]
            assert [refers_to for refers_to, _ in suspected(company, row.id)] == wanted
            before.add(payment)


@pytest.mark.parametrize("seed", range(3))
def test_the_database_knows_what_is_routine(company: Company, seed: int) -> None:
    """One price and numbers that are nearly alike, in sets of any size: held is what comparing all
    of them finds, so the database told enough of the others."""
    dice = random.Random(seed)
    with tenant(company.tenant_id):
        policies.add(
            company.world.ids.new(),
            DuplicateRules(routine_from=4 + seed),
            valid_from=company.clock.now(),
            changed_by="a test",
            reason="a test",
        )
    numbers = [f"{dice.choice((1234, 1243, 1324, 5678, 5687, 9012))}{at % 3}" for at in range(40)]
    requests = [
        company.request(
            f"{seed}-{at}", dice.choice((100_00, 250_00)), invoices=(number,),
            requested_date=company.clock.now().date() + timedelta(days=dice.randrange(30)),
        )
        for at, number in enumerate(numbers)
    ]  # fmt: skip
    before, rules, held = PaidBefore(), DuplicateRules(routine_from=4 + seed), 0
    while requests:
        size = dice.randrange(1, 9)
        portion, requests = requests[:size], requests[size:]
        for row in company.orders(company.ask(*portion)):
            payment = earlier_payments.as_earlier(row)
            wanted = [one.refers_to for one in findings(payment, before, rules)]
            assert [refers_to for refers_to, _ in suspected(company, row.id)] == wanted
            before.add(payment)
            held += bool(wanted)
    assert 0 < held < len(numbers)


def test_two_people_change_what_counts_and_see_what_it_would_have_done(
    company: Company, admins: Any
) -> None:
    ada, ben, _ = admins
    company.ask(company.request("A", invoices=("XY-1",)), company.request("B", invoices=("1",)))
    company.ask(company.request("C", invoices=("7",)), company.request("D", invoices=("007",)))
    kind, since = changes.named("duplicates"), company.clock.now() - timedelta(days=1)
    wanted = {"window_days": 30, "prefixes": ["xy"]}
    assert kind.dry_run
    with tenant(company.tenant_id):
        tried = kind.dry_run(company.acting(), changes.read(kind, wanted), since)
        as_is = kind.dry_run(company.acting(), changes.read(kind, {}), since)
    assert (tried.looked_at, tried.different) == (4, 1)
    assert tried.shown[0].before == "not held for this"
    assert tried.shown[0].after.startswith("held: Invoice XY-1 is already being paid")
    assert as_is.different == 0
    agree(company, ben, ask(company, ada, wanted, "duplicates"))
    (told,) = company.events("customer.policy_changed")
    assert (told["after"]["window_days"], told["after"]["prefixes"]) == (30, "XY")
    company.clock.advance(days=31)
    (order,) = company.ask(company.request("E", invoices=("7",)))
    assert company.states([order]) == [OrderState.AWAITING_APPROVAL]
    for code, bad in (
        ("days_out_of_range", {"window_days": 0}),
        ("days_out_of_range", {"swapped_days": -1}),
        ("check_out_of_range", {"routine_from": 1}),
        ("prefixes_unfit", {"prefixes": ["RE-"]}),
    ):
        assert refusal(partial(ask, company, ada, bad, "duplicates")) == code
