"""The payments of a bank: through which connection they went, or will go."""

from __future__ import annotations

from uuid import UUID

from nostro.storage import parties
from nostro.storage.payment_search import Wanted, payments
from nostro.storage.tenancy import tenant
from nostro.workflows import setting_up
from tests.workflows.company import Company


def of_bank(company: Company, connection: UUID) -> set[UUID]:
    with tenant(company.tenant_id):
        return {row.id for row in payments(Wanted(connection=connection)).rows}


def test_a_payment_stays_with_the_bank_that_it_was_sent_through(company: Company) -> None:
    submission_id, sent = company.send(2, "S")
    waiting = company.ask(company.request("W", 200_00))
    assert of_bank(company, company.bank_id) == {*sent, *waiting}
    other = company.world.ids.new()
    with tenant(company.tenant_id):
        parties.create_connection(other, "Other", "scripted", {"name": company.code})
    number = company.accounts["DE-EUR"]
    setting_up.attach_account(company.acting(), number, "EUR", "Other", "the bank moved")
    assert company.submission(submission_id).connection_id == company.bank_id
    assert of_bank(company, company.bank_id) == set(sent)
    assert of_bank(company, other) == set(waiting)
