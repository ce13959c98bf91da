"""The rehearsal page's part by REST, to its end: its commands, the simulator a program of its own.

Our bank simulator, no proof of a real bank. People approve as usual; no sign-in is tried here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nostro import app as joined
from nostro.cli.commands import app
from nostro.domain.order import OrderState
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.cli.test_bank import hear, start
from tests.cli.test_pages_commands import commands
from tests.workflows.company import Company, scripted_connector

PAYMENTS = 12
ACCOUNT = "DE-EUR"


@pytest.fixture
def company(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    with scripted_connector():
        made = Company()
        monkeypatch.setattr(joined, "start", lambda: made.world)
        yield made


@pytest.fixture
def bank(company: Company, tmp_path: Path) -> Iterator[str]:
    """Where the bank is, which keeps the company's account and begins at the company's time."""
    process = start(
        "--folder", str(tmp_path / "bank"), "--state", str(tmp_path / "bank.journal"),
        "--clock", f"{company.clock.now():%Y-%m-%dT%H:%M}",
        "--account", f"{company.accounts[ACCOUNT]}:EUR:50000",
    )  # fmt: skip
    try:
        (address,) = re.findall(r"REST +(http\S+)", "\n".join(hear(process, "Ctrl-C")))
        yield address
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def told_by_page(word: str) -> list[str]:
    """The page's own command with these first words, in its part by REST."""
    return next(
        line for line in commands("rehearsal.md") if line[:2] == word.split() and "By REST" in line
    )


def type_in(company: Company, line: list[str], **instead: str) -> None:
    """A line of the page, with what is this machine's own in place of the page's examples."""
    words = [instead.get(word.partition("=")[0], word) for word in line]
    app([*words, "--customer", company.code], result_action="return_value")


def settle(company: Company) -> None:
    """Fetch what the bank has and understand it."""
    with tenant(company.tenant_id):
        connection_id = models.Connection.objects.get(name="By REST").id
    answers.collect(company.job, connection_id)
    with tenant(company.tenant_id):
        kept = list(models.BankMessage.objects.order_by("id").values_list("evidence_id", flat=True))
    for one in kept:
        answers.understand(company.job, connection_id, one)


def test_the_part_by_rest_ends_with_each_payment_executed_once(company: Company, bank: str) -> None:
    type_in(company, told_by_page("connections create"), base_url=f"base_url={bank}")
    type_in(company, told_by_page("connections test"))
    page_account = "NL91ABNA0417164300"
    attach = told_by_page("accounts attach")
    assert page_account in attach
    type_in(company, attach, **{page_account: company.accounts[ACCOUNT]})
    ids = company.pay(PAYMENTS)
    (submission_id,) = company.release()
    assert dispatch.attend(company.job, submission_id) == "delivered"
    assert httpx.post(f"{bank}/_bank/advance?days=4", trust_env=False).status_code < 300
    settle(company)
    assert company.states(ids) == [OrderState.SETTLED] * PAYMENTS
    booked = httpx.get(f"{bank}/_bank/payments", trust_env=False).json()
    rows = booked["payments"] if isinstance(booked, dict) else booked
    keys = {row.instruction.end_to_end_id for row in company.orders(ids)}
    assert {row["end_to_end_id"]: row["executions"] for row in rows} == dict.fromkeys(keys, 1)
    assert company.cases() == []
