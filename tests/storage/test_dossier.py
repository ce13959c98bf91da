"""One payment's dossier: everything known about it and nothing of its neighbours."""

from __future__ import annotations

from uuid import UUID

import pytest

from nostro.domain.attempt import AttemptState
from nostro.domain.match import CERTAIN, Allocation, MatchState, Proposal, ProposalStatus, Target
from nostro.domain.money import Money
from nostro.domain.submission import SubmissionState
from nostro.ops.identifiers import TimeOrderedIds
from nostro.storage import approvals, evidence, matches, submissions
from nostro.storage.approvals import Agreed
from nostro.storage.dossier import dossier
from nostro.storage.tenancy import tenant
from tests import seed
from tests.api import door

ids = TimeOrderedIds()


@pytest.fixture(scope="module")
def paid(database: str) -> tuple[seed.Seeded, UUID]:
    """A customer, one of whose payments was approved, sent, answered and booked."""
    here = seed.customer("DOSS", payments=3)
    order_id = here.order_ids[1]
    with tenant(here.tenant_id):
        agreed = Agreed(digest="d" * 64, stage=0)
        approvals.add([(ids.new(), order_id, agreed)], "p-1", "Ada", seed.NOW)
        submission_id, attempt_id = _sent(here, order_id)
        submissions.insert_facts([_fact(here, submission_id, attempt_id)], seed.NOW)
        proposal = Proposal(
            transaction_id=str(here.transaction_ids[1]),
            allocations=(
                Allocation(
                    target=Target.ORDER, target_id=str(order_id), amount=Money(-20_00, "EUR")
                ),
            ),
            rule="own_payment",
            evidence_class="own_payment/exact",
            probability_millionths=CERTAIN,
            status=ProposalStatus.POST,
            evidence=("end to end id",),
        )
        row = matches.MatchRow(
            id=ids.new(), state=MatchState.MATCHED, proposal=proposal, decided_by="nostro"
        )
        matches.insert([row], ids.new, seed.NOW)
    return here, order_id


def _sent(here: seed.Seeded, order_id: UUID) -> tuple[UUID, UUID]:
    submission_id, attempt_id = ids.new(), ids.new()
    submissions.insert(
        submissions.SubmissionRow(
            id=submission_id,
            purpose=submissions.PAYMENTS,
            state=SubmissionState.DELIVERED,
            connection_id=here.connection_id,
            account_id=here.account_id,
            message_id="MSG-1",
            file_name="pain.xml",
            media_type="application/xml",
            evidence_id=_bytes(b"pain"),
            line_count=1,
            totals={"EUR": 2000},
        ),
        seed.NOW,
    )
    attempt = submissions.AttemptRow(
        id=attempt_id,
        order_id=order_id,
        submission_id=submission_id,
        state=AttemptState.ACCEPTED,
        end_to_end_id="DOSS-E2E-2",
        payment_information_id="PMT-1",
        uetr=ids.new_uetr(),
        execution_date=seed.TODAY,
        approval_digest="d" * 64,
    )
    submissions.insert_attempts([attempt], seed.NOW)
    return submission_id, attempt_id


def _fact(here: seed.Seeded, submission_id: UUID, attempt_id: UUID) -> submissions.NewFact:
    return submissions.NewFact(
        id=ids.new(),
        connection_id=here.connection_id,
        evidence_id=_bytes(b"pain.002"),
        identity="fact 1",
        message_id="BANK-1",
        original_message_id="MSG-1",
        end_to_end_id="DOSS-E2E-2",
        status="ACSP",
        reason="",
        reason_text="",
        attempt_id=attempt_id,
        submission_id=submission_id,
        verdict="applied",
    )


def _bytes(content: bytes) -> UUID:
    return evidence.keep(
        ids.new(), content, name="x", media_type="text/plain", direction="out", now=seed.NOW
    )


def test_everything_about_one_payment(paid: tuple[seed.Seeded, UUID]) -> None:
    here, order_id = paid
    with tenant(here.tenant_id):
        found = dossier(order_id)
    assert found is not None
    assert found.payment.approved_by == ("Ada",)
    assert [row.person_name for row in found.approvals] == ["Ada"]
    (attempt,) = found.attempts
    assert (attempt.state, attempt.message_id, attempt.file_name) == (
        AttemptState.ACCEPTED, "MSG-1", "pain.xml",
    )  # fmt: skip
    assert [(row.status, row.verdict) for row in found.facts] == [("ACSP", "applied")]
    (booking,) = found.bookings
    assert (str(booking.amount), booking.line) == ("-20.00 EUR", 2)
    assert booking.statement_id == here.statement_id
    assert found.route is not None
    assert found.route.account_id == str(here.account_id)
    assert [event.subject_id for event in found.events] == [str(order_id)]


def test_neighbours_keep_theirs(paid: tuple[seed.Seeded, UUID]) -> None:
    here, _ = paid
    with tenant(here.tenant_id):
        found = dossier(here.order_ids[2])
    assert found is not None
    nothing: tuple[object, ...] = ()
    assert (found.approvals, found.attempts, found.facts, found.bookings) == (nothing,) * 4


def test_no_dossier_of_another_customer(paid: tuple[seed.Seeded, UUID]) -> None:
    other = seed.customer("DOST", payments=0, iban=seed.IBANS[2])
    with tenant(other.tenant_id):
        assert dossier(paid[1]) is None


def test_the_story_through_the_door(paid: tuple[seed.Seeded, UUID]) -> None:
    told = door.get(door.key(paid[0]), f"/v1/payments/{paid[1]}").json()
    assert told["attempts"][0]["state"] == "accepted"
    assert told["facts"][0]["status"] == "ACSP"
    assert told["bookings"][0]["amount"] == {"value": "-20.00", "currency": "EUR"}
    assert told["approvals"][0]["person"] == "Ada"
