"""Bills that come after the money: receipts that wait are decided anew, and nothing else is."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.domain.party import Member, Role
from nostro.storage import matches, models, parties
from nostro.storage.tenancy import tenant
from nostro.workflows import jobs, lines_again, match_undoing, receivables
from tests.workflows.company import Company, iban
from tests.workflows.test_line_deciding import employ, line_of, line_state, proposals_of
from tests.workflows.test_statements import comes, journals_of, lines, owed, paid, still_open


@pytest.fixture
def clerk(company: Company) -> Member:
    return employ(company, "Rita Reconciler", Role.RECONCILER)


def entity(company: Company) -> UUID:
    with tenant(company.tenant_id):
        return UUID(next(one.id for one in parties.entities() if one.code == "DE"))


def look(company: Company) -> int:
    return lines_again.look_again(company.job, entity(company))


def proposed(company: Company) -> list[tuple[Any, ...]]:
    """Of each line what is proposed, by document."""
    with tenant(company.tenant_id):
        documents = {row.id: row.document for row in models.OpenItem.objects.all()}
        ids = [row.id for row in models.BankTransaction.objects.order_by("amount_minor")]
        found = matches.proposed(ids)
    return [
        (row.rank, row.rule, row.status, row.probability_millionths, row.evidence,
         sorted((documents[part.open_item_id], part.settled_minor) for part in row.allocations))
        for line_id in ids
        for row in found.get(line_id, ())
    ]  # fmt: skip


BILLS = (("RE-2026-101", 500_00), ("RE-2026-202", 700_00), ("RE-2026-303", 700_00))
MONEY = (
    paid(500_00, "RE-2026-101", iban(8)),  # exact
    paid(300_00, "RE-2026-202", iban(8)),  # short
    paid(700_00, "thank you", iban(8)),  # one of two
    paid(123_00, "unknown"),  # nothing
)


def test_whichever_comes_first_the_same_is_matched_and_proposed(company: Company) -> None:
    other = Company()
    owed(company, *BILLS, payer=iban(8))
    comes(company, *MONEY)
    comes(other, *MONEY)
    assert {state for _, state in lines(other)} == {"unmatched"}
    owed(other, *BILLS, payer=iban(8))
    assert look(other) == 1
    assert lines(other) == lines(company)
    assert proposed(other) == proposed(company)
    assert still_open(other) == still_open(company)
    assert journals_of(other) == journals_of(company)


def test_a_named_bill_takes_the_place_of_a_likely_one(company: Company) -> None:
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    comes(company, paid(500_00, "RE-2026-909", iban(8)))
    line_id = line_of(company, 500_00)
    assert line_state(company, line_id) != "matched"
    owed(company, ("RE-2026-909", 500_00), payer=iban(8))
    assert look(company) == 1
    assert still_open(company) == {"RE-2026-101": 500_00, "RE-2026-909": 0}
    assert line_state(company, line_id) == "matched"


def test_what_is_found_as_before_writes_nothing(company: Company) -> None:
    owed(company, *BILLS, payer=iban(8))
    comes(company, *MONEY)
    before = proposals_of(company, line_of(company, 300_00))
    told = len(company.events("match.suggested"))
    assert look(company) == 0
    assert proposals_of(company, line_of(company, 300_00)) == before
    assert len(company.events("match.suggested")) == told


def test_what_a_person_refused_is_left_to_people(company: Company, clerk: Member) -> None:
    owed(company, ("RE-2026-101", 900_00))
    comes(company, paid(500_00, "RE-2026-101 RE-2026-909", iban(8)))
    line_id = line_of(company, 500_00)
    for one in proposals_of(company, line_id):
        match_undoing.refuse(company.acting(clerk), clerk, one, "another's")
    owed(company, ("RE-2026-909", 500_00), payer=iban(8))
    assert look(company) == 0
    assert line_state(company, line_id) == "unmatched"


def test_whoever_tells_open_items_wakes_the_look_once(company: Company) -> None:
    comes(company, paid(500_00, "RE-2026-101", iban(8)))
    bill = OpenItem(
        id="", entity_code="DE", document="RE-2026-101", customer_number="K1",
        customer_name="Kunde", open_amount=Money(500_00, "EUR"), due_date=date(2026, 11, 30),
        payer_iban=iban(8),
    )  # fmt: skip
    for _ in range(2):
        with tenant(company.tenant_id):
            receivables.take_open_items(
                company.job, "DE", [bill], source="erp", told_at=None, complete=False
            )
    asked = {"tenant_id": str(company.tenant_id), "entity_id": str(entity(company))}
    (job,) = ProcrastinateJob.objects.filter(task_name="look_at_lines_again", args=asked)
    jobs.look_at_lines_again(**job.args)
    assert lines(company) == [(500_00, "matched")]
    assert still_open(company) == {"RE-2026-101": 0}


def test_a_file_that_is_still_being_taken_in_is_let_alone(company: Company) -> None:
    comes(company, paid(500_00, "RE-2026-101", iban(8)))
    with tenant(company.tenant_id):
        statement = models.Statement.objects.get()
        models.StatementFile.objects.create(
            id=company.world.ids.new(), tenant_id=company.tenant_id, state="reading",
            evidence_id=statement.evidence_id, received_at=company.clock.now(), format_profile="",
        )  # fmt: skip
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    assert look(company) == 0
    assert lines(company) == [(500_00, "unmatched")]
