"""Taking payments back: free before they leave, a recall with a deadline afterwards."""

from __future__ import annotations

import contextlib
import io
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections

from nostro import formats
from nostro.domain.cancellation import CancellationRequest, payments_of
from nostro.domain.errors import InDoubt, Invalid, Refused, Unavailable
from nostro.domain.freeze import FreezeScope
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.policies.recall import CancelPurpose, RecallReason
from nostro.formats import Profile
from nostro.storage import cases, evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import cancellation_answers, cancelling, dispatch, freezing, recall
from nostro.workflows.cancelling import TakenBack, Wish
from tests.workflows.company import Company

WISH = Wish(reason=RecallReason.CUSTOMER, text="ordered twice by phone")


def take_back(company: Company, ids: list[UUID], wish: Wish = WISH) -> TakenBack:
    return cancelling.take_back(company.acting(), company.maker, ids, wish)


def case_of(company: Company, case_id: UUID) -> models.Case:
    with tenant(company.tenant_id):
        return models.Case.objects.get(id=case_id)


def request_of(company: Company, case_id: UUID) -> UUID:
    """The file that asks the bank."""
    found = case_of(company, case_id).request_id
    assert found
    return found


def asked(company: Company) -> CancellationRequest:
    """What the bank was asked, read by our own reader."""
    (outgoing,) = company.bank.recalls
    form = formats.identify(outgoing.content)
    (found,) = formats.documents(form, io.BytesIO(outgoing.content), Profile())
    assert isinstance(found, CancellationRequest)
    return found


def answers(company: Company, status: str, *, of: UUID, number: int = 1, reason: str = "") -> int:
    """The bank's camt.029 about one recall, by the id of its case."""
    told = f"<CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></CxlStsRsnInf>" if reason else ""
    content = f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn>
    <Assgnmt><Id>A{number}</Id><Assgnr><Agt><FinInstnId><BICFI>MOCKNL2A</BICFI></FinInstnId></Agt>
    </Assgnr><Assgne><Pty><Nm>x</Nm></Pty></Assgne><CreDtTm>2026-11-20T10:00:00</CreDtTm></Assgnmt>
    <Sts><Conf>{status}</Conf></Sts><CxlDtls><TxInfAndSts><CxlStsId>{of.hex}</CxlStsId>
    <TxCxlSts>{status}</TxCxlSts>{told}</TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>"""
    data = content.encode()
    form = formats.identify(data)
    (answer,) = formats.documents(form, io.BytesIO(data), Profile())
    with tenant(company.tenant_id):
        kept = evidence.keep(
            company.world.ids.new(), data, name=f"camt029-{number}.xml",
            media_type="application/xml", direction="in", now=company.clock.now(),
        )  # fmt: skip
    return cancellation_answers.apply_cancellation_answer(
        company.job, company.bank_id, kept, answer
    )


def test_before_it_leaves_it_is_free(company: Company) -> None:
    ids = company.ask(company.request("P1"), company.request("P2"))
    done = take_back(company, ids)
    assert set(done.cancelled) == set(ids)
    assert company.states(ids) == [OrderState.CANCELLED] * 2
    assert not done.recalled


def test_a_file_that_waits_is_made_anew_without_it(company: Company) -> None:
    ids = company.pay(3)
    (first,) = company.release()
    assert take_back(company, ids[:1]).cancelled == (ids[0],)
    dispatch.attend(company.job, first)
    assert company.bank.received == []
    assert company.submission(first).state == "abandoned"
    (second,) = company.release()
    dispatch.attend(company.job, second)
    (outgoing,) = company.bank.received
    assert company.orders(ids)[0].instruction.end_to_end_id.encode() not in outgoing.content
    assert company.states(ids) == [OrderState.CANCELLED] + [OrderState.IN_FLIGHT] * 2


def test_what_has_left_is_asked_back(company: Company) -> None:
    _, ids = company.send(3)
    done = take_back(company, ids[:2])
    assert done.cancelled == ()
    assert set(done.recalled) == set(ids[:2])
    assert company.states(ids) == [OrderState.IN_FLIGHT] * 3, "a request is no result"
    dispatch.attend(company.job, request_of(company, done.recalled[ids[0]]))
    request = asked(company)
    named = {row.instruction.end_to_end_id for row in company.orders(ids[:2])}
    assert {line.end_to_end_id for line in payments_of(request)} == named
    case = case_of(company, done.recalled[ids[0]])
    assert (case.stage, case.state) == ("sent", "waiting")
    assert case.due_at - company.clock.now() > timedelta(days=19), "15 banking days"


def test_the_bank_cancels_it(company: Company) -> None:
    _, ids = company.send(2)
    case_id = take_back(company, ids[:1]).recalled[ids[0]]
    assert answers(company, "CNCL", of=case_id) == 1
    assert company.attempts(ids) == ["cancelled_stop", "delivered"]
    assert company.states(ids) == [OrderState.CANCELLED, OrderState.IN_FLIGHT]
    case = case_of(company, case_id)
    assert (case.stage, case.state) == ("accepted", "resolved")
    assert answers(company, "CNCL", of=case_id) == 0, "the same answer again is no news"


def test_cancelled_in_order_to_be_sent_again(company: Company) -> None:
    _, ids = company.send(1)
    wish = Wish(reason=RecallReason.TECHNICAL, text="bank lost it", purpose=CancelPurpose.REROUTE)
    case_id = take_back(company, ids, wish).recalled[ids[0]]
    answers(company, "CNCL", of=case_id)
    assert company.states(ids) == [OrderState.SCHEDULED]
    (second,) = company.release()
    dispatch.attend(company.job, second)
    first_file, second_file = company.bank.received
    assert first_file.message_id != second_file.message_id
    e2e = company.orders(ids)[0].instruction.end_to_end_id.encode()
    assert e2e in first_file.content
    assert e2e in second_file.content


@pytest.mark.parametrize("reason", [RecallReason.FRAUD, RecallReason.DUPLICATE])
def test_fraud_and_duplicates_are_never_sent_again(company: Company, reason: RecallReason) -> None:
    _, ids = company.send(1)
    with pytest.raises(Invalid) as caught:
        take_back(company, ids, Wish(reason=reason, text="x", purpose=CancelPurpose.REROUTE))
    assert caught.value.code == "recall_always_stops"


def test_pending_then_refused(company: Company) -> None:
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    answers(company, "PDCR", of=case_id)
    assert case_of(company, case_id).stage == "pending"
    answers(company, "RJCR", of=case_id, number=2, reason="CUST")
    case = case_of(company, case_id)
    assert (case.stage, case.state) == ("refused", "open")
    assert case.next_action_at is None
    assert company.states(ids) == [OrderState.IN_FLIGHT]


def test_a_late_yes_is_believed_after_the_term(company: Company) -> None:
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    company.clock.advance(days=40)
    with tenant(company.tenant_id):
        row = cases.lock(case_id)
        assert row is not None
        recall.attend(company.job, row)
    assert case_of(company, case_id).stage == "expired"
    answers(company, "CNCL", of=case_id)
    assert case_of(company, case_id).stage == "accepted"


def test_money_comes_back_less_fees(company: Company) -> None:
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    with tenant(company.tenant_id):
        assert recall.money_back(company.job, ids[0], Money(97_50, "EUR"), "FOCR")
        assert not recall.money_back(company.job, ids[0], Money(97_50, "EUR"), "FOCR")
    case = case_of(company, case_id)
    assert (case.stage, case.state) == ("accepted", "resolved")
    assert "2.50 EUR less than was asked for" in case.outcome


def test_a_file_that_waits_for_another_try_does_not_leave_with_it(company: Company) -> None:
    """The bank was down; the payment is stopped there and then, and its file stays."""
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    submission_id, ids = company.send(2)
    done = take_back(company, ids[:1], Wish(reason=RecallReason.FRAUD, text="false invoice"))
    assert done.cancelled == (ids[0],)
    for _ in range(6):
        company.clock.advance(hours=1)
        dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1, "the first try, which did not arrive"


def test_a_doubt_whose_payment_is_asked_back_is_not_sent_again(company: Company) -> None:
    company.bank.outcomes = [InDoubt("cut", "Lost.")]
    submission_id, ids = company.send(1)
    take_back(company, ids, Wish(reason=RecallReason.FRAUD, text="false invoice"))
    company.bank.answers = [False] * 40
    for _ in range(40):
        company.clock.advance(minutes=15)
        dispatch.attend(company.job, submission_id)
    assert len(company.bank.received) == 1


def test_a_recall_goes_out_while_payments_are_stopped(company: Company) -> None:
    _, ids = company.send(1)
    freezing.freeze(
        company.acting(company.ann), company.ann, FreezeScope.CUSTOMER, company.tenant_id, "fraud"
    )
    case_id = take_back(company, ids).recalled[ids[0]]
    dispatch.attend(company.job, request_of(company, case_id))
    assert len(company.bank.recalls) == 1


def test_asked_twice_is_one_request(company: Company) -> None:
    _, ids = company.send(1)
    take_back(company, ids)
    again = take_back(company, ids)
    assert again.recalled == {}
    assert "already" in again.not_taken[0].sentence


def test_what_is_over_cannot_be_taken_back(company: Company) -> None:
    ids = company.ask(company.request("P1"))
    take_back(company, ids)
    again = take_back(company, ids)
    assert "cancelled" in again.not_taken[0].sentence


def test_another_banks_answer_is_left_alone(company: Company) -> None:
    _, ids = company.send(1)
    case_id = take_back(company, ids).recalled[ids[0]]
    company.bank_id = company.erp_id
    assert answers(company, "CNCL", of=case_id) == 0
    assert case_of(company, case_id).stage == "requested"


def test_a_lost_request_is_asked_about_like_a_payment(company: Company) -> None:
    _, ids = company.send(1)
    company.bank.recall_outcomes = [InDoubt("cut", "Lost.")]
    case_id = take_back(company, ids).recalled[ids[0]]
    file = request_of(company, case_id)
    dispatch.attend(company.job, file)
    assert company.submission(file).state == "unknown"
    assert case_of(company, case_id).stage == "requested"


def test_race_it_leaves_or_it_is_cancelled_never_both(company: Company) -> None:
    for number in range(8):
        ids = company.pay(1, f"R{number}-")
        (submission_id,) = company.release()
        barrier = threading.Barrier(2)

        def send(barrier: threading.Barrier = barrier, file: UUID = submission_id) -> None:
            barrier.wait()
            dispatch.attend(company.job, file)
            connections.close_all()

        sender = threading.Thread(target=send)
        before = len(company.bank.received)
        sender.start()
        barrier.wait()
        with contextlib.suppress(Refused):  # It has just begun to leave.
            take_back(company, ids)
        sender.join()
        left = len(company.bank.received) > before
        (state,) = company.states(ids)
        assert left == (state is OrderState.IN_FLIGHT), (left, state)
        assert left or state is OrderState.CANCELLED
