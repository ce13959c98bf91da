"""Two words of a bank that cannot both be true: told plainly, and nobody pays again meanwhile."""

from __future__ import annotations

import pytest

from nostro.domain.errors import Unavailable
from nostro.domain.policies.recall import RecallReason
from nostro.domain.submission import SubmissionMove
from nostro.storage import models, submissions
from nostro.storage.tenancy import tenant
from nostro.workflows import cancelling, case_work
from nostro.workflows.cancelling import Wish
from nostro.workflows.moves import move_submission
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company


def rejected_then_booked(company: Company) -> Sent:
    sent = Sent(company)
    sent.hears(sent.report((0, "RJCT", "AC04"), (1, "RJCT", "AC04")))
    sent.hears(sent.camt("054", sent.debit(0)))
    return sent


def rejections(company: Company) -> list[models.Case]:
    with tenant(company.tenant_id):
        return list(models.Case.objects.filter(kind="rejection").order_by("order_id"))


def resolve(company: Company, case: models.Case) -> None:
    treasurer = company.cy
    case_work.resolve(company.acting(treasurer), treasurer, case.id, "The bank booked it wrongly.")


def test_it_says_what_both_messages_said(company: Company) -> None:
    sent = rejected_then_booked(company)
    assert sent.case("contradiction").sentence == (
        f"Payment {sent.keys[0]} is rejected, but a later message of the bank says it was booked"
        " (BOOK)."
    )


@pytest.mark.parametrize(
    ("first", "later", "told"),
    [
        ("ACSC", "RJCT", "is executed, but a later message of the bank says it was rejected."),
        ("RJCT", "ACSC", "is rejected, but a later message of the bank says it was executed."),
        ("CANC", "ACSC", "is cancelled, but a later message of the bank says it was executed."),
    ],
)
def test_it_names_the_states_in_words(company: Company, first: str, later: str, told: str) -> None:
    sent = Sent(company)
    sent.hears(sent.report((0, first, ""), message_id="S1"))
    sent.hears(sent.report((0, later, ""), message_id="S2"))
    assert sent.case("contradiction").sentence == f"Payment {sent.keys[0]} {told}"


def test_its_rejection_waits_and_the_others_stay_with_their_makers(company: Company) -> None:
    sent = rejected_then_booked(company)
    mine, other = sorted(rejections(company), key=lambda one: one.order_id != sent.ids[0])
    assert (mine.state, other.state) == ("waiting", "open")
    assert mine.can_do.startswith("Make no new payment yet: the bank also says")
    assert other.can_do == case_work.REPAIR_OR_DROP
    assert sent.case("contradiction").parent_id == mine.id, "each leads to the other"
    moved = company.events("case.moved")
    assert [(one["state_before"], one["state_after"]) for one in moved] == [("open", "waiting")]
    assert moved[0]["order_id"] == str(sent.ids[0])


def test_the_rejection_is_its_makers_again_when_the_bank_has_answered(company: Company) -> None:
    sent = rejected_then_booked(company)
    resolve(company, sent.case("contradiction"))
    mine = next(one for one in rejections(company) if one.order_id == sent.ids[0])
    assert (mine.state, mine.can_do) == ("open", case_work.REPAIR_OR_DROP)


def test_it_waits_for_every_contradiction(company: Company) -> None:
    sent = rejected_then_booked(company)
    sent.hears(sent.camt("053", sent.back(0), message_id="N9"))
    with tenant(company.tenant_id):
        first, second = models.Case.objects.filter(kind="contradiction").order_by("opened_at", "id")
    resolve(company, first)
    assert {one.state for one in rejections(company)} == {"open", "waiting"}
    resolve(company, second)
    assert {one.state for one in rejections(company)} == {"open"}


def test_to_give_a_file_up_says_nothing_of_what_was_cancelled_in_it(company: Company) -> None:
    company.bank.outcomes = [Unavailable("down", "No answer.")]
    submission_id, ids = company.send(2)
    wish = Wish(reason=RecallReason.FRAUD, text="false invoice")
    cancelling.take_back(company.acting(), company.maker, ids[:1], wish)
    assert company.attempts(ids) == ["cancelled_stop", "dispatching"]
    with tenant(company.tenant_id):
        row = submissions.lock(submission_id)
        assert row
        move_submission(company.job, row, SubmissionMove.ABANDON)
    assert company.attempts(ids) == ["cancelled_stop", "not_delivered"]
    assert [kind for kind, _ in company.cases()] == []
