"""Who may take a payment's evidence pack, by key, token and session; that he did is in the log."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from nostro import verifier
from nostro.app import signing_keys
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.money import Money
from nostro.domain.party import Grant, Member, Role
from nostro.domain.policies.evidence_pack import may_take
from nostro.ops import checkpoints
from nostro.storage.keys import Scope
from tests.api import door
from tests.workflows.company import Company, scripted_connector


@pytest.fixture(scope="module")
def company(database: str) -> Iterator[Company]:
    with scripted_connector():
        yield Company()


@pytest.fixture(scope="module")
def path(company: Company) -> str:
    _, (payment_id,) = company.send()
    return f"/v1/payments/{payment_id}/evidence-pack"


def checked(response: Any) -> verifier.PackVerdict:
    content = io.BytesIO(b"".join(response.streaming_content))
    return verifier.verify_pack(content, checkpoints.public_key(signing_keys()), [])


def test_a_program_needs_both_scopes(company: Company, path: str) -> None:
    whole = (Scope.FILES_READ, Scope.EVENTS_READ)
    told = door.get(door.key(company, whole), path)  # type: ignore[arg-type]
    assert (told.status_code, told["Content-Type"]) == (200, "application/zip")
    found = checked(told)
    assert found.why == ""
    assert found.items["order"] == found.items["submission"] == 1
    for scope in whole:
        refused = door.get(door.key(company, (scope,)), path)  # type: ignore[arg-type]
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert len(company.events("audit.pack_taken")) == 1


def test_a_person_needs_the_role(company: Company, path: str) -> None:
    page = path.removeprefix("/v1") + "/"
    auditor = door.person([company], [Role.AUDITOR])  # type: ignore[list-item]
    approver = door.person([company], [Role.APPROVER])  # type: ignore[list-item]
    before = len(company.events("audit.pack_taken"))
    assert checked(door.signed_in(auditor).get(path)).why == ""
    assert checked(door.signed_in(auditor).get(page)).why == ""
    assert len(company.events("audit.pack_taken")) == before + 2
    story = page.removesuffix("evidence-pack/")
    assert page.encode() in door.signed_in(auditor).get(story).content
    assert page.encode() not in door.signed_in(approver).get(story).content
    refused = door.signed_in(approver).get(page)
    assert refused.status_code == 409
    assert "may not take evidence packs" in refused.content.decode()
    assert door.signed_in(approver).get(path).json()["code"] == "not_an_auditor"
    assert len(company.events("audit.pack_taken")) == before + 2


def test_a_payment_that_is_not_there_is_not_found(company: Company, path: str) -> None:
    unknown = path.replace(path.split("/")[3], str(UUID(int=1)))
    token = door.key(company, door.EVERYTHING)  # type: ignore[arg-type]
    assert door.get(token, unknown).status_code == 404


def test_a_grant_reaches_as_far_as_it_says() -> None:
    grant = Grant(role=Role.TREASURER, entity_id="DE")
    member = Member(id="1", name="Tia", roles=frozenset({Role.TREASURER}), grants=(grant,))
    may_take(member, Touched(entity_id="DE", amount=Money(1, "EUR")))
    with pytest.raises(Refused) as refused:
        may_take(member, Touched(entity_id="NL", amount=Money(1, "EUR")))
    assert refused.value.code == "beyond_grant"
