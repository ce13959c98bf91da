"""The door at which banks call: an address and a signature, and nothing to learn without them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import override_settings

from nostro import connectors
from nostro.connectors import Connector
from nostro.domain.errors import Refused
from nostro.ports import Incoming
from nostro.storage import callbacks, models
from nostro.storage.tenancy import tenant
from tests.api import door
from tests.workflows.company import (
    FRIDAY,
    Company,
    ScriptedBank,
    ScriptedConfig,
    scripted_connector,
)


class CallingBank(ScriptedBank):
    """A bank that calls; its signature is a word in a header."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Incoming:
        if headers.get("webhook-signature") != "signed":
            raise Refused("callback_not_signed", "The signature is not right.")
        return Incoming(
            name="call.xml", media_type="application/xml", content=body, received_at=FRIDAY
        )


CALLING = Connector(
    name="calling",
    title="A bank that calls",
    document="tests, 2026",
    config=ScriptedConfig,
    open=lambda config, secrets: CallingBank(),
    example=ScriptedConfig(name="example"),
)


@pytest.fixture
def company(database: str) -> Iterator[Company]:
    connectors.find()[CALLING.name] = CALLING
    with scripted_connector():
        made = Company()
        with tenant(made.tenant_id):
            models.Connection.objects.filter(id=made.bank_id).update(connector="calling")
        yield made
    del connectors.find()[CALLING.name]


@pytest.fixture
def address(company: Company) -> str:
    with tenant(company.tenant_id):
        return f"/v1/callbacks/{callbacks.open_door('Bank')}"


def call(address: str, body: bytes = b"<x/>", signature: str = "signed") -> Any:
    return door.call("", "POST", address, body, webhook_signature=signature)


def kept(company: Company) -> int:
    with tenant(company.tenant_id):
        return models.BankMessage.objects.filter(connection_id=company.bank_id).count()


def test_a_signed_call_is_kept_once(company: Company, address: str) -> None:
    for _ in range(2):
        told = call(address)
        assert (told.status_code, told.json()) == (202, {"received": True})
    assert kept(company) == 1
    assert company.evidence("call.xml") == [b"<x/>"]
    assert len(company.events("message.received")) == 1, "a call again is no news"


def test_whatever_is_wrong_is_answered_alike(company: Company, address: str) -> None:
    with tenant(company.tenant_id):
        silent = f"/v1/callbacks/{callbacks.open_door('ERP')}"
    answers = []
    for where, signature in (
        (address, "forged"),
        (f"{address[:-1]}_", "signed"),
        (silent, "signed"),
        ("/v1/callbacks/x", "signed"),
        ("/v1/callbacks/%00", "signed"),
    ):
        told = call(where, signature=signature)
        found = door.is_problem(told, 401, "callback_refused")
        found.pop("instance")
        answers.append(json.dumps(found))
    assert len(set(answers)) == 1
    assert kept(company) == 0


def test_a_call_too_large(company: Company, address: str) -> None:
    door.is_problem(call(address, b"x" * (2 * 1024 * 1024 + 1)), 413, "body_too_large")
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
        door.is_problem(call(address, b"x" * 11), 413, "body_too_large")
    assert kept(company) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_calls(address: str, method: str) -> None:
    door.is_problem(door.call("", method, address), 405, "method_not_allowed")
