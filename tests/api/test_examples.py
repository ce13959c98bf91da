"""Every example of docs/api.md is sent as it stands there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nostro.cli import demo_data
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.party import Account, LegalEntity
from nostro.storage import parties
from nostro.storage.keys import Scope
from nostro.storage.tenancy import tenant
from nostro.workflows import operator_evidence
from nostro.workflows.operator_evidence import Told
from tests.api import door
from tests.workflows.company import Company, scripted_connector

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def sent(line: str, variables: dict[str, str]) -> Any:
    """Do what curl would do."""
    for name, value in variables.items():
        line = line.replace(f"${name}", value)
    words = shlex.split(line)
    assert words.pop(0) == "curl"
    method, body, headers, address = "GET", b"", {}, ""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "-o":
            words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word != "-s":
            address = word
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == variables["NOSTRO"]
    return door.browser().generic(
        method, f"{parts.path}?{parts.query}", body, "application/json", headers=headers
    )


def as_in_the_demo(company: Company) -> None:
    """The entities, accounts and payees by which `nostro up --demo` knows what the page says."""
    data = demo_data.master_data()
    with tenant(company.tenant_id):
        for told in data.entities:
            entity = LegalEntity(
                id=str(door.new()), code=told.code, name=told.name, address=told.address,
                functional_currency=told.functional_currency, receivables_account=told.receivables,
            )  # fmt: skip
            parties.create_entity(entity)
            for own in data.accounts:
                if own.entity == told.code:
                    account = Account(
                        id=str(door.new()), legal_entity_id=entity.id, name=own.name,
                        connection_id=str(company.bank_id), iban=own.iban, bic=own.bic,
                        currency=own.currency, ledger_account="1", clearing_account="2",
                    )  # fmt: skip
                    parties.create_account(account)
        for payee in data.payees:
            company.add_payee(payee.number, payee.accounts[-1].iban)


def scopes_of_the_page() -> list[Scope]:
    """What the page says a key for its examples needs."""
    (line,) = re.findall(r"^nostro keys issue --customer VESTERHOLT.*$", PAGE.read_text(), re.M)
    return [Scope(word) for word in re.findall(r"--scope (\S+)", line)]


def test_the_first_example_is_about_the_demo() -> None:
    """It pays a payee of the demo's, to the account that is known there, so it is not held."""
    first = re.findall(r"^curl .* -d '(.*)'$", PAGE.read_text(), re.MULTILINE)[0]
    body, data = json.loads(first), demo_data.master_data()
    assert body["entity"] in [told.code for told in data.entities]
    currencies = [own.currency for own in data.accounts if own.entity == body["entity"]]
    assert body["amount"]["currency"] in currencies
    (payee,) = [payee for payee in data.payees if payee.number == body["payee"]["number"]]
    assert payee.name == body["payee"]["name"]
    assert payee.accounts[-1].iban == body["payee"]["iban"]


def test_every_example_works(database: str) -> None:
    with scripted_connector():
        company = Company()
        as_in_the_demo(company)
        token = door.key(company, scopes_of_the_page())  # type: ignore[arg-type]
        submission_id, (gone,) = company.send()
        variables = {"NOSTRO": "http://127.0.0.1:8480", "KEY": token}
        variables["SUBMISSION"] = str(submission_id)
        lines = re.findall(r"^curl .*$", PAGE.read_text(), re.MULTILINE)
        assert len(lines) > 15
        for number, line in enumerate(lines):
            if "/hold" in line:
                (payment_id,) = company.ask(company.request(f"E{number}"))
                variables["PAYMENT"] = str(payment_id)
            elif "$PAYMENT" in line and "PAYMENT" not in variables:
                variables["PAYMENT"] = str(gone)
            elif "$CASE" in line and "CASE" not in variables:
                asked = door.post(token, f"/v1/payments/{gone}/cancel", {"text": "x"}).json()
                variables["CASE"] = asked["case_id"]
            told = sent(line, variables)
            assert told.status_code in (200, 201), (line, told.content)


def test_no_address_takes_what_a_person_states(database: str) -> None:
    """What was stated in the console is read; there is no address to state or confirm it."""
    with scripted_connector():
        company = Company()
        submission_id, _ = company.send()
        told = Told(
            kind=EvidenceKind.BANK_NEVER_HAD_IT, submission_id=submission_id,
            told_by="Ms Bank", text="never seen",
        )  # fmt: skip
        operator_evidence.state(company.acting(company.cy), company.cy, told)
        token = door.key(company, door.EVERYTHING)  # type: ignore[arg-type]
        (read,) = door.get(token, f"/v1/submissions/{submission_id}").json()["stated"]
        assert (read["state"], read["stated_by"], read["told_by"]) == (
            "proposed", "Cy Treasurer", "Ms Bank",
        )  # fmt: skip
        paths = door.browser().get("/v1/openapi.json").json()["paths"]
        writes = [path for path, told in paths.items() if "post" in told]
        assert not [path for path in writes if "submission" in path or "evidence" in path]
