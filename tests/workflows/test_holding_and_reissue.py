"""Held before it leaves, and made again after it ended unpaid: never two that can be paid."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import msgspec
import pytest
from django.db import IntegrityError, connections, transaction

from nostro.domain.case import CaseKind
from nostro.domain.errors import Invalid, Refused
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.order import OrderState
from nostro.domain.party import Member, Role
from nostro.domain.policies.checks import Effect, Finding
from nostro.domain.policies.recall import RecallReason
from nostro.storage import cases, models, orders, payment_links
from nostro.storage.cases import NewCase
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    approval,
    cancelling,
    dispatch,
    hold_decisions,
    holding,
    operator_evidence,
    order_intake,
)
from nostro.workflows.cancelling import Wish
from nostro.workflows.correction import Correction
from nostro.workflows.operator_evidence import Told
from nostro.workflows.reissue import reissue
from tests.workflows.company import Company, iban

SAME = Correction()


def hold(company: Company, *ids: UUID) -> None:
    holding.place_hold(company.acting(), company.maker, ids, "invoice disputed")


def cancel(company: Company, *ids: UUID) -> None:
    wish = Wish(reason=RecallReason.CUSTOMER, text="not wanted")
    cancelling.take_back(company.acting(), company.maker, ids, wish)


def again(company: Company, order_id: UUID, correction: Correction = SAME) -> UUID:
    return reissue(company.acting(), company.maker, order_id, correction, "again")


def returned(company: Company, order_id: UUID) -> None:
    """The payment as it is after its money came back."""
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=order_id).update(state=OrderState.RETURNED.value)


def test_a_file_that_waits_is_made_anew_without_what_is_held(company: Company) -> None:
    ids = company.pay(3)
    (first,) = company.release()
    hold(company, ids[0])
    dispatch.attend(company.job, first)
    assert company.bank.received == []
    (second,) = company.release()
    dispatch.attend(company.job, second)
    assert company.states(ids) == [OrderState.HELD, OrderState.IN_FLIGHT, OrderState.IN_FLIGHT]
    (outgoing,) = company.bank.received
    assert company.orders(ids)[0].instruction.end_to_end_id.encode() not in outgoing.content


def test_a_hold_is_left_as_any_other_and_approved_anew(company: Company) -> None:
    (order_id,) = company.pay()
    hold(company, order_id)
    hold(company, order_id)
    with pytest.raises(Refused) as caught:
        approval.release_hold(company.acting(), company.maker, order_id, "fine")
    assert caught.value.code == "maker_cannot_release"
    approval.release_hold(company.acting(company.ann), company.ann, order_id, "fine")
    assert company.states([order_id]) == [OrderState.AWAITING_APPROVAL]
    assert company.release() == [], "the approvals of before count no more"
    company.approve([order_id])
    assert len(company.release()) == 1


def test_all_are_held_or_none(company: Company) -> None:
    _, (gone,) = company.send()
    (free,) = company.ask(company.request("F"))
    with pytest.raises(Refused) as caught:
        hold(company, free, gone)
    assert caught.value.code == "too_late_to_hold"
    assert company.states([free, gone]) == [OrderState.AWAITING_APPROVAL, OrderState.IN_FLIGHT]


def test_who_may_hold(company: Company) -> None:
    (order_id,) = company.ask(company.request("F"))
    auditor = msgspec.structs.replace(company.ann, roles=frozenset({Role.AUDITOR}))
    with pytest.raises(Refused) as caught:
        holding.place_hold(company.acting(), auditor, [order_id], "x")
    assert caught.value.code == "not_a_maker"
    with pytest.raises(Invalid):
        holding.place_hold(company.acting(), company.ann, [order_id], " ")


def test_a_returned_payment_is_paid_once_more(company: Company) -> None:
    _, (old,) = company.send()
    returned(company, old)
    new = again(company, old)
    row, before = company.orders([new, old])
    assert (row.state, row.replaces) == (OrderState.AWAITING_APPROVAL, old)
    assert row.instruction.end_to_end_id != before.instruction.end_to_end_id
    assert row.instruction.amount == before.instruction.amount
    company.approve([new])
    (second,) = company.release()
    dispatch.attend(company.job, second)
    assert company.states([old, new]) == [OrderState.RETURNED, OrderState.IN_FLIGHT]
    assert [told["replaced_by"] for told in company.events("order.replaced")] == [str(new)]
    assert [told["replaces"] for told in company.events("order.reissued")] == [str(old)]


def test_another_payment_of_the_same_invoice_still_holds_it(company: Company) -> None:
    _, (old,) = company.send()
    returned(company, old)
    invoices = company.orders([old])[0].invoices
    company.ask(company.request("elsewhere", 100_00, invoices=invoices), source="other")
    new = again(company, old)
    assert company.states([new]) == [OrderState.HELD]


@pytest.mark.parametrize(
    "state", [OrderState.IN_FLIGHT, OrderState.EXECUTED, OrderState.SETTLED, OrderState.HELD]
)
def test_what_may_be_paid_is_not_made_again(company: Company, state: OrderState) -> None:
    (old,) = company.ask(company.request("P"))
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=old).update(state=state.value)
    with pytest.raises(Refused) as caught:
        again(company, old)
    assert caught.value.code == "not_reissuable"


def test_only_the_last_of_a_chain_is_made_again(company: Company) -> None:
    (first,) = company.ask(company.request("P"))
    cancel(company, first)
    second = again(company, first)
    cancel(company, second)
    with pytest.raises(Refused) as caught:
        again(company, first)
    assert caught.value.code == "replaced_already"
    returned(company, first)
    returned(company, second)
    third = again(company, second)
    assert company.states([third]) == [OrderState.AWAITING_APPROVAL], "no duplicate of its own past"
    with tenant(company.tenant_id):
        assert [row.id for row in payment_links.replaced_before(third)] == [second, first]
    assert company.orders([third])[0].source_reference == "P/2/3"


def test_not_while_the_bank_contradicts_itself(company: Company) -> None:
    (old,) = company.ask(company.request("P"))
    cancel(company, old)
    with tenant(company.tenant_id):
        case = NewCase(
            id=company.world.ids.new(), kind=CaseKind.CONTRADICTION, natural_key="x",
            sentence="s", can_do="c", due_at=company.clock.now(), order_id=old,
        )  # fmt: skip
        cases.open_all([case], company.clock.now())
    with pytest.raises(Refused) as caught:
        again(company, old)
    assert caught.value.code == "contradiction_open"


def test_a_rejected_payment_is_repaired_with_another_account(company: Company) -> None:
    submission_id, (old,) = company.send()
    told = Told(
        kind=EvidenceKind.BANK_REJECTED_IT, submission_id=submission_id,
        told_by="Ms Bank", text="account closed",
    )  # fmt: skip
    evidence_id, _ = operator_evidence.state(company.acting(company.cy), company.cy, told)
    operator_evidence.confirm(company.acting(company.ann), company.ann, evidence_id)
    assert company.states([old]) == [OrderState.REJECTED]
    new = again(company, old, Correction(creditor_iban=iban(company.seed + 777)))
    row = company.orders([new])[0]
    assert row.state is OrderState.HELD, "an account that we do not know waits for a person"
    assert row.instruction.creditor_bic == ""
    with tenant(company.tenant_id):
        (case,) = cases.of_orders([old], CaseKind.REJECTION)
    assert case.outcome == f"Re-issued as {row.number}."


def test_who_may_make_again(company: Company) -> None:
    (old,) = company.ask(company.request("P"))
    cancel(company, old)
    with pytest.raises(Refused) as caught:
        reissue(company.acting(company.ann), company.ann, old, SAME, "x")
    assert caught.value.code == "not_a_maker"
    new = again(company, old)
    with pytest.raises(Refused) as caught:
        approval.approve(company.acting(), company.maker, [new], company.seen([new]))
    assert caught.value.code == "maker_cannot_approve"


def test_of_two_that_make_it_again_at_once_one_wins(company: Company) -> None:
    (old,) = company.ask(company.request("P"))
    cancel(company, old)
    barrier = threading.Barrier(2)

    def one(_: int) -> str:
        try:
            barrier.wait(10)
            again(company, old)
        except Refused as error:
            return error.code
        finally:
            connections.close_all()
        return "made"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == ["made", "replaced_already"]
    with tenant(company.tenant_id):
        assert models.Order.objects.filter(replaces_id=old).count() == 1


def test_the_database_itself_takes_no_second_payment_in_place_of_one(company: Company) -> None:
    """Were the lock forgotten: the second is not stored, and nothing of it is left."""
    (old,) = company.ask(company.request("P"))
    cancel(company, old)
    again(company, old)
    (other,) = company.ask(company.request("Q"))
    with tenant(company.tenant_id):
        before = models.Order.objects.count()
        with pytest.raises(IntegrityError, match="order_replaces_once"), transaction.atomic():
            models.Order.objects.filter(id=other).update(replaces_id=old)
        second = msgspec.structs.replace(
            company.orders([other])[0], id=company.world.ids.new(), number="PAY-X",
            source_reference="X", replaces=old,
        )  # fmt: skip
        with pytest.raises(Refused) as caught, transaction.atomic():
            order_intake.insert(company.acting(), [second])
        assert caught.value.code == "payments_not_stored"
        assert models.Order.objects.count() == before


def let_go(company: Company, ids: list[UUID], by: Member, seen: str = "") -> str:
    """The code of the refusal, "" when they were let go."""
    digests = {row.id: row.approval_digest for row in company.orders(ids)}
    with tenant(company.tenant_id):
        shown = seen or hold_decisions.seen_digest(digests)
    try:
        hold_decisions.release(company.acting(by), by, ids, shown, "goods came")
    except Refused as error:
        return error.code
    return ""


def test_holds_for_one_same_reason_are_left_together_all_or_none(company: Company) -> None:
    ids = company.ask(*(company.request(f"P{n}") for n in range(3)))
    hold(company, *ids)
    finding = Finding(code="duplicate_suspected", effect=Effect.HOLD, sentence="Twice?")
    with tenant(company.tenant_id):
        orders.insert_holds([(company.world.ids.new(), ids[2], finding)], company.clock.now())
    assert let_go(company, ids, company.ann) == "held_for_other_reasons"
    assert let_go(company, ids[:2], company.ann, "0" * 64) == "selection_changed"
    assert let_go(company, ids[:2], company.maker) == "maker_cannot_release"
    assert company.states(ids) == [OrderState.HELD] * 3
    assert let_go(company, ids[:2], company.ann) == ""
    waits = OrderState.AWAITING_APPROVAL
    assert company.states(ids) == [waits, waits, OrderState.HELD]
    with tenant(company.tenant_id):
        left = models.Hold.objects.filter(order_id__in=ids[:2])
        assert {(row.closed_by, row.reason) for row in left} == {(company.ann.name, "goods came")}
