"""From two approvals to the statement, over each channel: paid once, and told as it was."""

from __future__ import annotations

from uuid import UUID

import pytest

from nostro.domain.money import Money
from nostro.domain.payment_return import says_account_is_bad
from nostro.storage import models
from nostro.storage.tenancy import tenant
from tests.end_to_end.partners import OPENING, SFTP, MockBankBySftp, Paid, Partner
from tests.end_to_end.story import Story


def agrees_with_the_bank(story: Story, bank: Partner, settled: list[UUID]) -> None:
    """The bank's own books, the statement and our orders say the same of these payments."""
    keys, amounts = story.keys(settled), story.amounts(settled)
    assert bank.books() == {key: Paid(minor, 1) for key, minor in zip(keys, amounts, strict=True)}
    assert story.verdicts() == ["closes"]
    assert story.lines() == sorted(
        (key, -minor, "matched") for key, minor in zip(keys, amounts, strict=True)
    )
    assert story.closing() == OPENING.minor - sum(amounts)
    assert bank.balance() == Money(OPENING.minor - sum(amounts), "EUR")
    assert [order_id for event, order_id in story.journals() if event == "payment_settled"] == (
        settled
    )


def test_all_accepted_is_settled_by_a_statement(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2", "V3")
    submission_id = story.send()
    assert {"pain_002", "camt_054"} <= set(story.hear())
    assert set(story.states(ids)) == {"executed"}, "no word of the bank settles"
    assert "camt_053" in story.end_days()
    assert set(story.states(ids)) == {"settled"}
    agrees_with_the_bank(story, bank, ids)
    assert story.kinds() == []
    assert story.attend(submission_id) is None
    assert story.hear() == []


@pytest.mark.parametrize("bank", [SFTP], indirect=True)
def test_what_leaves_sealed_is_what_was_frozen_and_kept(story: Story, bank: Partner) -> None:
    assert isinstance(bank, MockBankBySftp)
    story.pay("V1")
    submission_id = story.send()
    row = story.company.submission(submission_id)
    (lies,) = (bank.server.home / "drop").iterdir()
    assert lies.name == row.file_name
    assert lies.read_bytes() == story.sealed(submission_id)
    bank.carry()
    opened = bank.inside / "bank_in" / "processed" / row.file_name.removesuffix(".pgp")
    assert opened.read_bytes() == story.frozen(submission_id)


def test_a_closed_account_is_rejected_and_the_others_settle(story: Story, bank: Partner) -> None:
    bank.refuses_payee(story.company.payees["V2"])
    ids = story.pay("V1", "V2", "V3")
    story.send()
    story.hear()
    assert story.states(ids) == ["executed", "rejected", "executed"]
    story.end_days()
    assert story.states(ids) == ["settled", "rejected", "settled"]
    agrees_with_the_bank(story, bank, [ids[0], ids[2]])
    (case,) = story.cases()
    assert (case.kind, case.order_id) == ("rejection", ids[1])
    assert "AC04" in case.sentence + case.reason


@pytest.mark.parametrize("when", ["before we heard of the first", "after the statement"])
def test_the_same_file_again_rejects_nothing_that_was_paid(
    story: Story, bank: Partner, when: str
) -> None:
    """Forced: the bank gets our frozen bytes once more, not from us, and says duplicate."""
    ids = story.pay("V1", "V2")
    submission_id = story.send()
    if when == "after the statement":
        story.hear()
        story.end_days()
    bank.gets(story.frozen(submission_id))
    story.hear()
    assert story.duplicate_was_told(submission_id)
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    agrees_with_the_bank(story, bank, ids)
    assert story.kinds() == ["enquiry"], "told once to a person, and rejects nothing"


def test_a_file_that_the_bank_has_already_is_paid_once(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2")
    submission_id = story.release()
    bank.gets(story.frozen(submission_id))
    if story.attend(submission_id) == "unknown":
        story.company.clock.advance(seconds=11)
        assert story.attend(submission_id) == "delivered", "it was asked, and knows the file"
    story.hear()
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    assert story.company.submission(submission_id).state in ("delivered", "acknowledged")
    agrees_with_the_bank(story, bank, ids)
    assert set(story.kinds()) <= {"enquiry"}


def test_a_late_return_gives_back_the_order_once(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2")
    bank.gives_back(story.keys(ids)[1])
    story.send()
    story.hear()
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    story.end_days(10)
    assert story.states(ids) == ["settled", "returned"]
    (case,) = story.cases()
    assert (case.kind, case.order_id, case.stage) == ("return", ids[1], "reversed")
    assert case.amount_minor == story.amounts(ids)[1]
    events = [(event, order_id) for event, order_id in story.journals()]
    assert sorted(events) == sorted(
        [
            ("payment_returned", ids[1]),
            ("payment_settled", ids[0]),
            ("payment_settled", ids[1]),
            ("return_booked", ids[1]),
        ]
    )
    assert set(story.verdicts()) == {"closes"}
    keys, amounts = story.keys(ids), story.amounts(ids)
    assert story.stated() == {keys[0]: -amounts[0], keys[1]: 0}
    with tenant(story.company.tenant_id):
        stopped = list(models.Freeze.objects.values_list("scope", "cause"))
    assert stopped == ([("payee", "return")] if says_account_is_bad(case.reason) else [])


def test_a_silent_bank_is_overdue_once_and_then_settles(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2")
    submission_id = story.release()
    bank.is_silent_about(story.company.submission(submission_id).message_id)
    assert story.attend(submission_id) == "delivered"
    bank.carry()
    bank.end_days(4)  # Nothing is collected meanwhile: to us the bank says nothing at all.
    for _ in range(3):
        story.attend(submission_id)
        story.company.clock.advance(minutes=2)
    assert story.states(ids) == ["in_flight", "in_flight"]
    (case,) = story.cases()
    assert case.kind == "enquiry"
    assert "due by now" in case.sentence
    heard = story.hear()
    assert "pain_002" not in heard
    assert story.states(ids) == ["settled", "settled"]
    agrees_with_the_bank(story, bank, ids)
    story.attend(submission_id)
    assert len(story.cases()) == 1


def test_a_line_missing_in_the_statement_is_a_case(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2")
    bank.leaves_out(story.keys(ids)[1])
    story.send()
    story.hear()
    story.end_days()
    assert story.verdicts() == ["does_not_close"]
    assert story.states(ids) == ["settled", "executed"], "what no statement books is not settled"
    (case,) = story.cases()
    missing = Money(story.amounts(ids)[1], "EUR")
    assert case.kind == "statement"
    assert str(missing) in case.sentence


def test_a_bank_that_restarts_in_between_has_forgotten_nothing(story: Story, bank: Partner) -> None:
    ids = story.pay("V1", "V2")
    submission_id = story.send()
    bank.carry()
    bank.restart()
    story.hear()
    bank.restart()
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    agrees_with_the_bank(story, bank, ids)
    assert story.company.submission(submission_id).tries == 1
    assert story.kinds() == []
