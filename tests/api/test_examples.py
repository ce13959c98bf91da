"""Every example of docs/api.md is sent as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nostro.domain.operator_evidence import EvidenceKind
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


def test_every_example_works(database: str) -> None:
    with scripted_connector():
        company = Company()
        token = door.key(company, door.EVERYTHING)  # type: ignore[arg-type]
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
