"""Approved payments become files: exactly what was approved, on a bank day, or not at all."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import connections

from nostro import formats
from nostro.domain.order import OrderState
from nostro.domain.payment import Rail
from nostro.domain.payment_file import Payment, PaymentBatch
from nostro.formats import Profile
from nostro.storage import evidence, models, parties, people
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, dispatch
from tests.workflows.company import Company, iban


def lines(company: Company, submission_id: UUID) -> list[tuple[PaymentBatch, Payment]]:
    """The payments of a file that was frozen, each with its batch."""
    with tenant(company.tenant_id):
        content = evidence.read(company.submission(submission_id).evidence_id)
    (file,) = formats.documents(formats.identify(content), io.BytesIO(content), Profile())
    return [(batch, payment) for batch in file.batches for payment in batch.payments]


def test_the_file_says_what_was_approved_and_nothing_else(company: Company) -> None:
    ids = company.pay(3)
    (submission_id,) = company.release()
    approved = {row.instruction.end_to_end_id: row.instruction for row in company.orders(ids)}
    sent = {line.end_to_end_id: (batch, line) for batch, line in lines(company, submission_id)}
    assert set(sent) == set(approved)
    for key, told in approved.items():
        batch, line = sent[key]
        payee, account = line.counterparty, line.counterparty_account
        assert (line.amount, account.iban, payee.name, *line.remittance) == (
            told.amount, told.creditor_iban, told.creditor_name, told.remittance,
        )  # fmt: skip
        assert batch.own_account.iban == company.accounts["DE-EUR"]
    (built,) = company.events("submission.built")
    assert built["changes"] == [
        {
            "where": "legal entity DE Müller GmbH",
            "field": "name",
            "before": "DE Müller GmbH",
            "after": "DE Muller GmbH",
        }
    ]
    row = company.submission(submission_id)
    assert (row.state, row.line_count, row.totals) == ("built", 3, {"EUR": 300_03})
    assert company.attempts(ids) == ["prepared"] * 3
    assert company.bank.received == [], "nothing leaves here"
    assert company.release() == [], "and nothing enters a second file"


def test_one_file_an_account_and_one_batch_a_rail(company: Company) -> None:
    far = iban(1, "CR")
    ids = company.ask(
        company.request("P1"),
        company.request("P2", entity_code="NL"),
        company.request("P3", currency="USD"),
        company.request("P4", payee="V2", creditor_iban=far),
        company.request("P5"),
    )
    with tenant(company.tenant_id):
        models.Order.objects.filter(id__in=ids).update(state=OrderState.AWAITING_APPROVAL)
    company.approve(ids)
    released = company.release()
    assert len(released) == 3
    found = {line.end_to_end_id: batch for one in released for batch, line in lines(company, one)}
    rows = company.orders(ids)
    batches = [found[row.instruction.end_to_end_id].batch_id for row in rows]
    assert batches[0] == batches[4]
    assert len(set(batches)) == 4, "the one outside SEPA is a batch of its own"
    assert batches[3].rpartition("-")[0] == batches[0].rpartition("-")[0], "in the same file"
    bearers = [found[row.instruction.end_to_end_id].charge_bearer for row in rows]
    assert bearers == ["SLEV", "SLEV", "SHAR", "SHAR", "SLEV"]


def test_a_weekend_rolls_to_the_next_bank_day(company: Company) -> None:
    ids = company.ask(company.request("P1", requested_date=date(2026, 11, 21)))
    company.approve(ids)
    (submission_id,) = company.release()
    ((batch, _),) = lines(company, submission_id)
    assert batch.requested_date == date(2026, 11, 23)
    assert company.orders(ids)[0].approvable().digest() == company.orders(ids)[0].approval_digest


def test_too_late_for_what_was_approved_is_expired(company: Company) -> None:
    ids = company.pay()
    company.clock.advance(days=11)
    assert company.release() == []
    assert company.states(ids) == [OrderState.EXPIRED]
    assert company.bank.received == []


def test_the_roll_may_not_pass_the_latest_date(company: Company) -> None:
    ids = company.ask(company.request("P1", requested_date=date(2026, 12, 2)))
    company.approve(ids)
    company.clock.advance(days=22)
    assert company.clock.now() == datetime(2026, 12, 12, 9, tzinfo=UTC), "a Saturday, the last day"
    assert company.release() == []
    assert company.states(ids) == [OrderState.EXPIRED]


def test_a_customer_in_quarantine_sends_nothing(company: Company) -> None:
    ids = company.pay()
    company.quarantine(True)
    assert company.release() == []
    company.quarantine(False)
    (submission_id,) = company.release()
    company.quarantine(True)
    assert dispatch.attend(company.job, submission_id) is None, "also what was frozen before"
    assert company.bank.received == []
    assert company.submission(submission_id).next_action_at is not None, "still due"
    company.quarantine(False)
    assert dispatch.attend(company.job, submission_id) == "delivered"
    assert company.states(ids) == [OrderState.IN_FLIGHT]


def test_an_order_that_is_already_on_its_way_stops_the_release(company: Company) -> None:
    """Somebody sets a sent payment back in the database: no second file carries it."""
    _, ids = company.send()
    with tenant(company.tenant_id):
        models.Order.objects.filter(id__in=ids).update(
            state=OrderState.SCHEDULED, next_action_at=company.clock.now()
        )
    assert company.release() == company.release() == []
    assert len(company.bank.received) == 1
    with tenant(company.tenant_id):
        assert models.Submission.objects.count() == 1
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert company.orders(ids)[0].number in sentence


def test_releases_at_once_put_each_payment_in_one_file(company: Company) -> None:
    ids = company.pay(20)

    def act(_: int) -> list[UUID]:
        try:
            return company.release()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        released = [one for many in pool.map(act, range(4)) for one in many]
    found = [line.end_to_end_id for one in released for _, line in lines(company, one)]
    assert sorted(found) == sorted(row.instruction.end_to_end_id for row in company.orders(ids))


def test_an_account_that_cannot_send_stops_no_other(company: Company) -> None:
    with tenant(company.tenant_id):
        models.Account.objects.filter(name="DE-EUR").update(connection_id=company.erp_id)
    stuck, free = company.ask(company.request("P1"), company.request("P2", entity_code="NL"))
    company.approve([stuck, free])
    assert len(company.release()) == 1
    assert company.attempts([free]) == ["prepared"]
    assert company.states([stuck]) == [OrderState.SCHEDULED]
    assert company.release() == []
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert "takes no payments" in sentence
    assert company.orders([stuck])[0].number in sentence
    with tenant(company.tenant_id):
        assert models.Case.objects.get().order_id == stuck
        models.Connection.objects.filter(id=company.erp_id).update(config={"name": company.code})
    assert len(company.release()) == 1, "it leaves when its connection can"


def test_a_rail_that_is_taken_no_more_stops_only_its_own_payments(company: Company) -> None:
    wired, ours = company.ask(company.request("P1", rail=Rail.SEPA_INSTANT), company.request("P2"))
    company.approve([wired, ours])
    company.bank.taken = frozenset({Rail.SEPA_CREDIT_TRANSFER})
    assert len(company.release()) == 1
    assert company.attempts([ours]) == ["prepared"]
    assert company.states([wired]) == [OrderState.HELD]
    ((_, sentence),) = company.cases()
    assert "The connection of DE-EUR takes no payments by" in sentence


def test_a_connection_that_takes_less_than_its_settings_tell_sends_nothing(
    company: Company,
) -> None:
    ids = company.pay(1)
    company.bank.rails = frozenset  # type: ignore[method-assign]
    assert company.release() == []
    assert company.states(ids) == [OrderState.SCHEDULED]
    ((_, sentence),) = company.cases()
    assert "takes no payments by" in sentence


def test_one_payment_changed_outside_stops_no_other(company: Company) -> None:
    bad, good = company.pay(2)
    with tenant(company.tenant_id):
        models.Order.objects.filter(id=bad).update(creditor_iban=iban(666))
    (submission_id,) = company.release()
    assert company.submission(submission_id).line_count == 1
    assert company.states([bad, good]) == [OrderState.SCHEDULED, OrderState.SCHEDULED]
    assert company.attempts([good]) == ["prepared"]


def voided(company: Company) -> list[bool]:
    with tenant(company.tenant_id):
        rows = models.Approval.objects.order_by("id")
        return [row.voided_at is not None for row in rows]


def held_for(company: Company, order_id: UUID) -> str:
    with tenant(company.tenant_id):
        return models.Hold.objects.get(order_id=order_id, closed_at__isnull=True).code


def test_an_approver_who_lost_the_right_sends_nothing(company: Company) -> None:
    ids = company.pay()
    with tenant(company.tenant_id):
        people.withdraw(UUID(company.bob.id))
    assert company.release() == []
    assert company.states(ids) == [OrderState.HELD]
    assert held_for(company, ids[0]) == "approver_no_longer_entitled"
    assert voided(company) == [True, True]
    assert len(company.cases()) == 1
    approval.release_hold(company.acting(company.cy), company.cy, ids[0], "Approve it anew")
    for member in (company.ann, company.cy):
        approval.approve(company.acting(member), member, ids, company.seen(ids))
    assert len(company.release()) == 1


def test_bank_details_changed_after_approval_go_back_to_people(company: Company) -> None:
    ids = company.pay()
    (before,) = company.orders(ids)
    new = iban(company.seed + 77)
    with tenant(company.tenant_id):
        payee = company.payee_ids["V1"]
        company.add_payee_account(payee, "V1", new, 2, UUID(company.ann.id))
    assert company.release() == []
    assert company.states(ids) == [OrderState.HELD]
    assert held_for(company, ids[0]) == "account_changed_after_approval"
    assert voided(company) == [True, True]
    ((kind, sentence),) = company.cases()
    assert kind == "difference"
    assert new[-4:] in sentence
    (row,) = company.orders(ids)
    assert row.instruction == before.instruction, "where it pays to is nobody's to change here"
    assert row.payee_account_version == 2
    assert row.approval_digest == row.approvable().digest() != before.approval_digest
    moves = [event["move"] for event in company.events("order.moved")][-3:]
    assert sorted(moves) == ["edit", "hold", "validate"]
    with tenant(company.tenant_id):
        current = parties.current_payee_accounts(["V1"])["V1"]
    assert current.id == str(row.payee_account_id)
    approval.release_hold(company.acting(company.bob), company.bob, ids[0], "The old one, they say")
    for member in (company.bob, company.cy):
        approval.approve(company.acting(member), member, ids, company.seen(ids))
    assert len(company.release()) == 1, "agreed to again, by people who saw the change"
