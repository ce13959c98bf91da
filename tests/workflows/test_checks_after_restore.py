"""A backup forgets checks that were drawn after it; no statement names them for weeks."""

from __future__ import annotations

from nostro.domain.order import OrderState
from nostro.storage import approvals, models, restoring
from nostro.storage.tenancy import tenant
from nostro.workflows import after_restore, approval
from nostro.workflows.freezing import lift as agree
from tests.workflows.checks import states
from tests.workflows.company import Company
from tests.workflows.test_after_restore import lift, quarantine, resolve, stop_of
from tests.workflows.test_payments_by_check import asked, has_numbers

HELD, SCHEDULED = OrderState.HELD, OrderState.SCHEDULED


def test_a_payment_by_check_waits_for_a_person_who_looked_whether_it_is_drawn(
    company: Company,
) -> None:
    has_numbers(company)
    ids = asked(company)
    company.approve(ids)
    transfer = company.pay(1, "T")
    quarantine(company)
    has_numbers(company, 6001, 6009)
    late = asked(company, payee="V2", invoices=("LATE",), source_reference="AGAIN")
    company.approve(late)
    assert company.states([*ids, *transfer, *late]) == [SCHEDULED] * 3
    resolve(company, f"restore/{stop_of(company, company.bank_id)}")
    lift(company, company.bank_id)
    assert company.states([*ids, *late, *transfer]) == [HELD, HELD, SCHEDULED]
    assert len(company.release()) == 1  # The transfer leaves.
    assert states(company) == {}
    with tenant(company.tenant_id):
        holds = models.Hold.objects.filter(order_id__in=[*ids, *late])
        assert [hold.code for hold in holds] == ["check_may_be_drawn"] * 2
        assert "may have forgotten a check" in holds[0].sentence
        assert approvals.given(ids)[ids[0]] == {}
    acting = company.acting(company.bob)
    approval.release_hold(acting, company.bob, ids[0], "the printer has none for it")
    company.approve(ids)
    company.release()
    assert set(states(company)) == {6001}


def test_who_was_released_once_is_not_asked_about_again(company: Company) -> None:
    has_numbers(company)
    ids = asked(company)
    quarantine(company)
    stop_id = stop_of(company, company.bank_id)
    resolve(company, f"restore/{stop_id}")
    agree(company.acting(company.bob), company.bob, stop_id, "looked up")
    assert company.states(ids) == [HELD]
    approval.release_hold(company.acting(company.bob), company.bob, ids[0], "none is printed")
    agree(company.acting(company.cy), company.cy, stop_id, "looked up")
    assert company.states(ids) == [OrderState.AWAITING_APPROVAL]
    with tenant(company.tenant_id):
        assert restoring.stop_of(company.bank_id) is None
        assert after_restore.hold_suspected(company.job, company.bank_id) == []
