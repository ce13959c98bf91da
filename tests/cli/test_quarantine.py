"""`nostro quarantine`: one customer or all, said exactly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nostro import app
from nostro.cli import quarantine as command
from nostro.domain.errors import Invalid
from nostro.storage import freezes
from nostro.storage.tenancy import tenant
from tests.workflows.company import Company, scripted_connector


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()


def test_one_of_two_customers_is_quarantined(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Company()
    command.quarantine(company.code, "restored from the dump of 02:00", everybody=False)
    assert company.code in capsys.readouterr().out
    assert (stops(company), stops(other)) == (2, 0)
    assert (app.configuration().home / "high-water" / f"{company.tenant_id}.json").exists()
    command.quarantine("", "restored again", everybody=True)
    assert (stops(company), stops(other)) == (2, 2)


def stops(company: Company) -> int:
    with tenant(company.tenant_id):
        return len(freezes.in_force())


@pytest.mark.parametrize(("code", "everybody"), [("", False), ("ACME", True)])
def test_it_must_be_said_whose_payments_stop(code: str, *, everybody: bool) -> None:
    with pytest.raises(Invalid) as caught:
        command.quarantine(code, "because", everybody=everybody)
    assert caught.value.code == "customer_unclear"
