"""Who may approve what: never the maker, never a key, never something else than was shown."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import msgspec
import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.errors import Invalid, NotAllowed, Refused
from nostro.domain.order import OrderState
from nostro.domain.party import Grant, Member, Role
from nostro.storage import models, people
from nostro.storage.tenancy import tenant
from nostro.workflows import approval
from tests.workflows.company import Company, iban

WAITING = OrderState.AWAITING_APPROVAL


def approve(company: Company, member: Member, ids: list[UUID], seen: str = "") -> approval.Approved:
    return approval.approve(company.acting(member), member, ids, seen or company.seen(ids))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.happened
    return caught.value.code


def tamper(company: Company, order_id: UUID, **changes: object) -> None:
    """Change a row behind the back of the workflows, as somebody with the database could."""
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=order_id).update(**changes)


def test_two_different_people_approve(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2"))
    first = approve(company, company.ann, ids)
    assert (first.approved, set(first.waiting)) == ((), set(ids))
    assert set(company.states(ids)) == {WAITING}
    second = approve(company, company.bob, ids)
    assert (set(second.approved), second.waiting) == (set(ids), ())
    assert set(company.states(ids)) == {OrderState.SCHEDULED}
    given = company.events("order.approval_given")
    assert [event["approvals"] for event in given] == [1, 1, 2, 2]
    digests = {row.approval_digest for row in company.orders(ids)}
    assert {event["digest"] for event in given} == digests


def test_the_maker_is_refused_although_he_is_an_approver(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    assert Role.APPROVER in company.maker.roles
    assert refusal(lambda: approve(company, company.maker, ids)) == "maker_cannot_approve"
    assert company.states(ids) == [WAITING]


def test_nobody_approves_twice(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    approve(company, company.ann, ids)
    assert refusal(lambda: approve(company, company.ann, ids)) == "already_approved"
    assert company.states(ids) == [WAITING]


def test_rights_that_come_back_leave_no_payment_stuck(company: Company) -> None:
    def hold(member: Member, *roles: Role) -> None:
        with tenant(company.tenant_id):
            grants = [Grant(role=role) for role in roles]
            people.grant_reaching(company.world.ids.new(), UUID(member.id), grants)

    ids = company.ask(company.request("P1"))
    approve(company, company.ann, ids)
    hold(company.ann, Role.AUDITOR)
    approve(company, company.bob, ids)
    hold(company.ann, Role.APPROVER)  # Both count now, and nobody has agreed since.
    assert company.states(ids) == [WAITING]
    assert refusal(lambda: approve(company, company.maker, ids)) == "maker_cannot_approve"
    assert approve(company, company.cy, ids).approved == tuple(ids)
    assert company.states(ids) == [OrderState.SCHEDULED]


def test_a_key_never_approves(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    key = msgspec.structs.replace(company.ann, is_person=False)
    assert refusal(lambda: approve(company, key, ids)) == "keys_never_approve"


def test_who_has_no_such_role_is_refused(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    auditor = msgspec.structs.replace(company.ann, roles=frozenset({Role.AUDITOR}))
    assert refusal(lambda: approve(company, auditor, ids)) == "not_an_approver"


def test_who_changed_the_payees_account_is_refused(company: Company) -> None:
    with tenant(company.tenant_id):
        payee = company.add_payee("V9", iban(company.seed + 9))
        company.add_payee_account(payee, "V9", iban(company.seed + 10), 2, UUID(company.ann.id))
    request = company.request("P1", payee_number="V9", creditor_iban=iban(company.seed + 10))
    ids = company.ask(request)
    assert company.states(ids) == [OrderState.HELD]
    code = refusal(
        lambda: approval.release_hold(company.acting(company.ann), company.ann, ids[0], "fine")
    )
    assert code == "maker_cannot_release"
    approval.release_hold(company.acting(company.bob), company.bob, ids[0], "Called them back")
    assert refusal(lambda: approve(company, company.ann, ids)) == "payee_editor_cannot_approve"


def test_another_selection_than_was_shown_is_refused(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2"))
    seen = company.seen(ids[:1])
    assert refusal(lambda: approve(company, company.ann, ids, seen)) == "selection_changed"
    assert refusal(lambda: approve(company, company.ann, [], seen)) == "payment_unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 1},
        {"creditor_iban": iban(666)},
        {"creditor_name": "Mallory"},
        {"remittance": "other"},
        {"latest_date": "2030-01-01"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_row_changed_in_the_database_is_neither_approved_nor_released(
    company: Company, changes: dict[str, object]
) -> None:
    waiting, scheduled = company.ask(company.request("P1"), company.request("P2"))
    company.approve([scheduled])
    seen = company.seen([waiting])
    tamper(company, waiting, **changes)
    tamper(company, scheduled, **changes)
    assert refusal(lambda: approve(company, company.ann, [waiting], seen)) == "payment_changed"
    assert company.release() == []
    assert company.states([waiting, scheduled]) == [WAITING, OrderState.SCHEDULED]
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert "is not covered by its approvals" in sentence
    assert company.release() == []
    assert len(company.cases()) == 1, "told once"
    assert company.bank.received == []


def test_a_row_and_its_digest_changed_together_need_new_approvals(company: Company) -> None:
    """One approval was given to what stood there before: it does not count for what stands now."""
    (order_id,) = company.ask(company.request("P1"))
    approve(company, company.ann, [order_id])
    tamper(company, order_id, creditor_iban=iban(666))
    (row,) = company.orders([order_id])
    tamper(company, order_id, approval_digest=row.approvable().digest())
    assert approve(company, company.bob, [order_id]).waiting == (order_id,)
    assert company.states([order_id]) == [WAITING]


def test_one_payment_of_another_customer_refuses_all(company: Company) -> None:
    other = Company()
    ours, theirs = company.ask(company.request("P1")), other.ask(other.request("P1"))
    both = [*ours, *theirs]
    code = refusal(lambda: approve(company, company.ann, both, company.seen(ours)))
    assert code == "payment_unknown"
    assert company.states(ours) == other.states(theirs) == [WAITING]


def test_all_or_none(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2", payee="V77"))
    assert company.states(ids) == [WAITING, OrderState.HELD]
    with pytest.raises(NotAllowed):
        approve(company, company.ann, ids)
    assert company.events("order.approval_given") == []


def test_denied_is_for_good_and_says_why(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2", payee="V77"))
    with pytest.raises(Invalid):
        approval.deny(company.acting(company.ann), company.ann, ids, "  ")
    code = refusal(lambda: approval.deny(company.acting(), company.maker, ids, "no"))
    assert code == "maker_cannot_release"
    approval.deny(company.acting(company.ann), company.ann, ids, "Not ordered")
    assert set(company.states(ids)) == {OrderState.DENIED}
    assert {event["text"] for event in company.events("order.moved")} == {"Not ordered"}
    with pytest.raises(NotAllowed):
        approve(company, company.bob, ids)


def test_a_hold_is_released_by_somebody_else_with_a_reason(company: Company) -> None:
    (order_id,) = company.ask(company.request("P1", payee="V77"))
    release = approval.release_hold
    code = refusal(lambda: release(company.acting(), company.maker, order_id, "fine"))
    assert code == "maker_cannot_release"
    with pytest.raises(Invalid):
        release(company.acting(company.ann), company.ann, order_id, "")
    release(company.acting(company.ann), company.ann, order_id, "Called them")
    assert company.states([order_id]) == [WAITING]
    with pytest.raises(NotAllowed):
        release(company.acting(company.ann), company.ann, order_id, "again")


def test_of_people_who_approve_at_once_exactly_one_completes(company: Company) -> None:
    ids = company.ask(*(company.request(f"P{number}") for number in range(5)))
    approve(company, company.ann, ids)
    seen = company.seen(ids)

    def act(member: Member) -> str:
        try:
            done = approval.approve(company.acting(member), member, ids, seen)
            return "completed" if set(done.approved) == set(ids) else "waits"
        except NotAllowed as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(act, [company.bob, company.cy]))
    assert said == ["completed", "move_not_allowed"]
    assert set(company.states(ids)) == {OrderState.SCHEDULED}
    moves = [event["move"] for event in company.events("order.moved")]
    assert sorted(moves) == ["approve"] * 5 + ["schedule"] * 5
    jobs = ProcrastinateJob.objects.filter(
        task_name="release_payments", args__tenant_id=str(company.tenant_id)
    )
    assert jobs.count() == 1


def test_two_first_approvals_at_once_complete_together(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    seen = company.seen(ids)

    def act(member: Member) -> int:
        try:
            return len(approval.approve(company.acting(member), member, ids, seen).approved)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, [company.ann, company.bob])) == [0, 1]
    assert company.states(ids) == [OrderState.SCHEDULED]


def without_right(company: Company, member: Member, how: str) -> None:
    with tenant(company.tenant_id):
        if how == "withdrawn":
            people.withdraw(UUID(member.id))
        elif how == "another role":
            people.grant(UUID(int=0), UUID(member.id), [Role.AUDITOR])
        else:
            models.Person.objects.filter(id=member.id).update(is_active=False)


@pytest.mark.parametrize("how", ["withdrawn", "another role", "gone"])
def test_who_may_no_longer_approve_does_not_count(company: Company, how: str) -> None:
    ids = company.ask(company.request("P1"))
    approve(company, company.ann, ids)
    without_right(company, company.ann, how)
    assert approve(company, company.bob, ids).waiting == tuple(ids)
    assert company.states(ids) == [WAITING]
    assert approve(company, company.cy, ids).approved == tuple(ids)


def test_bank_details_that_changed_since_are_not_approved(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2", payee="V2"))
    approve(company, company.ann, ids)
    with tenant(company.tenant_id):
        company.add_payee_account(company.payee_ids["V1"], "V1", iban(company.seed + 77), 2)
    assert refusal(lambda: approve(company, company.bob, ids)) == "payee_account_changed"
    assert company.states(ids) == [WAITING, WAITING]
    assert approve(company, company.bob, ids[1:]).approved == (ids[1],)
    approval.deny(company.acting(company.bob), company.bob, ids[:1], "Bank details changed")


def test_a_payee_that_became_known_with_this_account_stays_approvable(company: Company) -> None:
    account = iban(company.seed + 55)
    ids = company.ask(company.request("P1", payee_number="V55", creditor_iban=account))
    approval.release_hold(company.acting(company.bob), company.bob, ids[0], "Called them")
    with tenant(company.tenant_id):
        company.add_payee("V55", account)
    company.approve(ids)
    assert company.states(ids) == [OrderState.SCHEDULED]
