"""Confidential payments (payroll): marked at intake, for life, and gone from what others see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import DatabaseError

from nostro.console import journey
from nostro.domain.errors import NostroError, Refused
from nostro.domain.money import Money
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.confidential import sees
from nostro.domain.policies.recall import RecallReason
from nostro.storage import confidential, models, payment_search, people
from nostro.storage.pages.trace import trace
from nostro.storage.tenancy import looking, tenant
from nostro.workflows import (
    answers,
    approval,
    cancelling,
    dispatch,
    holding,
    payment_intake,
    reissue,
)
from nostro.workflows.cancelling import Wish
from nostro.workflows.changes.membership import WantedMembership
from nostro.workflows.correction import Correction
from nostro.workflows.granted import WantedGrant, grant_of, places, spelled
from tests.workflows.bank_words import Booking, camt_053
from tests.workflows.company import PROFILE, Company

NAMES = ("PaymentRun", "Order", "Evidence")


def cleared(company: Company, name: str, *roles: Role) -> Member:
    """A person whose membership lets him see confidential payments."""
    grants = tuple(Grant(role=role, cleared=True) for role in sorted(roles))
    made = Member(id=str(company.world.ids.new()), name=name, roles=frozenset(roles), grants=grants)
    with tenant(company.tenant_id):
        company.employ(made)
        people.grant_reaching(company.world.ids.new(), UUID(made.id), grants)
    return made


def payroll(company: Company, *rows: dict[str, str]) -> list[UUID]:
    content = company.run_file(*(rows or ({}, {})))
    receipt = payment_intake.receive_run(
        company.acting(), "hr", "payroll.csv", content, PROFILE, confidential=True
    )
    return [line.order_id for line in receipt.lines if line.order_id]


def seen(company: Company, member: Member) -> set[UUID]:
    clear = sees(member)
    with looking(company.tenant_id, cleared=clear):
        return {row.id for row in payment_search.payments(limit=100).rows}


def test_a_confidential_run_is_left_out_for_who_is_not_cleared(company: Company) -> None:
    open_ids, hidden = company.ask(company.request("A1")), payroll(company)
    pay = cleared(company, "Pia Payroll", Role.APPROVER)
    assert seen(company, company.ann) == set(open_ids)
    assert seen(company, pay) == {*open_ids, *hidden}
    with looking(company.tenant_id, cleared=False):
        assert models.RunLine.objects.count() == 0
        told = confidential.totals(company.clock.now())
    assert [(row.count, row.totals) for row in told] == [(2, (Money(203_00, "EUR"),))]


def test_totals_of_one_payment_are_not_told(company: Company) -> None:
    payroll(company, {})
    with looking(company.tenant_id, cleared=False):
        (row,) = confidential.totals(company.clock.now())
    assert (row.count, row.totals) == (1, ())


def test_what_comes_one_by_one_has_a_total_when_its_day_is_over(company: Company) -> None:
    for number in range(3):
        company.ask(company.request(f"S{number}", 100_00, confidential=True))
    today = company.clock.now()
    with looking(company.tenant_id, cleared=False):
        (before,), (after,) = (
            confidential.totals(now) for now in (today, today + timedelta(days=1))
        )
    assert (before.count, before.totals) == (3, ())
    assert (after.count, after.totals) == (3, (Money(300_00, "EUR"),))


def test_a_booked_batch_that_fits_nothing_is_hidden_with_its_payments(company: Company) -> None:
    ids = payroll(company)
    for name in ("Pia Payroll", "Per Payroll"):
        member = cleared(company, name, Role.APPROVER)
        approval.approve(company.acting(member), member, ids, company.seen(ids))
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    with tenant(company.tenant_id):
        (batch,) = set(models.Attempt.objects.values_list("payment_information_id", flat=True))
    account = company.orders(ids)[0].route.debtor_iban
    lines = [
        Booking(minor=-999_99, batch=batch, count=2, reference="B0"),
        Booking(minor=-5_00, reference="FEE", text="fees"),
    ]
    answers.receive_message(company.job, company.bank_id, "b.xml", camt_053(account, lines))
    for clear, amounts in ((True, {-999_99, -5_00}), (False, {-5_00})):
        with looking(company.tenant_id, cleared=clear):
            found = models.BankTransaction.objects.values_list("amount_minor", flat=True)
            assert set(found) == amounts


@pytest.mark.parametrize("name", NAMES)
def test_the_mark_is_never_taken_off(company: Company, name: str) -> None:
    payroll(company)
    rows = getattr(models, name).objects.filter(confidential=True)
    with tenant(company.tenant_id):
        assert rows.exists()
    with pytest.raises(DatabaseError, match="stays so"), tenant(company.tenant_id):
        rows.update(confidential=False)


def test_the_same_file_again_keeps_the_mark_and_never_gets_it_late(company: Company) -> None:
    ids = payroll(company)
    again = payment_intake.receive_run(
        company.acting(), "hr", "payroll.csv", company.run_file({}, {}), PROFILE
    )
    assert again.repeated
    assert all(row.confidential for row in company.orders(ids))
    other = company.run_file({"RUN_ID": "R2", "ITEM": "77"})
    payment_intake.receive_run(company.acting(), "hr", "open.csv", other, PROFILE)
    with pytest.raises(Refused) as refused:
        payment_intake.receive_run(
            company.acting(), "hr", "open.csv", other, PROFILE, confidential=True
        )
    assert refused.value.code == "run_not_confidential"


def test_who_is_not_cleared_decides_on_nothing_of_it(company: Company) -> None:
    ids = payroll(company)
    digest, wish = company.seen(ids), Wish(reason=RecallReason.DUPLICATE, text="x")
    tried: list[Any] = [
        lambda: approval.approve(company.acting(company.ann), company.ann, ids, digest),
        lambda: cancelling.take_back(company.acting(company.cy), company.cy, ids, wish),
        lambda: holding.place_hold(company.acting(company.ann), company.ann, ids, "look"),
    ]
    for one in tried:
        with pytest.raises(NostroError) as refused:
            one()
        assert refused.value.code == "not_cleared"
    for member in (
        cleared(company, "Pia Payroll", Role.APPROVER),
        cleared(company, "Per Payroll", Role.APPROVER),
    ):
        approval.approve(company.acting(member), member, ids, digest)
    assert {state.value for state in company.states(ids)} == {"scheduled"}


def test_its_replacement_is_confidential_too(company: Company) -> None:
    ids, pia = payroll(company), cleared(company, "Pia Payroll", Role.TREASURER)
    wish = Wish(reason=RecallReason.DUPLICATE, text="wrong month")
    cancelling.take_back(company.acting(pia), pia, ids, wish)
    with pytest.raises(Refused) as refused:
        reissue.reissue(company.acting(), company.maker, ids[0], Correction(), "again")
    assert refused.value.code == "not_cleared"
    made = reissue.reissue(company.acting(pia), pia, ids[0], Correction(), "again")
    assert [row.confidential for row in company.orders([made])] == [True]


def test_asking_again_under_its_reference_tells_nothing(company: Company) -> None:
    asked = company.request("S1", 4711_42, confidential=True)
    company.ask(asked)
    with pytest.raises(payment_intake.NotTaken) as refused:
        company.ask(msgspec.structs.replace(asked, amount=Money(1, "EUR")))
    assert refused.value.code == "reference_reused"
    assert "4" not in refused.value.happened.replace(company.code, "").replace("PAY-0000", "")


def test_a_clearance_is_asked_for_with_a_membership_and_read_in_words(company: Company) -> None:
    wanted = WantedMembership(person="x", grants=(WantedGrant(role=Role.APPROVER, cleared=True),))
    with tenant(company.tenant_id):
        where = places()
        (one,) = [grant_of(grant, where) for grant in wanted.grants]
        assert spelled(one, where) == "approver, cleared for confidential payments"


def test_a_payment_settled_by_a_line_that_is_not_shown_says_so(company: Company) -> None:
    """It left in one batch with confidential ones, which the line of the statement names."""
    plain, hidden = company.ask(company.request("A1")), payroll(company)
    company.approve(plain)
    for name in ("Pia Payroll", "Per Payroll"):
        member = cleared(company, name, Role.APPROVER)
        approval.approve(company.acting(member), member, hidden, company.seen(hidden))
    for submission_id in company.release():
        dispatch.attend(company.job, submission_id)
    rows = company.orders([*plain, *hidden])
    lines = [
        Booking(
            minor=-row.instruction.amount.minor,
            end_to_end_id=row.instruction.end_to_end_id,
            reference=f"B{place}",
        )
        for place, row in enumerate(rows)
    ]
    content = camt_053(rows[0].route.debtor_iban, lines)
    answers.receive_message(company.job, company.bank_id, "b.xml", content)
    with tenant(company.tenant_id):
        (batch,) = set(models.Attempt.objects.values_list("payment_information_id", flat=True))
        models.BankTransaction.objects.update(payment_information_id=batch)
    for clear, said, step in (
        (True, "line 1 of", "booked"),
        (False, "not shown to you", "not shown"),
    ):
        with looking(company.tenant_id, cleared=clear):
            told = trace(plain[0])
            assert told
            assert said in journey.place(told).now
            assert step in next(one.detail for one in journey.steps(told) if one.title == "In cash")


def test_a_second_file_with_its_lines_is_hidden_as_the_first_is(company: Company) -> None:
    hidden = payroll(company)
    for name in ("Pia Payroll", "Per Payroll"):
        member = cleared(company, name, Role.APPROVER)
        approval.approve(company.acting(member), member, hidden, company.seen(hidden))
    for submission_id in company.release():
        dispatch.attend(company.job, submission_id)
    rows = company.orders(hidden)
    lines = [
        Booking(
            minor=-row.instruction.amount.minor,
            end_to_end_id=row.instruction.end_to_end_id,
            reference=f"B{place}",
        )
        for place, row in enumerate(rows)
    ]
    for message_id in ("FIRST", "AGAIN"):
        content = camt_053(rows[0].route.debtor_iban, lines, statement_id=message_id)
        answers.receive_message(company.job, company.bank_id, f"{message_id}.xml", content)
    with tenant(company.tenant_id):
        assert models.RepeatedLine.objects.count() == len(lines)
        files = models.Statement.objects.values_list("statement_id", "evidence_id")
        hidden_files = {
            name for name, kept in files if confidential.is_confidential("evidence", kept)
        }
    assert hidden_files == {"FIRST", "AGAIN"}


def test_the_state_of_what_is_hidden_is_not_told_by_a_refusal(company: Company) -> None:
    waiting = payroll(company)[0]
    acting = company.acting(company.ann)
    for act in (
        lambda: approval.release_hold(acting, company.ann, waiting, "a guess"),
        lambda: approval.deny(acting, company.ann, [waiting], "a guess"),
        lambda: approval.check(acting, company.ann, [waiting]),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_cleared"
