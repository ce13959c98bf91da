"""What bookings say of our payments: executed once, returned, booked twice; never settled early."""

from __future__ import annotations

from datetime import date

import pytest

from nostro.domain.money import Money
from nostro.domain.policies.recall import RecallReason
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, cancelling
from nostro.workflows.cancelling import Wish
from tests.workflows.booking_words import Sent, Told
from tests.workflows.company import Company, iban


@pytest.fixture
def sent(company: Company) -> Sent:
    return Sent(company)


def test_a_debit_notice_executes_and_settles_nothing(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.debit(0)))
    assert sent.attempts == ["executed", "delivered"], "a booking needs no report before it"
    assert sent.states == ["executed", "in_flight"]
    assert sent.facts() == [("notification", "BOOK", "", "applied")]
    assert sent.attempt(0).bank_reference == "B0"
    assert sent.attempt(0).finality_until == date(2026, 11, 25), "three bank days after a Friday"
    assert sent.journals() == []
    assert sent.kinds() == []


@pytest.mark.parametrize(("kind", "status"), [("052", "BOOK"), ("052", "PDNG"), ("054", "PDNG")])
def test_what_is_not_final_accepts_at_most(sent: Sent, kind: str, status: str) -> None:
    sent.hears(sent.camt(kind, sent.debit(0, status=status)))
    assert sent.attempts[0] == "accepted"
    assert sent.states[0] == "in_flight"


def test_what_is_only_announced_is_no_news(sent: Sent) -> None:
    sent.hears(sent.camt("052", sent.debit(0, status="FUTR")))
    assert sent.attempts[0] == "delivered"
    assert sent.facts() == [("intraday_report", "FUTR", "", "kept")]


def test_notice_and_statement_of_one_booking_are_two_facts_and_one_execution(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.debit(0)), sent.camt("053", sent.debit(0)))
    assert sent.states[0] == "settled"
    assert [(kind, verdict) for kind, _, _, verdict in sent.facts()] == [
        ("notification", "applied"), ("statement", "kept"),
    ]  # fmt: skip
    assert sent.kinds() == []


def test_a_report_that_grows_over_the_day_tells_each_booking_once(sent: Sent) -> None:
    first, second = sent.debit(0), sent.debit(1)
    sent.hears(sent.camt("052", first), sent.camt("052", first, second, message_id="N2"))
    assert len(sent.facts()) == 2
    assert sent.kinds() == []


@pytest.mark.parametrize("key", ["uetr", "bank reference", "batch"])
def test_a_booking_may_name_a_payment_otherwise(sent: Sent, key: str) -> None:
    attempt = sent.attempt(0)
    told = sent.debit(0, key="NOTPROVIDED", reference="")
    if key == "uetr":
        told = sent.debit(0, key="NOTPROVIDED", uetr=str(attempt.uetr))
    elif key == "bank reference":
        sent.hears(sent.camt("052", sent.debit(0, status="PDNG", reference="X1")))
        told = sent.debit(0, key="", reference="X1")
    else:
        told = Told(minor=-sum(sent.amounts), batch=sent.batch, reference="BB")
    sent.hears(sent.camt("054", told))
    assert sent.attempts[0] == "executed"
    sent.hears(sent.camt("053", told))
    assert sent.states[0] == "settled", "the statement finds it by the same key"
    assert sent.kinds() == []


def test_a_fee_with_the_reference_of_its_payment_is_not_the_payment(sent: Sent) -> None:
    fee = Told(minor=-1_50, reference="B0")
    sent.hears(sent.camt("053", sent.debit(0), fee), sent.camt("054", fee))
    assert sent.states[0] == "settled"
    assert sent.kinds() == []


def test_a_batch_that_does_not_add_up_moves_nothing(sent: Sent) -> None:
    sent.hears(sent.camt("054", Told(minor=-sum(sent.amounts) - 1, batch=sent.batch)))
    assert sent.attempts == ["delivered"] * 2
    assert sent.kinds() == ["difference"]


def test_a_batch_booked_without_what_the_bank_rejects_later_settles_then(sent: Sent) -> None:
    """The statement overtakes the report: what it books is explained as soon as that is known."""
    told = Told(minor=-sent.amounts[0], batch=sent.batch, reference="BB")
    sent.hears(sent.camt("053", told))
    assert sent.states == ["in_flight"] * 2
    sent.hears(sent.report((1, "RJCT", "AC04")))
    assert sent.states == ["settled", "rejected"]
    with tenant(sent.company.tenant_id):
        assert not models.Case.objects.filter(kind="difference", state="open").exists()


def test_another_amount_moves_nothing_unless_charges_itemise_it(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.debit(0, minor=-sent.amounts[0] - 5_00)))
    assert sent.attempts[0] == "delivered"
    assert sent.kinds() == ["difference"]
    itemised = sent.debit(1, minor=-sent.amounts[1] - 5_00, charges=5_00)
    sent.hears(sent.camt("054", itemised, message_id="N2"), sent.camt("053", itemised))
    assert sent.states[1] == "settled"
    assert sent.kinds() == ["difference"]


def test_a_payment_in_another_currency_is_known_by_what_was_instructed(company: Company) -> None:
    sent = Sent(company, 1, currency="USD")
    money = Money(sent.amounts[0], "USD")
    told = sent.debit(0, minor=-90_00, currency="EUR", instructed=money)
    sent.hears(sent.camt("054", told))
    assert sent.attempts == ["executed"]


@pytest.mark.parametrize("kind", ["054", "053"])
def test_two_bookings_of_one_payment_are_loud(sent: Sent, kind: str) -> None:
    sent.hears(sent.camt(kind, sent.debit(0), sent.debit(0, reference="B9")))
    case = sent.case("contradiction")
    assert case.sentence.startswith("POSSIBLE DOUBLE PAYMENT")
    assert case.order_id == sent.ids[0]
    assert sent.attempts[0] == "executed"


def test_two_bookings_without_a_reference_in_one_notice_are_two(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.debit(0, reference=""), sent.debit(0, reference="")))
    assert sent.kinds() == ["contradiction"]


def test_rejected_after_it_was_booked_is_a_contradiction(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.debit(0)), sent.report((0, "RJCT", "AC04")))
    assert sent.attempts[0] == "executed"
    assert sent.kinds() == ["contradiction"]


def test_a_notice_of_an_account_that_is_not_ours_is_kept_and_is_no_case(sent: Sent) -> None:
    told = sent.camt("054", sent.debit(0)).replace(sent.iban.encode(), iban(404).encode())
    sent.hears(told)
    assert sent.attempts[0] == "delivered"
    assert sent.facts() == []
    assert sent.kinds() == []


def test_no_bank_books_for_another(sent: Sent) -> None:
    company = sent.company
    told = sent.camt("054", sent.debit(0))
    answers.receive_message(company.job, company.erp_id, "b.xml", told)
    assert sent.attempts[0] == "delivered"
    assert sent.kinds() == ["statement"]


# Returns.


@pytest.mark.parametrize("kind", ["053", "054"])
def test_all_of_it_came_back(sent: Sent, kind: str) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt(kind, sent.back(0), message_id="N2"))
    assert sent.attempts[0] == "returned"
    assert sent.states[0] == "returned"
    assert sent.order(0).returned_minor == sent.amounts[0]
    case = sent.case("return")
    assert (case.stage, case.amount_minor, case.reason) == ("reversed", sent.amounts[0], "MS03")
    assert case.attempt_id == sent.attempt(0).id
    assert sent.journals() == [
        ("payment_returned", "erp", "reset_and_reverse"),
        ("payment_settled", "nostro", "post"),
        *([("return_booked", "nostro", "post")] if kind == "053" else []),
    ], "only a statement is cash evidence"


def test_what_we_asked_back_is_recalled_when_the_money_is_there(sent: Sent) -> None:
    company = sent.company
    sent.hears(sent.camt("053", sent.debit(0)))
    wish = Wish(reason=RecallReason.CUSTOMER, text="ordered twice")
    cancelling.take_back(company.acting(), company.maker, [sent.order(0).id], wish)
    assert sent.states[0] == "settled", "a request is no result"
    sent.hears(sent.camt("054", sent.back(0), message_id="N2"))
    assert sent.states[0] == "recalled"
    case = sent.case("recall")
    assert (case.stage, case.state) == ("accepted", "resolved")


def test_a_return_told_twice_counts_once(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("054", sent.back(0)))
    sent.hears(sent.camt("053", sent.back(0), message_id="N2"))
    sent.hears(sent.camt("054", sent.back(0), message_id="N3"))
    assert sent.order(0).returned_minor == sent.amounts[0]
    assert sent.kinds() == ["return"]
    assert [event for event, _, _ in sent.journals()] == [
        "payment_returned",
        "payment_settled",
        "return_booked",
    ]


def test_parts_come_back_one_after_the_other(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("054", sent.back(0, 60_00)))
    assert sent.states[0] == "partially_returned"
    assert sent.attempts[0] == "executed"
    case = sent.case("return")
    assert case.stage == "matched"
    assert "40.00 EUR of 100.00 EUR is missing" in case.sentence
    assert sent.journals() == [("payment_settled", "nostro", "post")]
    rest = sent.back(0, 40_00, reference="R8")
    sent.hears(sent.camt("054", rest, message_id="N2"))
    assert sent.states[0] == "returned"
    assert sent.order(0).returned_minor == 100_00
    assert sent.case("return").stage == "reversed"
    assert "missing" not in sent.case("return").sentence


def test_less_its_itemised_charges_is_the_whole_and_the_fees_are_shown(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)))
    sent.hears(sent.camt("054", sent.back(0, 95_00, charges=5_00)))
    assert sent.states[0] == "returned"
    assert sent.order(0).returned_minor == 95_00
    case = sent.case("return")
    assert "5.00 EUR of 100.00 EUR is missing: its charges" in case.sentence
    assert case.details == {"fees_minor": 5_00}


def test_more_than_was_paid_cannot_come_back(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("054", sent.back(0, 100_01)))
    assert sent.states[0] == "settled"
    assert sent.order(0).returned_minor == 0
    assert sent.kinds() == ["contradiction"]
    assert "100.01 EUR came back" in sent.case("contradiction").sentence


def test_a_bad_account_stops_its_payee(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("054", sent.back(0, reason="AC04")))
    assert "the payee is stopped" in sent.case("return").sentence
    with tenant(sent.company.tenant_id):
        stop = models.Freeze.objects.get()
    assert (stop.scope, stop.cause, stop.frozen_by) == ("payee", "return", "nostro")
    sent.company.pay(1, "NEXT")
    assert sent.company.release() == [], "nothing more leaves to this payee"


def test_a_reason_of_the_moment_stops_nobody(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("054", sent.back(0, reason="MS03")))
    with tenant(sent.company.tenant_id):
        assert not models.Freeze.objects.exists()


def test_a_credit_that_names_our_payment_and_is_no_return_is_for_a_person(sent: Sent) -> None:
    sent.hears(sent.camt("054", sent.back(0, reason="")))
    assert sent.attempts[0] == "delivered"
    assert sent.kinds() == ["difference"]


def test_money_back_for_a_batch_is_for_a_person(sent: Sent) -> None:
    sent.hears(sent.camt("054", Told(minor=5_00, batch=sent.batch, reference="X")))
    assert sent.attempts == ["delivered"] * 2
    assert sent.case("return").stage == "reported"


def test_a_return_of_the_day_is_kept_until_the_notice_or_the_statement(sent: Sent) -> None:
    sent.hears(sent.camt("053", sent.debit(0)), sent.camt("052", sent.back(0)))
    assert sent.states[0] == "settled"
    assert sent.facts()[-1] == ("intraday_report", "RTRN", "MS03", "kept")
