"""The stop button: exact, for two others to lift, and nothing leaves past it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connections

from nostro.domain.errors import Refused
from nostro.domain.freeze import FreezeScope
from nostro.domain.order import OrderState
from nostro.storage import freezes, models
from nostro.storage.tenancy import tenant
from nostro.workflows import dispatch, freezing, release
from tests.workflows.company import Company

SUBJECTS = ("customer", "connection", "entity", "account", "payee")


def subject(company: Company, scope: str) -> UUID:
    with tenant(company.tenant_id):
        account = models.Account.objects.get(name="DE-EUR")
        payee = models.Payee.objects.get(number="V1")
    return {
        "customer": company.tenant_id,
        "connection": company.bank_id,
        "entity": account.entity_id,
        "account": account.id,
        "payee": payee.id,
    }[scope]


def stop(company: Company, scope: str) -> UUID:
    chosen = FreezeScope(scope)
    return freezing.freeze(
        company.acting(company.ann), company.ann, chosen, subject(company, scope), "odd call"
    )


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize("scope", SUBJECTS)
def test_what_is_stopped_does_not_become_a_file(company: Company, scope: str) -> None:
    ids = company.pay(2)
    stop_id = stop(company, scope)
    assert company.release() == []
    assert set(company.states(ids)) == {OrderState.SCHEDULED}
    for member in (company.bob, company.cy):
        freezing.lift(company.acting(member), member, stop_id, "caller identified")
    assert len(company.release()) == 1


@pytest.mark.parametrize("scope", SUBJECTS)
def test_a_file_that_was_built_before_the_stop_does_not_leave(company: Company, scope: str) -> None:
    company.pay(2)
    (submission_id,) = company.release()
    stop_id = stop(company, scope)
    dispatch.attend(company.job, submission_id)
    assert company.bank.received == []
    company.clock.advance(minutes=5)
    dispatch.attend(company.job, submission_id)
    assert company.bank.received == []
    assert company.submission(submission_id).next_action_at is not None
    for member in (company.bob, company.cy):
        freezing.lift(company.acting(member), member, stop_id, "caller identified")
    dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1


def test_payments_of_others_leave(company: Company) -> None:
    stop(company, "payee")
    ids = company.ask(company.request("P1"), company.request("P2", payee="V2"))
    company.approve(ids)
    company.release()
    with tenant(company.tenant_id):
        (attempt,) = models.Attempt.objects.filter(order_id__in=ids)
    assert attempt.order_id == ids[1]


def test_two_others_lift_it_and_nobody_else(company: Company) -> None:
    stop_id = stop(company, "customer")

    def lift(member: object) -> bool:
        return freezing.lift(company.acting(member), member, stop_id, "all clear")  # type: ignore[arg-type]

    assert refusal(lambda: lift(company.ann)) == "own_stop"
    assert lift(company.bob) is False
    assert refusal(lambda: lift(company.bob)) == "already_lifted"
    assert refusal(lambda: stop(company, "customer")) == "stopped_already"
    assert lift(company.cy) is True
    assert refusal(lambda: lift(company.cy)) == "stop_unknown"
    with tenant(company.tenant_id):
        assert freezes.in_force() == []
        (told,) = freezes.history(10)
    assert told.lifted_by_names == (company.bob.name, company.cy.name)


def test_who_may_not_stop(company: Company) -> None:
    maker = company.maker.__class__(id=company.maker.id, name="M", roles=frozenset())
    act = company.acting(maker)
    assert (
        refusal(lambda: freezing.freeze(act, maker, FreezeScope.CUSTOMER, company.tenant_id, "x"))
        == "not_a_treasurer"
    )
    assert (
        refusal(
            lambda: freezing.freeze(
                company.acting(company.ann), company.ann, FreezeScope.PAYEE, company.tenant_id, "x"
            )
        )
        == "stop_subject_unknown"
    )


def test_race_nothing_begins_to_leave_after_the_stop_was_confirmed(company: Company) -> None:
    """Twelve files and one stop at once: each file left before the stop was confirmed, or stays."""
    files = []
    for number in range(12):
        company.pay(1, f"R{number}-")
        files += company.release()
    barrier = threading.Barrier(len(files) + 1)

    def send(submission_id: UUID) -> None:
        barrier.wait()
        dispatch.attend(company.job, submission_id)
        connections.close_all()

    threads = [threading.Thread(target=send, args=(found,)) for found in files]
    for thread in threads:
        thread.start()
    barrier.wait()
    stop(company, "customer")
    with tenant(company.tenant_id):  # What had begun when the stop was confirmed.
        going = models.Submission.objects.exclude(state="built").values_list("id", flat=True)
        begun_ids = set(going)
    for thread in threads:
        thread.join()
    with tenant(company.tenant_id):
        after = set(models.Submission.objects.exclude(state="built").values_list("id", flat=True))
    assert after == begun_ids
    assert len(company.bank.received) == len(after)
    assert release.release(company.job) == []
