"""Changing a payment before it leaves: what is void then, who has no say, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro.domain.errors import NostroError
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.party import Member, PostalAddress, Role
from nostro.storage import approvals, models
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, dispatch, holding
from nostro.workflows.correction import Correction
from nostro.workflows.editing import edit
from tests.workflows.company import FRIDAY, Company, iban

S = OrderState
NEXT_WEEK = (FRIDAY + timedelta(days=4)).date()


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(NostroError) as caught:
        act()
    return caught.value.code


def change(company: Company, order_id: UUID, correction: Correction, by: Any = None) -> S:
    member = by or company.maker
    return edit(company.acting(member), member, order_id, correction, "as the supplier wrote")


def agreed(company: Company, order_id: UUID) -> int:
    """How many approvals of it count."""
    with tenant(company.tenant_id):
        return len(approvals.given([order_id])[order_id])


def refused(company: Company, by: Member, ids: list[UUID], seen: str) -> str:
    return code_of(lambda: approval.approve(company.acting(by), by, ids, seen))


# How a payment gets into each state, and how many approvals count there.


def held(company: Company) -> UUID:
    (order_id,) = company.ask(company.request("P1"))
    holding.place_hold(company.acting(), company.maker, [order_id], "look at it")
    return order_id


def waiting(company: Company) -> UUID:
    (order_id,) = company.ask(company.request("P1"))
    approval.approve(company.acting(company.ann), company.ann, [order_id], company.seen([order_id]))
    return order_id


def scheduled(company: Company) -> UUID:
    (order_id,) = company.pay()
    return order_id


def in_file(company: Company) -> UUID:
    (order_id,) = company.pay()
    company.release()
    return order_id


def in_flight(company: Company) -> UUID:
    _, (order_id,) = company.send()
    return order_id


def denied(company: Company) -> UUID:
    (order_id,) = company.ask(company.request("P1"))
    approval.deny(company.acting(company.ann), company.ann, [order_id], "not ours")
    return order_id


BEFORE: dict[str, tuple[Callable[[Company], UUID], int]] = {
    "held": (held, 0),
    "waiting": (waiting, 1),
    "scheduled": (scheduled, 2),
    "in a file": (in_file, 2),
}
TOO_LATE = {"in flight": in_flight, "denied": denied}
CHANGES: dict[str, Callable[[Company], Correction]] = {
    "amount": lambda _: Correction(amount=Money(99_99, "EUR")),
    "creditor_name": lambda _: Correction(payee_name="Payee V1 GmbH"),
    "creditor_address": lambda _: Correction(payee_address=PostalAddress(town="K", country="DE")),
    "creditor_iban": lambda company: Correction(creditor_iban=iban(company.seed + 7)),
    "creditor_bic": lambda _: Correction(creditor_bic="MOCKNL2A"),
    "requested_date": lambda _: Correction(requested_date=NEXT_WEEK),
    "remittance": lambda _: Correction(remittance="Invoice 7 less credit note 2"),
    "creditor_reference": lambda _: Correction(creditor_reference="RF18539007547034"),
}


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("state", BEFORE)
def test_each_field_in_each_state_voids_what_was_agreed_to(
    company: Company, state: str, field: str
) -> None:
    make, count = BEFORE[state]
    order_id = make(company)
    (before,) = company.orders([order_id])
    assert agreed(company, order_id) == count
    after_state = change(company, order_id, CHANGES[field](company))
    (after,) = company.orders([order_id])
    assert agreed(company, order_id) == 0, "every approval is void"
    assert after.state is after_state in (S.HELD, S.AWAITING_APPROVAL)
    assert (after_state is S.HELD) == (state == "held" or field == "creditor_iban")
    assert after.approval_digest == after.approvable().digest() != before.approval_digest
    assert (after.number, after.id, after.maker_id) == (before.number, before.id, before.maker_id)
    assert after.instruction.end_to_end_id == before.instruction.end_to_end_id
    assert company.release() == [], "nothing of it leaves"
    (told,) = company.events("order.edited")
    assert field in {one["field"] for one in told["changes"]}


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("state", TOO_LATE)
def test_what_has_begun_to_leave_or_ended_stays_as_it_is(
    company: Company, state: str, field: str
) -> None:
    order_id = TOO_LATE[state](company)
    before, count = company.orders([order_id]), agreed(company, order_id)
    assert code_of(lambda: change(company, order_id, CHANGES[field](company))) in (
        "too_late_to_change",
        "already_leaving",
    )
    assert (company.orders([order_id]), agreed(company, order_id)) == (before, count)


@pytest.mark.parametrize("state", BEFORE)
def test_what_changes_nothing_voids_nothing(company: Company, state: str) -> None:
    make, count = BEFORE[state]
    order_id = make(company)
    (before,) = company.orders([order_id])
    same = Correction(amount=before.instruction.amount, payee_name=before.instruction.creditor_name)
    assert code_of(lambda: change(company, order_id, same)) == "nothing_to_change"
    assert company.orders([order_id]) == [before]
    assert agreed(company, order_id) == count


@pytest.mark.parametrize("state", BEFORE)
def test_what_cannot_be_paid_changes_nothing(company: Company, state: str) -> None:
    make, count = BEFORE[state]
    order_id = make(company)
    before = company.orders([order_id])
    wrong = Correction(payee_address=PostalAddress(town="K", country=""))
    assert code_of(lambda: change(company, order_id, wrong)) == "address_incomplete"
    assert (company.orders([order_id]), agreed(company, order_id)) == (before, count)


# Every column that is part of what was approved, changed behind the back of the workflows.
TAMPERED: dict[str, Any] = {
    "amount_minor": 1, "creditor_iban": iban(666), "creditor_bic": "EVILNL2A",
    "creditor_name": "Mallory", "creditor_address": {"town": "X", "country": "NL"},
    "requested_date": "2026-11-19", "latest_date": "2030-01-01", "roll_rule": "none",
    "remittance": "other", "creditor_reference": "RF18539007547034", "end_to_end_id": "OTHER",
    "policy_version": "approval-0",
}  # fmt: skip


@pytest.mark.parametrize("column", [*TAMPERED, "currency", "route"])
def test_a_column_changed_in_the_database_leaves_with_no_approval(
    company: Company, column: str
) -> None:
    first, second = company.ask(company.request("P1"), company.request("P2"))
    company.approve([second])
    (row,) = company.orders([first])
    value = TAMPERED.get(column)
    if column == "currency":
        value = "USD"
    if column == "route":
        value = msgspec.to_builtins(msgspec.structs.replace(row.route, charge_bearer="DEBT"))
    if column == "policy_version":
        value = "two-people-1"  # The same rules by their old name: another digest all the same.
    seen = company.seen([first])
    with tenant(company.tenant_id):
        for order_id in (first, second):
            told = f"{value}{order_id}"[:35] if column == "end_to_end_id" else value
            models.Order.objects.filter(id=order_id).update(**{column: told})
    assert (
        code_of(lambda: approval.approve(company.acting(company.ann), company.ann, [first], seen))
        == "payment_changed"
    )
    assert company.release() == []
    assert company.bank.received == []


def test_a_roll_to_the_next_bank_day_is_no_edit(company: Company) -> None:
    saturday = (FRIDAY + timedelta(days=1)).date()
    ids = company.pay(requested_date=saturday)
    company.clock.advance(days=3)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    assert company.states(ids) == [S.IN_FLIGHT]
    assert agreed(company, ids[0]) == 2


def test_who_changed_it_has_no_say_in_it(company: Company) -> None:
    (order_id,) = company.ask(company.request("P1"))
    change(company, order_id, Correction(remittance="Invoice 8"), by=company.cy)
    seen = company.seen([order_id])
    assert Role.TREASURER in company.cy.roles
    assert (
        code_of(lambda: approval.approve(company.acting(company.cy), company.cy, [order_id], seen))
        == "maker_cannot_approve"
    )
    company.approve([order_id])
    assert company.states([order_id]) == [S.SCHEDULED]


def test_who_changed_a_held_payment_does_not_let_it_go(company: Company) -> None:
    order_id = held(company)
    change(company, order_id, Correction(remittance="Invoice 8"), by=company.cy)
    assert (
        code_of(
            lambda: approval.release_hold(company.acting(company.cy), company.cy, order_id, "fine")
        )
        == "maker_cannot_release"
    )


def test_what_a_person_let_go_is_asked_again_for_another_account(company: Company) -> None:
    (order_id,) = company.ask(company.request("P1", payee="V77"))
    assert company.states([order_id]) == [S.HELD]
    approval.release_hold(company.acting(company.ann), company.ann, order_id, "known to me")
    assert change(company, order_id, Correction(remittance="Invoice 8")) is S.AWAITING_APPROVAL
    other = Correction(creditor_iban=iban(company.seed + 8))
    assert change(company, order_id, other) is S.HELD


def test_a_run_keeps_what_its_source_cleared(company: Company) -> None:
    company.receive(company.run_file({}))
    with tenant(company.tenant_id):
        order_id = models.Order.objects.values_list("id", flat=True).get()
    for field in ("amount", "creditor_iban"):
        wanted = CHANGES[field](company)
        assert code_of(partial(change, company, order_id, wanted)) == "changed_at_source"
    assert change(company, order_id, CHANGES["requested_date"](company)) is S.AWAITING_APPROVAL


def test_the_others_of_its_file_leave_without_it(company: Company) -> None:
    first, second = company.pay(2)
    company.release()
    change(company, first, Correction(remittance="Invoice 8"))
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    assert company.states([first, second]) == [S.AWAITING_APPROVAL, S.IN_FLIGHT]


def test_who_may_not_make_payments_may_not_change_them(company: Company) -> None:
    (order_id,) = company.ask(company.request("P1"))
    assert (
        code_of(lambda: change(company, order_id, Correction(remittance="x"), by=company.ann))
        == "not_a_maker"
    )


def test_it_is_no_duplicate_of_itself(company: Company) -> None:
    (order_id,) = company.ask(company.request("P1"))
    assert change(company, order_id, Correction(remittance="Invoice 8")) is S.AWAITING_APPROVAL
    with tenant(company.tenant_id):
        assert not models.Hold.objects.exists()
    (again,) = company.ask(company.request("P9", invoices=("INV-P1",)))
    assert company.states([again]) == [S.HELD]
