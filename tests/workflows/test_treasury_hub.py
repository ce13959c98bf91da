"""A payment handed to a treasury hub: it chooses the rail, and says what became of the payment."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from nostro.domain.errors import Invalid
from nostro.domain.party import Account
from nostro.domain.payment import Rail
from nostro.domain.rail import OF_BANKS
from nostro.storage import parties
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company, iban
from tests.workflows.test_release import lines


@pytest.fixture
def hub(company: Company, tmp_path: Path) -> Account:
    """An account of the German entity that is reached over a hub, last by name."""
    folders = {name: str(tmp_path / name) for name in ("handover_folder", "answers_folder")}
    for folder in folders.values():
        Path(folder).mkdir()
    with tenant(company.tenant_id):
        hub_id = company.world.ids.new()
        parties.create_connection(hub_id, "Hub", "hub_folder", folders)
        ours = next(one for one in parties.accounts() if one.name == "DE-EUR")
        account = msgspec.structs.replace(
            ours, id=str(company.world.ids.new()), connection_id=str(hub_id), name="Z-HUB",
            iban=iban(company.seed + 55, "DE"), ledger_account="1800", clearing_account="1900",
        )  # fmt: skip
        parties.create_account(account)
    return account


def test_a_hub_takes_a_payment_without_a_rail_and_tells_what_became_of_it(
    company: Company, hub: Account, tmp_path: Path
) -> None:
    company.bank.taken = OF_BANKS
    ids = company.ask(company.request("H1", rail=Rail.TREASURY_HUB))
    (row,) = company.orders(ids)
    assert (row.route.rail, row.route.account_id) == (Rail.TREASURY_HUB, hub.id)
    company.approve(ids)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    ((batch, line),) = lines(company, submission_id)
    assert (batch.service_level, batch.local_instrument) == ("", ""), "the hub chooses"
    assert batch.own_account.iban == hub.iban
    (file,) = (tmp_path / "handover_folder").iterdir()
    assert line.end_to_end_id.encode() in file.read_bytes()
    assert company.attempts(ids) == ["delivered"]
    said = pain_002(file.stem, lines=[(line.end_to_end_id, "ACSC", "")])
    answers.receive_message(company.job, UUID(hub.connection_id), "answer.xml", said)
    assert company.attempts(ids) == ["executed"]


def test_no_bank_is_a_hub(company: Company) -> None:
    company.bank.taken = OF_BANKS
    with pytest.raises(Invalid, match="takes no payments by Treasury hub"):
        company.ask(company.request("H1", rail=Rail.TREASURY_HUB))


def test_a_provider_pays_out_what_is_asked_for_as_its_payout(company: Company) -> None:
    company.bank.taken = frozenset({Rail.PSP_PAYOUT})
    ids = company.ask(company.request("H1", rail=Rail.PSP_PAYOUT))
    company.approve(ids)
    (submission_id,) = company.release()
    dispatch.attend(company.job, submission_id)
    ((batch, line),) = lines(company, submission_id)
    assert (batch.service_level, batch.local_instrument) == ("", ""), "the provider chooses"
    said = pain_002(company.bank.received[-1].message_id, lines=[(line.end_to_end_id, "ACSC", "")])
    answers.receive_message(company.job, company.bank_id, "answer.xml", said)
    assert company.attempts(ids) == ["executed"]


def test_no_bank_and_no_hub_pays_as_a_provider(company: Company, hub: Account) -> None:
    company.bank.taken = OF_BANKS
    with pytest.raises(Invalid, match="takes no payments by Payout of a payment service provider"):
        company.ask(company.request("H1", rail=Rail.PSP_PAYOUT))
